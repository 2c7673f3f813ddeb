package run_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/rules"
	"excs/shared/run"
	"excs/shared/verify"
)

// minutes lets the schedule go on for n minutes: a run a minute, due rows, and what is on the queue.
func (h *house) minutes(n int) {
	h.t.Helper()
	for range n {
		h.pass(time.Minute)
		_, _ = h.Service.Sync(h.ctx) // a run may find the lease taken, or the EX Org away
		_, err := h.Drain(h.ctx, nil)
		h.do(err)
	}
}

// foreigner adds a user whom EXCS does not know.
func (h *house) foreigner(email string) string {
	h.t.Helper()
	id, err := h.org.AddUser(map[string]any{"name": "Foreign", "email": email, "state": "active"})
	h.do(err)
	return id
}

func (h *house) sweep() verify.Report {
	h.t.Helper()
	report, err := h.Sweeper.Sweep(h.ctx, verify.Request{})
	h.do(err)
	return report
}

// wantRefused checks that the row waits for nothing but refused parts, and that the list says of which.
func (h *house) wantRefused(key model.Key, texts ...string) {
	h.t.Helper()
	l, ok := h.listed(key)
	if !ok || !strings.HasPrefix(l.Reason, mapping.Refused) {
		h.t.Fatalf("%s is not listed as refused: %+v, row %+v", key, l, h.row(key))
	}
	for _, text := range texts {
		if !strings.Contains(l.Reason, text) {
			h.t.Errorf("the list says of %s %q, and not %q", key, l.Reason, text)
		}
	}
}

func (h *house) wantState(id, state string) {
	h.t.Helper()
	if u, _ := h.org.User(id); u.State != state {
		h.t.Errorf("the EX user is %s, want %s", u.State, state)
	}
}

// A leaver's account is closed whatever else of the record the EX Org refuses, before and after the refusal, under both presets.
func TestALeaverIsClosedWhateverIsRefused(t *testing.T) {
	refusals := map[string]func(h *house, id string, dbid int64){
		"address": func(h *house, _ string, dbid int64) {
			h.foreigner("taken@northwind.example")
			h.do(h.ChangeEmail(h.ctx, dbid, "taken@northwind.example"))
		},
		"name": func(h *house, id string, dbid int64) {
			h.org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Method: http.MethodPatch, Path: id, Body: "Renamed", Status: 400})
			h.do(h.RenamePerson(h.ctx, dbid, "Ann", "Renamed"))
		},
		"skills, also their reading": func(h *house, id string, dbid int64) {
			h.org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Path: id + "/routingskills", Status: 403})
			h.do(h.RenamePerson(h.ctx, dbid, "Ann", "Married"))
		},
	}
	for what, refuse := range refusals {
		for _, preset := range []rules.Preset{rules.Preset202307, rules.PresetCurrent} {
			for _, days := range []int{0, 2} {
				t.Run(what, func(t *testing.T) {
					h := lot{preset: preset, org: []exorgtest.Option{exorgtest.WithExpandOmission(1)}}.build(t).settled()
					id, p := h.user(mail("Ann")).ID, h.person("Ann")
					refuse(h, id, p.DBID)
					if days > 0 {
						h.minutes(60)
						h.pass(time.Duration(days) * 24 * time.Hour)
					}
					if preset == rules.PresetCurrent {
						h.do(h.Fire(h.ctx, p.DBID))
					} else {
						h.do(h.SetPersonState(h.ctx, p.DBID, engagetest.StateDisabled))
					}
					h.minutes(8)
					h.wantState(id, "inactive")
					h.wantNone(mapping.StateQuarantined)
					if h.row(userKey(p.DBID)).State != mapping.StateOrphan { // one who is gone before anything else was written
						h.wantRefused(userKey(p.DBID))
					}
				})
			}
		}
	}
}

