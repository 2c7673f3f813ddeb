package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"excs/shared/model"
	"excs/shared/run"
)

// Payload is what an operator sends (DESIGN section 5).
type Payload struct {
	// Action is plan, sync, verify, explain, approve, discard, list or status.
	Action string `json:"action"`
	// Kinds limit every action but explain and status; Keys limit plan, sync and verify, written "user/1234". A key is
	// looked at even when nothing changed. Explain takes one key.
	Kinds []string `json:"kinds,omitempty"`
	Keys  []string `json:"keys,omitempty"`
	// PlanHash is the hash that plan, sync or list showed: approve and discard need it.
	PlanHash string `json:"planHash,omitempty"`
	// DryRun makes verify list what it would queue, and queue nothing.
	DryRun bool `json:"dryRun,omitempty"`
	// Format of the answer: json (default), text or markdown.
	Format string `json:"format,omitempty"`
}

// The formats of an answer.
const (
	formatJSON     = "json"
	formatText     = "text"
	formatMarkdown = "markdown"
)

// action is what one word of the contract does and which fields go with it. A field that an action does not know is
// refused: an approve whose keys were passed over would approve more than was meant.
type action struct {
	name              string
	kinds, keys, hash bool
	dry, one          bool // takes dryRun; takes exactly one key
	do                func(*Handler, context.Context, request) (shown, error)
}

func actions() []action {
	return []action{
		{name: "plan", kinds: true, keys: true, do: (*Handler).plan},
		{name: "sync", kinds: true, keys: true, do: (*Handler).sync},
		{name: "verify", kinds: true, keys: true, dry: true, do: (*Handler).verify},
		{name: "explain", keys: true, one: true, do: (*Handler).explain},
		{name: "approve", kinds: true, hash: true, do: (*Handler).approve},
		{name: "discard", kinds: true, hash: true, do: (*Handler).discard},
		{name: "list", kinds: true, do: (*Handler).list},
		{name: "status", do: (*Handler).status},
	}
}

// request is a payload that was understood.
type request struct {
	run.Request
	action
	hash   string
	dryRun bool
	format string
}

func understand(body json.RawMessage) (request, error) {
	p, err := decode(body)
	if err != nil {
		return request{}, err
	}
	r := request{hash: strings.TrimSpace(p.PlanHash), dryRun: p.DryRun}
	r.Cause = model.CauseManual
	if r.action, err = actionOf(p.Action); err != nil {
		return r, err
	}
	if err := r.action.allows(p); err != nil {
		return r, err
	}
	if r.format, err = formatOf(p.Format); err != nil {
		return r, err
	}
	return r, r.limit(p)
}

func decode(body json.RawMessage) (Payload, error) {
	var p Payload
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		const shape = `write {"action":"…"} with kinds, keys, planHash, format as the action needs them`
		return p, invalid("the payload is not understood (%s): %s", strings.TrimPrefix(err.Error(), "json: "), shape)
	}
	return p, nil
}

func actionOf(name string) (action, error) {
	var names []string
	for _, a := range actions() {
		if a.name == name {
			return a, nil
		}
		names = append(names, a.name)
	}
	return action{}, invalid("unknown action %q: use one of %s", name, strings.Join(names, ", "))
}

func formatOf(name string) (string, error) {
	switch name {
	case "":
		return formatJSON, nil
	case formatJSON, formatText, formatMarkdown:
		return name, nil
	default:
		return "", invalid("unknown format %q: use json, text or markdown", name)
	}
}

// allows checks that the payload has the fields of its action and no others.
func (a action) allows(p Payload) error {
	for _, field := range []struct {
		name         string
		given, taken bool
	}{
		{"kinds", len(p.Kinds) > 0, a.kinds},
		{"keys", len(p.Keys) > 0, a.keys},
		{"planHash", p.PlanHash != "", a.hash},
		{"dryRun", p.DryRun, a.dry},
	} {
		if field.given && !field.taken {
			return invalid("%s takes no %s: leave it out", a.name, field.name)
		}
	}
	if a.hash && strings.TrimSpace(p.PlanHash) == "" {
		return invalid("%s needs the planHash that plan, sync or list showed", a.name)
	}
	if a.one && len(p.Keys) != 1 {
		return invalid("%s needs one key, for example \"keys\":[\"user/1234\"]", a.name)
	}
	return nil
}

// limit reads the kinds and keys.
func (r *request) limit(p Payload) error {
	for _, k := range p.Kinds {
		kind, err := model.ParseKind(k)
		if err != nil {
			return wrap(r.name, err)
		}
		r.Kinds = append(r.Kinds, kind)
	}
	for _, k := range p.Keys {
		key, err := model.ParseKey(k)
		if err != nil {
			return wrap(r.name, err)
		}
		if len(r.Kinds) > 0 && !slices.Contains(r.Kinds, key.Kind) {
			return invalid("%s: key %s is of none of the kinds given: leave the kinds out", r.name, key)
		}
		r.Keys = append(r.Keys, key)
	}
	return nil
}

func invalid(format string, args ...any) error {
	return model.Errorf(model.CodeInvalid, "sync", format, args...)
}

func wrap(action string, err error) error { return fmt.Errorf("%s: %w", action, err) }
