package verify_test

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/verify"
)

const usersRoute, queuesRoute = "/api/v2/users", "/api/v2/routing/queues"

// Lists that shift, break off, answer errors or are behind never make an object missing, and never lead to a write.
func TestBadListsProveNothing(t *testing.T) {
	get := http.MethodGet
	cases := []struct {
		name   string
		faults []exorgtest.Fault
	}{
		{"a row is skipped between two pages", []exorgtest.Fault{{Kind: exorgtest.PageSkip, Method: get}}},
		{"a row is repeated between two pages", []exorgtest.Fault{{Kind: exorgtest.PageRepeat, Method: get}}},
		{"rows come in any order", []exorgtest.Fault{{Kind: exorgtest.Shuffle, Method: get}}},
		{"lists answer 503", []exorgtest.Fault{{Kind: exorgtest.Answer, Method: get, Route: usersRoute}, {Kind: exorgtest.Answer, Method: get, Route: queuesRoute}}},
		{"lists are cut off", []exorgtest.Fault{{Kind: exorgtest.Truncate, Method: get, Route: usersRoute}, {Kind: exorgtest.Truncate, Method: get, Route: "/api/v2/routing/skills"}}},
		{"connections break", []exorgtest.Fault{{Kind: exorgtest.Reset, Method: get, Route: queuesRoute}}},
		{"one permission is missing", []exorgtest.Fault{{Kind: exorgtest.Answer, Method: get, Route: "/api/v2/routing/wrapupcodes", Status: http.StatusForbidden}}},
		{"member lists answer 500", []exorgtest.Fault{{Kind: exorgtest.Answer, Method: get, Route: "/api/v2/routing/queues/{queueId}/members", Status: 500, Every: 3}}},
		{"lists answer 404", []exorgtest.Fault{{Kind: exorgtest.Answer, Method: get, Route: queuesRoute, Status: http.StatusNotFound}}},
		{"every third read fails", []exorgtest.Fault{{Kind: exorgtest.Answer, Method: get, Every: 3}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := newStage(t, settings(), engagetest.Tiny, exorgtest.WithPageSize(5)) // lists of several pages
			for _, f := range c.faults {
				g.org.Fail(f)
			}
			g.org.ResetCounters()
			for _, r := range []verify.Report{g.sweep(t, verify.Request{}), g.sweep(t, verify.Request{})} {
				for _, f := range r.Findings {
					if f.What != verify.Absent && f.Key.Kind != model.KindMembers { // a read of its own may have failed: still a suspicion
						t.Errorf("found %v", what([]verify.Finding{f}))
					}
				}
			}
			g.org.Heal()
			g.converge(t) // a member list that was cut short is read again by the worker
			g.nobodyHeard(t)
		})
	}
}

// A list that shows an older organisation costs looks at most: the worker's own reads find nothing to write.
func TestIndexLagWritesNothing(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny, exorgtest.WithIndexLag(3*time.Minute))
	user := g.pick(t, model.KindUser, func(r mapping.Row) bool { return r.Desired.State == model.StateActive })
	must(t, g.org.EditUser(user.EXID, func(raw map[string]any) { raw["name"] = "Other" }))
	g.clock.Pass(4 * time.Minute)
	must(t, g.org.EditUser(user.EXID, func(raw map[string]any) { raw["name"] = user.Desired.Name }))
	g.org.ResetCounters()
	r := g.sweep(t, verify.Request{})
	if got := what(r.Findings); len(got) != 1 || got[0] != "drift "+user.Key.String()+" name" {
		t.Errorf("found %v: the list is behind and must show the old name", got)
	}
	g.converge(t)
	if n := g.org.Totals().Writes; n > 0 {
		t.Errorf("%d writes: %v", n, g.org.Calls())
	}
}

