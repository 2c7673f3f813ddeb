package write

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"excs/shared/exorg/internal/wire"
	"excs/shared/model"
)

// overlay makes the body of a full-replace PUT: everything of the fresh body stays, letter for letter (fields that EXCS does not know, numbers of
// any precision), the given fields are set, and what the API gives and does not take is left out: read-only fields, and the queue of the first
// conditional group routing rule.
func overlay(fresh json.RawMessage, fields map[string]any) (json.RawMessage, error) {
	top, err := object(fresh)
	if err != nil {
		return nil, err
	}
	if err := strip(top, ""); err != nil {
		return nil, err
	}
	if err := clearFirstRule(top); err != nil {
		return nil, err
	}
	for name, value := range fields {
		raw, err := encode(value)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", name, err)
		}
		top[name] = raw
	}
	return encode(top)
}

// readOnly says whether the field at a path (".division.selfUri"; list elements add nothing) is left out of a PUT: exactly what exorg-openapi.json
// marks in the bodies that EXCS puts, with one exception. The ids of nested references carry the mark too, but they are what a reference is made of:
// a PUT without them would reset the queue's default scripts and its e-mail route, so they stay.
func readOnly(path string) bool {
	switch path {
	case ".id", ".selfUri", ".memberCount", ".userMemberCount", ".joinedMemberCount",
		".outboundEmailAddress.route.status", ".outboundEmailAddress.route.selfUri":
		return true
	}
	if strings.HasPrefix(path, ".defaultScripts.") && strings.HasSuffix(path, ".selfUri") {
		return true
	}
	return slices.ContainsFunc([]string{
		".division.selfUri", ".memberGroups.selfUri", ".memberGroups.memberCount", ".groups.selfUri", ".groups.memberCount",
	}, func(tail string) bool { return strings.HasSuffix(path, tail) })
}

func strip(fields map[string]json.RawMessage, path string) error {
	for name, value := range fields {
		at := path + "." + name
		if readOnly(at) {
			delete(fields, name)
			continue
		}
		s, err := stripped(value, at)
		if err != nil {
			return err
		}
		fields[name] = s
	}
	return nil
}

// stripped leaves out what is read-only within a value.
func stripped(value json.RawMessage, path string) (json.RawMessage, error) {
	switch first(value) {
	case '{':
		fields, err := object(value)
		if err != nil {
			return nil, err
		}
		if err := strip(fields, path); err != nil {
			return nil, err
		}
		return encode(fields)
	case '[':
		var list []json.RawMessage
		if err := json.Unmarshal(value, &list); err != nil {
			return nil, err
		}
		for i, v := range list {
			s, err := stripped(v, path)
			if err != nil {
				return nil, err
			}
			list[i] = s
		}
		return encode(list)
	default:
		return value, nil
	}
}

// The parts of a queue body that hold the rule whose queue is given by the API and not taken by it.
const (
	groupRouting = "conditionalGroupRouting"
	rulesField   = "rules"
	queueField   = "queue"
)

// clearFirstRule leaves out the queue of the first conditional group routing rule: that rule is always evaluated for the queue itself, which a GET
// names and a PUT or POST must not.
func clearFirstRule(top map[string]json.RawMessage) error {
	if first(top[groupRouting]) != '{' {
		return nil
	}
	routing, err := object(top[groupRouting])
	if err != nil {
		return err
	}
	var rules []json.RawMessage
	if known := json.Unmarshal(routing[rulesField], &rules) == nil; !known || len(rules) == 0 || first(rules[0]) != '{' {
		return nil // none, or of a form that is not known: it goes back as it came
	}
	rule, err := object(rules[0])
	if err != nil {
		return err
	}
	if _, has := rule[queueField]; !has {
		return nil
	}
	delete(rule, queueField)
	if rules[0], err = encode(rule); err != nil {
		return err
	}
	if routing[rulesField], err = encode(rules); err != nil {
		return err
	}
	top[groupRouting], err = encode(routing)
	return err
}

// withoutID drops every reference to an object from a body: a field that is its id, and a field or element that is an object with that id. Where
// nothing refers to it the body stays letter for letter.
func withoutID(fields map[string]json.RawMessage, id string) error {
	for name, value := range fields {
		if refersTo(value, id) {
			delete(fields, name)
			continue
		}
		kept, err := dropID(value, id)
		if err != nil {
			return err
		}
		fields[name] = kept
	}
	return nil
}

func dropID(value json.RawMessage, id string) (json.RawMessage, error) {
	switch {
	case !bytes.Contains(value, []byte(id)):
		return value, nil
	case first(value) == '{':
		fields, err := object(value)
		if err != nil {
			return nil, err
		}
		if err := withoutID(fields, id); err != nil {
			return nil, err
		}
		return encode(fields)
	case first(value) == '[':
		return dropIDs(value, id)
	default:
		return value, nil
	}
}

func dropIDs(value json.RawMessage, id string) (json.RawMessage, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(value, &list); err != nil {
		return nil, err
	}
	kept := make([]json.RawMessage, 0, len(list))
	for _, v := range list {
		if refersTo(v, id) {
			continue
		}
		v, err := dropID(v, id)
		if err != nil {
			return nil, err
		}
		kept = append(kept, v)
	}
	return encode(kept)
}

// refersTo says whether a value is the id itself or an object that has it.
func refersTo(value json.RawMessage, id string) bool {
	var text string
	if first(value) == '"' {
		return json.Unmarshal(value, &text) == nil && text == id
	}
	var ref struct {
		ID json.RawMessage `json:"id"`
	}
	return first(value) == '{' && json.Unmarshal(value, &ref) == nil && json.Unmarshal(ref.ID, &text) == nil && text == id
}

func object(raw json.RawMessage) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return nil, errors.New("the body to start from is not a JSON object: read the object again")
	}
	return fields, nil
}

func first(value json.RawMessage) byte {
	if v := bytes.TrimSpace(value); len(v) > 0 {
		return v[0]
	}
	return 0
}

// encode writes JSON without turning <, > and & into escapes, so that texts stay as they were.
func encode(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

func bodyError(r wire.Request, err error) error {
	return &model.Error{Code: model.CodeInvalid, Op: strings.Join(append([]string{r.Op}, r.Args...), " "), Err: err}
}
