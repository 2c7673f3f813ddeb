package run_test

import (
	"slices"
	"testing"
	"time"

	"excs/shared/excstest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/run"
)

// inhabited fills an EX Org with what a site that moves to EXCS may have: some of it is Engage's, some is not.
func inhabited(h *house) {
	h.t.Helper()
	user := func(properties map[string]any) string {
		id, err := h.org.AddUser(properties)
		h.do(err)
		return id
	}
	user(map[string]any{"name": "Ann Agent", "email": mail("ann"), "title": "by hand"})             // adopted as she is
	user(map[string]any{"name": "Robert", "email": mail("Bob"), "department": "Sales"})             // adopted and renamed
	user(map[string]any{"name": "Dora Agent", "email": mail("Dora")})                               // adopted and deactivated
	gone := user(map[string]any{"name": "Cy Agent", "email": mail("Cy")})                           // adopted and restored
	known := user(map[string]any{"name": "Old Name", "email": "another.address@elsewhere.example"}) // Engage's by its external id alone
	h.do(h.org.DeleteUser(gone))
	h.do(h.org.AddExternalID(known, exorgtest.ExternalID{Authority: "engage", Key: decimal(h.person("Eve").DBID)}))
	h.stranger("Stranger")
	skill, err := h.org.AddSkill("billing") // adopted, in its own spelling
	h.do(err)
	_, err = h.org.AddSkill("Juggling")
	h.do(err)
	h.do(h.org.SetUserSkill(known, skill, 2))
	_, err = h.org.AddQueue(map[string]any{"name": "Virtual", "description": "by hand"}) // adopted by its name
	h.do(err)
	_, err = h.org.AddQueue(map[string]any{"name": "An old name", "peerId": decimal(h.dn("ACD").DBID)}) // adopted by its peer id
	h.do(err)
	q, err := h.org.AddQueue(map[string]any{"name": "Strangers"})
	h.do(err)
	h.guardian.keepOff(q, "a queue that Engage does not know")
	_, err = h.org.AddCode(map[string]any{"name": "Resolved", "description": "by hand"})
	h.do(err)
}

// hireEve adds the one Person whose EX user is known by nothing but its external id.
func hireEve(t *testing.T) lot {
	t.Helper()
	site := desk(t)
	furnish(t, site).person("Eve", nil)
	return lot{site: site, before: inhabited}
}

// only checks that a run has made a plan and nothing else: no write, no message, no row.
func (h *house) only(report run.Report) {
	h.t.Helper()
	if total := h.org.Totals(); total.Writes > 0 {
		h.t.Errorf("a plan wrote %d times: %v", total.Writes, h.org.Calls())
	}
	if report.Sent > 0 || len(report.Plan.Changes) > 0 {
		h.t.Errorf("a plan sent %d messages and makes %d changes", report.Sent, len(report.Plan.Changes))
	}
	waiting, inFlight, err := h.Work.Depth(h.ctx)
	h.do(err)
	items, err := h.Table.List(h.ctx, mapping.States(), nil)
	h.do(err)
	if waiting+inFlight+len(items) > 0 {
		h.t.Errorf("%d messages wait, %d are in flight, %d rows are there", waiting, inFlight, len(items))
	}
}

// held gives the held change of a key.
func heldOf(p plan.Plan, key model.Key) (plan.Held, bool) {
	i := slices.IndexFunc(p.Held, func(h plan.Held) bool { return h.Change.Key == key })
	if i < 0 {
		return plan.Held{}, false
	}
	return p.Held[i], true
}

// The first run on an organisation that is not empty only plans; the plan shows what adoption would change; approved by
// its hash it is applied, and adopted objects keep their ids.
func TestFirstRunOnAnInhabitedOrg(t *testing.T) {
	t.Parallel()
	h := hireEve(t).build(t)
	ids := map[string]string{}
	for _, u := range h.org.Users() {
		ids[u.Name] = u.ID
	}
	h.org.ResetCounters()
	report := h.sync()
	h.only(report)
	if !report.FirstPlan {
		t.Error("the report does not say that it is only a plan")
	}
	h.adoptionsShown(report.Plan)
	h.pass(time.Minute)
	if again := h.sync(); again.Plan.Hash != report.Plan.Hash {
		t.Errorf("the second run plans %s, the first %s: nothing has changed", again.Plan.Hash, report.Plan.Hash)
	} else {
		h.only(again)
	}

	decision, err := h.Runner.Approve(h.ctx, report.Plan.Hash, nil, run.By{})
	h.do(err)
	if !decision.FirstPlan || len(decision.Changes) != len(report.Plan.Held) {
		t.Errorf("the approval covers %d of %d changes, first plan: %v", len(decision.Changes), len(report.Plan.Held), decision.FirstPlan)
	}
	h.run()
	h.wantNone(mapping.StateHeld, mapping.StateQuarantined, mapping.StateInvisible)
	h.equal()
	for name, email := range map[string]string{"Ann Agent": mail("Ann"), "Robert": mail("Bob"), "Dora Agent": mail("Dora"), "Cy Agent": mail("Cy"), "Old Name": mail("Eve")} {
		if u := h.user(email); u.ID != ids[name] {
			t.Errorf("%s is %s, not the adopted user", email, u.ID)
		}
	}
	if n := len(h.org.Users()); n != len(ids) {
		t.Errorf("%d users, there were %d: adoption makes no duplicates", n, len(ids))
	}
	if u := h.user(mail("Ann")); u.Extra["title"] != "by hand" {
		t.Errorf("the adopted user lost what is not Engage's: %+v", u)
	}
	if q := h.queue("Virtual"); q.Settings["description"] != "by hand" {
		t.Errorf("the adopted queue lost what is not Engage's: %+v", q)
	}
	h.pass(10 * time.Minute)
	h.quiet(3)
}