// What the expansion of a list leaves out is read by itself; what is there is not found, what is really gone is.
func TestExpandIsBestEffort(t *testing.T) {
	t.Parallel()
	for share, site := range map[float64]*engagetest.Site{0.5: engagetest.New(engagetest.Tiny, 1), 1: borough()} {
		g := stageOf(t, settings(), site, exorgtest.WithExpandOmission(share))
		g.org.ResetCounters()
		if found := g.sweep(t, verify.Request{}).Findings; len(found) > 0 {
			t.Errorf("omission %v: found %v", share, what(found))
		}
		g.nobodyHeard(t)
		user := g.pick(t, model.KindUser, func(r mapping.Row) bool { return r.Desired.State == model.StateActive && len(r.Desired.Skills) > 1 })
		must(t, g.org.RemoveUserSkill(user.EXID, g.row(t, model.Key{Kind: model.KindSkill, DBID: user.Desired.Skills[0].DBID}).EXID))
		want := "drift " + user.Key.String() + " skills"
		if got := what(g.day(t, want)); !slices.Contains(got, want) {
			t.Errorf("omission %v: found %v, want the skills of %s", share, got, user.Key)
		}
	}
}

// Users beyond the rows that the EX Org gives of a list are not missing; the rotation reads all of them by themselves.
func TestCappedLists(t *testing.T) {
	t.Parallel()
	g := emptyStage(t, settings(), borough(), exorgtest.WithRowCap(100, 100), exorgtest.WithPageSize(20))
	for n := range 90 { // older than any user of EXCS, so first in the list
		_, err := g.org.AddUser(map[string]any{"name": "Stranger", "email": "stranger" + strconv.Itoa(n) + "@elsewhere.example"})
		must(t, err)
	}
	_, err := g.Sync(t.Context())
	must(t, err)
	g.converge(t)
	g.rest()
	g.org.ResetCounters()
	r := g.sweep(t, verify.Request{Kinds: []model.Kind{model.KindUser}})
	if n := r.Kinds[model.KindUser].Apart; n == 0 || len(r.Findings) > 0 {
		t.Errorf("%d users are read apart, found %v", n, what(r.Findings))
	}
	g.nobodyHeard(t)
	var beyond mapping.Row
	for _, row := range g.rowsOf(t, model.KindUser) {
		if row.Desired.State == model.StateActive && len(row.Desired.Skills) > 0 {
			beyond = row // the list is in the order of creation, and so are the rows, roughly
		}
	}
	must(t, g.org.EditUser(beyond.EXID, func(raw map[string]any) { raw["name"] = "Other" }))
	if got := what(g.sweep(t, verify.Request{Kinds: []model.Kind{model.KindUser}}).Findings); !slices.Equal(got, []string{"drift " + beyond.Key.String() + " name"}) {
		t.Errorf("found %v, want the name of %s", got, beyond.Key)
	}
}

// A user is not found on account of a skill that is being put right: neither as lacking it nor as having it too much.
func TestSkillInQuestion(t *testing.T) {
	for _, has := range []bool{true, false} {
		g := newStage(t, settings(), engagetest.Tiny)
		skill := g.pick(t, model.KindSkill, anyRow)
		_, err := g.Table.Record(t.Context(), mapping.Outcome{Key: skill.Key, Version: skill.Version, State: mapping.StateWaiting, WaitUntil: g.clock.Now().Add(time.Hour)}, g.clock.Now())
		must(t, err)
		for _, user := range g.rowsOf(t, model.KindUser) {
			if _, holds := g.user(t, user.EXID).Skills[skill.EXID]; holds && !has {
				must(t, g.org.RemoveUserSkill(user.EXID, skill.EXID))
			}
		}
		if found := g.sweep(t, verify.Request{Kinds: []model.Kind{model.KindUser}}).Findings; len(found) > 0 {
			t.Errorf("the users have it (%v): found %v", has, what(found))
		}
	}
}

