package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"excs/shared/model"
	"excs/shared/run"
)

// Payload is what an operator sends (RULES 9).
type Payload struct {
	// Action is plan, sync, verify, explain, approve, discard, release, link, forget, pause, resume, list, history, report, doctor or status.
	Action string `json:"action"`
	// Kinds limit plan, sync, verify, approve, discard and list; Keys limit plan, sync, verify, approve and discard, written
	// "user/1234". A key is looked at even when nothing changed. Explain and link take one key, release and forget some. Pause
	// and resume take kinds or keys; with neither they are about everything.
	Kinds []string `json:"kinds,omitempty"`
	Keys  []string `json:"keys,omitempty"`
	// PlanHash is the hash that plan, sync or list showed: approve and discard need it, but for a single key. Resume shows its
	// plan without one, and with the hash of that plan resumes.
	PlanHash string `json:"planHash,omitempty"`
	// EXID is the EX Org's id of the object that link binds the key to.
	EXID string `json:"exId,omitempty"`
	// Who asks, and why: for the audit. Approve, discard, release, link, forget, pause and resume take them.
	Who  string `json:"who,omitempty"`
	Note string `json:"note,omitempty"`
	// Settings are settings of the tenant to plan under instead of the deployed ones, Preset is the deployed ones under another preset: what would
	// change, before anything is deployed. Both are of plan.
	Settings json.RawMessage `json:"settings,omitempty"`
	Preset   string          `json:"preset,omitempty"`
	// Runs are the numbers of one run to show, or of two to compare; Since is from when on the history is shown: a date, a time, or a number of
	// days as 7d. Both are of history.
	Runs  []int64 `json:"runs,omitempty"`
	Since string  `json:"since,omitempty"`
	// Until is when a pause ends by itself: a time (2026-03-02T06:00:00Z), the next 06:00 in the time zone of the settings, or "never" with a
	// note. Without it a pause of kinds or objects ends after 7 days, one of everything after 24 hours.
	Until string `json:"until,omitempty"`
	// DryRun makes verify list what it would queue, and queue nothing.
	DryRun bool `json:"dryRun,omitempty"`
	// Format of the answer: json (default), text or markdown; of report csv too.
	Format string `json:"format,omitempty"`
}

// The formats of an answer.
const (
	formatJSON     = "json"
	formatText     = "text"
	formatMarkdown = "markdown"
	formatCSV      = "csv" // of report
)

// action is what one word of the contract does and which fields go with it. A field that an action does not know is
// refused: an approve whose keys were passed over would approve more than was meant.
type action struct {
	name        string
	kinds, keys bool
	hash        use
	dry, exID   bool // takes dryRun; needs exId
	signed      bool // takes who and note
	one, some   bool // takes exactly one key; needs at least one
	scope       bool // kinds or keys say what it is about, not both
	until       bool // takes until
	history     bool // takes runs and since
	under       bool // takes settings or preset
	csv         bool // answers in CSV too

	whenOutdated bool // answers although the settings are not the deployment's
	do           func(*Handler, context.Context, request) (shown, error)
}

// use says whether an action knows a field.
type use int

const (
	without use = iota
	optional
	orKey // it needs the field, or a single key in its place
)

func actions() []action {
	return []action{
		{name: "plan", kinds: true, keys: true, under: true, do: (*Handler).plan},
		{name: "sync", kinds: true, keys: true, do: (*Handler).sync},
		{name: "verify", kinds: true, keys: true, dry: true, do: (*Handler).verify},
		{name: "explain", keys: true, one: true, do: (*Handler).explain},
		{name: "approve", kinds: true, keys: true, hash: orKey, signed: true, do: (*Handler).approve},
		{name: "discard", kinds: true, keys: true, hash: orKey, signed: true, do: (*Handler).discard},
		{name: "release", keys: true, some: true, signed: true, do: (*Handler).release},
		{name: "link", keys: true, one: true, exID: true, signed: true, do: (*Handler).link},
		{name: "forget", keys: true, some: true, signed: true, do: (*Handler).forget},
		{name: actionPause, kinds: true, keys: true, scope: true, signed: true, until: true, whenOutdated: true, do: (*Handler).pause},
		{name: actionResume, kinds: true, keys: true, scope: true, hash: optional, signed: true, do: (*Handler).resume},
		{name: "list", kinds: true, whenOutdated: true, do: (*Handler).list},
		{name: "history", whenOutdated: true, keys: true, history: true, do: (*Handler).history},
		{name: "report", whenOutdated: true, kinds: true, csv: true, do: (*Handler).report},
		{name: actionDoctor, whenOutdated: true, do: (*Handler).doctor},
		{name: "status", whenOutdated: true, do: (*Handler).status},
	}
}

// request is a payload that was understood.
type request struct {
	run.Request
	action
	hash   string
	exID   string
	by     run.By
	dryRun bool
	until  string
	runs   []int64
	since  string

	settings json.RawMessage
	preset   string
	format   string
}