// adoptionsShown checks what the first plan says of the objects that are there already.
func (h *house) adoptionsShown(p plan.Plan) {
	h.t.Helper()
	field := func(key model.Key, action model.Action, name, after string) {
		h.t.Helper()
		held, ok := heldOf(p, key)
		if !ok || held.Code != plan.HeldFirstPlan || held.Change.Action != action || held.Change.Adopt == "" {
			h.t.Errorf("%s: %+v, want it held for the first plan as %s", key, held, action)
			return
		}
		if name != "" && !slices.ContainsFunc(held.Change.Fields, func(f model.Field) bool { return f.Name == name && f.After == after }) {
			h.t.Errorf("%s: the plan does not show that %s becomes %s: %+v", key, name, after, held.Change.Fields)
		}
	}
	field(userKey(h.person("Ann").DBID), model.ActionAdopt, "", "")
	field(userKey(h.person("Bob").DBID), model.ActionAdopt, model.FieldName, "Bob Agent")
	field(userKey(h.person("Dora").DBID), model.ActionAdopt, model.FieldState, "inactive")
	field(userKey(h.person("Cy").DBID), model.ActionRestore, model.FieldState, "active")
	field(userKey(h.person("Eve").DBID), model.ActionAdopt, model.FieldEmail, mail("Eve"))
	field(skillKey(h.engageSkill("Billing").DBID), model.ActionAdopt, "", "")
	field(queueKey(h.dn("Virtual").DBID), model.ActionAdopt, model.FieldPeerID, decimal(h.dn("Virtual").DBID))
	field(queueKey(h.dn("ACD").DBID), model.ActionAdopt, model.FieldName, "ACD")
	field(codeKey(h.wrapUp("Resolved").DBID), model.ActionAdopt, "", "")
}

// The hash of one kind approves that kind's part of the first plan and no more.
func TestFirstRunApprovedKindByKind(t *testing.T) {
	t.Parallel()
	h := hireEve(t).build(t)
	report := h.sync()
	decision, err := h.Runner.Approve(h.ctx, report.Plan.HeldHash[model.KindWrapUpCode], nil, run.By{})
	h.do(err)
	if decision.FirstPlan {
		t.Error("approving the wrap-up codes approved the whole first plan")
	}
	report = h.run()
	h.code("Callback")
	if h.user(mail("Bob")).Name != "Robert" || h.hasQueue("Entry") {
		t.Error("more than the wrap-up codes was applied")
	}
	_, err = h.Runner.Approve(h.ctx, report.Plan.HeldHashAll, nil, run.By{})
	h.do(err)
	h.run()
	h.equal()
	h.pass(10 * time.Minute)
	h.quiet(2)
}

// A run of some kinds or keys never counts as the first plan of the tenant.
func TestFirstRunOfSomeKindsOnly(t *testing.T) {
	t.Parallel()
	h := hireEve(t).build(t)
	for _, req := range []run.Request{
		{Kinds: []model.Kind{model.KindLanguage}, Cause: model.CauseManual},
		{Keys: []model.Key{languageKey(h.engageSkill("German").DBID)}, Cause: model.CauseManual},
	} {
		_, err := h.Runner.Sync(h.ctx, req)
		h.do(err)
		h.rest()
	}
	h.sync()
	h.rest()
	if h.user(mail("Bob")).Name != "Robert" {
		t.Error("a run of the languages, in which nothing needed approval, released the whole first plan")
	}
	if report := h.sync(); !report.FirstPlan {
		t.Error("the tenant has a first plan that nobody approved")
	}
}

// A first run on an empty organisation, or one with strangers only, needs nobody's approval.
func TestFirstRunWithNothingToAdopt(t *testing.T) {
	t.Parallel()
	h := lot{before: func(h *house) { h.stranger("Stranger") }}.build(t)
	report := h.run()
	if report.Sent == 0 || len(report.Plan.Held) > 0 {
		t.Errorf("sent %d, held %d", report.Sent, len(report.Plan.Held))
	}
	h.equal()
	h.pass(10 * time.Minute)
	h.quiet(3)
}