// Of two skills that are one in the EX Org, the one that shares is found when the object that it shares is another now.
func TestSharedObjectMoved(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	owner, sharer := g.rowsOf(t, model.KindSkill)[0], g.rowsOf(t, model.KindSkill)[1]
	o := sharer.Desired.Clone()
	o.SameAs, o.Name = owner.Key.DBID, owner.Desired.Name
	row, err := g.Table.PutDesired(t.Context(), sharer.Run+1, mapping.Wish{Key: sharer.Key, Goal: mapping.GoalPresent, Desired: o})
	must(t, err)
	_, err = g.Table.Record(t.Context(), mapping.Outcome{Key: sharer.Key, Version: row.Version, State: mapping.StateConverged, Applied: o.Fingerprint()}, g.clock.Now())
	must(t, err)
	r := g.sweep(t, verify.Request{Kinds: []model.Kind{model.KindSkill}})
	if got := what(r.Findings); !slices.Equal(got, []string{"drift " + sharer.Key.String()}) || !strings.Contains(r.Text(), owner.Key.String()) {
		t.Errorf("found %v:\n%s", got, r.Text())
	}
	_, err = g.Drain(t.Context(), nil)
	must(t, err)
	if id := g.row(t, sharer.Key).EXID; id != owner.EXID {
		t.Errorf("it shares %s, want %s", id, owner.EXID)
	}
}

// A first miss is that of one EX object: when the row has another by the time of the second read, nothing is decided.
func TestAbsenceOfAnotherObject(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	skill := g.pick(t, model.KindSkill, anyRow)
	must(t, g.org.DeleteSkill(skill.EXID))
	request := verify.Request{Kinds: []model.Kind{model.KindSkill}}
	first, err := g.Sweep(until{t.Context(), g.clock.Now().Add(verify.DefaultMargin + 30*time.Second)}, request)
	must(t, err)
	_, err = g.Table.Record(t.Context(), mapping.Outcome{Key: skill.Key, Version: skill.Version, EXID: "another"}, g.clock.Now())
	must(t, err)
	g.clock.Pass(2 * time.Minute)
	second, err := g.Sweep(t.Context(), request)
	must(t, err)
	if first.Suspected != 1 || len(second.Findings) > 0 || second.Suspected > 0 || g.waiting(t) > 0 {
		t.Errorf("%d suspected; then found %v, %d suspected", first.Suspected, what(second.Findings), second.Suspected)
	}
}

// A kind that lists empty although much is mapped proves nothing, however often; a kind of a few is read one by one.
func TestEmptyKindProvesNothing(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	for _, row := range g.rowsOf(t, model.KindQueue) {
		must(t, g.org.DeleteQueue(row.EXID))
	}
	for range 3 {
		r := g.sweep(t, verify.Request{})
		if n := r.Kinds[model.KindQueue].Missing; n > 0 || r.Kinds[model.KindQueue].Fault == "" {
			t.Errorf("%d queues are missing, fault %q: an empty list proves nothing", n, r.Kinds[model.KindQueue].Fault)
		}
		g.clock.Pass(time.Hour)
	}
	for _, row := range g.rowsOf(t, model.KindLanguage) {
		must(t, g.org.DeleteLanguage(row.EXID))
	}
	if n, all := g.sweep(t, verify.Request{}).Kinds[model.KindLanguage].Missing, len(g.rowsOf(t, model.KindLanguage)); n != all {
		t.Errorf("%d languages are missing, want %d", n, all)
	}
}

