package run_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/excstest"
	"excs/shared/excstest/reference"
	"excs/shared/exorg/exorgtest"
	"excs/shared/exorg/exorgtest/openapi"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/rules"
	"excs/shared/run"
)

// contract judges every request of a small world by the published contract, where the document is there.
var contract = openapi.Once()

// lot is what a house is built from; what is left empty has a default.
type lot struct {
	site     *engagetest.Site // nil: the desk
	preset   rules.Preset
	settings func(*rules.Settings)
	org      []exorgtest.Option
	table    mapping.MemoryOptions
	queue    queue.MemoryConfig
	// played has the reads of Engage that a database gave earlier; nil: a database of its own.
	played *played
	// before fills the EX Org before EXCS first sees it.
	before func(*house)
	// unwatched lets the EX Org's history be: for tests that count on what the watch forbids.
	unwatched bool
}

// house is one tenant: Engage in SQLite, a simulated EX Org, everything in between, and one clock.
type house struct {
	*excstest.Service
	*engagetest.Editor
	*excstest.Clock
	t        testing.TB
	ctx      context.Context
	org      *exorgtest.Org
	source   *excstest.Engage // nil: played
	config   excstest.Config
	guardian *guardian
	leads    *leads // where the credentials lead
}

// build makes a house in which nothing has run yet.
func (l lot) build(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, ctx: t.Context(), Clock: excstest.NewClock()}
	switch {
	case l.played != nil:
		h.Editor = l.played.editor
	case l.site != nil:
		h.source = shelf.Open(t, l.site)
	default:
		h.source = shelf.Open(t, desk(t))
	}
	h.org = exorgtest.New(append([]exorgtest.Option{exorgtest.WithClock(h.Now), contract(t)}, l.org...)...)
	if l.preset == "" {
		l.preset = rules.Preset202307
	}
	s := settings(l.preset)
	if l.settings != nil {
		l.settings(&s)
	}
	h.config = excstest.Config{
		Settings: s, Secret: secret(), HTTP: h.line(), Now: h.Now, Sleep: h.Sleep, Table: l.table, Queue: l.queue,
	}
	if l.played != nil {
		h.config.Read = l.played.read
	} else {
		h.Editor, h.config.Read = h.source.Editor, h.source.Read(s)
	}
	h.Service = excstest.New(h.config)
	h.guardian = newGuardian(h)
	if l.before != nil {
		l.before(h)
	}
	if !l.unwatched {
		h.org.OnChange(h.guardian.see)
	}
	t.Cleanup(h.closing)
	return h
}

// pass lets time go by.
func (h *house) pass(d time.Duration) { h.Pass(d) }

// closing holds for every house at its end: nobody broke the contract, and EXCS did nothing that it must never do.
func (h *house) closing() {
	for i, v := range h.org.Violations() {
		h.t.Errorf("contract: %s", v)
		if i == 5 {
			break
		}
	}
	for _, s := range h.guardian.said() {
		h.t.Error(s)
	}
}

