package run_test

import (
	"bytes"
	"context"
	"log/slog"
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
	"excs/shared/queue"
	"excs/shared/run"
)

// down is an Engage that does not answer.
func down(context.Context) (*model.Snapshot, model.Counts, error) {
	return nil, nil, model.Errorf(model.CodeUnavailable, "read Engage", "no answer")
}

func jane() run.By { return run.By{Who: "jane", Note: "asked for"} }

// signed says whether the row's history has an operator's action with the name and the note.
func (h *house) signed(key model.Key, action model.Action) bool {
	h.t.Helper()
	return slices.ContainsFunc(h.row(key).History, func(e mapping.Entry) bool { return e.Action == action && e.Who == "jane" && e.Note == "asked for" })
}

// An object of which a part is refused, as one in quarantine, is looked at again when an operator releases it; what is right, held or unknown is not, and says why.
func TestARelease(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	ann, bob := userKey(h.person("Ann").DBID), userKey(h.person("Bob").DBID)
	armed := h.org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Method: http.MethodPatch, Route: "/api/v2/users/{userId}", Body: "Anna", Status: http.StatusBadRequest})
	h.do(h.RenamePerson(h.ctx, ann.DBID, "Anna", "Agent"))
	h.run()
	if row := h.row(ann); !row.Refusing() {
		t.Fatalf("it is %s: %s", row.State, row.Reason)
	}
	armed.Disarm()
	h.run()
	if h.user(mail("Ann")).Name != "Ann Agent" {
		t.Fatal("a run took it up")
	}

	_, err := h.Runner.Release(h.ctx, []model.Key{ann, userKey(4711)}, jane())
	if model.CodeOf(err) != model.CodeNotFound || !strings.Contains(err.Error(), "user/4711") || !h.row(ann).Refusing() {
		t.Fatalf("error %v, the row is %s", err, h.row(ann).State)
	}
	list, err := h.Runner.Release(h.ctx, []model.Key{ann, bob, ann}, jane())
	h.do(err)
	slices.SortFunc(list, func(a, b run.Released) int { return a.Key.Compare(b.Key) })
	for _, l := range list {
		if want := l.Key == ann; l.Done != want {
			t.Errorf("%+v", l)
		}
	}
	if len(list) != 2 || list[0].Was != mapping.StateWaiting && list[1].Was != mapping.StateWaiting {
		t.Errorf("%+v", list)
	}
	if waiting, _, _ := h.Work.Depth(h.ctx); waiting != 1 || !h.signed(ann, mapping.ActionRelease) {
		t.Errorf("%d messages, history %+v", waiting, h.row(ann).History)
	}
	h.rest()
	h.equal()
}

// A paused object that is released is looked at when its pause ends, not before.
func TestAReleaseOfAPausedObject(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	ann := userKey(h.person("Ann").DBID)
	row := h.row(ann)
	_, err := h.Table.Record(h.ctx, mapping.Outcome{Key: ann, Version: row.Version, State: mapping.StateQuarantined, Reason: "bad"}, h.Now())
	h.do(err)
	h.pauseFor(run.PauseRequest{Keys: []model.Key{ann}})
	list, err := h.Runner.Release(h.ctx, []model.Key{ann}, jane())
	h.do(err)
	if waiting, _, _ := h.Work.Depth(h.ctx); waiting != 0 || !list[0].Done || !strings.Contains(list[0].Why, "when its pause ends") {
		t.Errorf("%d messages, %+v", waiting, list)
	}
	h.resumeFor(run.PauseRequest{Keys: []model.Key{ann}})
	h.rest()
	h.wantNone(mapping.StateQuarantined)
}

// A Person whom the EX Org knows under another address is linked before the first plan: the plan shows what the adoption would
// change, nothing is written before it is approved, and no second user is made.
func TestALinkBeforeTheFirstPlan(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t)
	id, err := h.org.AddUser(map[string]any{"name": "Ann Maiden", "email": "ann.maiden@northwind.example", "title": "Team lead"})
	h.do(err)
	key := userKey(h.person("Ann").DBID)
	out, err := h.Runner.Link(h.ctx, run.LinkRequest{Key: key, EXID: id, By: jane()})
	h.do(err)
	if !strings.Contains(out.Next, "next run") || !h.signed(key, mapping.ActionLink) {
		t.Errorf("%+v, history %+v", out, h.row(key).History)
	}
	report := h.run()
	i := slices.IndexFunc(report.Plan.Held, func(x plan.Held) bool { return x.Change.Key == key })
	if i < 0 || report.Plan.Held[i].Code != plan.HeldFirstPlan || h.org.Totals().Writes != 0 {
		t.Fatalf("held %v, %d writes", report.Plan.Held, h.org.Totals().Writes)
	}
	names := []string{}
	for _, f := range report.Plan.Held[i].Change.Fields {
		names = append(names, f.Name)
	}
	for _, f := range []string{model.FieldName, model.FieldEmail, model.FieldExternalID} {
		if !slices.Contains(names, f) {
			t.Errorf("the plan does not show %s: %v", f, report.Plan.Held[i].Change.Fields)
		}
	}
	_, err = h.Runner.Approve(h.ctx, report.Plan.HeldHashAll, nil, run.By{})
	h.do(err)
	h.run()
	h.equal()
	if u := h.user(mail("Ann")); u.ID != id || u.Name != "Ann Agent" || len(u.External) != 1 {
		t.Errorf("the user is %+v", u)
	}
	if _, twice := h.org.UserByEmail("ann.maiden@northwind.example"); twice {
		t.Error("there are two")
	}
	h.quiet(2)
}