// An object is missing when two reads apart missed it, the second one its own; one read is only a suspicion, which the next
// sweep goes on with.
func TestAbsenceNeedsTwoReads(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	skill := g.pick(t, model.KindSkill, anyRow)
	must(t, g.org.DeleteSkill(skill.EXID))
	short := until{t.Context(), g.clock.Now().Add(verify.DefaultMargin + 60*time.Second)}
	first, err := g.Sweep(short, verify.Request{Kinds: []model.Kind{model.KindSkill}})
	must(t, err)
	if got := what(first.Findings); len(got) != 1 || got[0] != "absent "+skill.Key.String() || first.Queued > 0 || first.Done || first.Suspected != 1 {
		t.Errorf("one read: found %v, queued %d, done %v, suspected %d", got, first.Queued, first.Done, first.Suspected)
	}
	if n := g.waiting(t); n > 0 {
		t.Errorf("%d messages after one read", n)
	}
	g.clock.Pass(2 * time.Minute)
	second, err := g.Sweep(t.Context(), verify.Request{Kinds: []model.Kind{model.KindSkill}})
	must(t, err)
	if got := what(second.Findings); len(got) != 1 || got[0] != "missing "+skill.Key.String() || second.Queued != 1 || !second.Done {
		t.Errorf("two reads: found %v, queued %d, done %v, next %q", got, second.Queued, second.Done, second.Next)
	}
	batch, err := g.Work.Receive(t.Context(), 10, 0)
	must(t, err)
	if len(batch) != 1 || batch[0].Key != skill.Key || batch[0].Cause != model.CauseDeleted {
		t.Errorf("the queue holds %+v", batch)
	}
}

// Within one sweep the second read waits as long as it must, and no longer.
func TestSecondReadWaits(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	code := g.pick(t, model.KindWrapUpCode, anyRow)
	must(t, g.org.DeleteCode(code.EXID))
	begun := g.clock.Now()
	r := g.sweep(t, verify.Request{Kinds: []model.Kind{model.KindWrapUpCode}})
	if took := g.clock.Now().Sub(begun); took < verify.DefaultAbsence || took > verify.DefaultAbsence+10*time.Second {
		t.Errorf("the sweep took %s", took)
	}
	if got := what(r.Findings); !slices.Equal(got, []string{"missing " + code.Key.String()}) {
		t.Errorf("found %v", got)
	}
}

// An object that comes back before the second read is no finding.
func TestComesBackByItself(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny, exorgtest.WithPageSize(3))
	lag := g.org.Fail(exorgtest.Fault{Kind: exorgtest.PageSkip, Method: http.MethodGet, Route: "/api/v2/routing/wrapupcodes"})
	r := g.sweep(t, verify.Request{Kinds: []model.Kind{model.KindWrapUpCode}})
	if lag.Struck() < 2 {
		t.Fatalf("the list has %d pages: none is left out between them", lag.Struck())
	}
	if len(r.Findings) > 0 || r.Suspected > 0 {
		t.Errorf("found %v, %d are still suspected after their own read", what(r.Findings), r.Suspected)
	}
}

// Rows that are not converged, or that EXCS wrote a short while ago, are not compared.
func TestSkipped(t *testing.T) {
	states := []mapping.State{
		mapping.StatePending, mapping.StateWaiting, mapping.StateHeld, mapping.StateQuarantined, mapping.StateInvisible, mapping.StateOrphan, mapping.StateGone,
	}
	for _, state := range states {
		t.Run(string(state), func(t *testing.T) {
			g := newStage(t, settings(), engagetest.Tiny)
			user := g.pick(t, model.KindUser, func(r mapping.Row) bool { return r.Desired.State == model.StateActive })
			_, err := g.Table.Record(t.Context(), mapping.Outcome{Key: user.Key, Version: user.Version, State: state, WaitUntil: g.clock.Now().Add(240 * time.Hour)}, g.clock.Now())
			must(t, err)
			g.rest()
			must(t, g.org.DeleteUser(user.EXID))
			whole, alone := g.sweep(t, verify.Request{}), g.sweep(t, verify.Request{Keys: []model.Key{user.Key}})
			if n := whole.Kinds[model.KindUser].Skipped; n != 1 || alone.Kinds[model.KindUser].Skipped != 1 {
				t.Errorf("%d users were skipped by a whole sweep, %d by their key", n, alone.Kinds[model.KindUser].Skipped)
			}
			for _, f := range append(whole.Findings, alone.Findings...) {
				if f.Key == user.Key {
					t.Errorf("found %v of a row that is %s", what([]verify.Finding{f}), state)
				}
			}
		})
	}
	t.Run("just written", func(t *testing.T) {
		g := newStage(t, settings(), engagetest.Tiny)
		user := g.pick(t, model.KindUser, func(r mapping.Row) bool { return r.Desired.State == model.StateActive })
		_, err := g.Table.Record(t.Context(), mapping.Outcome{Key: user.Key, Version: user.Version, Written: g.clock.Now()}, g.clock.Now())
		must(t, err)
		must(t, g.org.DeleteUser(user.EXID))
		if found := g.sweep(t, verify.Request{Kinds: []model.Kind{model.KindUser}}).Findings; len(found) > 0 {
			t.Errorf("found %v seconds after a write", what(found))
		}
		g.rest()
		if got := what(g.sweep(t, verify.Request{Kinds: []model.Kind{model.KindUser}}).Findings); len(got) != 1 || !strings.HasPrefix(got[0], "deleted "+user.Key.String()) {
			t.Errorf("found %v", got)
		}
	})
}

