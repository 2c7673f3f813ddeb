package run_test

import (
	"bytes"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/excstest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
	"excs/shared/run"
)

// nasty is the world after the nasty site was synchronised: what the cases are asserted in.
type nasty struct {
	*house
	site   *engagetest.NastySite
	report run.Report
	log    *bytes.Buffer
}

// check asserts one case.
type check func(n *nasty, p engagetest.Planted)

// Every nasty case of FACTS E12, asserted in the EX Org. The site is one and is synchronised once: none of
// the cases may hold up another.
func TestNasty(t *testing.T) {
	t.Parallel()
	n := nastyWorld(t, func(s *rules.Settings) { s.Email.Template = rules.DefaultTemplate })
	checks := map[engagetest.Case]check{}
	for _, some := range []map[engagetest.Case]check{nastyQueues(), nastyPersons(), nastySkills(), nastyGroups(), nastyOthers()} {
		for c, f := range some {
			checks[c] = f
		}
	}
	for _, p := range n.site.Cases() {
		if p.Do != nil {
			continue // events: TestNastyEvents
		}
		t.Run(string(p.Case), func(t *testing.T) {
			f, ok := checks[p.Case]
			if !ok {
				t.Fatalf("nobody asserts: %s", p.Expect)
			}
			n.t = t
			f(n, p)
			if t.Failed() {
				t.Logf("expected: %s", p.Expect)
			}
		})
	}
	n.t = t
	t.Run("and ten runs without changes write nothing", func(t *testing.T) {
		n.t = t
		n.quiet(10)
	})
	n.t = t
}

func nastyWorld(t *testing.T, change func(*rules.Settings)) *nasty {
	t.Helper()
	n := &nasty{site: engagetest.Nasty(), log: &bytes.Buffer{}}
	n.house = lot{site: n.site.Site, settings: change}.build(t)
	n.config.Log = slog.New(slog.NewJSONHandler(n.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	n.Service = excstest.New(n.config)
	n.report = n.run()
	n.pass(10 * time.Minute)
	return n
}

func (n *nasty) userOf(dbid int64) exorgtest.User {
	n.t.Helper()
	u, ok := n.org.UserByExternalID("engage", decimal(dbid))
	if !ok {
		n.t.Fatalf("Person %d has no user", dbid)
	}
	return u
}

func (n *nasty) noUser(dbid int64) {
	n.t.Helper()
	if u, ok := n.org.UserByExternalID("engage", decimal(dbid)); ok {
		n.t.Errorf("Person %d has the user %s", dbid, u.Email)
	}
}

func (n *nasty) queueOf(dbid int64) exorgtest.Queue {
	n.t.Helper()
	for _, q := range n.org.Queues() {
		if q.PeerID == decimal(dbid) {
			return q
		}
	}
	n.t.Fatalf("DN %d has no queue", dbid)
	return exorgtest.Queue{}
}

func (n *nasty) noQueue(dbid int64) {
	n.t.Helper()
	for _, q := range n.org.Queues() {
		if q.PeerID == decimal(dbid) {
			n.t.Errorf("DN %d has the queue %s", dbid, q.Name)
		}
	}
}

// place is number@switch of a DN.
func (n *nasty) place(dbid int64) string {
	d, _ := n.site.DN(dbid)
	for _, s := range n.site.Switches {
		if s.DBID == d.Switch {
			return d.Number + "@" + s.Name
		}
	}
	return d.Number
}

// wantQueue checks the name that the first DN of a case has got.
func wantQueue(name string) check {
	return func(n *nasty, p engagetest.Planted) {
		if got := n.queueOf(p.DBIDs[0]).Name; got != name {
			n.t.Errorf("the queue is called %q, want %q", got, name)
		}
	}
}

// wantGroup checks who serves the queue of a group, by their last names.
func wantGroup(group string, lasts ...string) check {
	return func(n *nasty, _ engagetest.Planted) {
		names := []string{}
		for _, last := range lasts {
			names = append(names, "Nasty "+last)
		}
		n.wantMembers("VQ_of_"+group, names...)
	}
}

func (n *nasty) rejected(key model.Key, words ...string) {
	n.t.Helper()
	l, ok := n.listed(key)
	if !ok || l.State != "rejected" {
		n.t.Fatalf("%s is not listed as rejected: %+v", key, l)
	}
	for _, w := range words {
		if !strings.Contains(l.Reason, w) {
			n.t.Errorf("the reason does not say %q: %s", w, l.Reason)
		}
	}
}

// noted checks that a note of the run has all the words.
func (n *nasty) noted(words ...string) {
	n.t.Helper()
	for _, note := range n.report.Plan.Notes {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(note.Text, w) }) {
			return
		}
	}
	n.t.Errorf("no note has %q", words)
}

func (n *nasty) dropped(t model.Table, least int) {
	n.t.Helper()
	if got := n.report.Dropped[t]; got < least {
		n.t.Errorf("%d rows of %s were dropped and counted, want %d or more", got, t, least)
	}
}

