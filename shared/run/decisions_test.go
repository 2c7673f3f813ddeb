package run_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
	"excs/shared/run"
)

// spoil renames EX queues by hand and has them looked at.
func (h *house) spoil(aliases ...string) {
	h.t.Helper()
	var keys []model.Key
	for _, alias := range aliases {
		key := model.Key{Kind: model.KindQueue, DBID: h.dn(alias).DBID}
		h.do(h.org.EditQueue(h.row(key).EXID, func(raw map[string]any) { raw["name"] = alias + " spoilt" }))
		keys = append(keys, key)
	}
	h.look(keys...)
}

// heldByWorkers gives the spare queues whose rows are held.
func (h *house) heldByWorkers() []string {
	h.t.Helper()
	var held []string
	for _, q := range h.Editor.Site().Queues() {
		if q.Alias == "" {
			continue
		}
		if h.row(model.Key{Kind: model.KindQueue, DBID: q.DBID}).State == mapping.StateHeld {
			held = append(held, q.Alias)
		}
	}
	return held
}

func fewUpdates(n int) lot {
	return lot{settings: func(s *rules.Settings) { s.Guard.Updates = rules.Threshold{Count: n} }}
}

// A row that a worker held is approved as it was shown: what it has become since is not let pass.
func TestAnApprovalIsOfTheRowAsItWasShown(t *testing.T) {
	t.Parallel()
	h := hallOf(t, fewUpdates(1))
	h.spoil("Spare 0", "Spare 1")
	held := h.heldByWorkers()
	if len(held) != 1 {
		t.Fatalf("held by workers: %v", held)
	}
	alias := held[0]
	shown := h.run()
	if len(shown.Plan.Held) != 1 || !strings.Contains(shown.Plan.Held[0].Reason, plan.ApproveKey(shown.Plan.Held[0].Change.Key)) {
		t.Fatalf("the plan holds %+v", shown.Plan.Held)
	}
	// Hours later Engage wants another name, which goes, and somebody spoils that as well.
	h.pass(2 * time.Hour)
	h.run()
	dn := h.dn(alias).DBID
	h.do(h.SetAlias(h.ctx, dn, "Other"))
	h.run()
	h.pass(2 * time.Hour)
	h.run()
	h.spoil("Spare 2") // takes the allowance
	h.spoil("Other")
	if held = h.heldByWorkers(); !slices.Equal(held, []string{"Other"}) {
		t.Fatalf("held by workers: %v", held)
	}
	decision, err := h.Runner.Approve(h.ctx, shown.Plan.Hash, nil, run.By{})
	h.do(err)
	h.run()
	if decision.Released != 0 || h.hasQueue("Other") {
		t.Errorf("the row as it is now went with the approval of what it was: %+v", decision)
	}
	// By itself the key is approved as it is now, and no plan had to show it.
	decision, err = h.Runner.Approve(h.ctx, "", nil, run.By{}, model.Key{Kind: model.KindQueue, DBID: dn})
	h.do(err)
	h.rest()
	if decision.Released != 1 || !h.hasQueue("Other") {
		t.Errorf("approved by itself: %+v", decision)
	}
}

// A single key that a worker held a moment ago is approved at once: its reason has the command.
func TestAHeldRowIsApprovedBeforeAnyPlanShowsIt(t *testing.T) {
	t.Parallel()
	h := hallOf(t, fewUpdates(1))
	h.spoil("Spare 0", "Spare 1")
	held := h.heldByWorkers()
	if len(held) != 1 {
		t.Fatalf("held by workers: %v", held)
	}
	key := model.Key{Kind: model.KindQueue, DBID: h.dn(held[0]).DBID}
	if reason := h.row(key).Reason; !strings.Contains(reason, plan.ApproveKey(key)) {
		t.Errorf("the row says %q", reason)
	}
	_, err := h.Runner.Approve(h.ctx, "", nil, run.By{}, key)
	h.do(err)
	h.rest()
	if !h.hasQueue("Spare 0") || !h.hasQueue("Spare 1") {
		t.Error("the queue was not set back")
	}
	if _, err = h.Runner.Approve(h.ctx, "", nil, run.By{}, key); model.CodeOf(err) != model.CodeNotFound {
		t.Errorf("approved once more: %v", err)
	}
}

