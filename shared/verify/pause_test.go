package verify_test

import (
	"strings"
	"testing"

	"excs/shared/engage/engagetest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/run"
	"excs/shared/verify"
)

// meddled is a stage on which a person renamed a user and a queue, and deleted another user.
func meddled(t *testing.T) (g *stage, renamed, deleted, queue mapping.Row) {
	t.Helper()
	g = newStage(t, settings(), engagetest.Tiny)
	active := func(r mapping.Row) bool { return r.Desired.State == model.StateActive }
	renamed = g.pick(t, model.KindUser, active)
	deleted = g.pick(t, model.KindUser, func(r mapping.Row) bool { return active(r) && r.Key != renamed.Key })
	queue = g.pick(t, model.KindQueue, func(mapping.Row) bool { return true })
	for _, err := range []error{
		g.org.EditUser(renamed.EXID, func(raw map[string]any) { raw["name"] = "Somebody" }),
		g.org.DeleteUser(deleted.EXID),
		g.org.EditQueue(queue.EXID, func(raw map[string]any) { raw["name"] = "Something" }),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	g.rest()
	return g, renamed, deleted, queue
}

func (g *stage) pause(t *testing.T, req run.PauseRequest) {
	t.Helper()
	if _, err := g.Runner.Pause(t.Context(), req); err != nil {
		t.Fatal(err)
	}
}

// What is paused is found and told, with the pause, and not queued; what is not paused is.
func TestWhatIsPausedIsToldAndNotQueued(t *testing.T) {
	g, renamed, deleted, queue := meddled(t)
	g.pause(t, run.PauseRequest{Kinds: []model.Kind{model.KindUser}, By: run.By{Note: "reorganisation"}})
	r := g.sweep(t, verify.Request{Kinds: []model.Kind{model.KindUser, model.KindQueue}})
	seen := map[model.Key]verify.Finding{}
	for _, f := range r.Findings {
		seen[f.Key] = f
	}
	for _, key := range []model.Key{renamed.Key, deleted.Key} {
		if f := seen[key]; !f.Paused || f.Queued || !strings.Contains(f.Note, "kind user is paused since ") || !strings.HasSuffix(f.Note, ": reorganisation") {
			t.Errorf("%s: %+v", key, f)
		}
		if row := g.row(t, key); row.Queued != nil || row.State != mapping.StateConverged {
			t.Errorf("%s is %s with mark %+v", key, row.State, row.Queued)
		}
	}
	if f := seen[queue.Key]; f.Paused || !f.Queued {
		t.Errorf("%s: %+v", queue.Key, f)
	}
	if n := g.waiting(t); n != 1 || r.Queued != 1 || r.Kinds[model.KindUser].Paused != 2 || r.Kinds[model.KindQueue].Paused != 0 {
		t.Errorf("%d messages, report %+v", n, r)
	}
	if text := r.Text(); !strings.Contains(text, "paused") || !strings.Contains(text, "reorganisation") {
		t.Errorf("the text does not tell:\n%s", text)
	}
}

// The sweep after the pause finds it again, and it is set right.
func TestTheSweepAfterAPauseFindsIt(t *testing.T) {
	g, renamed, deleted, queue := meddled(t)
	g.pause(t, run.PauseRequest{})
	g.org.ResetCounters()
	if r := g.sweep(t, verify.Request{}); r.Queued != 0 || len(r.Findings) < 3 {
		t.Fatalf("report %+v", r)
	}
	g.nobodyHeard(t)
	if _, err := g.Table.Resume(t.Context(), []mapping.Scope{{}}); err != nil {
		t.Fatal(err)
	}
	g.heal(t, 2)
	u, _ := g.org.User(renamed.EXID)
	back, _ := g.org.User(deleted.EXID)
	q, _ := g.org.Queue(queue.EXID)
	if u.Name != renamed.Desired.Name || back.State != "active" || q.Name != queue.Desired.Name {
		t.Errorf("the user is %q, the other %s, the queue %q", u.Name, back.State, q.Name)
	}
}

// A sweep of keys and a dry one tell of the pause too.
func TestKeysAndDrySweepsTellOfThePause(t *testing.T) {
	g, renamed, _, _ := meddled(t)
	g.pause(t, run.PauseRequest{Keys: []model.Key{renamed.Key}})
	for _, dry := range []bool{true, false} {
		r, err := g.Sweep(t.Context(), verify.Request{Keys: []model.Key{renamed.Key}, Dry: dry})
		if err != nil || len(r.Findings) != 1 || !r.Findings[0].Paused || r.Queued != 0 {
			t.Errorf("dry %v: %+v, %v", dry, r, err)
		}
	}
}

// Without knowing what is paused nothing is queued.
func TestUnknownPausesStopTheSweep(t *testing.T) {
	g, _, _, _ := meddled(t)
	g.Table.SetFault(func(op string) mapping.Fault {
		if op == "GetPauses" {
			return mapping.FaultBefore
		}
		return mapping.FaultNone
	})
	if _, err := g.Sweep(t.Context(), verify.Request{Kinds: []model.Kind{model.KindUser}}); model.CodeOf(err) != model.CodeUnavailable {
		t.Errorf("error %v", err)
	}
	if n := g.waiting(t); n != 0 {
		t.Errorf("%d messages", n)
	}
}