// A recorded refusal is no drift, whatever the part and the kind: by the list, by the rotation and by the object's own read. What
// differs beside it is found.
func TestARefusalIsNoDrift(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	refuse := func(row mapping.Row, parts ...mapping.Refusal) {
		for i := range parts {
			parts[i].Next = g.clock.Now().Add(240 * time.Hour)
		}
		o := mapping.Outcome{Key: row.Key, Version: row.Version, State: mapping.StateWaiting, Reason: mapping.Refused + "no", WaitUntil: g.clock.Now().Add(240 * time.Hour), Refused: parts}
		_, err := g.Table.Record(t.Context(), o, g.clock.Now())
		must(t, err)
	}
	queue := g.pick(t, model.KindQueue, anyRow)
	must(t, g.org.EditQueue(queue.EXID, func(raw map[string]any) { raw["name"] = "Other" }))
	refuse(queue, mapping.Refusal{Part: model.FieldName})
	active := func(r mapping.Row) bool { return r.Desired.State == model.StateActive }
	user := g.pick(t, model.KindUser, active)
	must(t, g.org.EditUser(user.EXID, func(raw map[string]any) { raw["name"] = "Other" }))
	refuse(user, mapping.Refusal{Part: model.FieldName})
	list := g.pick(t, model.KindMembers, func(r mapping.Row) bool { return len(r.Desired.Members) > 0 })
	member := g.row(t, model.Key{Kind: model.KindUser, DBID: list.Desired.Members[0]})
	must(t, g.org.RemoveMembers(list.EXID, member.EXID))
	refuse(list, mapping.Refusal{Part: model.FieldMembers, EXID: member.EXID})
	keys := []model.Key{queue.Key, user.Key, list.Key}
	if found := append(g.round(t), g.sweep(t, verify.Request{Keys: keys}).Findings...); len(found) > 0 {
		t.Errorf("found %v", what(found))
	}
	must(t, g.org.EditQueue(queue.EXID, func(raw map[string]any) { raw["peerId"] = "zzz" }))
	if got := what(g.sweep(t, verify.Request{Kinds: []model.Kind{model.KindQueue}}).Findings); !slices.Equal(got, []string{"drift " + queue.Key.String() + " peerId"}) {
		t.Errorf("found %v beside the refusal", got)
	}
	refuse(g.row(t, queue.Key), mapping.Refusal{Part: model.FieldName}, mapping.Refusal{Part: model.FieldPeerID})
	if found := g.sweep(t, verify.Request{Kinds: []model.Kind{model.KindQueue}}).Findings; len(found) > 0 {
		t.Errorf("found %v", what(found))
	}
}