// What is refused of a user holds up nothing else of it; when the reason is gone, it is made right without anybody's doing.
func TestARefusedAddressHoldsUpNothingElse(t *testing.T) {
	h := lot{}.build(t).settled()
	p, beta := h.person("Bob"), h.engageSkill("Billing")
	other := h.foreigner("taken@northwind.example")
	h.do(h.ChangeEmail(h.ctx, p.DBID, "taken@northwind.example"))
	h.do(h.RenamePerson(h.ctx, p.DBID, "Bob", "Married"))
	h.do(h.AddLevel(h.ctx, p.DBID, beta.DBID, 4))
	h.minutes(5)
	if u := h.user(mail("Bob")); u.Name != "Bob Married" {
		t.Errorf("the name is %s", u.Name)
	}
	h.wantRefused(userKey(p.DBID), "email", other)
	if got := h.abilities(mail("Bob")); !strings.Contains(strings.Join(got, " "), "Billing=4") {
		t.Errorf("abilities %v", got)
	}
	before := h.org.Totals().Writes
	for range 3 {
		if r := h.sweep(); slices.ContainsFunc(r.Findings, func(f verify.Finding) bool { return f.What != verify.Twin }) {
			t.Errorf("a refused address is taken for drift: %+v", r.Findings)
		}
		h.minutes(1)
	}
	if n := h.org.Totals().Writes - before; n > 2 {
		t.Errorf("%d writes in three minutes", n)
	}
	h.do(h.org.EditUser(other, func(raw map[string]any) { raw["email"] = "else@northwind.example" }))
	h.minutes(75)
	if u := h.user("taken@northwind.example"); u.Name != "Bob Married" {
		t.Errorf("the address went to %s", u.Name)
	}
	if s := h.row(userKey(p.DBID)); s.State != mapping.StateConverged || len(s.Refused) > 0 {
		t.Errorf("the row is %s with %v", s.State, s.Refused)
	}
}

// One refused skill or language is left out, named and tried again; the others arrive. Whatever the status.
func TestOneRefusedSkillHoldsUpNoOther(t *testing.T) {
	for _, status := range []int{400, 403, 404, 409, 413, 422} {
		h := lot{}.build(t)
		f := furnisher{t: t, e: h.Editor}
		f.value(engagetest.LanguageAttribute, "Finnish")
		alpha, beta, gamma, finnish, german := f.skill("Alpha"), f.skill("Beta"), f.skill("Gamma"), f.skill("Finnish"), h.engageSkill("German").DBID
		h.settled()
		p := h.person("Bob")
		had := h.abilities(mail("Bob"))
		var armed []*exorgtest.Armed
		for path, id := range map[string]string{"/routingskills": h.row(skillKey(beta)).EXID, "/routinglanguages": h.row(languageKey(finnish)).EXID} {
			armed = append(armed, h.org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Path: path, Body: id, Status: status, Code: "some.code"}))
		}
		for _, s := range []int64{alpha, beta, gamma, finnish, german} {
			h.do(h.AddLevel(h.ctx, p.DBID, s, 2))
		}
		h.minutes(3)
		h.wantAbilities(mail("Bob"), append(slices.Clone(had), "Alpha=2", "Gamma=2", "German=2")...)
		h.wantRefused(userKey(p.DBID), "Beta", "Finnish", "some.code")
		h.wantNone(mapping.StateQuarantined)
		for _, a := range armed {
			a.Disarm()
		}
		h.minutes(75)
		h.wantAbilities(mail("Bob"), append(slices.Clone(had), "Alpha=2", "Beta=2", "Gamma=2", "German=2", "Finnish=2")...)
	}
}