// KINDS= and KEYS= narrow an approval, and a single key needs no hash.
func TestAnApprovalIsNarrowedToKeys(t *testing.T) {
	t.Parallel()
	h, report := heldQueues(t, lot{})
	spare := func(i int) model.Key {
		return model.Key{Kind: model.KindQueue, DBID: h.heldDN(report, fmt.Sprint("Spare ", i))}
	}
	for _, c := range []struct {
		hash string
		keys []model.Key
		want int // deleted by then
	}{
		{report.Plan.Hash, []model.Key{spare(3), spare(4)}, 2},
		{"", []model.Key{spare(7)}, 3},
		{report.Plan.HeldHash[model.KindQueue], []model.Key{spare(8), {Kind: model.KindUser, DBID: 1}}, 4},
	} {
		d, err := h.Runner.Approve(h.ctx, c.hash, nil, run.By{}, c.keys...)
		h.do(err)
		h.pass(time.Minute)
		h.run()
		if h.deleted() != c.want {
			t.Errorf("approve %q %v: %+v, %d deleted, want %d", c.hash, c.keys, d, h.deleted(), c.want)
		}
	}
	for _, keys := range [][]model.Key{nil, {spare(1), spare(2)}, {{Kind: model.KindQueue, DBID: 999999}}} {
		if _, err := h.Runner.Approve(h.ctx, "", nil, run.By{}, keys...); model.CodeOf(err) != model.CodeNotFound {
			t.Errorf("approve without a hash %v: %v", keys, err)
		}
	}
	if _, err := h.Runner.Approve(h.ctx, report.Plan.Hash, []model.Kind{model.KindUser}, run.By{}, spare(1)); model.CodeOf(err) != model.CodeNotFound {
		t.Errorf("a key of another kind: %v", err)
	}
	h.pass(time.Minute)
	if report = h.run(); h.deleted() != 4 || len(report.Plan.Held) != 11 {
		t.Errorf("%d deleted, %d held", h.deleted(), len(report.Plan.Held))
	}
}

// heldDN finds a queue that Engage has no more in what a plan holds.
func (h *house) heldDN(report run.Report, label string) int64 {
	h.t.Helper()
	i := slices.IndexFunc(report.Plan.Held, func(p plan.Held) bool { return p.Change.Label == label })
	if i < 0 {
		h.t.Fatalf("the plan does not hold %s", label)
	}
	return report.Plan.Held[i].Change.Key.DBID
}

// A user approved by itself goes with the memberships that wait with it.
func TestAKeyGoesWithWhatWaitsForIt(t *testing.T) {
	t.Parallel()
	h := hallOf(t, lot{})
	members := h.memberships()
	for i := range 24 {
		h.do(h.SetPersonState(h.ctx, h.person(fmt.Sprint("P", i)).DBID, engagetest.StateDisabled))
	}
	h.run()
	_, err := h.Runner.Approve(h.ctx, "", nil, run.By{}, model.Key{Kind: model.KindUser, DBID: h.person("P3").DBID})
	h.do(err)
	h.pass(time.Minute)
	h.run()
	if got := h.guardian.removed()["deactivate user"]; got != 1 || h.memberships() != members-1 {
		t.Errorf("%d deactivated, %d of %d memberships left", got, h.memberships(), members)
	}
}