// No outage is an absence: neither a route that answers 403 or 5xx, nor everything, for as many sweeps as it lasts, whether it
// begins with the list or with the second read. What is gone meanwhile is found when it is over.
func TestAnOutageIsNoAbsence(t *testing.T) {
	const lists, own = "/api/v2/", "/api/v2/routing/queues/"
	for _, status := range []int{403, 500, 503, 504} {
		for _, path := range []string{lists, own} {
			g := newStage(t, settings(), engagetest.Tiny)
			queue := g.pick(t, model.KindQueue, anyRow)
			s := g.sweeper(func(c *verify.Config) { c.Org = &thinQueues{Org: c.Org, hidden: queue.EXID} })
			g.org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Path: path, Status: status})
			for range 4 {
				r, err := s.Sweep(t.Context(), verify.Request{Kinds: []model.Kind{model.KindQueue}})
				if err != nil && model.CodeOf(err) != model.CodeDenied {
					t.Fatal(err)
				}
				if n := r.Kinds[model.KindQueue].Missing + r.Queued + g.waiting(t); n > 0 {
					t.Errorf("%d on %s: %+v", status, path, r.Kinds[model.KindQueue])
				}
				g.clock.Pass(time.Hour)
			}
			g.org.Heal()
			if r := g.sweep(t, verify.Request{Kinds: []model.Kind{model.KindQueue}}); len(r.Findings) > 0 {
				t.Errorf("%d on %s: found %v, and it is there", status, path, what(r.Findings))
			}
		}
	}
}

// thinQueues hides a queue from the list.
type thinQueues struct {
	verify.Org
	hidden string
}

func (o *thinQueues) ObserveQueues(ctx context.Context, show func(model.Observed, []byte)) ([]model.Observed, error) {
	list, err := o.Org.ObserveQueues(ctx, show)
	return slices.DeleteFunc(list, func(q model.Observed) bool { return q.EXID == o.hidden }), err
}

// A change by the worker between the list and the message is no finding.
func TestRowMovedOn(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	user := g.pick(t, model.KindUser, func(r mapping.Row) bool { return r.Desired.State == model.StateActive })
	must(t, g.org.EditUser(user.EXID, func(raw map[string]any) { raw["name"] = "Other" }))
	s := g.sweeper(func(c *verify.Config) {
		c.Org = &meddler{Org: c.Org, after: func() {
			_, err := g.Table.Record(t.Context(), mapping.Outcome{Key: user.Key, Version: user.Version, Written: g.clock.Now()}, g.clock.Now())
			must(t, err)
		}}
	})
	r, err := s.Sweep(t.Context(), verify.Request{Kinds: []model.Kind{model.KindUser}})
	must(t, err)
	if len(r.Findings) > 0 || g.waiting(t) > 0 {
		t.Errorf("found %v", what(r.Findings))
	}
}

// Many users that vanish at once are sought in the list of the deleted.
func TestManyDeletedUsers(t *testing.T) {
	g := stageOf(t, settings(), borough())
	var gone []string
	for _, row := range g.rowsOf(t, model.KindUser)[:20] {
		must(t, g.org.DeleteUser(row.EXID))
		gone = append(gone, "deleted "+row.Key.String())
	}
	g.org.ResetCounters()
	got := what(g.sweep(t, verify.Request{Kinds: []model.Kind{model.KindUser}}).Findings)
	slices.Sort(gone)
	if !slices.Equal(got, gone) {
		t.Errorf("found %v", got)
	}
	if n := g.org.Calls()["GET /api/v2/users/{userId}"]; n > 0 {
		t.Errorf("%d users were read one by one", n)
	}
}

