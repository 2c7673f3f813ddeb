package run_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
	"excs/shared/run"
	"excs/shared/verify"
)

// strangersQueue makes a queue in the EX Org that EXCS did not make, and then one of its name in Engage.
func (h *house) strangersQueue(name, peer string, groups ...int64) (model.Key, string) {
	h.t.Helper()
	id, err := h.org.AddQueue(map[string]any{"name": name, "peerId": peer})
	h.do(err)
	d, err := h.AddQueue(h.ctx, engagetest.NewQueue{Type: engagetest.VirtualQueue, Alias: name, Groups: groups})
	h.do(err)
	return queueKey(d.DBID), id
}

// approveAll approves everything that the plan holds.
func (h *house) approveAll(p plan.Plan) {
	h.t.Helper()
	_, err := h.Runner.Approve(h.ctx, p.HeldHashAll, nil, run.By{})
	h.do(err)
}

// wantHeld checks that a plan holds the change of a key for the reason.
func (h *house) wantHeld(p plan.Plan, key model.Key, code plan.HeldCode, action model.Action) plan.Held {
	h.t.Helper()
	held, ok := heldOf(p, key)
	if !ok || held.Code != code || held.Change.Action != action {
		h.t.Fatalf("%s: held %v as %q %s, want %q %s", key, ok, held.Code, held.Change.Action, code, action)
	}
	return held
}

// Case 50: a queue that a stranger made is shown as an adoption with the peer id that it would lose, and nothing is written
// before that is approved. When its DN goes later, the delete waits for an approval of its own.
func TestAStrangersQueueIsAdoptedAndDeletedWithApprovalsOnly(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	key, id := h.strangersQueue("VQ_Stranger", "zzz")
	h.org.ResetCounters()
	report := h.run()
	held := h.wantHeld(report.Plan, key, plan.HeldAdoption, model.ActionAdopt)
	if f := held.Change.Fields; held.Change.Adopt != id || len(f) != 1 || f[0].Name != model.FieldPeerID || f[0].Before != "zzz" || f[0].After != decimal(key.DBID) {
		t.Errorf("the plan shows %+v", held.Change)
	}
	if n := h.org.Totals().Writes; n > 0 || h.row(key).Version != 0 {
		t.Errorf("%d writes, row %+v", n, h.row(key))
	}
	h.approveAll(report.Plan)
	h.run()
	if q := h.queue("VQ_Stranger"); q.ID != id || q.PeerID != decimal(key.DBID) {
		t.Fatalf("after the approval the queue is %+v", q)
	}
	if row := h.row(key); row.Origin != mapping.OriginAdopted {
		t.Errorf("the row says %q", row.Origin)
	}
	h.pass(10 * time.Minute)
	h.do(h.Editor.DeleteQueue(h.ctx, key.DBID))
	report = h.run()
	h.wantHeld(report.Plan, key, plan.HeldAdopted, model.ActionDelete)
	if !h.hasQueue("VQ_Stranger") {
		t.Fatal("the stranger's queue was deleted without an approval")
	}
	h.approveAll(report.Plan)
	h.run()
	if h.hasQueue("VQ_Stranger") {
		t.Error("the approved delete was not made")
	}
	h.quiet(2)
}

// A queue that carries EXCS's own mark was made by EXCS, and so was one that EXCS creates: their deletes wait for nobody. So it
// is for an adopted one under the setting "as-made".
func TestWhatEXCSMadeIsDeletedAtOnce(t *testing.T) {
	t.Parallel()
	t.Run("created", func(t *testing.T) {
		h := lot{}.build(t).settled()
		key := queueKey(h.dn("Loose").DBID)
		if row := h.row(key); row.Origin != mapping.OriginMade {
			t.Errorf("the row says %q", row.Origin)
		}
		h.do(h.Editor.DeleteQueue(h.ctx, key.DBID))
		h.run()
		if h.hasQueue("Loose") {
			t.Error("it is still there")
		}
	})
	t.Run("found by its peer id", func(t *testing.T) {
		h := lot{}.build(t).settled()
		key, id := h.strangersQueue("Mine", "")
		h.do(h.org.EditQueue(id, func(raw map[string]any) { raw["peerId"] = decimal(key.DBID) }))
		h.run()
		if row := h.row(key); row.EXID != id || row.Origin != mapping.OriginMade {
			t.Fatalf("the row says %q, EX id %q", row.Origin, row.EXID)
		}
		h.do(h.Editor.DeleteQueue(h.ctx, key.DBID))
		h.run()
		if h.hasQueue("Mine") {
			t.Error("it is still there")
		}
	})
	t.Run("as-made", func(t *testing.T) {
		h := lot{settings: func(s *rules.Settings) { s.Queues.AdoptedDelete = rules.AdoptedAsMade }}.build(t).settled()
		key, id := h.strangersQueue("Theirs", "")
		h.run()
		if row := h.row(key); row.EXID != id || row.Origin != mapping.OriginAdopted {
			t.Fatalf("the row says %q, EX id %q", row.Origin, row.EXID)
		}
		h.do(h.Editor.DeleteQueue(h.ctx, key.DBID))
		h.run()
		if h.hasQueue("Theirs") {
			t.Error("it is still there")
		}
	})
}

