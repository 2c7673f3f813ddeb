package plan_test

import (
	"slices"
	"testing"
	"time"

	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

// A change has another ID when anything that it does is another: key, action, target, EX object, row taken over.
func TestAnIDNamesWhatAChangeDoes(t *testing.T) {
	base := model.Change{Key: user(1), Action: model.ActionUpdate, Object: aUser(1), Adopt: "x", From: user(2)}
	edits := map[string]func(*model.Change){
		"key":    func(c *model.Change) { c.Key = user(3) },
		"kind":   func(c *model.Change) { c.Key = queue(1) },
		"action": func(c *model.Change) { c.Action = model.ActionDeactivate },
		"target": func(c *model.Change) { c.Object = aUser(1, name("B")) },
		"facts":  func(c *model.Change) { c.Object = aUser(1, employee("E9")) },
		"adopt":  func(c *model.Change) { c.Adopt = "y" },
		"from":   func(c *model.Change) { c.From = user(9) },
		"no row": func(c *model.Change) { c.From = model.Key{} },
	}
	for what, edit := range edits {
		c := base
		edit(&c)
		if plan.ID(c) == plan.ID(base) {
			t.Errorf("%s: the ID is the same", what)
		}
	}
	c := base
	c.Label, c.Fields = "somebody", []model.Field{{Name: model.FieldName}}
	if plan.ID(c) != plan.ID(base) {
		t.Error("how a change is shown is part of its ID")
	}
}

// The parts of an ID do not run into each other.
func TestPartsOfAnIDDoNotRunTogether(t *testing.T) {
	a := plan.ID(model.Change{Key: user(1), Action: "ab", Adopt: "c"})
	b := plan.ID(model.Change{Key: user(1), Action: "a", Adopt: "bc"})
	if a == b {
		t.Error("ab|c and a|bc have one ID")
	}
}

// The hash of a set does not depend on order or doubles; the empty set has none.
func TestSetHash(t *testing.T) {
	if plan.SetHash([]string{"a", "b"}) != plan.SetHash([]string{"b", "a", "b"}) {
		t.Error("order or doubles count")
	}
	if plan.SetHash([]string{"a", "b"}) == plan.SetHash([]string{"a"}) {
		t.Error("a subset has the same hash")
	}
	if plan.SetHash([]string{"ab"}) == plan.SetHash([]string{"a", "b"}) {
		t.Error("ab and a,b have one hash")
	}
	if plan.SetHash(nil) != "" {
		t.Error("the empty set has a hash")
	}
}

// A plan's hash changes with what is done, held or forgotten, and with nothing else.
func TestAPlansHashStandsForWhatItDoes(t *testing.T) {
	w, desired := oneOfEach(rules.Preset202307)
	in := w.input(desired...)
	base := plan.Make(in)

	in.Now = now.Add(time.Hour)
	in.Notes = []model.Note{{Text: "n"}}
	in.Rejects = []model.Reject{{Key: user(77), Reason: "r"}}
	in.Waiting = map[string]time.Time{"other": now}
	if p := plan.Make(in); p.Hash != base.Hash {
		t.Error("the time, notes, rejects or waits are part of the hash")
	}
	p := base
	p.Run = 17
	p.Seal()
	if p.Hash != base.Hash {
		t.Error("the run is part of the hash")
	}
	in.SettingsChanged = true
	if p := plan.Make(in); p.Hash == base.Hash {
		t.Error("what is held is not part of the hash")
	}
	p = base
	p.Changes = p.Changes[1:]
	p.Seal()
	if p.Hash == base.Hash {
		t.Error("a change less, the same hash")
	}
	p = base
	p.Forget = nil
	p.Seal()
	if p.Hash == base.Hash {
		t.Error("nothing is forgotten, the same hash")
	}
}

// The held hash of a kind stands for what of that kind can be approved, and other kinds do not void it.
func TestTheHeldHashIsOfOneKind(t *testing.T) {
	w, desired := oneOfEach(rules.Preset202307)
	in := w.input(desired...)
	in.SettingsChanged = true
	base := plan.Make(in)
	var ids, all []string
	for _, h := range base.Held {
		all = append(all, h.ID)
		if h.Change.Key.Kind == model.KindUser {
			ids = append(ids, h.ID)
		}
	}
	if base.HeldHash[model.KindUser] != plan.SetHash(ids) || base.HeldHashAll != plan.SetHash(all) {
		t.Errorf("held hashes %v, %s", base.HeldHash, base.HeldHashAll)
	}
	in = w.input(slices.DeleteFunc(desired, func(o model.Object) bool { return o.Key == queue(7) })...)
	in.SettingsChanged = true
	p := plan.Make(in)
	if p.HeldHash[model.KindQueue] == base.HeldHash[model.KindQueue] || p.HeldHash[model.KindUser] != base.HeldHash[model.KindUser] {
		t.Errorf("a queue more is held: %v, before %v", p.HeldHash, base.HeldHash)
	}
}

// Changes come in wave order: what stands alone, queues, users, members; within a kind by DBID.
func TestChangesComeInWaveOrder(t *testing.T) {
	w := world2023()
	p := plan.Make(w.input(aMembers(8, 1), aMembers(7, 1), aUser(2), aUser(1), aQueue(8), aQueue(7), named(model.KindWrapUpCode, 1, "A"), named(model.KindSkill, 9, "B"), named(model.KindSkill, 2, "C")))
	wave := -1
	var last model.Key
	for _, c := range p.Changes {
		if c.Key.Kind.Wave() < wave || !last.IsZero() && c.Key.Compare(last) <= 0 {
			t.Errorf("%s comes after %s", c.Key, last)
		}
		wave, last = c.Key.Kind.Wave(), c.Key
	}
	if len(p.Changes) != 9 {
		t.Errorf("%d changes", len(p.Changes))
	}
}

// What the index must hold afterwards, action by action.
func TestTheIndexAfterAPlan(t *testing.T) {
	w, desired := oneOfEach(rules.PresetCurrent)
	p := plan.Make(w.input(desired...))
	index := p.Index()
	for _, c := range p.Changes {
		f, ok := index[c.Key]
		gone := c.Action == model.ActionDelete || c.Action == model.ActionOrphan
		if !ok || gone != (f == 0) || !gone && f != c.Object.Fingerprint() {
			t.Errorf("%s: the index gets %v (%v)", phrase(c), f, ok)
		}
		if !c.From.IsZero() && index[c.From] != 0 {
			t.Errorf("%s: the old key stays", phrase(c))
		}
	}
	q := plan.Plan{Forget: []plan.Forget{{Key: skill(1)}, {Key: skill(2), IndexOnly: true}}}
	if got := q.Index(); len(got) != 2 || got[skill(1)] != 0 || got[skill(2)] != 0 {
		t.Errorf("forgotten: %v", got)
	}
}

// The payload that approves says kinds only if there are any.
func TestTheApproveCommand(t *testing.T) {
	for want, got := range map[string]string{
		`sync {"action":"approve","planHash":"ab"}`:                           plan.ApproveCommand("ab"),
		`sync {"action":"approve","planHash":"ab","kinds":["queue"]}`:         plan.ApproveCommand("ab", model.KindQueue),
		`sync {"action":"approve","planHash":"ab","kinds":["queue","users"]}`: plan.ApproveCommand("ab", model.KindQueue, "users"),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