// A leaver's deleted account is never opened, whatever is refused; once Engage enables the Person it is restored.
func TestADeletedLeaverStaysDeleted(t *testing.T) {
	h := lot{}.build(t).settled()
	p := h.person("Bob")
	id := h.user(mail("Bob")).ID
	h.do(h.SetPersonState(h.ctx, p.DBID, engagetest.StateDisabled))
	h.run()
	h.pass(10 * time.Minute)
	h.do(h.org.EditUser(id, func(raw map[string]any) { raw["name"] = "Bob (left)" }))
	h.do(h.org.DeleteUser(id))
	left := true
	h.org.OnChange(func(exorgtest.Change) {
		if u, _ := h.org.User(id); left && u.State == "active" {
			t.Error("a leaver's deleted account was opened")
		}
	})
	armed := h.org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Method: http.MethodPatch, Path: id, Body: "Bob Agent", Status: 400})
	for range 3 {
		h.sweep()
		h.minutes(5)
		h.pass(time.Hour)
	}
	h.wantState(id, "deleted")
	if l, ok := h.listed(userKey(p.DBID)); !ok || l.Reason != "left deleted: deleted in the EX Org, disabled in Engage" {
		t.Errorf("the list says %+v", l)
	}
	if r := h.sweep(); len(r.Findings) > 0 {
		t.Errorf("findings %+v", r.Findings)
	}
	h.wantNone(mapping.StateQuarantined, mapping.StateWaiting, mapping.StatePending)
	armed.Disarm()
	left = false
	h.do(h.SetPersonState(h.ctx, p.DBID, engagetest.StateEnabled))
	h.minutes(3)
	h.wantState(id, "active")
}

// Where the state is not Engage's for good, nobody is restored or activated.
func TestAStateThatIsNotEngagesIsLeft(t *testing.T) {
	for _, control := range []rules.Control{rules.AtCreation, rules.Ignored} {
		h := lot{settings: func(s *rules.Settings) { s.Users.State = control }}.build(t)
		h.run()
		h.pass(10 * time.Minute)
		id := h.user(mail("Bob")).ID
		h.do(h.org.DeleteUser(id))
		for range 2 {
			h.sweep()
			h.minutes(5)
			h.pass(time.Hour)
		}
		h.wantState(id, "deleted")
		h.wantNone(mapping.StateQuarantined, mapping.StateWaiting, mapping.StatePending)
	}
}

// A user that can not be restored is told at once with what to do, its queues do not wait, and after forget there is a new one.
func TestAnErasedUserIsToldAndReplaced(t *testing.T) {
	for _, status := range []int{400, 404, 409} {
		h := lot{unwatched: true}.build(t).settled()
		p := h.person("Bob")
		id := h.user(mail("Bob")).ID
		queues := h.org.QueuesOf(id)
		for _, e := range h.user(mail("Bob")).External {
			h.do(h.org.RemoveExternalID(id, e))
		}
		h.do(h.org.EditUser(id, func(raw map[string]any) { raw["email"] = "erased@northwind.example" }))
		h.do(h.org.DeleteUser(id))
		h.org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Method: http.MethodPatch, Path: id, Status: status})
		h.sweep()
		h.minutes(5)
		h.wantRefused(userKey(p.DBID), "forget user/")
		h.minutes(15)
		items, err := h.Table.List(h.ctx, []mapping.State{mapping.StateWaiting, mapping.StatePending, mapping.StateQuarantined}, []model.Kind{model.KindMembers})
		h.do(err)
		for _, i := range items {
			t.Errorf("%d: %s waits: %s", status, i.Key, i.Reason)
		}
		_, err = h.Runner.Forget(h.ctx, []model.Key{userKey(p.DBID)}, run.By{Who: "sam"})
		h.do(err)
		h.minutes(20)
		u := h.user(mail("Bob"))
		if u.ID == id || u.State != "active" {
			t.Errorf("%d: the user of Bob is %s, %s", status, u.ID, u.State)
		}
		if got := h.org.QueuesOf(u.ID); len(got) != len(queues) {
			t.Errorf("%d: he is in %d queues, want %d", status, len(got), len(queues))
		}
	}
}

// One member that a queue refuses holds up no other, whatever the status, and joins when the reason is gone.
func TestOneRefusedMemberHoldsUpNoOther(t *testing.T) {
	for _, status := range []int{400, 403, 404, 409} {
		h := lot{}.build(t).settled()
		bad := h.user(mail("Cy")).ID
		armed := h.org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Method: http.MethodPost, Path: "/members", Body: bad, Status: status})
		h.do(h.Link(h.ctx, h.group("Front").DBID, h.dn("Loose").DBID))
		h.do(h.Link(h.ctx, h.group("Back").DBID, h.dn("Loose").DBID))
		h.minutes(4)
		h.wantMembers("Loose", "Ann Agent", "Bob Agent")
		h.wantRefused(membersKey(h.dn("Loose").DBID), "user/")
		armed.Disarm()
		h.minutes(80)
		h.wantMembers("Loose", "Ann Agent", "Bob Agent", "Cy Agent")
	}
}

