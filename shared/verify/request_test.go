package verify_test

import (
	"context"
	"errors"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/dispatch"
	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/verify"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	got = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`).ReplaceAllString(got, "EX-ID")
	got = regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:]+Z`).ReplaceAllString(got, "TIME")
	if *update {
		must(t, os.MkdirAll("testdata", 0o750))
		must(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

// spoil lets an administrator change a bit of everything.
func (g *stage) spoil(t testing.TB) {
	t.Helper()
	rows := g.rowsOf(t, model.KindUser)
	must(t, g.org.EditUser(rows[0].EXID, func(raw map[string]any) { raw["name"] = "Eve, state active → inactive\x1b[31m" }))
	chess, err := g.org.AddSkill("Chess & more")
	must(t, err)
	must(t, g.org.SetUserSkill(rows[1].EXID, chess, 2))
	must(t, g.org.DeleteUser(rows[2].EXID))
	must(t, g.org.RemoveExternalID(rows[3].EXID, exorgtest.ExternalID{Authority: "engage", Key: rows[3].Desired.ExternalKey}))
	must(t, g.org.DeleteSkill(g.rowsOf(t, model.KindSkill)[2].EXID))
	queues := g.rowsOf(t, model.KindQueue)
	must(t, g.org.EditQueue(queues[1].EXID, func(raw map[string]any) { raw["name"] = "Other" }))
	_, err = g.org.AddQueue(map[string]any{"name": "By hand", "peerId": queues[3].Desired.PeerID})
	must(t, err)
	members := g.pick(t, model.KindMembers, func(r mapping.Row) bool { return len(r.Desired.Members) > 1 })
	must(t, g.org.RemoveMembers(members.EXID, g.row(t, model.Key{Kind: model.KindUser, DBID: members.Desired.Members[1]}).EXID))
}

// A dry sweep shows what a real one would find, in lines like a plan's, and writes nothing anywhere.
func TestDry(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	g.spoil(t)
	g.org.ResetCounters()
	g.tableWrites()
	r, err := g.Sweep(t.Context(), verify.Request{Kinds: model.Kinds(), Dry: true})
	must(t, err)
	golden(t, "dry.txt", r.Text())
	if !r.Done || !r.Dry || r.Queued > 0 {
		t.Errorf("done %v, dry %v, queued %d", r.Done, r.Dry, r.Queued)
	}
	g.nobodyHeard(t)
	if w := g.tableWrites(); len(w) > 0 {
		t.Errorf("the table was written to by %v", w)
	}
	again, err := g.Sweep(t.Context(), verify.Request{Kinds: model.Kinds(), Dry: true})
	must(t, err)
	if d := cmp.Diff(what(r.Findings), what(again.Findings)); d != "" {
		t.Errorf("a second dry sweep finds something else:\n%s", d)
	}
	real := g.sweep(t, verify.Request{Kinds: model.Kinds()})
	found := what(real.Findings)
	for i := range found {
		found[i] = strings.Replace(found[i], "missing", "absent", 1) // a dry sweep makes no second read
	}
	slices.Sort(found)
	if d := cmp.Diff(what(r.Findings), found); d != "" {
		t.Errorf("the real sweep finds something else (-dry +real):\n%s", d)
	}
	golden(t, "real.txt", real.Text())
}

// Keys are compared by their own reads, all of their fields; nothing else is read, and no document is kept.
func TestKeys(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	g.spoil(t)
	users, queues, skills := g.rowsOf(t, model.KindUser), g.rowsOf(t, model.KindQueue), g.rowsOf(t, model.KindSkill)
	members := g.pick(t, model.KindMembers, func(r mapping.Row) bool { return len(r.Desired.Members) > 1 })
	keys := []model.Key{users[0].Key, users[1].Key, users[2].Key, users[3].Key, users[4].Key, queues[1].Key, queues[2].Key, skills[2].Key, members.Key}
	g.org.ResetCounters()
	g.tableWrites()
	dry, err := g.Sweep(t.Context(), verify.Request{Keys: keys, Dry: true})
	must(t, err)
	g.nobodyHeard(t)
	if w := g.tableWrites(); len(w) > 0 || !dry.Done {
		t.Errorf("done %v, the table was written to by %v", dry.Done, w)
	}
	r, err := g.Sweep(t.Context(), verify.Request{Keys: keys})
	must(t, err)
	want := []string{
		"missing " + skills[2].Key.String(), "deleted " + users[2].Key.String(), "drift " + members.Key.String() + " members",
		"drift " + queues[1].Key.String() + " name", "drift " + users[0].Key.String() + " name", "drift " + users[1].Key.String() + " skills",
		"drift " + users[3].Key.String() + " externalId",
	}
	slices.Sort(want)
	if d := cmp.Diff(want, what(r.Findings)); d != "" || !r.Done {
		t.Errorf("done %v, found (-want +got):\n%s", r.Done, d)
	}
	for route := range g.org.Calls() {
		if route == "GET "+usersRoute || route == "GET "+queuesRoute {
			t.Errorf("%s was called", route)
		}
	}
	if w := g.tableWrites(); !slices.Equal(w, []string{"MarkQueued"}) {
		t.Errorf("the table was written to by %v", w)
	}
	g.converge(t)
	g.rest()
	if left, err := g.Sweep(t.Context(), verify.Request{Keys: keys}); err != nil || len(left.Findings) > 0 {
		t.Errorf("after the repair: found %v, %v", what(left.Findings), err)
	}
}

// What is asked for wrongly is refused before anything is read.
func TestRefused(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	g.org.ResetCounters()
	user := g.rowsOf(t, model.KindUser)[0].Key
	if _, err := g.Sweep(t.Context(), verify.Request{Keys: []model.Key{user}, Kinds: []model.Kind{model.KindUser}}); model.CodeOf(err) != model.CodeInvalid {
		t.Errorf("keys and kinds: %v", err)
	}
	_, err := g.Sweep(t.Context(), verify.Request{Keys: []model.Key{user, {Kind: model.KindQueue, DBID: 99999}}})
	if model.CodeOf(err) != model.CodeNotFound || !strings.Contains(err.Error(), "queue/99999") {
		t.Errorf("an unknown key: %v", err)
	}
	if n := g.org.Totals().Calls; n > 0 {
		t.Errorf("%d calls", n)
	}
}

// Each kind can be looked at by itself: only its lists are read.
func TestKinds(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	for kind, routes := range map[model.Kind][]string{
		model.KindSource: {"GET /api/v2/presence/sources"}, model.KindSkill: {"GET /api/v2/routing/skills"}, model.KindLanguage: {"GET /api/v2/routing/languages"},
		model.KindWrapUpCode: {"GET /api/v2/routing/wrapupcodes"}, model.KindQueue: {"GET /api/v2/routing/queues"},
		model.KindUser:    {"GET /api/v2/authorization/divisions/home", "GET /api/v2/users", "GET /api/v2/users/{userId}/externalid"},
		model.KindMembers: {"GET /api/v2/routing/queues/{queueId}/members"},
	} {
		g.org.ResetCounters()
		r := g.sweep(t, verify.Request{Kinds: []model.Kind{kind}})
		var called []string
		for route := range g.org.Calls() {
			if route != "POST /oauth/token" && route != "GET /api/v2/authorization/divisions/home" || kind == model.KindUser && route != "POST /oauth/token" {
				called = append(called, route)
			}
		}
		slices.Sort(called)
		if d := cmp.Diff(routes, called); d != "" || r.Kinds[kind].Compared == 0 {
			t.Errorf("%s: compared %d, calls (-want +got):\n%s", kind, r.Kinds[kind].Compared, d)
		}
	}
}

// A tenant without a row costs no call.
func TestEmptyTenant(t *testing.T) {
	g := emptyStage(t, settings(), engagetest.New(engagetest.Tiny, 1))
	r, err := g.Sweep(t.Context(), verify.Request{})
	must(t, err)
	if n := g.org.Totals().Calls; n > 0 || !r.Done {
		t.Errorf("%d calls, done %v", n, r.Done)
	}
}

// Two sweeps at once: the second is refused while the first has its claim; a claim that ran out is taken over, and the
// first one stops at its next step.
func TestTwoSweepsAtOnce(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	var second error
	var done verify.Report
	first := g.sweeper(func(c *verify.Config) {
		c.Org = &meddler{Org: c.Org, after: func() {
			_, second = g.Sweep(t.Context(), verify.Request{})
			g.clock.Pass(20 * time.Minute)
			done, _ = g.Sweep(t.Context(), verify.Request{})
		}}
	})
	_, err := first.Sweep(t.Context(), verify.Request{})
	if model.CodeOf(second) != model.CodeConflict || !strings.Contains(second.Error(), "under way") {
		t.Errorf("the second sweep: %v", second)
	}
	if !done.Done {
		t.Errorf("the sweep after the claim ran out: %+v", done)
	}
	if model.CodeOf(err) != model.CodeConflict {
		t.Errorf("the first sweep goes on although it lost its claim: %v", err)
	}
	if r, err := g.Sweep(t.Context(), verify.Request{}); err != nil || !r.Done {
		t.Errorf("the sweep after both: done %v, %v", r.Done, err)
	}
}

// Two sweeps that claim at the same moment have one number: the one that wrote last goes on, the other one stops.
func TestClaimsAtTheSameMoment(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	var inner error
	first := g.sweeper(func(c *verify.Config) {
		c.Table = &latePut{Table: c.Table, before: func(put func() error) error {
			second := g.sweeper(func(c *verify.Config) {
				c.NewToken = func() string { return "second" }
				c.Org = &meddler{Org: c.Org, after: func() { must(t, put()) }}
			})
			_, inner = second.Sweep(t.Context(), verify.Request{Kinds: []model.Kind{model.KindUser}})
			return nil
		}}
	})
	r, err := first.Sweep(t.Context(), verify.Request{Kinds: []model.Kind{model.KindUser}})
	if model.CodeOf(inner) != model.CodeConflict || err != nil || !r.Done {
		t.Errorf("the one: %v; the other: done %v, %v", inner, r.Done, err)
	}
}

// latePut lets the first write of the document happen whenever before calls it.
type latePut struct {
	verify.Table
	before func(put func() error) error
	done   bool
}

func (l *latePut) PutDocument(ctx context.Context, name string, run int64, body []byte) error {
	put := func() error { return l.Table.PutDocument(ctx, name, run, body) }
	if l.done {
		return put()
	}
	l.done = true
	return l.before(put)
}

// One finding is queued once, however many sweeps find it before the worker comes.
func TestQueuedOnce(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	user := g.pick(t, model.KindUser, func(r mapping.Row) bool { return r.Desired.State == model.StateActive })
	must(t, g.org.EditUser(user.EXID, func(raw map[string]any) { raw["name"] = "Other" }))
	request := verify.Request{Keys: []model.Key{user.Key}}
	first, second := g.sweep(t, request), g.sweep(t, request)
	if n := g.waiting(t); n != 1 || first.Queued != 1 || second.Queued != 0 || len(second.Findings) != 1 || second.Findings[0].Queued {
		t.Errorf("%d messages, queued %d then %d", n, first.Queued, second.Queued)
	}
	g.clock.Pass(11 * time.Minute)
	if third := g.sweep(t, request); third.Queued != 1 {
		t.Error("a message that was lost is not sent again")
	}
}

// Every queue's members and every user's external ids are seen once a day, the ones seen longest ago first, whatever hours
// are missed; somebody who names the kind has a whole round at once.
func TestRotation(t *testing.T) {
	t.Parallel()
	g := stageOf(t, settings(), borough())
	lists := len(g.rowsOf(t, model.KindMembers))
	visits := func() map[string][]time.Time {
		m := map[string][]time.Time{}
		for _, e := range g.org.Requests() {
			q, err := url.ParseQuery(e.Query)
			must(t, err)
			if e.Route == "/api/v2/routing/queues/{queueId}/members" && q.Get("pageNumber") == "1" {
				m[e.Path] = append(m[e.Path], e.Time)
			}
		}
		return m
	}
	g.org.ResetCounters()
	for range 2 {
		g.day(t)
	}
	seen := visits()
	if len(seen) != lists {
		t.Errorf("%d lists of %d were seen in two days", len(seen), lists)
	}
	for path, at := range seen {
		if len(at) != 2 {
			t.Errorf("%s was seen %d times in two days", path, len(at))
		}
		for i := 1; i < len(at); i++ {
			if gap := at[i].Sub(at[i-1]); gap > 25*time.Hour || gap < 23*time.Hour {
				t.Errorf("%s was seen after %s", path, gap)
			}
		}
	}
	most := 0
	hours := map[int64]int{}
	for _, at := range seen {
		for _, a := range at {
			hours[a.Unix()/3600]++
			most = max(most, hours[a.Unix()/3600])
		}
	}
	if most > 2*(lists/24+1) {
		t.Errorf("%d lists in one hour of %d: the rotation is not spread", most, lists)
	}

	g.clock.Pass(60 * time.Hour) // nobody swept for two days and a half
	g.org.ResetCounters()
	g.sweep(t, verify.Request{})
	g.clock.Pass(23 * time.Hour)
	g.sweep(t, verify.Request{})
	if n := len(visits()); n != lists {
		t.Errorf("%d lists of %d were seen by the end of the day after a pause", n, lists)
	}
	g.org.ResetCounters()
	r := g.sweep(t, verify.Request{Kinds: []model.Kind{model.KindMembers}})
	if n := len(visits()); n != lists || r.Members.Seen != lists {
		t.Errorf("%d lists of %d were seen in a round that was asked for", n, lists)
	}
	g.org.ResetCounters()
	for range 5 {
		g.clock.Pass(time.Hour)
		g.sweep(t, verify.Request{})
	}
	if n := len(visits()); n > 0 {
		t.Errorf("%d lists were seen again in the hours after a whole round", n)
	}
}

// A share too small for the site is reported; lists go on every hour, and neither rotation starves the other.
func TestRotationBehind(t *testing.T) {
	t.Parallel()
	g := stageOf(t, settings(), borough())
	hurried := g.sweeper(func(c *verify.Config) { c.Round = 6 * time.Hour })
	behind, lists, members := false, 0, 0
	var external verify.Progress
	const hours = 16
	for range hours {
		begun := g.clock.Now()
		r, err := hurried.Sweep(until{t.Context(), begun.Add(verify.DefaultMargin + 22*time.Second)}, verify.Request{})
		must(t, err)
		if r.External != nil {
			external = *r.External
		}
		behind = behind || external.Behind && strings.Contains(r.Text(), "it is behind")
		if r.Kinds[model.KindUser] != nil && r.Kinds[model.KindUser].Compared > 0 {
			lists++
		}
		if r.Members != nil {
			members++
		}
		g.clock.Pass(begun.Add(time.Hour).Sub(g.clock.Now()))
	}
	if !behind {
		t.Errorf("external ids are %+v after %d hours: nobody is told that they are behind", external, hours)
	}
	if lists < hours-1 || members < hours/4 {
		t.Errorf("in %d hours users were listed %d times, member lists looked at %d times", hours, lists, members)
	}
}

// Where the time is too short for either rotation, neither takes all of it.
func TestNoRotationStarves(t *testing.T) {
	t.Parallel()
	g := stageOf(t, settings(), borough())
	hurried := g.sweeper(func(c *verify.Config) { c.Round = time.Hour })
	g.org.ResetCounters()
	for range 15 {
		begun := g.clock.Now()
		_, err := hurried.Sweep(until{t.Context(), begun.Add(verify.DefaultMargin + 30*time.Second)}, verify.Request{})
		must(t, err)
		g.clock.Pass(begun.Add(time.Hour).Sub(g.clock.Now()))
	}
	members, external := g.org.Calls()["GET /api/v2/routing/queues/{queueId}/members"], g.org.Calls()["GET /api/v2/users/{userId}/externalid"]
	if members < 30 || external < 100 {
		t.Errorf("in 15 sweeps member lists had %d calls, external ids %d", members, external)
	}
}

// What the table or the queue answers ends the sweep with that error; nothing is lost, the next one finds the same.
func TestTableAndQueueFail(t *testing.T) {
	broken := errors.New("broken")
	cases := []struct {
		name  string
		spoil func(*verify.Config)
	}{
		{"rows can not be read", func(c *verify.Config) { c.Lists = noLists{broken} }},
		{"the queue takes nothing", func(c *verify.Config) { c.Queue = noQueue{c.Queue, broken} }},
		{"the document can not be written", func(c *verify.Config) { c.Table = noDocument{c.Table, broken} }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := newStage(t, settings(), engagetest.Tiny)
			user := g.pick(t, model.KindUser, func(r mapping.Row) bool { return r.Desired.State == model.StateActive })
			must(t, g.org.EditUser(user.EXID, func(raw map[string]any) { raw["name"] = "Other" }))
			if _, err := g.sweeper(c.spoil).Sweep(t.Context(), verify.Request{}); !errors.Is(err, broken) {
				t.Errorf("the error is %v", err)
			}
			g.clock.Pass(time.Hour)
			if got := what(g.sweep(t, verify.Request{}).Findings); !slices.Contains(got, "drift "+user.Key.String()+" name") {
				t.Errorf("the next sweep finds %v", got)
			}
		})
	}
}

// What is marked when the table fails is sent: a mark without a message would silence its object until it counts as lost.
func TestAMarkThatFailsSilencesNobodyElse(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	users := g.rowsOf(t, model.KindUser)[:3]
	for _, row := range users {
		must(t, g.org.EditUser(row.EXID, func(raw map[string]any) { raw["name"] = "Other" }))
	}
	marks := 0
	g.Table.SetFault(func(op string) mapping.Fault {
		if op == "MarkQueued" {
			if marks++; marks == 3 {
				return mapping.FaultBefore
			}
		}
		return mapping.FaultNone
	})
	if _, err := g.Sweep(t.Context(), verify.Request{Kinds: []model.Kind{model.KindUser}}); err == nil {
		t.Error("no error")
	}
	g.Table.SetFault(nil)
	for i, row := range users {
		if marked := g.row(t, row.Key).Queued != nil; marked != (i < 2) {
			t.Errorf("%s: marked %v", row.Key, marked)
		}
	}
	if n := g.waiting(t); n != 2 {
		t.Errorf("%d messages, want 2", n)
	}
}

// Refused credentials end the sweep with the error: no list will do better.
func TestCredentialsRefused(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	g.org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Status: 401})
	r, err := g.Sweep(t.Context(), verify.Request{})
	if model.CodeOf(err) != model.CodeDenied || r.Done {
		t.Errorf("done %v, %v", r.Done, err)
	}
}

type noLists struct{ err error }

func (n noLists) Rows(context.Context, model.Kind) ([]mapping.Row, error) { return nil, n.err }

type noQueue struct {
	dispatch.Queue
	err error
}

func (n noQueue) Send(context.Context, []queue.Message) error { return n.err }

type noDocument struct {
	verify.Table
	err error
}

func (n noDocument) PutDocument(context.Context, string, int64, []byte) error { return n.err }