// What an adoption only adds holds it up no more than a creation: the peer id of a queue without one, a code, a skill.
func TestAnAdoptionThatOnlyAddsGoesOn(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	key, id := h.strangersQueue("Plain", "")
	_, err := h.org.AddCode(map[string]any{"name": "Escalated"})
	h.do(err)
	_, err = h.AddValue(h.ctx, engagetest.WrapUpAttribute, "Escalated", "Escalated")
	h.do(err)
	skill, err := h.org.AddSkill("Chess")
	h.do(err)
	_, err = h.AddSkill(h.ctx, "Chess")
	h.do(err)
	report := h.run()
	if len(report.Plan.Held) > 0 {
		t.Errorf("held: %+v", report.Plan.Held)
	}
	for _, k := range []model.Key{key, codeKey(h.wrapUp("Escalated").DBID), skillKey(h.engageSkill("Chess").DBID)} {
		if i := slices.IndexFunc(report.Plan.Changes, func(c model.Change) bool { return c.Key == k }); i < 0 || report.Plan.Changes[i].Action != model.ActionAdopt {
			t.Errorf("the plan does not say that %s is adopted: %+v", k, report.Plan.Changes)
		}
	}
	if q := h.queue("Plain"); q.ID != id || q.PeerID != decimal(key.DBID) || h.skill("Chess").ID != skill {
		t.Error("something was made a second time")
	}
	h.equal()
	h.pass(10 * time.Minute)
	h.quiet(2)
}

// A user that was there before loses nothing by its adoption without an approval: neither its state, nor its skills, its
// division or another's external id. Known by its address alone it is not even renamed.
func TestAUserThatWasThereBeforeLosesNothingUnasked(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		properties map[string]any
		edit       func(h *house, id string)
		state      engagetest.State
		why        string
	}{
		"another name":     {map[string]any{"name": "Somebody Else"}, nil, engagetest.StateEnabled, "rename"},
		"would be off":     {nil, nil, engagetest.StateDisabled, "deactivate"},
		"another's id":     {nil, func(h *house, id string) { h.foreignKey(id, "someone") }, engagetest.StateEnabled, "external id someone"},
		"has a skill":      {nil, func(h *house, id string) { h.do(h.org.SetUserSkill(id, h.skill("Sales").ID, 3)) }, engagetest.StateEnabled, "skills"},
		"nothing but less": {nil, nil, engagetest.StateEnabled, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := lot{}.build(t).settled()
			properties := map[string]any{"name": "Una Agent", "email": mail("Una")}
			for k, v := range tt.properties {
				properties[k] = v
			}
			id, err := h.org.AddUser(properties)
			h.do(err)
			if tt.edit != nil {
				tt.edit(h, id)
			}
			p, err := h.Hire(h.ctx, engagetest.Newcomer{First: "Una", Last: "Agent", Email: mail("Una")})
			h.do(err)
			h.do(h.SetPersonState(h.ctx, p.DBID, tt.state))
			h.org.ResetCounters()
			report := h.run()
			if tt.why == "" {
				if len(report.Plan.Held) > 0 || h.row(userKey(p.DBID)).EXID != id {
					t.Fatalf("held %+v, row %+v", report.Plan.Held, h.row(userKey(p.DBID)))
				}
				return
			}
			held := h.wantHeld(report.Plan, userKey(p.DBID), plan.HeldAdoption, model.ActionAdopt)
			if !strings.Contains(held.Reason, tt.why) {
				t.Errorf("reason %q, want %q", held.Reason, tt.why)
			}
			if n := h.org.Totals().Writes; n > 0 {
				t.Errorf("%d writes: %v", n, h.org.Calls())
			}
			h.approveAll(report.Plan)
			h.run()
			if row := h.row(userKey(p.DBID)); row.EXID != id || row.State != mapping.StateConverged {
				t.Errorf("after the approval: %+v", row)
			}
			h.equal()
		})
	}
}

