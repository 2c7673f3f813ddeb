package rules

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// object is a JSON object. Values are object, []any, string, json.Number, bool or nil.
type object map[string]any

// readTree reads one JSON value. Keys that are given twice are faults: the standard decoder would silently take the
// last one.
func readTree(text []byte) (any, Faults) {
	r := treeReader{d: json.NewDecoder(bytes.NewReader(text))}
	r.d.UseNumber()
	v, err := r.value("")
	if err == nil {
		if _, more := r.d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more text follows the closing brace")
		}
	}
	if err != nil {
		line, column := position(text, r.d.InputOffset())
		return nil, append(r.faults, Fault{Found: fmt.Sprintf("no JSON at line %d, column %d (%s)", line, column, reason(err)), Allowed: "one JSON object"})
	}
	return v, r.faults
}

type treeReader struct {
	d      *json.Decoder
	faults Faults
}

func (r *treeReader) value(path string) (any, error) {
	t, err := r.d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		return r.object(path)
	case json.Delim('['):
		return r.list(path)
	default:
		return t, nil
	}
}

func (r *treeReader) object(path string) (object, error) {
	o := object{}
	for r.d.More() {
		t, err := r.d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := t.(string)
		at := join(path, name)
		v, err := r.value(at)
		if err != nil {
			return nil, err
		}
		if _, twice := o[name]; twice {
			r.faults = append(r.faults, Fault{Path: at, Found: "the key twice", Allowed: "once"})
		}
		o[name] = v
	}
	_, err := r.d.Token()
	return o, err
}

func (r *treeReader) list(path string) ([]any, error) {
	l := []any{}
	for r.d.More() {
		v, err := r.value(fmt.Sprintf("%s[%d]", path, len(l)))
		if err != nil {
			return nil, err
		}
		l = append(l, v)
	}
	_, err := r.d.Token()
	return l, err
}

// reason shortens the decoder's errors to what helps in an editor.
func reason(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "the text ends too early"
	}
	return err.Error()
}

func position(text []byte, offset int64) (line, column int) {
	before := text[:min(int(offset), len(text))]
	return bytes.Count(before, []byte("\n")) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// show writes a value as JSON for a message, shortened.
func show(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	text := strings.TrimSpace(b.String())
	if r := []rune(text); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return text
}