// Many users that no list shows, not even that of the deleted, are read by themselves before anybody hears of them.
func TestManyUnseenUsers(t *testing.T) {
	g := stageOf(t, settings(), borough())
	hidden := map[string]bool{}
	for _, row := range g.rowsOf(t, model.KindUser)[:20] {
		hidden[row.EXID] = true
	}
	s := g.sweeper(func(c *verify.Config) { c.Org = &thin{c.Org, hidden} })
	short, err := s.Sweep(until{t.Context(), g.clock.Now().Add(verify.DefaultMargin + time.Minute)}, verify.Request{Kinds: []model.Kind{model.KindUser}})
	must(t, err)
	if n := short.Kinds[model.KindUser].Absent; n != 20 || short.Queued > 0 || short.Suspected != 20 {
		t.Errorf("%d are absent, %d suspected, %d queued", n, short.Suspected, short.Queued)
	}
	g.clock.Pass(time.Hour)
	r, err := s.Sweep(t.Context(), verify.Request{Kinds: []model.Kind{model.KindUser}})
	must(t, err)
	if len(r.Findings) > 0 || r.Suspected > 0 || g.waiting(t) > 0 {
		t.Errorf("found %v, %d suspected", what(r.Findings), r.Suspected)
	}
}

// An EX object that another key owns, an orphan say, is no twin. One that nobody but a stale owner has is one.
func TestOwnedIsNoTwin(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny, exorgtest.WithCaseSensitiveNames(true))
	skill := g.pick(t, model.KindSkill, anyRow)
	id, err := g.org.AddSkill(strings.ToUpper(skill.Desired.Name))
	must(t, err)
	orphan := model.Key{Kind: model.KindSkill, DBID: 4711}
	must(t, g.Table.Own(t.Context(), model.KindSkill, id, orphan, nil, false))
	if got := what(g.sweep(t, verify.Request{}).Findings); !slices.Equal(got, []string{"twin " + skill.Key.String()}) {
		t.Errorf("found %v beside an owner without a row", got)
	}
	row, err := g.Table.PutDesired(t.Context(), 1, mapping.Wish{Key: orphan, Goal: mapping.GoalOrphan, Desired: model.Object{Key: orphan}})
	must(t, err)
	_, err = g.Table.Record(t.Context(), mapping.Outcome{Key: orphan, Version: row.Version, EXID: id, State: mapping.StateOrphan}, g.clock.Now())
	must(t, err)
	if found := g.sweep(t, verify.Request{}).Findings; len(found) > 0 {
		t.Errorf("found %v", what(found))
	}
}

// A member of a queue whom only a stale owner names is no user of Engage's: that it is there is no drift.
func TestMembersOfStaleOwners(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	list := g.pick(t, model.KindMembers, func(r mapping.Row) bool { return len(r.Desired.Members) > 0 })
	id, err := g.org.AddUser(map[string]any{"name": "Zoe", "email": "zoe@example.org"})
	must(t, err)
	must(t, g.org.AddMembers(list.EXID, id))
	must(t, g.Table.Own(t.Context(), model.KindUser, id, model.Key{Kind: model.KindUser, DBID: 4711}, nil, false))
	if found := g.sweep(t, verify.Request{Keys: []model.Key{list.Key}}).Findings; len(found) > 0 {
		t.Errorf("found %v", what(found))
	}
}

// thin hides users from every list.
type thin struct {
	verify.Org
	hidden map[string]bool
}

// An EX object that nobody owns and that could be taken for a mapped one is shown; nothing is queued for it.
func TestTwins(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny, exorgtest.WithCaseSensitiveNames(true))
	queue := g.pick(t, model.KindQueue, anyRow)
	skill := g.pick(t, model.KindSkill, anyRow)
	_, err := g.org.AddQueue(map[string]any{"name": "By hand", "peerId": queue.Desired.PeerID})
	must(t, err)
	_, err = g.org.AddSkill(strings.ToUpper(skill.Desired.Name))
	must(t, err)
	_, err = g.org.AddSkill("Chess")
	must(t, err)
	g.org.ResetCounters()
	r := g.sweep(t, verify.Request{})
	if got := what(r.Findings); !slices.Equal(got, []string{"twin " + queue.Key.String(), "twin " + skill.Key.String()}) || r.Queued > 0 {
		t.Errorf("found %v, queued %d", got, r.Queued)
	}
	g.nobodyHeard(t)
}

// meddler does something after the lists were read.
type meddler struct {
	verify.Org
	after func()
	once  bool
}