// do fails the test for an error of a step of its own.
func (h *house) do(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// sync makes one run.
func (h *house) sync() run.Report {
	h.t.Helper()
	report, err := h.Service.Sync(h.ctx)
	h.do(err)
	return report
}

// run makes one run and lets everything come to rest.
func (h *house) run() run.Report {
	h.t.Helper()
	report := h.sync()
	h.rest()
	return report
}

// rest drains the queue, and lets time pass and due rows be queued again, until nothing moves any more.
func (h *house) rest() {
	h.t.Helper()
	for range 400 {
		_, err := h.Drain(h.ctx, nil)
		h.do(err)
		items, err := h.Table.List(h.ctx, []mapping.State{mapping.StatePending, mapping.StateWaiting}, nil)
		h.do(err)
		waiting, inFlight, err := h.Work.Depth(h.ctx)
		h.do(err)
		items = slices.DeleteFunc(items, func(i mapping.Item) bool { return i.Refusing() && i.WaitUntil.After(h.Now().Add(2*time.Minute)) }) // they rest for long
		if len(items)+waiting+inFlight == 0 {
			return
		}
		h.pass(15 * time.Second)
		_, err = h.Runner.Requeue(h.ctx)
		h.do(err)
	}
	items, err := h.Table.List(h.ctx, mapping.States(), nil)
	h.do(err)
	for _, i := range items {
		h.t.Logf("%s is %s (%s)", i.Key, i.State, i.Reason)
	}
	h.t.Fatal("the world does not come to rest")
}

// look asks for a look at the keys, as an operator does, long after the last write, and lets everything come to rest.
func (h *house) look(keys ...model.Key) run.Report {
	h.t.Helper()
	h.pass(10 * time.Minute)
	report, err := h.Runner.Sync(h.ctx, run.Request{Keys: keys, Cause: model.CauseManual})
	h.do(err)
	h.rest()
	return report
}

// quiet makes runs and fails if one of them has anything to do in the EX Org.
func (h *house) quiet(runs int) {
	h.t.Helper()
	h.wantNone(mapping.StateQuarantined, mapping.StateInvisible)
	before := h.org.Totals()
	for range runs {
		h.pass(time.Minute)
		report := h.run()
		if n := len(report.Plan.Changes); n > 0 {
			h.t.Fatalf("a run without changes plans %d: %v", n, report.Plan.Changes)
		}
	}
	if after := h.org.Totals(); after.Writes != before.Writes {
		h.t.Fatalf("runs without changes wrote %d times: %v", after.Writes-before.Writes, h.org.Calls())
	}
}

// wantNone fails if a row is in one of the states.
func (h *house) wantNone(states ...mapping.State) {
	h.t.Helper()
	items, err := h.Table.List(h.ctx, states, nil)
	h.do(err)
	for _, i := range items {
		h.t.Errorf("%s is %s: %s", i.Key, i.State, i.Reason)
	}
}

// settled makes the first run of a house and checks the EX Org against the reference.
func (h *house) settled() *house {
	h.t.Helper()
	h.run()
	h.equal()
	h.pass(10 * time.Minute)
	return h
}

// equal compares what Engage decides with the reference; what else is in the EX Org does not count, nor does the spelling
// that an adopted object has.
func (h *house) equal() {
	h.t.Helper()
	want := reference.Expected(h.Editor.Site(), domain, h.Settings.Preset == rules.PresetCurrent)
	got := reference.Observed(h.org, linked(h.Service, h.t))
	failed := false
	for kind, lines := range want {
		for _, line := range lines {
			if !slices.ContainsFunc(got[kind], func(have string) bool { return fold(have) == fold(line) }) {
				h.t.Errorf("missing in the EX Org: %s %s", kind, line)
				failed = true
			}
		}
	}
	if failed {
		h.t.Fatalf("the EX Org holds %v", got)
	}
}

// The EX Org by the names that people know.

func (h *house) user(email string) exorgtest.User {
	h.t.Helper()
	u, ok := h.org.UserByEmail(email)
	if !ok {
		h.t.Fatalf("the EX Org has no user %s", email)
	}
	return u
}

func (h *house) queue(name string) exorgtest.Queue {
	h.t.Helper()
	for _, q := range h.org.Queues() {
		if q.Name == name {
			return q
		}
	}
	h.t.Fatalf("the EX Org has no queue %s", name)
	return exorgtest.Queue{}
}

func (h *house) hasQueue(name string) bool {
	return slices.ContainsFunc(h.org.Queues(), func(q exorgtest.Queue) bool { return q.Name == name })
}

// capability finds a living skill or language.
func (h *house) capability(list []exorgtest.Skill, name string) exorgtest.Skill {
	h.t.Helper()
	for _, s := range list {
		if s.Name == name && s.State != "deleted" {
			return s
		}
	}
	h.t.Fatalf("the EX Org has no skill or language %s", name)
	return exorgtest.Skill{}
}

func (h *house) skill(name string) exorgtest.Skill {
	h.t.Helper()
	return h.capability(h.org.Skills(), name)
}

func (h *house) language(name string) exorgtest.Skill {
	h.t.Helper()
	return h.capability(h.org.Languages(), name)
}

func (h *house) code(name string) exorgtest.Code {
	h.t.Helper()
	for _, c := range h.org.Codes() {
		if c.Name == name {
			return c
		}
	}
	h.t.Fatalf("the EX Org has no wrap-up code %s", name)
	return exorgtest.Code{}
}

// members gives the names of a queue's members.
func (h *house) members(queue string) []string {
	h.t.Helper()
	names := []string{}
	for _, m := range h.org.Members(h.queue(queue).ID) {
		u, _ := h.org.User(m.UserID)
		names = append(names, u.Name)
	}
	sort.Strings(names)
	return names
}

// wantMembers checks the members of a queue by their names.
func (h *house) wantMembers(queue string, names ...string) {
	h.t.Helper()
	sort.Strings(names)
	if got := h.members(queue); !slices.Equal(got, names) {
		h.t.Errorf("members of %s: %v, want %v", queue, got, names)
	}
}

// abilities writes a user's skills and languages by name: "Billing=5".
func (h *house) abilities(email string) []string {
	h.t.Helper()
	u := h.user(email)
	list := []string{}
	for id, level := range u.Skills {
		s, _ := h.org.Skill(id)
		list = append(list, fmt.Sprintf("%s=%g", s.Name, level))
	}
	for id, level := range u.Languages {
		s, _ := h.org.Language(id)
		list = append(list, fmt.Sprintf("%s=%g", s.Name, level))
	}
	sort.Strings(list)
	return list
}

func (h *house) wantAbilities(email string, want ...string) {
	h.t.Helper()
	sort.Strings(want)
	if got := h.abilities(email); !slices.Equal(got, want) {
		h.t.Errorf("skills and languages of %s: %v, want %v", email, got, want)
	}
}

// row reads a mapping row; the zero row when there is none.
func (h *house) row(key model.Key) mapping.Row {
	h.t.Helper()
	row, err := h.Table.Get(h.ctx, key)
	if model.CodeOf(err) == model.CodeNotFound {
		return mapping.Row{}
	}
	h.do(err)
	return row
}

// listed gives what the operator's list says of a key.
func (h *house) listed(key model.Key) (run.Listed, bool) {
	h.t.Helper()
	list, err := h.Runner.List(h.ctx, nil)
	h.do(err)
	i := slices.IndexFunc(list, func(l run.Listed) bool { return l.Key == key })
	if i < 0 {
		return run.Listed{}, false
	}
	return list[i], true
}

// wantOrphan checks that the administrator is shown the orphan.
func (h *house) wantOrphan(key model.Key) run.Listed {
	h.t.Helper()
	l, ok := h.listed(key)
	if !ok || l.State != string(mapping.StateOrphan) {
		h.t.Fatalf("%s is not listed as an orphan: %+v", key, l)
	}
	return l
}

func userKey(dbid int64) model.Key    { return model.Key{Kind: model.KindUser, DBID: dbid} }
func queueKey(dbid int64) model.Key   { return model.Key{Kind: model.KindQueue, DBID: dbid} }
func membersKey(dbid int64) model.Key { return model.Key{Kind: model.KindMembers, DBID: dbid} }
func skillKey(dbid int64) model.Key   { return model.Key{Kind: model.KindSkill, DBID: dbid} }
func codeKey(dbid int64) model.Key    { return model.Key{Kind: model.KindWrapUpCode, DBID: dbid} }
func languageKey(dbid int64) model.Key {
	return model.Key{Kind: model.KindLanguage, DBID: dbid}
}
func sourceKey() model.Key { return model.Key{Kind: model.KindSource, DBID: engagetest.MainTenant} }

// names lists the names and addresses of everything in the EX Org.
func (h *house) names() []string {
	var names []string
	for _, u := range h.org.Users() {
		names = append(names, u.Name, u.Email)
	}
	for _, q := range h.org.Queues() {
		names = append(names, q.Name)
	}
	for _, s := range append(h.org.Skills(), h.org.Languages()...) {
		names = append(names, s.Name)
	}
	for _, c := range h.org.Codes() {
		names = append(names, c.Name)
	}
	return names
}

type exSkill = exorgtest.Skill

// fold is a text as the EX Org compares it.
func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// number reads a DBID.
func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// change gives the house other settings, as a deployment does: the mapping table stays.
func (h *house) change(settings func(*rules.Settings)) {
	h.t.Helper()
	s := h.Settings
	s.Queues.OnDelete = maps.Clone(s.Queues.OnDelete)
	settings(&s)
	h.Settings, h.config.Settings = s, s
	h.Runner.Settings, h.Worker.Settings = s, s
	h.Runner.Read = h.source.Read(s)
}

// someKinds makes a run of some kinds only.
func (h *house) someKinds(kinds ...model.Kind) {
	h.t.Helper()
	_, err := h.Runner.Sync(h.ctx, run.Request{Kinds: kinds, Cause: model.CauseManual})
	h.do(err)
	h.rest()
}
