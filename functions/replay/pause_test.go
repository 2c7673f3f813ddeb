package main

import (
	"strings"
	"testing"

	"excs/shared/mapping"
	"excs/shared/replay"
	"excs/shared/run"
)

// The letter of a paused object stays where it is, with who paused it and why; after the pause a replay brings it back.
func TestLetterOfAPausedObject(t *testing.T) {
	s, cure := poisoned(t)
	cure()
	h := &Handler{Log: quiet(), Replayer: replay.New(replay.Config{
		Letters: s.Dead, Work: s.Work, Rows: s.Table, Pauses: replay.TablePauses{Table: s.Table}, PerMinute: 300, Now: s.Clock.Now,
	})}
	if _, err := s.Runner.Pause(t.Context(), run.PauseRequest{By: run.By{Who: "jane", Note: "tonight"}}); err != nil {
		t.Fatal(err)
	}
	s.Reset()
	report := must(t, h, `{}`)
	if report.Counts != (replay.Counts{Letters: 1, Left: 1}) || !strings.HasPrefix(report.Left[0].Why, "it is paused (everything is paused since ") || !strings.HasSuffix(report.Left[0].Why, " by jane: tonight): resume it first") {
		t.Errorf("report %+v", report)
	}
	if w := s.TableWrites(); len(w) > 0 || get(t, s).State != mapping.StateQuarantined {
		t.Errorf("wrote %v, the row is %s", w, get(t, s).State)
	}
	if work, dead := s.Messages(t); work != 0 || dead != 1 {
		t.Errorf("%d messages, %d dead letters", work, dead)
	}
	if _, err := s.Table.Resume(t.Context(), []mapping.Scope{{}}); err != nil {
		t.Fatal(err)
	}
	if report := must(t, h, `{}`); report.Counts.Moved != 1 {
		t.Errorf("after the pause: %+v", report)
	}
	s.Converge(t)
	if name(t, s) != "Ada Lovelace" {
		t.Errorf("the name is %q", name(t, s))
	}
}
