package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"excs/shared/model"
	"excs/shared/replay"
)

// Payload is what an operator sends (RULES 9). {} brings every dead letter back, up to replay.DefaultMax objects.
type Payload struct {
	// Max is how many objects at most.
	Max *int `json:"max,omitempty"`
	// Kinds and Keys (written "user/1234") limit the objects.
	Kinds []string `json:"kinds,omitempty"`
	Keys  []string `json:"keys,omitempty"`
	// Reason is a part of the letter's reason, or its code; case does not matter.
	Reason string `json:"reason,omitempty"`
	// DryRun tells what would happen and changes nothing.
	DryRun bool `json:"dryRun,omitempty"`
}

const shape = `write {} for all, or any of {"max":100,"kinds":["user"],"keys":["user/1234"],"reason":"a part of it, or a code","dryRun":true}`

func understand(body json.RawMessage) (replay.Request, error) {
	p, err := decode(body)
	if err != nil {
		return replay.Request{}, err
	}
	r := replay.Request{Reason: p.Reason, Dry: p.DryRun}
	if err := p.notBlank(); err != nil {
		return r, err
	}
	if p.Max != nil {
		if r.Max = *p.Max; r.Max < 1 || r.Max > replay.HighestMax {
			return r, invalid("max is %d: use 1 to %d, or leave it out for %d", r.Max, replay.HighestMax, replay.DefaultMax)
		}
	}
	return r, limit(&r, p)
}

func decode(body json.RawMessage) (Payload, error) {
	var p *Payload
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return Payload{}, invalid("the payload is not understood (%s): %s", strings.TrimPrefix(err.Error(), "json: "), shape)
	}
	if p == nil {
		return Payload{}, invalid("the payload is null: %s", shape)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Payload{}, invalid("the payload holds more than one object: %s", shape)
	}
	return *p, nil
}

// notBlank refuses filters that are there and say nothing: a script that filled in nothing must not bring back everything.
func (p Payload) notBlank() error {
	switch {
	case p.Kinds != nil && len(p.Kinds) == 0:
		return invalid("kinds is empty: name some, or leave it out for all")
	case p.Keys != nil && len(p.Keys) == 0:
		return invalid("keys is empty: name some, or leave it out for all")
	case p.Reason != "" && strings.TrimSpace(p.Reason) == "":
		return invalid("reason is blank: give a part of it or a code, or leave it out for all")
	}
	return nil
}

// limit reads the kinds and keys.
func limit(r *replay.Request, p Payload) error {
	for _, k := range p.Kinds {
		kind, err := model.ParseKind(k)
		if err != nil {
			return fmt.Errorf("replay: %w", err)
		}
		r.Kinds = append(r.Kinds, kind)
	}
	for _, k := range p.Keys {
		key, err := model.ParseKey(k)
		if err != nil {
			return fmt.Errorf("replay: %w", err)
		}
		if len(r.Kinds) > 0 && !slices.Contains(r.Kinds, key.Kind) {
			return invalid("key %s is of none of the kinds given: leave the kinds out", key)
		}
		r.Keys = append(r.Keys, key)
	}
	return nil
}

func invalid(format string, args ...any) error {
	return model.Errorf(model.CodeInvalid, "replay", format, args...)
}