func understand(body json.RawMessage) (request, error) {
	p, err := decode(body)
	if err != nil {
		return request{}, err
	}
	r := request{
		hash: strings.TrimSpace(p.PlanHash), exID: strings.TrimSpace(p.EXID), dryRun: p.DryRun, until: strings.TrimSpace(p.Until),
		runs: p.Runs, since: strings.TrimSpace(p.Since), settings: p.Settings, preset: strings.TrimSpace(p.Preset),
		by: run.By{Who: strings.TrimSpace(p.Who), Note: strings.TrimSpace(p.Note)},
	}
	r.Cause = model.CauseManual
	if r.action, err = actionOf(p.Action); err != nil {
		return r, err
	}
	if err := r.action.allows(p); err != nil {
		return r, err
	}
	if err := r.action.needs(p); err != nil {
		return r, err
	}
	if r.format, err = r.action.formatOf(p.Format); err != nil {
		return r, err
	}
	return r, r.limit(p)
}

func decode(body json.RawMessage) (Payload, error) {
	var p Payload
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		const shape = `write {"action":"…"} with kinds, keys, planHash, exId, who, note, format as the action needs them`
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

func (a action) formatOf(name string) (string, error) {
	switch {
	case name == "":
		return formatJSON, nil
	case name == formatJSON, name == formatText, name == formatMarkdown, name == formatCSV && a.csv:
		return name, nil
	case a.csv:
		return "", invalid("unknown format %q: use json, text, markdown or csv", name)
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
		{"planHash", p.PlanHash != "", a.hash != without},
		{"exId", p.EXID != "", a.exID},
		{"who", p.Who != "", a.signed},
		{"note", p.Note != "", a.signed},
		{"until", p.Until != "", a.until},
		{"settings", len(p.Settings) > 0, a.under},
		{"preset", p.Preset != "", a.under},
		{"runs", len(p.Runs) > 0, a.history},
		{"since", p.Since != "", a.history},
		{"dryRun", p.DryRun, a.dry},
	} {
		if field.given && !field.taken {
			return invalid("%s takes no %s: leave it out", a.name, field.name)
		}
	}
	return nil
}

// exIDs are the ids that the EX Org gives, and no path into its API.
func exIDs() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`) }

// noteMost and whoMost bound what goes into every row, log line and list, in characters.
const (
	noteMost = 300
	whoMost  = 100
)

// needs checks that what the action can not do without is there and makes sense.
func (a action) needs(p Payload) error {
	for _, check := range []func(Payload) error{a.needsHash, a.needsKeys, a.needsScope, a.needsEXID, a.fits} {
		if err := check(p); err != nil {
			return err
		}
	}
	return nil
}

func (a action) needsHash(p Payload) error {
	blank := strings.TrimSpace(p.PlanHash) == ""
	switch {
	case a.hash == orKey && blank && (p.PlanHash != "" || len(p.Keys) != 1):
		return invalid("%s needs the planHash that plan, sync or list showed, or a single key", a.name)
	case a.hash == orKey && (p.Kinds != nil && len(p.Kinds) == 0 || p.Keys != nil && len(p.Keys) == 0):
		return invalid("%s: kinds or keys is empty: name some, or leave both out for all that the hash covers", a.name)
	case p.PlanHash != "" && blank:
		return invalid("%s: the planHash is blank: leave it out to see the plan, or give the hash of the plan that was shown", a.name)
	default:
		return nil
	}
}

func (a action) needsKeys(p Payload) error {
	switch {
	case a.one && len(p.Keys) != 1:
		return invalid("%s needs one key, for example \"keys\":[\"user/1234\"]", a.name)
	case a.some && len(p.Keys) == 0:
		return invalid("%s needs keys, for example \"keys\":[\"user/1234\"]", a.name)
	default:
		return nil
	}
}

// needsScope refuses lists that are there and name nothing: a script that filled in nothing must not pause or resume
// everything.
func (a action) needsScope(p Payload) error {
	switch {
	case !a.scope:
		return nil
	case p.Kinds != nil && len(p.Kinds) == 0, p.Keys != nil && len(p.Keys) == 0:
		return invalid("%s: kinds or keys is empty: name some, or leave both out for everything", a.name)
	case len(p.Kinds) > 0 && len(p.Keys) > 0:
		return invalid("%s takes kinds or keys, not both", a.name)
	default:
		return nil
	}
}

func (a action) needsEXID(p Payload) error {
	if a.exID && !exIDs().MatchString(strings.TrimSpace(p.EXID)) {
		return invalid("%s needs the exId of an EX Org object, as its address in the EX Org's administration shows it", a.name)
	}
	return nil
}

func (a action) fits(p Payload) error {
	if utf8.RuneCountInString(p.Note) > noteMost || utf8.RuneCountInString(p.Who) > whoMost {
		return invalid("%s: a note has %d characters at most, a name %d", a.name, noteMost, whoMost)
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

// wrap heads an error by the action, unless it begins with it already.
func wrap(action string, err error) error {
	if strings.HasPrefix(err.Error(), action+": ") {
		return err
	}
	return fmt.Errorf("%s: %w", action, err)
}
