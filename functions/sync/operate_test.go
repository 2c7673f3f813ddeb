package main

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"excs/functions/internal/stage"
	"excs/shared/doctor"
	"excs/shared/engage"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/run"
)

// An operator's evening: pause with a note, Engage changes, runs write nothing and say so, resume shows the plan and the command,
// the command resumes, and all is right.
func TestPauseAndResumeByPayloads(t *testing.T) {
	s, editor := stage.Tiny(t)
	h := onStage(s)
	must(t, h, `{"action":"sync"}`)
	s.Converge(t)
	text := must(t, h, `{"action":"pause","note":"the database moves","who":"jane","format":"text"}`)
	if !strings.Contains(text, "PAUSED everything is paused since ") || !strings.Contains(text, " by jane: the database moves") {
		t.Errorf("pause answers:\n%s", text)
	}
	if err := editor.RenamePerson(t.Context(), 101, "Ada", "Lovelace"); err != nil {
		t.Fatal(err)
	}
	s.Reset()
	text = must(t, h, `{"action":"sync","format":"text"}`)
	if !strings.Contains(text, "1 change waits for the end of a pause.") || s.Org.Totals().Writes != 0 {
		t.Errorf("%d writes, sync answers:\n%s", s.Org.Totals().Writes, text)
	}
	if work, _ := s.Messages(t); work != 0 {
		t.Errorf("%d messages", work)
	}
	for _, action := range []string{"status", "list", "plan"} {
		if text := must(t, h, `{"action":"`+action+`","format":"text"}`); !strings.Contains(text, "PAUSED everything is paused since ") {
			t.Errorf("%s does not tell of the pause:\n%s", action, text)
		}
	}

	s.Reset()
	text = must(t, h, `{"action":"resume","format":"text"}`)
	s.NothingWritten(t)
	command := regexp.MustCompile(`sync (\{"action":"resume"[^}]*\})`).FindStringSubmatch(text)
	if command == nil || !strings.Contains(text, "Ada Lovelace") {
		t.Fatalf("resume shows no plan or names no command:\n%s", text)
	}
	_, err := ask(t, h, `{"action":"resume","planHash":"feedbeef"}`)
	if model.CodeOf(err) != model.CodeConflict || !strings.HasPrefix(err.Error(), "resume: the plan is another one than that of feedbeef by now") {
		t.Errorf("error %v", err)
	}
	answer := into[struct {
		Resumed bool
		Sent    int
		Command string
		Plan    struct{ Changes []struct{ Key model.Key } }
	}](t, h, command[1])
	if !answer.Resumed || answer.Sent != 1 || answer.Command != "" || len(answer.Plan.Changes) != 1 {
		t.Errorf("answer %+v", answer)
	}
	s.Converge(t)
	row, err := s.Table.Get(t.Context(), model.Key{Kind: model.KindUser, DBID: 101})
	if err != nil || row.State != mapping.StateConverged || row.Desired.Name != "Ada Lovelace" {
		t.Errorf("the row is %s, %q, %v", row.State, row.Desired.Name, err)
	}
	if _, err := ask(t, h, `{"action":"resume"}`); model.CodeOf(err) != model.CodeNotFound || err.Error() != "resume: everything is not paused: nothing is" {
		t.Errorf("error %v", err)
	}
}

// A typing error in the number of a paused object is told, because such a pause keeps nobody out.
func TestAPauseOfNobody(t *testing.T) {
	s, _ := stage.Tiny(t)
	h := onStage(s)
	must(t, h, `{"action":"sync"}`)
	s.Converge(t)
	_, err := ask(t, h, `{"action":"pause","keys":["user/101","user/999"],"format":"text"}`)
	if model.CodeOf(err) != model.CodeNotFound || !strings.Contains(err.Error(), "user/999 is neither mapped nor asked for by Engage") {
		t.Errorf("error %v", err)
	}
	if text := must(t, h, `{"action":"status","format":"text"}`); strings.Contains(text, "PAUSED") {
		t.Errorf("something is paused:\n%s", text)
	}
}

// The dead-letter queue's depth shows in status where that queue is known.
func TestStatusCountsDeadLetters(t *testing.T) {
	s, _ := stage.Tiny(t)
	if text := must(t, onStage(s), `{"action":"status","format":"text"}`); strings.Contains(text, "dead letters") {
		t.Errorf("it tells of a queue that it does not know:\n%s", text)
	}
	s.Runner.Dead = s.Dead
	s.Dead.PutBody("user/1", "x", `{"key":"user/1"}`)
	if text := must(t, onStage(s), `{"action":"status","format":"text"}`); !strings.Contains(text, "  dead letters: 1\n") {
		t.Error(text)
	}
}

// Release, link and forget answer per object, on a real table.
func TestRowsByPayloads(t *testing.T) {
	s, _ := stage.Tiny(t)
	h := onStage(s)
	must(t, h, `{"action":"sync"}`)
	s.Converge(t)
	if text := must(t, h, `{"action":"release","keys":["user/101"],"format":"text"}`); !strings.HasPrefix(text, "Released: 0 of 1\n  user/101 was converged: there is nothing to release: it is converged since ") {
		t.Error(text)
	}
	id, err := s.Org.AddUser(map[string]any{"name": "Somebody", "email": "somebody@agents.example"})
	if err != nil {
		t.Fatal(err)
	}
	if text := must(t, h, `{"action":"link","keys":["user/101"],"exId":"`+id+`","format":"text"}`); !strings.HasPrefix(text, "Linked: user/101 to "+id+"\n  the EX object that it had is ") || !strings.HasSuffix(text, "Next: a worker makes it what Engage says now\n") {
		t.Error(text)
	}
	if text := must(t, h, `{"action":"forget","keys":["user/102"],"format":"text"}`); !strings.HasPrefix(text, "Forgotten: 1\n  user/102 was converged, the EX object ") {
		t.Error(text)
	}
	for payload, says := range map[string]string{
		`{"action":"release","keys":["user/999"]}`:           "release: user/999: the mapping table has no row of it",
		`{"action":"forget","keys":["user/999"]}`:            "forget: user/999: the mapping table has no row of it",
		`{"action":"link","keys":["queue/1"],"exId":"nope"}`: "link: queue/1: the EX Org shows no queue with the id nope",
	} {
		if _, err := ask(t, h, payload); model.CodeOf(err) != model.CodeNotFound || !strings.HasPrefix(err.Error(), says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", payload, err)
		}
	}
}

// The doctor looks at a real tenant, writes nothing, and answers where every other action is refused.
func TestTheDoctorByPayload(t *testing.T) {
	s, _ := stage.Tiny(t)
	h := onStage(s)
	h.Doctor = doctor.Config{
		Engage: func(context.Context) []engage.Finding {
			return []engage.Finding{{What: "server", OK: true, Text: "it answers"}}
		},
		Org: s.Client, Table: s.Table.TableID, Queues: map[string]run.Depth{"work queue": s.Work, "dead-letter queue": s.Dead}, Status: s.Runner.Status,
	}
	h.Now = s.Clock.Now
	s.Reset()
	text := must(t, h, `{"action":"doctor","format":"text"}`)
	s.NothingWritten(t)
	for _, want := range []string{"ok database, server: it answers\n", "ok EX Org, directory:user:view: it reads\n", "WARN EXCS, runs: there was none yet. Do: ", "? EX Org, permissions to write: "} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
	must(t, h, `{"action":"sync"}`)
	s.Converge(t)
	if text := must(t, h, `{"action":"doctor","format":"text"}`); !strings.HasPrefix(text, "Everything is as it must be\n") {
		t.Error(text)
	}
}