// A mapped Person is linked to another EX user: that one becomes what Engage says, external id included, and the former one is
// left and listed, untouched but for the external id, and serves no queue any more, as no orphan does.
func TestALinkToAnotherUser(t *testing.T) {
	t.Parallel()
	h := lot{unwatched: true}.build(t).settled() // the watch takes a user without external id for a stranger
	key, former := userKey(h.person("Ann").DBID), h.user(mail("Ann"))
	id, err := h.org.AddUser(map[string]any{"name": "Ann Maiden", "email": "ann.maiden@northwind.example"})
	h.do(err)
	h.do(h.org.EditUser(former.ID, func(raw map[string]any) { raw["email"] = "ann.old@northwind.example" }))
	h.pass(10 * time.Minute)
	out, err := h.Runner.Link(h.ctx, run.LinkRequest{Key: key, EXID: id, By: jane()})
	h.do(err)
	if out.Former != former.ID || out.Left.IsZero() {
		t.Errorf("%+v", out)
	}
	h.rest()
	h.look(key)
	h.look(membersKey(h.dn("ACD").DBID), membersKey(h.dn("Virtual").DBID), membersKey(h.dn("Routing").DBID))
	h.equal()
	if u := h.user(mail("Ann")); u.ID != id {
		t.Errorf("Ann is %s, want %s", u.ID, id)
	}
	was, _ := h.org.User(former.ID)
	if len(was.External) != 0 || was.Name != former.Name || was.State != former.State {
		t.Errorf("the former is %+v", was)
	}
	for _, q := range []string{"ACD", "Virtual", "Routing"} {
		for _, m := range h.org.Members(h.queue(q).ID) {
			if m.UserID == former.ID {
				t.Errorf("the former serves %s", q)
			}
		}
	}
	if l := h.wantOrphan(out.Left); l.EXID != former.ID || !l.Active {
		t.Errorf("listed %+v", l)
	}
	h.onePerKey()
	h.quiet(3)
	again, err := h.Runner.Link(h.ctx, run.LinkRequest{Key: key, EXID: id})
	h.do(err)
	if !strings.Contains(again.Next, "already") || h.row(key).State != mapping.StateConverged {
		t.Errorf("once more: %+v, the row is %s", again, h.row(key).State)
	}
}

// Two Persons of one address, one after the other, are said to be one by a link: the newcomer, whom runs reject, takes the user.
func TestALinkOfARecycledAddress(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	ann, id := h.person("Ann"), h.user(mail("Ann")).ID
	h.do(h.Fire(h.ctx, ann.DBID))
	h.run()
	h.wantOrphan(userKey(ann.DBID))
	heir, err := h.Rehire(h.ctx, ann, engagetest.RecycledEmail)
	h.do(err)
	if report := h.run(); len(report.Plan.Rejects) != 1 {
		t.Fatalf("rejects %v", report.Plan.Rejects)
	}
	out, err := h.Runner.Link(h.ctx, run.LinkRequest{Key: userKey(heir.DBID), EXID: id, By: jane()})
	h.do(err)
	if !slices.Equal(out.TakenFrom, []model.Key{userKey(ann.DBID)}) {
		t.Errorf("%+v", out)
	}
	h.run()
	h.equal()
	if u := h.user(ann.Email); u.ID != id || len(u.External) != 1 || u.External[0].Key != decimal(heir.DBID) {
		t.Errorf("the user is %+v", u)
	}
	if h.row(userKey(ann.DBID)).Version != 0 {
		t.Error("the orphan's row is still there")
	}
}