// foreignKey gives an EX user an external id under EXCS's authority that is nobody's in Engage.
func (h *house) foreignKey(id, key string) {
	h.t.Helper()
	h.do(h.org.AddExternalID(id, exorgtest.ExternalID{Authority: "engage", Key: key}))
}

// A stranger's queue that comes between the look-up and the creation is met by the worker: it holds the row, writes nothing, and
// one approval lets it go on.
func TestAWorkerThatMeetsAStrangersQueueHoldsIt(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	d, err := h.AddQueue(h.ctx, engagetest.NewQueue{Type: engagetest.VirtualQueue, Alias: "Late"})
	h.do(err)
	key := queueKey(d.DBID)
	report := h.sync() // nothing there yet: planned as a creation
	if len(report.Plan.Held) > 0 {
		t.Fatalf("held: %+v", report.Plan.Held)
	}
	id, err := h.org.AddQueue(map[string]any{"name": "Late", "peerId": "zzz"})
	h.do(err)
	h.rest()
	if row := h.row(key); row.State != mapping.StateHeld || row.EXID != "" {
		t.Fatalf("the row is %s (%s), EX id %q", row.State, row.Reason, row.EXID)
	}
	if q := h.queue("Late"); q.PeerID != "zzz" {
		t.Fatalf("the stranger's queue was written to: %+v", q)
	}
	h.pass(time.Minute)
	report = h.run()
	h.approveAll(report.Plan)
	h.rest()
	if q := h.queue("Late"); q.ID != id || q.PeerID != decimal(key.DBID) || h.row(key).Origin != mapping.OriginAdopted {
		t.Errorf("after the approval: %+v, row %+v", q, h.row(key))
	}
	h.pass(10 * time.Minute)
	h.quiet(2)
}

// A queue adopted with members that Engage wants elsewhere: that they would leave it is shown and waits, and one approval covers
// the queue and its list.
func TestAnAdoptedQueueLosesNoMembersUnasked(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	id, err := h.org.AddQueue(map[string]any{"name": "Crew"})
	h.do(err)
	h.do(h.org.AddMembers(id, h.user(mail("Ann")).ID, h.user(mail("Bob")).ID))
	d, err := h.AddQueue(h.ctx, engagetest.NewQueue{Type: engagetest.VirtualQueue, Alias: "Crew", Groups: []int64{h.group("Back").DBID}})
	h.do(err)
	key := queueKey(d.DBID)
	report := h.run()
	held := h.wantHeld(report.Plan, key, plan.HeldAdoption, model.ActionAdopt)
	if !strings.Contains(strings.ToLower(held.Reason), strings.ToLower(mail("Ann"))) || strings.Contains(held.Reason, mail("Bob")) {
		t.Errorf("the reason names %q", held.Reason)
	}
	h.wantMembers("Crew", "Ann Agent", "Bob Agent")
	h.approveAll(report.Plan)
	h.run()
	h.wantMembers("Crew", "Bob Agent", "Cy Agent")
	h.equal()
	h.pass(10 * time.Minute)
	h.quiet(2)
}

// A deleted skill or language is never adopted, a deleted queue can not be found: each is made anew.
func TestWhatWasDeletedIsNeverAdopted(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	skill, err := h.org.AddSkill("Chess")
	h.do(err)
	h.do(h.org.DeleteSkill(skill))
	id, err := h.org.AddQueue(map[string]any{"name": "Gone", "peerId": "zzz"})
	h.do(err)
	h.do(h.org.DeleteQueue(id))
	_, err = h.AddSkill(h.ctx, "Chess")
	h.do(err)
	d, err := h.AddQueue(h.ctx, engagetest.NewQueue{Type: engagetest.VirtualQueue, Alias: "Gone"})
	h.do(err)
	report := h.run()
	for _, k := range []model.Key{skillKey(h.engageSkill("Chess").DBID), queueKey(d.DBID)} {
		if i := slices.IndexFunc(report.Plan.Changes, func(c model.Change) bool { return c.Key == k }); i < 0 || report.Plan.Changes[i].Action != model.ActionCreate {
			t.Errorf("the plan does not say that %s is created: %+v", k, report.Plan.Changes)
		}
	}
	if h.skill("Chess").ID == skill || h.queue("Gone").ID == id {
		t.Error("a deleted object was adopted")
	}
	h.equal()
}