// A mapping table that is lost brings the tenant back to a plan. Approved, every object is found again: no duplicates,
// the same ids, and not one needless write.
func TestLostMappingTable(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	// An address that changed while nobody looked: the user is known by its external id.
	h.do(h.ChangeEmail(h.ctx, h.person("Cy").DBID, "cyrus@northwind.example"))
	cy := h.user(mail("Cy")).ID
	before := h.inventory()
	h.rebuild(func(c *excstest.Config) {})
	h.org.ResetCounters()
	report := h.sync()
	h.only(report)
	_, err := h.Runner.Approve(h.ctx, report.Plan.Hash, nil, run.By{})
	h.do(err)
	h.org.ResetCounters()
	h.run()
	h.equal()
	if u := h.user("cyrus@northwind.example"); u.ID != cy {
		t.Error("the user whose address changed was not found by its external id")
	}
	after := h.inventory()
	for id, what := range before {
		if after[id] == "" {
			t.Errorf("%s %s is gone", what, id)
		}
	}
	if len(after) != len(before) {
		t.Errorf("%d objects, there were %d", len(after), len(before))
	}
	if n := h.org.Totals().Writes; n != 1 { // the one address
		t.Errorf("%d writes to find everything again: %v", n, h.org.Calls())
	}
	h.pass(10 * time.Minute)
	h.quiet(2)
}

// inventory names every living object of the EX Org by its id.
func (h *house) inventory() map[string]string {
	all := map[string]string{}
	for _, u := range h.org.Users() {
		all[u.ID] = "user"
	}
	for _, q := range h.org.Queues() {
		all[q.ID] = "queue"
	}
	for _, s := range h.org.Skills() {
		all[s.ID] = "skill"
	}
	for _, l := range h.org.Languages() {
		all[l.ID] = "language"
	}
	for _, c := range h.org.Codes() {
		all[c.ID] = "code"
	}
	for _, s := range h.org.Sources() {
		all[s.ID] = "source"
	}
	return all
}

// rebuild puts a new world with an empty mapping table before the same Engage and the same EX Org.
func (h *house) rebuild(change func(*excstest.Config)) {
	h.t.Helper()
	change(&h.config)
	h.Service = excstest.New(h.config)
}

// A table that was restored from a backup is another table, under its old name too. The tenant goes back to a plan, however often the schedule
// runs, and what the backup does not know of is adopted once that is approved.
func TestRestoredMappingTable(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	_, err := h.Editor.AddSkill(h.ctx, "Chess")
	h.do(err)
	h.org.ResetCounters()
	// The backup was taken before Chess was made.
	if _, err := h.org.AddSkill("Chess"); err != nil {
		t.Fatal(err)
	}
	h.Table = h.Table.Restore()
	h.deploy()
	for range 3 {
		report := h.sync()
		if !report.FirstPlan || report.Sent > 0 || len(report.Plan.Held) != 1 {
			t.Fatalf("first plan: %v, sent %d, held %+v", report.FirstPlan, report.Sent, report.Plan.Held)
		}
		h.pass(time.Minute)
	}
	report := h.sync()
	_, err = h.Runner.Approve(h.ctx, report.Plan.Hash, nil, run.By{})
	h.do(err)
	h.run()
	h.equal()
	if n := h.org.Totals().Writes; n > 0 {
		t.Errorf("%d writes: %v", n, h.org.Calls())
	}
	h.quiet(2)
}

// What was held before the backup can not be approved on the restored table before a run has planned there.
func TestRestoredMappingTableAndAnOldApproval(t *testing.T) {
	t.Parallel()
	h := hireEve(t).build(t)
	report := h.sync()
	h.Table = h.Table.Restore()
	h.deploy()
	if _, err := h.Runner.Approve(h.ctx, report.Plan.Hash, nil, run.By{}); model.CodeOf(err) != model.CodeConflict {
		t.Fatalf("approve on a restored table: %v", err)
	}
	report = h.sync()
	_, err := h.Runner.Approve(h.ctx, report.Plan.Hash, nil, run.By{})
	h.do(err)
	h.run()
	h.equal()
}

// An approval that was given and not used yet when the mapping table was restored from a backup opens nothing: the restored table needs a first
// plan of its own, and what was approved before is no part of it.
func TestAnApprovalFromBeforeARestore(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t)
	_, err := h.org.AddQueue(map[string]any{"name": "ACD"})
	h.do(err)
	report := h.sync()
	_, err = h.Runner.Approve(h.ctx, report.Plan.HeldHashAll, nil, run.By{Who: "jane"})
	h.do(err)
	h.Table = h.Table.Restore()
	h.rebuild(func(c *excstest.Config) {
		c.Beside = &excstest.Service{Table: h.Table, Work: h.Work, Dead: h.Dead, Counter: h.Counter}
	})
	for range 3 {
		report = h.sync()
		_, err = h.Drain(h.ctx, nil)
		h.do(err)
		h.pass(time.Minute)
	}
	if n := h.org.Totals().Writes; n > 0 || !report.FirstPlan {
		t.Fatalf("%d writes, first plan %v", n, report.FirstPlan)
	}
	_, err = h.Runner.Approve(h.ctx, report.Plan.HeldHashAll, nil, run.By{Who: "jane"})
	h.do(err)
	h.busy(5)
	h.equal()
}