// A link that can not be meant is refused with what to do, and changes nothing.
func TestLinksThatAreRefused(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	ann, bob := userKey(h.person("Ann").DBID), userKey(h.person("Bob").DBID)
	spare, err := h.org.AddUser(map[string]any{"name": "Spare", "email": "spare@northwind.example"})
	h.do(err)
	skill, err := h.org.AddSkill("Spare")
	h.do(err)
	h.do(h.org.DeleteSkill(skill))
	tests := []struct {
		name string
		key  model.Key
		exID string
		code model.Code
		says string
	}{
		{"a living key's object", ann, h.row(bob).EXID, model.CodeConflict, "belongs to " + bob.String()},
		{"an id that is not there", ann, "00000000-0000-0000-0000-000000000000", model.CodeNotFound, "shows no user with the id"},
		{"an object of another kind", ann, h.queue("ACD").ID, model.CodeNotFound, "shows no user with the id"},
		{"a deleted skill", skillKey(h.engageSkill("Billing").DBID), skill, model.CodeNotFound, "shows no skill with the id"},
		{"a member list", membersKey(h.dn("ACD").DBID), h.queue("ACD").ID, model.CodeInvalid, "link the queue"},
		{"a key that nobody has", userKey(4711), spare, model.CodeNotFound, "neither Engage"},
	}
	for _, test := range tests {
		before := h.row(test.key)
		_, err := h.Runner.Link(h.ctx, run.LinkRequest{Key: test.key, EXID: test.exID, By: jane()})
		if model.CodeOf(err) != test.code || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", test.name, err)
		}
		if after := h.row(test.key); after.Version != before.Version || after.EXID != before.EXID {
			t.Errorf("%s: the row was %+v, is %+v", test.name, before, after)
		}
	}
	h.quiet(2)
	h.equal()
}

// A forgotten object that Engage still holds is matched anew by the next run: nothing is made twice, nothing is deleted.
func TestAForgottenObjectIsMatchedAnew(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	keys := []model.Key{
		userKey(h.person("Ann").DBID), queueKey(h.dn("Virtual").DBID), skillKey(h.engageSkill("Billing").DBID), codeKey(h.wrapUp("Resolved").DBID), sourceKey(),
	}
	ids := map[model.Key]string{}
	for _, k := range keys {
		ids[k] = h.row(k).EXID
	}
	counts := func() [5]int {
		return [5]int{len(h.org.Users()), len(h.org.Queues()), len(h.org.Skills()), len(h.org.Codes()), len(h.org.Sources())}
	}
	before := counts()
	list, err := h.Runner.Forget(h.ctx, keys, jane())
	h.do(err)
	if len(list) != len(keys) {
		t.Errorf("%+v", list)
	}
	for _, k := range keys {
		owners, err := h.Table.Owners(h.ctx, k.Kind, []string{ids[k]})
		h.do(err)
		if h.row(k).Version != 0 || len(owners) != 0 {
			t.Errorf("%s: row %+v, owners %v", k, h.row(k), owners)
		}
	}
	// A hint about the queue's members comes before the next run has found the queue again.
	roster := membersKey(h.dn("Virtual").DBID)
	h.do(h.Work.Send(h.ctx, []queue.Message{{Key: roster, Token: "hint", Cause: model.CauseDrift}}))
	_, err = h.Drain(h.ctx, nil)
	h.do(err)
	if state := h.row(roster).State; state != mapping.StateWaiting {
		t.Errorf("the member list of the forgotten queue is %s", state)
	}
	h.run()
	h.pass(10 * time.Minute)
	h.run()
	for _, k := range keys {
		if got := h.row(k); got.EXID != ids[k] || got.State != mapping.StateConverged {
			t.Errorf("%s is %s with %q, had %q", k, got.State, got.EXID, ids[k])
		}
	}
	if after := counts(); after != before {
		t.Errorf("there were %v objects, there are %v", before, after)
	}
	h.equal()
	h.onePerKey()
	h.quiet(2)
}

// A forgotten orphan is listed no more and is left as it is; a key without a row is refused, and then nothing is forgotten.
func TestAForgottenOrphan(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	ann := userKey(h.person("Ann").DBID)
	u := h.user(mail("Ann"))
	h.do(h.Fire(h.ctx, ann.DBID))
	h.run()
	h.wantOrphan(ann)
	_, err := h.Runner.Forget(h.ctx, []model.Key{ann, userKey(4711)}, jane())
	if model.CodeOf(err) != model.CodeNotFound || !strings.Contains(err.Error(), "user/4711") {
		t.Errorf("error %v", err)
	}
	h.wantOrphan(ann)
	_, err = h.Runner.Forget(h.ctx, []model.Key{ann}, jane())
	h.do(err)
	if l, listed := h.listed(ann); listed {
		t.Errorf("it is listed: %+v", l)
	}
	h.run()
	if now, ok := h.org.User(u.ID); !ok || now.State != u.State || now.Version != u.Version {
		t.Errorf("the user is %+v, was %+v", now, u)
	}
}

