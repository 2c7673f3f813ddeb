package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"excs/functions/internal/stage"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/run"
)

// shownPlan is what these tests read of a PlanAnswer.
type shownPlan struct {
	run.Report
	Plan struct {
		Hash        string
		HeldHash    map[model.Kind]string
		HeldHashAll string
		Counts      map[model.Kind]plan.Counts
		Changes     []struct {
			Key    model.Key
			Action model.Action
		}
		Held []struct {
			Code   plan.HeldCode
			Change struct{ Key model.Key }
		}
	} `json:"plan"`
}

func onStage(s *stage.Stage) *Handler {
	return &Handler{Runner: s.Runner, Operator: s.Runner, Sweeper: s.Sweeper, Explainer: s.Explainer, Log: quiet()}
}

// A plan writes nothing, in every format and limited in every way, before the first run and after it. On a site that did
// not change it writes not even the books of calls to the EX Org, because it makes none.
func TestPlanWritesNothing(t *testing.T) {
	s, editor := stage.Tiny(t)
	h := onStage(s)
	payloads := []string{
		`{"action":"plan"}`, `{"action":"plan","format":"text"}`, `{"action":"plan","format":"markdown"}`,
		`{"action":"plan","kinds":["user","skill"]}`, `{"action":"plan","keys":["user/101"]}`,
	}
	planAll := func(t *testing.T) {
		for _, payload := range payloads {
			rows, items := s.Rows(t), s.Table.Items()
			s.Reset()
			must(t, h, payload)
			s.NothingWritten(t)
			if n := s.Rows(t); n != rows {
				t.Errorf("%s: %d rows before, %d after", payload, rows, n)
			}
			if n := s.Table.Items(); n > items+2 { // the budget and the token of the one OAuth client
				t.Errorf("%s: %d items before, %d after", payload, items, n)
			}
		}
	}
	t.Run("before the first run", planAll)
	must(t, h, `{"action":"sync"}`)
	s.Converge(t)
	t.Run("with changes", func(t *testing.T) {
		if err := editor.RenamePerson(t.Context(), 101, "Ada", "Lovelace"); err != nil {
			t.Fatal(err)
		}
		planAll(t)
	})
	must(t, h, `{"action":"sync"}`)
	s.Converge(t)
	t.Run("without changes", func(t *testing.T) {
		s.Reset()
		got := into[shownPlan](t, h, `{"action":"plan"}`)
		if len(got.Plan.Changes)+len(got.Plan.Held) > 0 {
			t.Errorf("plan %+v", got.Plan)
		}
		if u := s.Table.Units(); u.Writes != 0 {
			t.Errorf("%v write units", u.Writes)
		}
		if n := s.Org.Totals().Calls; n != 0 {
			t.Errorf("%d calls to the EX Org", n)
		}
	})
}

// The first run of a tenant whose organisation is not empty makes a plan and no more. The hash that plan showed approves
// it, and the next run carries it out: what was there is adopted, not doubled.
func TestFirstRunOnANonEmptyOrganisation(t *testing.T) {
	s, editor := stage.Tiny(t)
	h := onStage(s)
	person := editor.Site().Persons[0]
	there, err := s.Org.AddUser(map[string]any{"name": "Somebody Else", "email": person.Email, "title": "Team lead"})
	if err != nil {
		t.Fatal(err)
	}
	shown := into[shownPlan](t, h, `{"action":"plan"}`)
	s.Reset()
	first := into[shownPlan](t, h, `{"action":"sync"}`)
	if first.Sent != 0 || len(first.Plan.Changes) != 0 || len(first.Plan.Held) == 0 || !first.FirstPlan {
		t.Fatalf("the first run sent %d messages, made %d changes, held %d, firstPlan %v", first.Sent, len(first.Plan.Changes), len(first.Plan.Held), first.FirstPlan)
	}
	if n := s.Org.Totals().Writes; n != 0 || s.Rows(t) != 0 {
		t.Fatalf("%d writes to the EX Org, %d rows", n, s.Rows(t))
	}
	if shown.Plan.HeldHashAll == "" || shown.Plan.HeldHashAll != first.Plan.HeldHashAll || shown.Plan.Hash != first.Plan.Hash {
		t.Fatalf("plan showed the hashes %s and %s, sync %s and %s", shown.Plan.Hash, shown.Plan.HeldHashAll, first.Plan.Hash, first.Plan.HeldHashAll)
	}
	if list := into[ListAnswer](t, h, `{"action":"list"}`); list.Counts["held"] != len(first.Plan.Held) {
		t.Errorf("list counts %v, %d are held", list.Counts, len(first.Plan.Held))
	}
	text := must(t, h, `{"action":"plan","format":"text"}`)
	command := regexp.MustCompile(`sync (\{"action":"approve"[^}]*\})`).FindStringSubmatch(text)
	if command == nil {
		t.Fatalf("the text names no command that approves:\n%s", text)
	}

	// The command that the text names is a payload of this function, and it approves.
	decision := into[run.Decision](t, h, command[1])
	if !decision.FirstPlan || len(decision.Changes) != len(first.Plan.Held) {
		t.Errorf("approved %d of %d, firstPlan %v", len(decision.Changes), len(first.Plan.Held), decision.FirstPlan)
	}
	if n := s.Org.Totals().Writes; n != 0 {
		t.Errorf("the approval itself made %d writes", n)
	}
	second := into[shownPlan](t, h, `{"action":"sync"}`)
	if second.Sent != len(first.Plan.Held) || second.FirstPlan {
		t.Errorf("after the approval %d messages were sent, want %d", second.Sent, len(first.Plan.Held))
	}
	s.Converge(t)
	adopted := 0
	for _, u := range s.Org.Users() {
		if strings.EqualFold(u.Email, person.Email) {
			adopted++
			if u.ID != there || u.Name != person.First+" "+person.Last {
				t.Errorf("user %s is %q, want the one that was there, renamed", u.ID, u.Name)
			}
		}
	}
	if adopted != 1 {
		t.Errorf("%d users have the address", adopted)
	}
	if last := into[shownPlan](t, h, `{"action":"sync"}`); len(last.Plan.Changes)+len(last.Plan.Held) > 0 {
		t.Errorf("the run after that is not empty: %+v", last.Plan)
	}
}