// An EX Org that is away holds up newcomers and nothing else: they are shown as looking and can not be approved.
func TestAnEXOrgThatIsAwayHoldsUpNewcomersOnly(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	d, err := h.AddQueue(h.ctx, engagetest.NewQueue{Type: engagetest.VirtualQueue, Alias: "Newcomer"})
	h.do(err)
	h.do(h.ChangeEmail(h.ctx, h.person("Cy").DBID, "cyrus@northwind.example"))
	away := h.org.Fail(exorgtest.Fault{Method: http.MethodGet, Status: http.StatusServiceUnavailable})
	report := h.sync()
	held := h.wantHeld(report.Plan, queueKey(d.DBID), plan.HeldLooking, model.ActionCreate)
	if held.Code.Approvable() || report.Plan.HeldHashAll != "" {
		t.Error("what is looking can be approved")
	}
	if len(report.Plan.Changes) != 1 || report.Plan.Changes[0].Key != userKey(h.person("Cy").DBID) {
		t.Errorf("changes: %+v", report.Plan.Changes)
	}
	away.Disarm()
	h.rest()
	h.run()
	h.equal()
	h.pass(10 * time.Minute)
	h.quiet(2)
}

// A user that was there before EXCS and was adopted is kept like one that EXCS made: deleted in the EX Org by a person it is
// restored under its id, and deleted in Engage it is left as it is, an orphan on the list.
func TestAnAdoptedUserThatGoes(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	id, err := h.org.AddUser(map[string]any{"name": "Una Agent", "email": mail("Una")})
	h.do(err)
	p, err := h.Hire(h.ctx, engagetest.Newcomer{First: "Una", Last: "Agent", Email: mail("Una")})
	h.do(err)
	key := userKey(p.DBID)
	h.run()
	if row := h.row(key); row.EXID != id || row.Origin != mapping.OriginAdopted {
		t.Fatalf("it was not adopted: %+v", row)
	}
	h.pass(10 * time.Minute)
	h.do(h.org.DeleteUser(id))
	_, err = h.Sweeper.Sweep(h.ctx, verify.Request{Kinds: []model.Kind{model.KindUser}})
	h.do(err)
	h.rest()
	if u, _ := h.org.User(id); u.State != "active" || h.row(key).EXID != id {
		t.Fatalf("it is %s, the row has %s", u.State, h.row(key).EXID)
	}
	h.equal()
	h.pass(10 * time.Minute)
	h.do(h.Fire(h.ctx, p.DBID))
	h.org.ResetCounters()
	h.run()
	if u, _ := h.org.User(id); u.State != "active" || u.Name != "Una Agent" {
		t.Errorf("the orphan is %s, %q", u.State, u.Name)
	}
	if l, ok := h.listed(key); !ok || l.State != string(mapping.StateOrphan) || !l.Active {
		t.Errorf("the list says %+v", l)
	}
	h.quiet(2)
}

// Of a queue of which the row does not tell who made it, the EX Org's own word counts: what one of EXCS's OAuth clients created
// is deleted with its DN, and what anybody else created waits for an approval.
func TestWhoCreatedAQueue(t *testing.T) {
	t.Parallel()
	for _, own := range []bool{true, false} {
		h := lot{}.build(t).settled()
		key := queueKey(h.dn("Virtual").DBID)
		row := h.row(key)
		seen, raw, err := h.Runner.Org.Get(h.ctx, model.KindQueue, row.EXID)
		h.do(err)
		var body struct {
			CreatedBy string `json:"createdBy"`
		}
		h.do(json.Unmarshal(raw, &body))
		if body.CreatedBy == "" {
			t.Fatalf("the EX Org does not say who created %s", seen.Name)
		}
		h.do(h.Table.Forget(h.ctx, key)) // and a row as the first release wrote it
		bare, err := h.Table.PutDesired(h.ctx, row.Run, mapping.Wish{Key: key, Goal: mapping.GoalPresent, Desired: row.Desired, Cause: model.CauseEngage})
		h.do(err)
		_, err = h.Table.Record(h.ctx, mapping.Outcome{Key: key, Version: bare.Version, EXID: row.EXID, State: mapping.StateConverged, Applied: row.Desired.Fingerprint(), Seen: raw}, h.Now())
		h.do(err)
		if h.row(key).MadeOrAdopted() != mapping.OriginUnknown {
			t.Fatal("the row tells who made it: the test proves nothing")
		}
		if own {
			h.Runner.Clients = []string{body.CreatedBy}
		}
		h.do(h.Editor.DeleteQueue(h.ctx, key.DBID))
		report := h.run()
		if own == h.hasQueue("Virtual") {
			t.Errorf("created by us: %v, and the queue is there: %v", own, h.hasQueue("Virtual"))
		}
		if !own {
			h.wantHeld(report.Plan, key, plan.HeldAdopted, model.ActionDelete)
		}
	}
}