// An object whose creation was begun a short while ago is not forgotten: it might be made twice.
func TestForgettingWaitsForACreation(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	p, err := h.Hire(h.ctx, engagetest.Newcomer{First: "Eve", Last: "Agent", Email: mail("Eve")})
	h.do(err)
	h.sync()
	key := userKey(p.DBID)
	h.do(h.Table.Intend(h.ctx, key, h.row(key).Version, mapping.Intent{Token: "t", At: h.Now()}, ""))
	_, err = h.Runner.Forget(h.ctx, []model.Key{key}, jane())
	if model.CodeOf(err) != model.CodeConflict || !strings.Contains(err.Error(), "its creation was begun at") || h.row(key).Version == 0 {
		t.Errorf("error %v", err)
	}
	h.pass(h.Settings.IndexLag)
	_, err = h.Runner.Forget(h.ctx, []model.Key{key}, jane())
	h.do(err)
	h.run()
	h.pass(10 * time.Minute)
	h.run()
	h.equal()
}

// A DN that is deleted and comes back under another DBID after its EX queue was deleted gets a queue with the settings that the
// lost one had, if it comes back within the hour; later it is a new queue.
func TestADNThatComesBackAfterItsQueueWasDeleted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		away time.Duration
		want any
	}{"within the hour": {30 * time.Minute, "for customers"}, "the next day": {24 * time.Hour, nil}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := lot{}.build(t).settled()
			old := h.dn("Virtual")
			h.do(h.org.EditQueue(h.queue("Virtual").ID, func(raw map[string]any) { raw["description"] = "for customers" }))
			h.look(queueKey(old.DBID))
			h.do(h.DeleteQueue(h.ctx, old.DBID))
			h.run()
			if h.hasQueue("Virtual") || h.row(queueKey(old.DBID)).State != mapping.StateGone {
				t.Fatalf("the queue is there: %v, its row %s", h.hasQueue("Virtual"), h.row(queueKey(old.DBID)).State)
			}
			h.pass(c.away)
			h.run()
			_, err := h.AddQueue(h.ctx, engagetest.NewQueue{Type: old.Type, Switch: old.Switch, Number: old.Number, Alias: old.Alias, Groups: []int64{h.group("Front").DBID}})
			h.do(err)
			h.run()
			h.equal()
			if got := h.queue("Virtual").Settings["description"]; got != c.want {
				t.Errorf("the description is %v, want %v", got, c.want)
			}
			h.quiet(2)
		})
	}
}

// Every action of an operator leaves a line in the log with the name and the note, and no more of a person than the key.
func TestOperatorsAreAudited(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	var b bytes.Buffer
	h.Runner.Log = slog.New(slog.NewJSONHandler(&b, nil))
	ann, bob := userKey(h.person("Ann").DBID), userKey(h.person("Bob").DBID)
	id, err := h.org.AddUser(map[string]any{"name": "Spare", "email": "spare@northwind.example"})
	h.do(err)
	req := run.PauseRequest{Keys: []model.Key{ann}, By: jane()}
	_, err = h.Runner.Pause(h.ctx, req)
	h.do(err)
	shown, err := h.Runner.Resume(h.ctx, run.ResumeRequest{PauseRequest: req})
	h.do(err)
	_, err = h.Runner.Resume(h.ctx, run.ResumeRequest{PauseRequest: req, Hash: shown.Hash})
	h.do(err)
	_, err = h.Runner.Release(h.ctx, []model.Key{ann}, jane())
	h.do(err)
	_, err = h.Runner.Link(h.ctx, run.LinkRequest{Key: ann, EXID: id, By: jane()})
	h.do(err)
	_, err = h.Runner.Forget(h.ctx, []model.Key{bob}, jane())
	h.do(err)
	for _, message := range []string{"paused", "resumed", "released", "linked", "forgotten"} {
		i := slices.IndexFunc(strings.Split(b.String(), "\n"), func(line string) bool {
			return strings.Contains(line, `"msg":"`+message+`"`) && strings.Contains(line, `"who":"jane"`) && strings.Contains(line, `"note":"asked for"`)
		})
		if i < 0 {
			t.Errorf("no line tells that something was %s:\n%s", message, b.String())
		}
	}
	for _, name := range append(h.names(), "northwind") {
		if name != "" && strings.Contains(b.String(), name) {
			t.Errorf("the log names %s", name)
		}
	}
}