// A run limited to keys carries out nothing else: no row, no message, no row that goes.
func TestARunOfKeysCarriesOutNothingElse(t *testing.T) {
	t.Parallel()
	h := hallOf(t, lot{})
	h.do(h.SetAlias(h.ctx, h.dn("Spare 0").DBID, "Zero"))
	h.do(h.SetAlias(h.ctx, h.dn("Spare 1").DBID, "One"))
	h.do(h.RenamePerson(h.ctx, h.person("P0").DBID, "P0", "Renamed"))
	h.do(h.DeleteQueue(h.ctx, h.dn("Spare 2").DBID))
	_, err := h.Editor.AddSkill(h.ctx, "Chess")
	h.do(err)
	skills := len(h.org.Skills())
	report := h.look(model.Key{Kind: model.KindQueue, DBID: h.dn("Zero").DBID})
	if !h.hasQueue("Zero") || len(report.Plan.Changes) != 1 || report.Sent+report.Looks != 1 {
		t.Errorf("the run made %d changes and sent %d: %v", len(report.Plan.Changes), report.Sent, report.Plan.Changes)
	}
	if h.hasQueue("One") || h.called("Renamed") != 0 || h.deleted() != 0 || len(h.org.Skills()) != skills {
		t.Error("the run carried out what it was not asked for")
	}
	h.run()
	if !h.hasQueue("One") || h.called("Renamed") != 1 || h.deleted() != 1 {
		t.Error("the next run does not find what was left")
	}
}

// An approval is used once: what Engage asks for again, after it was made and taken back, waits again.
func TestAnApprovalIsUsedOnce(t *testing.T) {
	t.Parallel()
	h := hallOf(t, lot{settings: func(s *rules.Settings) { s.Approval = 24 * time.Hour }})
	disable := func(state engagetest.State) {
		for i := range 24 {
			h.do(h.SetPersonState(h.ctx, h.person(fmt.Sprint("P", i)).DBID, state))
		}
	}
	disable(engagetest.StateDisabled)
	report := h.run()
	_, err := h.Runner.Approve(h.ctx, report.Plan.Hash, nil, run.By{})
	h.do(err)
	h.run()
	if got := h.guardian.removed()["deactivate user"]; got != 24 {
		t.Fatalf("%d deactivated after the approval", got)
	}
	h.pass(2 * time.Hour)
	disable(engagetest.StateEnabled)
	h.run()
	h.pass(2 * time.Hour)
	h.run()
	disable(engagetest.StateDisabled)
	for range 3 {
		h.run()
		h.pass(10 * time.Minute)
	}
	if got := h.guardian.removed()["deactivate user"]; got != 24 {
		t.Errorf("%d were deactivated by an approval that was used", got-24)
	}
}

// Only the hash of the source accepts a source that went back: no other, and no approval that is open.
func TestNothingElseAcceptsASourceThatWentBack(t *testing.T) {
	t.Parallel()
	h := hallOf(t, lot{})
	backup := h.Editor.Site().Clone()
	for i := range 5 {
		_, err := h.Hire(h.ctx, engagetest.Newcomer{First: fmt.Sprint("New", i), Last: "Agent", Email: mail(fmt.Sprint("New", i))})
		h.do(err)
	}
	h.do(h.Fire(h.ctx, h.person("P7").DBID)) // who comes back tells a backup from deletions
	mishaps()[0].wreck(h)
	report := h.run()
	_, err := h.Runner.Approve(h.ctx, report.Plan.Hash, nil, run.By{})
	h.do(err)
	h.do(h.RestoreBackup(h.ctx, backup))
	for range 3 {
		if report = h.run(); report.WentBack == "" {
			t.Fatal("an open approval accepted the source")
		}
		for _, hash := range []string{report.Plan.Hash, report.Plan.HeldHashAll, report.Plan.HeldHash[model.KindUser]} {
			if d, _ := h.Runner.Approve(h.ctx, hash, nil, run.By{}); d.Source {
				t.Fatalf("the hash %q accepted the source", hash)
			}
		}
		if d, err := h.Runner.Approve(h.ctx, report.SourceHash, []model.Kind{model.KindUser}, run.By{}); err == nil || d.Source {
			t.Fatalf("a part of the source was accepted: %+v", d)
		}
		h.pass(time.Minute)
	}
	d, err := h.Runner.Approve(h.ctx, report.SourceHash, nil, run.By{})
	h.do(err)
	if !d.Source {
		t.Errorf("its own hash does not accept it: %+v", d)
	}
}