// An approval under a hash that nothing is held under is refused, and leaves no approval behind.
func TestApproveUnknownHash(t *testing.T) {
	s, _ := stage.Tiny(t)
	h := onStage(s)
	must(t, h, `{"action":"sync"}`)
	s.Converge(t)
	s.Reset()
	for _, action := range []string{"approve", "discard"} {
		_, err := ask(t, h, `{"action":"`+action+`","planHash":"feedbeef"}`)
		if model.CodeOf(err) != model.CodeNotFound || !strings.HasPrefix(err.Error(), action+": ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v", err)
		}
	}
	for _, op := range s.TableWrites() {
		if !strings.Contains(op, "Lease") {
			t.Errorf("%s was written", op)
		}
	}
	if n := s.Org.Totals().Calls; n > 0 {
		t.Errorf("%d calls", n)
	}
}

// Discard takes an approval back before a run used it: the change is held again.
func TestDiscard(t *testing.T) {
	s, _ := stage.Tiny(t)
	h := onStage(s)
	if _, err := s.Org.AddSkill("Billing"); err != nil {
		t.Fatal(err)
	}
	first := into[shownPlan](t, h, `{"action":"sync"}`)
	hash := first.Plan.HeldHash[model.KindSkill]
	if hash == "" {
		t.Fatalf("no hash for the kind: %+v", first.Plan.HeldHash)
	}
	approved := into[run.Decision](t, h, `{"action":"approve","planHash":"`+hash+`","kinds":["skill"]}`)
	discarded := into[run.Decision](t, h, `{"action":"discard","planHash":"`+hash+`","kinds":["skill"]}`)
	if len(approved.Changes) == 0 || !slices.Equal(approved.Changes, discarded.Changes) {
		t.Errorf("approved %v, discarded %v", approved.Changes, discarded.Changes)
	}
	s.Reset()
	again := into[shownPlan](t, h, `{"action":"sync"}`)
	if again.Sent != 0 || s.Org.Totals().Writes != 0 || len(again.Plan.Held) != len(first.Plan.Held) {
		t.Errorf("after the discard %d were sent, %d are held, want 0 and %d", again.Sent, len(again.Plan.Held), len(first.Plan.Held))
	}
}

// sync of a key looks at it although nothing changed; of one that nobody knows it is an error.
func TestSyncOfKeys(t *testing.T) {
	s, _ := stage.Tiny(t)
	h := onStage(s)
	must(t, h, `{"action":"sync"}`)
	s.Converge(t)
	got := into[shownPlan](t, h, `{"action":"sync","keys":["user/101"]}`)
	if work, _ := s.Messages(t); got.Looks != 1 || got.Sent != 0 || work != 1 {
		t.Errorf("%d looks, %d sent, %d messages", got.Looks, got.Sent, work)
	}
	s.Converge(t)
	_, err := ask(t, h, `{"action":"sync","keys":["user/999999"]}`)
	if model.CodeOf(err) != model.CodeNotFound || !strings.Contains(err.Error(), "user/999999") {
		t.Errorf("error %v", err)
	}
	if work, dead := s.Messages(t); work+dead > 0 {
		t.Errorf("%d messages", work+dead)
	}
}

// status and list only read.
func TestStatusAndListOnlyRead(t *testing.T) {
	s, _ := stage.Tiny(t)
	h := onStage(s)
	must(t, h, `{"action":"sync"}`)
	s.Converge(t)
	s.Reset()
	for _, format := range []string{"json", "text", "markdown"} {
		for _, action := range []string{"status", "list"} {
			if got := must(t, h, `{"action":"`+action+`","format":"`+format+`"}`); got == "" {
				t.Errorf("%s as %s is empty", action, format)
			}
		}
	}
	s.NothingWritten(t)
	if u := s.Table.Units(); u.Writes != 0 {
		t.Errorf("%v write units", u.Writes)
	}
	if n := s.Org.Totals().Calls; n != 0 {
		t.Errorf("%d calls to the EX Org", n)
	}
	got := into[run.Status](t, h, `{"action":"status"}`)
	if got.LastRun == 0 || got.Mapped[model.KindUser] == 0 || len(got.States) != 0 {
		t.Errorf("status %+v", got)
	}
}

// A plan's JSON answer carries counts per kind and a line per object, and one plan only.
func TestPlanAnswer(t *testing.T) {
	s, editor := stage.Tiny(t)
	text := must(t, onStage(s), `{"action":"plan"}`)
	if n := strings.Count(text, `"plan":`); n != 1 {
		t.Errorf("%d plans in the answer", n)
	}
	var got shownPlan
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	skills := got.Plan.Counts[model.KindSkill].Create + got.Plan.Counts[model.KindLanguage].Create
	if want := editor.Site().Skills; skills == 0 || skills > len(want) || len(got.Plan.Changes) == 0 || got.Rows[model.TableSkill] == 0 {
		t.Errorf("%d skills and languages of %d, %d changes, rows %v", skills, len(want), len(got.Plan.Changes), got.Rows)
	}
	if got.Plan.Changes[0].Action != model.ActionCreate || got.Plan.Changes[0].Key.IsZero() {
		t.Errorf("first change %+v", got.Plan.Changes[0])
	}
}
