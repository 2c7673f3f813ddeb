package main

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"excs/functions/internal/stage"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/replay"
)

func onStage(s *stage.Stage) *Handler {
	return &Handler{Log: quiet(), Replayer: replay.New(replay.Config{
		Letters: s.Dead, Work: s.Work, Rows: s.Table, PerMinute: s.Settings.Requests.PerMinute, Now: s.Clock.Now,
	})}
}

// person is a user of the tiny site.
var person = model.Key{Kind: model.KindUser, DBID: 101}

// poisoned is a converged stage on which then one person's new name can not be written: the EX Org refuses it until cure
// is called, and the object goes into quarantine.
func poisoned(t *testing.T) (s *stage.Stage, cure func()) {
	t.Helper()
	s, editor := stage.Tiny(t)
	if _, err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Converge(t)
	armed := s.Org.Fail(exorgtest.Fault{
		Kind: exorgtest.Answer, Method: http.MethodGet, Route: "/api/v2/users/{userId}", Status: http.StatusBadRequest,
		Code: "bad.request", Message: "the name is not liked",
	})
	if err := editor.RenamePerson(t.Context(), person.DBID, "Ada", "Lovelace"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Converge(t)
	if row := get(t, s); row.State != mapping.StateQuarantined {
		t.Fatalf("the row is %s: %s", row.State, row.Reason)
	}
	if _, dead := s.Messages(t); dead != 1 {
		t.Fatalf("%d dead letters", dead)
	}
	return s, armed.Disarm
}

func get(t *testing.T, s *stage.Stage) mapping.Row {
	t.Helper()
	row, err := s.Table.Get(t.Context(), person)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// name gives the name that the EX Org shows for the person.
func name(t *testing.T, s *stage.Stage) string {
	t.Helper()
	id := get(t, s).EXID
	for _, u := range s.Org.Users() {
		if u.ID == id {
			return u.Name
		}
	}
	t.Fatal("the user is not there")
	return ""
}

// A poisoned object goes into quarantine and leaves a dead letter; runs leave it alone. The cause removed, a replay brings
// it back and it becomes right; another replay finds nothing.
func TestReplayAfterTheCauseIsGone(t *testing.T) {
	s, cure := poisoned(t)
	h := onStage(s)
	if _, err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if work, _ := s.Messages(t); work != 0 || name(t, s) == "Ada Lovelace" {
		t.Fatalf("a run took the object up: %d messages, name %q", work, name(t, s))
	}
	cure()
	report := must(t, h, `{}`)
	if report.Counts != (replay.Counts{Letters: 1, Moved: 1, Objects: 1}) || report.Moved[0].Key != person || !strings.Contains(report.Moved[0].Reason, "not liked") {
		t.Fatalf("report %+v", report)
	}
	if work, dead := s.Messages(t); work != 1 || dead != 0 {
		t.Errorf("%d messages, %d dead letters", work, dead)
	}
	s.Reset()
	s.Converge(t)
	if row := get(t, s); row.State != mapping.StateConverged || name(t, s) != "Ada Lovelace" {
		t.Errorf("the row is %s (%s), the name %q", row.State, row.Reason, name(t, s))
	}
	if n := s.Org.Totals().Writes; n != 1 {
		t.Errorf("%d writes", n)
	}
	again := must(t, h, `{}`)
	if again.Counts != (replay.Counts{}) || again.Remaining != 0 {
		t.Errorf("the second replay: %+v", again)
	}
}

// A replay while the cause is still there ends in a quarantine and a dead letter as before; nothing piles up.
func TestReplayWhileTheCauseIsThere(t *testing.T) {
	s, cure := poisoned(t)
	h := onStage(s)
	for range 3 {
		if report := must(t, h, `{}`); report.Counts.Moved != 1 {
			t.Fatalf("report %+v", report)
		}
		s.Converge(t)
		if work, dead := s.Messages(t); work != 0 || dead != 1 || get(t, s).State != mapping.StateQuarantined {
			t.Fatalf("%d messages, %d dead letters, the row is %s", work, dead, get(t, s).State)
		}
	}
	cure()
	must(t, h, `{}`)
	s.Converge(t)
	if name(t, s) != "Ada Lovelace" {
		t.Errorf("the name is %q", name(t, s))
	}
}

// Two replays, the second before the workers have come to it, are one look and one write.
func TestReplayTwice(t *testing.T) {
	s, cure := poisoned(t)
	cure()
	letter := take(t, s)
	h := onStage(s)
	for range 2 { // the letter of the second is the same once more, as when it could not be deleted
		if err := s.Dead.Send(t.Context(), []queue.Message{letter}); err != nil {
			t.Fatal(err)
		}
		s.Clock.Pass(6 * time.Minute) // beyond the queue's own memory of ids
		must(t, h, `{}`)
	}
	if work, dead := s.Messages(t); work != 1 || dead != 0 {
		t.Errorf("%d messages, %d dead letters", work, dead)
	}
	s.Reset()
	s.Converge(t)
	if n := s.Org.Totals().Writes; n != 1 || get(t, s).State != mapping.StateConverged {
		t.Errorf("%d writes, the row is %s", n, get(t, s).State)
	}
}

// take takes the one letter off the dead-letter queue.
func take(t *testing.T, s *stage.Stage) queue.Message {
	t.Helper()
	got, err := s.Dead.Receive(t.Context(), queue.BatchSize, 0)
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	if err := s.Dead.Delete(t.Context(), got); err != nil {
		t.Fatal(err)
	}
	s.Clock.Pass(6 * time.Minute)
	return got[0].Message
}

// A new desired state releases the object by itself; its old letter is obsolete then, and struck off without a look.
func TestLetterOfAnObjectThatIsRight(t *testing.T) {
	s, cure := poisoned(t)
	cure()
	if _, err := s.Table.Release(t.Context(), person, 0, false, model.CauseManual, s.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	s.Converge(t)
	s.Reset()
	report := must(t, onStage(s), `{}`)
	if report.Counts != (replay.Counts{Letters: 1, Dropped: 1}) || !strings.Contains(report.Dropped[0].Why, "it is right since") {
		t.Errorf("report %+v", report)
	}
	s.NothingWritten(t)
}

// Filters leave what they do not name; a dry run writes nothing and tells what the replay then does.
func TestFilterAndDryRun(t *testing.T) {
	s, cure := poisoned(t)
	cure()
	h := onStage(s)
	for _, payload := range []string{`{"kinds":["queue"]}`, `{"keys":["user/102"]}`, `{"reason":"throttled"}`} {
		report := must(t, h, payload)
		if report.Counts != (replay.Counts{Letters: 1, Left: 1}) || report.Left[0].Key != person || report.Left[0].Why != "not asked for" {
			t.Errorf("%s: %+v", payload, report)
		}
	}
	before := get(t, s)
	s.Reset()
	dry := must(t, h, `{"kinds":["user"],"reason":"NOT LIKED","dryRun":true}`)
	if dry.Counts != (replay.Counts{Letters: 1, Moved: 1, Objects: 1}) || !dry.Dry || dry.Remaining != 1 {
		t.Errorf("dry run %+v", dry)
	}
	if w, u := s.TableWrites(), s.Table.Units().Writes; len(w) > 0 || u != 0 {
		t.Errorf("the dry run wrote %v, %v units", w, u)
	}
	if work, dead := s.Messages(t); work != 0 || dead != 1 || s.Org.Totals().Calls != 0 {
		t.Errorf("%d messages, %d dead letters, %d calls", work, dead, s.Org.Totals().Calls)
	}
	if after := get(t, s); after.Version != before.Version || after.State != before.State {
		t.Errorf("the row is %s at %d", after.State, after.Version)
	}
	wet := must(t, h, `{"kinds":["user"],"reason":"NOT LIKED"}`)
	if !slices.EqualFunc(wet.Moved, dry.Moved, func(a, b replay.Line) bool { return a.ID == b.ID && a.Why == b.Why }) {
		t.Errorf("the dry run told %+v, the replay %+v", dry.Moved, wet.Moved)
	}
	s.Converge(t)
	if name(t, s) != "Ada Lovelace" {
		t.Errorf("the name is %q", name(t, s))
	}
}

// A message that no worker can read ends on the dead-letter queue as it is; a replay names it and leaves it.
func TestUndecodableMessage(t *testing.T) {
	s, _ := stage.Tiny(t)
	s.Work.PutBody("agent/1", "x", `{"key":"agent/1"}`)
	for range 25 { // the world's queue takes 20 receives
		if _, err := s.Drain(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		s.Clock.Pass(time.Minute)
	}
	report := must(t, onStage(s), `{}`)
	if report.Counts != (replay.Counts{Letters: 1, Left: 1}) || !strings.Contains(report.Left[0].Body, "agent/1") || report.Left[0].ID == "" {
		t.Errorf("report %+v", report)
	}
	if work, dead := s.Messages(t); work != 0 || dead != 1 {
		t.Errorf("%d messages, %d dead letters", work, dead)
	}
}

// Every sample is answered by the handler on a stage with a dead letter. The log names the object and no more of a person.
func TestSamplesAreAnswered(t *testing.T) {
	for file, body := range stage.Samples(t, "replay-") {
		t.Run(file, func(t *testing.T) {
			s, _ := poisoned(t)
			log, lines := logged()
			h := &Handler{Log: log, Replayer: replay.New(replay.Config{
				Letters: s.Dead, Work: s.Work, Rows: s.Table, PerMinute: 300, Now: s.Clock.Now, Log: log,
			})}
			answer, err := h.Handle(context.Background(), json.RawMessage(body))
			if err != nil || answer.Counts.Letters != 1 {
				t.Errorf("%+v, %v", answer, err)
			}
			if text := lines.String(); strings.Contains(text, "Lovelace") || strings.Contains(text, "@") || !strings.Contains(text, "replayed") {
				t.Errorf("log %s", text)
			}
		})
	}
}
