package main

import (
	"strings"
	"testing"

	"excs/functions/internal/stage"
	"excs/shared/run"
)

// While everything is paused the schedule's runs read Engage and plan, write nothing but what they remember, and say in their
// answer and in the log what is paused and how much waits for its end.
func TestSnapshotOfAPausedTenant(t *testing.T) {
	s, editor := stage.Tiny(t)
	log, lines := logged()
	h := &Handler{Runner: s.Runner, Log: log}
	if _, err := h.Handle(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	s.Converge(t)
	if _, err := s.Runner.Pause(t.Context(), run.PauseRequest{By: run.By{Who: "jane", Note: "tonight"}}); err != nil {
		t.Fatal(err)
	}
	if err := editor.RenamePerson(t.Context(), 101, "Ada", "Lovelace"); err != nil {
		t.Fatal(err)
	}
	s.Reset()
	a, err := h.Handle(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Paused) != 1 || a.Paused[0].Note != "tonight" || a.Resting != 1 || a.Held != 1 || a.Changes+a.Sent+a.Requeued != 0 {
		t.Errorf("answer %+v", a)
	}
	if n := s.Org.Totals().Writes; n != 0 {
		t.Errorf("%d writes", n)
	}
	for _, op := range s.TableWrites() {
		if !strings.Contains(op, "Lease") && op != "PutDocument" {
			t.Errorf("the run wrote %s", op)
		}
	}
	if !strings.Contains(lines.String(), `"paused":1,"resting":1`) {
		t.Errorf("the log does not tell: %s", lines)
	}
}