// Without a template there is no address for some: they are rejected with a reason, and hold nobody up.
func TestNastyWithoutTemplate(t *testing.T) {
	t.Parallel()
	n := nastyWorld(t, nil)
	for _, c := range []engagetest.Case{engagetest.PersonWithoutEmail, engagetest.PersonBlankEmail, engagetest.PersonPlaceholder} {
		p := n.site.Case(c)
		n.noUser(p.DBIDs[0])
		n.rejected(userKey(p.DBIDs[0]), decimal(p.DBIDs[0]), "e-mail", "email.template")
	}
	n.userOf(n.site.Case(engagetest.PersonAccented).DBIDs[0])
}

// A tenant without Business Attributes and without the vendor's settings object has no wrap-up codes and no languages, and
// says so.
func TestNastyBareTenant(t *testing.T) {
	t.Parallel()
	h := lot{site: engagetest.Nasty().Site, settings: func(s *rules.Settings) { s.Tenant = engagetest.BareTenant }}.build(t)
	report := h.run()
	if n := len(h.org.Users()); n != 1 {
		t.Errorf("%d users, want the one of the tenant", n)
	}
	if n := len(h.org.Codes()) + len(h.org.Languages()); n > 0 {
		t.Errorf("%d codes and languages", n)
	}
	for _, word := range []string{"DispositionCode", "Language"} {
		if !slices.ContainsFunc(report.Plan.Notes, func(n model.Note) bool { return strings.Contains(n.Text, "'"+word+"'") }) {
			t.Errorf("nothing says that the attribute %s is missing: %+v", word, report.Plan.Notes)
		}
	}
}

// The four events: nothing is removed and nobody is deactivated while Engage can not be believed, and all goes on when it
// can be again.
func TestNastyEvents(t *testing.T) {
	t.Parallel()
	for _, p := range engagetest.Nasty().Cases() {
		if p.Do == nil {
			continue
		}
		for _, preset := range rules.Presets() {
			t.Run(string(preset)+"/"+string(p.Case), func(t *testing.T) {
				t.Parallel()
				happen(t, preset, p)
			})
		}
	}
}

// stops are events after which a table or a column is gone from the schema: nothing can be read until it is back.
var stops = map[engagetest.Case][]string{
	engagetest.ColumnDisappears: {"level"},
	engagetest.TableDisappears:  {"cfg_"},
}

func happen(t *testing.T, preset rules.Preset, p engagetest.Planted) {
	h := lot{site: engagetest.Nasty().Site, preset: preset}.build(t)
	h.run()
	h.pass(20 * time.Minute)
	backup, before := h.Editor.Site().Clone(), h.guardian.removed()
	users, members := len(h.org.Users()), h.memberships()
	// A Person that is gone loses its memberships: the guard counts those apart, and here they are not many. Under 2023-07
	// it leaves an orphan, and so does a user that is inactive already.
	half := p.Case == engagetest.HalfTheRows
	h.do(p.Do(h.ctx, h.Editor))
	for range 3 {
		report, err := h.Service.Sync(h.ctx)
		if words, ok := stops[p.Case]; ok {
			wantStop(t, err, words)
		} else {
			h.do(err)
			wantHeld(t, report.Plan, half, half && preset == rules.Preset202307)
		}
		h.rest()
		h.pass(time.Minute)
	}
	after := h.guardian.removed()
	if half {
		delete(after, "member")
		members = h.memberships()
	}
	if !maps.Equal(before, after) {
		t.Errorf("removed meanwhile: %v, before: %v", after, before)
	}
	if len(h.org.Users()) != users || h.memberships() != members {
		t.Errorf("%d users and %d memberships, there were %d and %d", len(h.org.Users()), h.memberships(), users, members)
	}
	if _, ok := stops[p.Case]; ok {
		return
	}
	h.do(h.RestoreTable(h.ctx, backup, p.Table))
	h.pass(time.Minute)
	h.run()
	h.pass(10 * time.Minute)
	h.run() // whoever was an orphan is a user again
	if h.memberships() < members {
		t.Errorf("%d memberships, want %d or more", h.memberships(), members)
	}
	h.pass(time.Minute)
	h.quiet(3)
	h.wantNone(mapping.StateHeld)
	if held := h.sync().Plan.Held; len(held) > 0 {
		t.Errorf("held although Engage is whole again: %+v", held[0])
	}
}

func wantStop(t *testing.T, err error, words []string) {
	t.Helper()
	if err == nil {
		t.Fatal("the run went on")
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error does not say %q: %v", w, err)
		}
	}
}

func wantHeld(t *testing.T, p plan.Plan, orphans, nothingHeld bool) {
	t.Helper()
	if len(p.Held) == 0 && !nothingHeld {
		t.Error("nothing is held")
	}
	for _, c := range p.Changes {
		if c.Action.Removes() || c.Action == model.ActionOrphan && !orphans {
			t.Errorf("%s: %s", c.Key, c.Action)
		}
	}
}

func (h *house) memberships() int {
	n := 0
	for _, q := range h.org.Queues() {
		n += q.Members
	}
	return n
}