// A skill that none of many users can have is found once and left out of everybody else's calls; one user tries it on at the pace of
// refusals, and when that goes well all of them have it.
func TestASkillThatNobodyCanHaveCostsOneUsersTries(t *testing.T) {
	for _, newcomers := range []bool{false, true} {
		h := lot{site: crew(t), settings: func(s *rules.Settings) { s.Guard.ActiveFrom = 1000 }}.build(t)
		f := furnisher{t: t, e: h.Editor}
		bad, good := f.skill("Bad"), f.skill("Good")
		h.settled()
		id := h.row(skillKey(bad)).EXID
		armed := h.org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Path: "/routingskills", Body: id, Status: 403, Code: "missing.division.permission"})
		names := []string{}
		for i := range 40 {
			name := fmt.Sprint("P", i)
			if newcomers {
				name = fmt.Sprint("New", i)
				f.person(name, map[int64]int{bad: 2, good: 3})
			} else {
				h.do(h.AddLevel(h.ctx, h.person(name).DBID, bad, 2))
				h.do(h.AddLevel(h.ctx, h.person(name).DBID, good, 3))
			}
			names = append(names, name)
		}
		h.minutes(5)
		// The looks of a batch begin together, so a few are refused side by side; each of them takes a call for all and one for either.
		if n := armed.Struck(); n > 25 {
			t.Errorf("newcomers %v: %d calls named the skill that is refused", newcomers, n)
		}
		for _, name := range names {
			if got := strings.Join(h.abilities(mail(name)), " "); !strings.Contains(got, "Good=3") || strings.Contains(got, "Bad") {
				t.Fatalf("newcomers %v: %s has %s", newcomers, name, got)
			}
			h.wantRefused(userKey(h.person(name).DBID), "Bad", "missing.division.permission")
		}
		h.minutes(20)
		struck, calls := armed.Struck(), h.org.Totals()
		h.minutes(180)
		if n := armed.Struck() - struck; n < 2 || n > 5 {
			t.Errorf("newcomers %v: in three hours the skill was tried %d times", newcomers, n)
		}
		if n := h.org.Totals().Reads - calls.Reads; n > 60 {
			t.Errorf("newcomers %v: the retries of three hours read %d times", newcomers, n)
		}
		armed.Disarm()
		h.minutes(70)
		for _, name := range names {
			if got := strings.Join(h.abilities(mail(name)), " "); !strings.Contains(got, "Bad=2") {
				t.Fatalf("newcomers %v: %s has %s: %+v", newcomers, name, got, h.row(userKey(h.person(name).DBID)))
			}
		}
		h.wantNone(mapping.StateQuarantined, mapping.StateWaiting, mapping.StatePending)
	}
}

// What can not be made is tried on, all of it together within its share of the budget.
func TestRetriesKeepToTheirShare(t *testing.T) {
	h := lot{settings: func(s *rules.Settings) { s.Requests.PerMinute, s.Guard.ActiveFrom = 60, 1000 }}.build(t).settled() // 72 calls an hour: 14 retries
	armed := h.org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Method: http.MethodPost, Route: "/api/v2/routing/skills", Status: 422})
	for i := range 40 {
		_, err := h.AddSkill(h.ctx, fmt.Sprint("Skill ", i))
		h.do(err)
	}
	h.minutes(30)
	before := armed.Struck()
	h.minutes(240)
	if n := armed.Struck() - before; n < 4*10 || n > 4*16 {
		t.Errorf("%d tries in four hours, 56 are their share", n)
	}
	if n, _, err := h.Dead.Depth(h.ctx); n != 40 || err != nil {
		t.Errorf("%d dead letters, want 40: %v", n, err)
	}
	armed.Disarm()
	h.minutes(10 * 60) // each waits for its turn, and whoever finds no share left for an hour or two more
	h.wantNone(mapping.StateQuarantined)
}
