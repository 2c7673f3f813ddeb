package plan

import (
	"encoding/json"
	"fmt"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"excs/shared/model"
)

// document is a plan as JSON for people and scripts: what each change does, without the whole desired objects.
type document struct {
	Run         int64                 `json:"run,omitempty"`
	Hash        string                `json:"hash"`
	Counts      map[model.Kind]Counts `json:"counts"`
	Changes     []jsonChange          `json:"changes"`
	Held        []jsonHeld            `json:"held"`
	Rejects     []model.Reject        `json:"rejects"`
	Notes       []model.Note          `json:"notes"`
	Guard       []Verdict             `json:"guard"`
	HeldHash    map[model.Kind]string `json:"heldHash,omitempty"`
	HeldHashAll string                `json:"heldHashAll,omitempty"`
	Approve     []string              `json:"approve,omitempty"`
	// More says how many entries of a list were left out.
	More map[string]int `json:"more,omitempty"`
}

type jsonChange struct {
	Key    model.Key    `json:"key"`
	Action model.Action `json:"action"`
	Label  string       `json:"label,omitempty"`
	Fields []jsonField  `json:"fields,omitempty"`
	Adopt  string       `json:"adopt,omitempty"`
	From   model.Key    `json:"from,omitzero"`
}

type jsonField struct {
	model.Field
	MoreAdded   int `json:"moreAdded,omitempty"`
	MoreRemoved int `json:"moreRemoved,omitempty"`
}

type jsonHeld struct {
	ID     string     `json:"id"`
	Code   HeldCode   `json:"code"`
	Reason string     `json:"reason"`
	Since  time.Time  `json:"since"`
	Change jsonChange `json:"change"`
}

// JSON writes the plan for scripts. A refresh is only counted. Names are as they are; what does not print is escaped.
func (p Plan) JSON(o Options) ([]byte, error) {
	var failed error
	b := fit(o, func(o Options) []byte {
		b, err := json.MarshalIndent(p.document(o), "", "  ")
		failed = err
		return b
	})
	if failed != nil {
		return nil, fmt.Errorf("write plan as JSON: %w", failed)
	}
	return append(visible(b), '\n'), nil
}

// visible writes what does not print (bidirectional overrides, zero-width characters) as JSON's own escapes, so that the
// text is harmless on a screen and the value stays what it is. MarshalIndent did the ASCII control characters already.
func visible(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for _, r := range string(b) {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			out = utf8.AppendRune(out, r)
		case r <= 0xffff:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		}
	}
	return out
}

func (p Plan) document(o Options) document {
	d := document{Run: p.Run, Hash: p.Hash, Counts: p.Counts, Guard: append([]Verdict{}, p.Guard...), HeldHash: p.HeldHash, HeldHashAll: p.HeldHashAll,
		Approve: p.approvals(), More: map[string]int{}, Changes: []jsonChange{}, Held: []jsonHeld{}}
	for _, c := range head(p.shown(), o.Lines, "changes", d.More) {
		d.Changes = append(d.Changes, lean(c, o.Items))
	}
	for _, h := range head(p.Held, o.Lines, "held", d.More) {
		d.Held = append(d.Held, jsonHeld{ID: h.ID, Code: h.Code, Reason: h.Reason, Since: h.Since, Change: lean(h.Change, o.Items)})
	}
	d.Rejects = head(p.Rejects, o.Lines, "rejects", d.More)
	d.Notes = head(p.Notes, o.Lines, "notes", d.More)
	return d
}

// head gives the first entries of a list and notes how many it leaves out. The list is never null.
func head[T any](list []T, n int, name string, more map[string]int) []T {
	if len(list) > n {
		more[name] = len(list) - n
		list = list[:n]
	}
	return append([]T{}, list...)
}

func lean(c model.Change, items int) jsonChange {
	j := jsonChange{Key: c.Key, Action: c.Action, Label: c.Label, Adopt: c.Adopt, From: c.From}
	for _, f := range c.Fields {
		jf := jsonField{Field: f}
		if n := len(f.Added) - items; n > 0 {
			jf.Added, jf.MoreAdded = f.Added[:items], n
		}
		if n := len(f.Removed) - items; n > 0 {
			jf.Removed, jf.MoreRemoved = f.Removed[:items], n
		}
		j.Fields = append(j.Fields, jf)
	}
	return j
}
