package main

import (
	"context"
	"encoding/json"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/engage/engagetest"
	"excs/shared/model"
)

// tiny is a size that is measured in a moment.
func tiny() Size { return Size{Agents: 30, Tier: engagetest.Tiny} }

// A tiny site's counts are what is known of the service: four calls a new user, none for a run without changes, one message
// a change, and everything heard of comes to rest.
func TestTheCountsOfATinySiteArePlausible(t *testing.T) {
	t.Parallel()
	m, err := measure(t.Context(), tiny())
	must(t, err)
	size := engagetest.Tiny.Size()
	if n := m.Objects[model.KindUser]; n > size.Agents() || n < size.Agents()-3 {
		t.Errorf("%d users of %d agents", n, size.Agents())
	}
	want(t, m.Objects[model.KindSkill]+m.Objects[model.KindLanguage], size.Skills)
	want(t, m.Objects[model.KindSource], 1)
	objects := 0
	for _, n := range m.Objects {
		objects += n
	}
	// Each object is a row, most have an owner, and what was written to each is kept; beside them the index, documents, budget.
	if m.Items < objects || m.Items > 4*objects+60 {
		t.Errorf("%d items of %d objects", m.Items, objects)
	}
	want(t, m.FirstRun.Messages, float64(objects))
	if calls := m.FirstApply.Calls; calls < float64(objects) || calls > 5*float64(objects) {
		t.Errorf("%v calls for %d objects", calls, objects)
	}
	want(t, []float64{m.Quiet.Calls, m.Quiet.Messages, m.Quiet.Batches, m.Quiet.Events}, []float64{0, 0, 0, 0})
	if m.Quiet.Reads < 10 || m.Quiet.Reads > 60 || m.Quiet.Writes < 2 || m.Quiet.Writes > 10 || m.Quiet.LogBytes < 1000 {
		t.Errorf("a run without changes takes %+v", m.Quiet)
	}
	if m.Verify.Calls < 5 || m.Verify.Elapsed < m.Verify.Calls/2 || m.Verify.Elapsed > syncTimeout.Seconds() {
		t.Errorf("a sweep takes %+v", m.Verify)
	}
	for _, kind := range []model.Kind{model.KindSkill, model.KindLanguage, model.KindWrapUpCode, model.KindQueue, model.KindUser, model.KindMembers} {
		plausible(t, kind, m.Changes[kind])
	}
	want(t, len(m.Changes), 6)
}

func plausible(t *testing.T, kind model.Kind, c Change) {
	t.Helper()
	if c.Objects == 0 || c.Run.Messages != 1 {
		t.Errorf("%s: %d changed, %v messages each", kind, c.Objects, c.Run.Messages)
	}
	looked := 0.0 // what a newcomer's name is looked up with; a skill that got another name is made anew
	if kind == model.KindSkill || kind == model.KindLanguage {
		looked = 2
	}
	if c.Run.Calls != looked || c.Apply.Calls < 1 || c.Apply.Calls > 6 || c.Apply.Writes < 3 || c.Apply.Batches <= 0 || c.Apply.Batches > 1 {
		t.Errorf("%s: the run takes %+v, the workers %+v", kind, c.Run, c.Apply)
	}
	heard := kind != model.KindSkill && kind != model.KindLanguage // the EX Org tells of all others
	if heard != (c.Echo.Events > 0) || heard != (c.EchoApply.Calls > 0) {
		t.Errorf("%s: the echo is %+v and %+v", kind, c.Echo, c.EchoApply)
	}
	if c.Apply.Elapsed < c.Apply.Calls*exOrgCall.Seconds()-1e-9 {
		t.Errorf("%s: %v calls in %v s", kind, c.Apply.Calls, c.Apply.Elapsed)
	}
}

// near says whether two measurements of the same thing are the same, but for times, and for the first sync, where what is
// read again depends on the order in which workers that run side by side come along.
func near(share float64) cmp.Options {
	within := func(share float64) cmp.Option {
		return cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= share*math.Max(math.Abs(a), math.Abs(b))+1.5 })
	}
	in := func(names ...string) func(cmp.Path) bool {
		return func(p cmp.Path) bool {
			return slices.ContainsFunc(p, func(step cmp.PathStep) bool { return slices.Contains(names, strings.TrimPrefix(step.String(), ".")) })
		}
	}
	times, first := in("CPU", "BusyCPU", "LogBytes", "Elapsed"), in("FirstApply")
	return cmp.Options{
		cmp.FilterPath(times, cmp.Ignore()),
		cmp.FilterPath(func(p cmp.Path) bool { return first(p) && !times(p) }, within(0.4)),
		cmp.FilterPath(func(p cmp.Path) bool { return !first(p) && !times(p) }, within(share)),
	}
}

func TestMeasuringTwiceGivesTheSame(t *testing.T) {
	t.Parallel()
	one, err := measure(t.Context(), tiny())
	must(t, err)
	two, err := measure(t.Context(), tiny())
	must(t, err)
	sameItems(one, &two)
	if d := cmp.Diff(one, two, near(0.05)); d != "" {
		t.Error(d)
	}
}

// sameItems lets the numbers of items differ by a twentieth: each attempt at an object leaves one, and how many there are depends on how the
// machine takes turns.
func sameItems(stored Measured, now *Measured) {
	if d := now.Items - stored.Items; d*d*400 < stored.Items*stored.Items {
		now.Items = stored.Items
	}
}

// The stored counts are those of the service as it is: who changes what a run or a change takes measures anew (make cost
// MEASURE=1).
func TestTheStoredCountsAreNotOutOfDate(t *testing.T) {
	t.Parallel()
	stored, err := readMeasured(filepath.Join("testdata", "measured.json"))
	must(t, err)
	want(t, len(stored.Sizes), len(sizes()))
	for i, size := range sizes() {
		want(t, stored.Sizes[i].Agents, size.Agents)
	}
	now, err := measure(t.Context(), sizes()[0])
	must(t, err)
	sameItems(stored.Sizes[0], &now)
	if d := cmp.Diff(stored.Sizes[0], now, near(0.15)); d != "" {
		t.Errorf("the service takes something else than what is stored: make cost MEASURE=1 measures anew\n%s", d)
	}
}

// Counts are kept and read back; what is read back is what the table is made of.
func TestMeasuringIntoAFile(t *testing.T) {
	t.Parallel()
	var said []string
	m, err := measureAll(t.Context(), []Size{tiny()}, func(s string) { said = append(said, s) })
	must(t, err)
	want(t, len(said), 2)
	path := filepath.Join(t.TempDir(), "measured.json")
	must(t, m.write(path))
	again, err := readMeasured(path)
	must(t, err)
	one, err := json.Marshal(m)
	must(t, err)
	two, err := json.Marshal(again)
	must(t, err)
	want(t, string(two), string(one))
	says(t, m.write(filepath.Join(path, "below a file")), "keep the counts")
}

// Measuring ends when nobody waits for it any more.
func TestMeasuringCanBeInterrupted(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err := measureAll(ctx, []Size{tiny()}, func(string) {})
	says(t, err, "measure 30 agents")
}

// Persons that are left out leave nothing behind that names them, and the others keep what they have.
func TestASiteWithFewerPersons(t *testing.T) {
	t.Parallel()
	whole, part := engagetest.New(engagetest.Tiny, 1), engagetest.New(engagetest.Tiny, 1)
	const kept = 10
	keepPersons(part, kept)
	there, mine := map[int64]bool{}, 0
	for _, p := range part.Persons {
		there[p.DBID] = true
		if p.Tenant == part.Tenant {
			mine++
		}
	}
	want(t, mine, kept)
	levels := 0
	for _, l := range whole.Levels {
		if there[l.Person] {
			levels++
		}
	}
	want(t, len(part.Levels), levels)
	for _, m := range part.Members {
		if !there[m.Person] {
			t.Errorf("%+v names nobody", m)
		}
	}
	for _, l := range part.LoginInfos {
		if !there[l.Person] {
			t.Errorf("%+v names nobody", l)
		}
	}
	want(t, len(part.Skills), len(whole.Skills))
	m, err := measure(t.Context(), Size{Agents: kept, Tier: engagetest.Tiny, Persons: kept})
	must(t, err)
	if n := m.Objects[model.KindUser]; n > kept || n < kept-3 {
		t.Errorf("%d users of %d persons", n, kept)
	}
}

// An edit that finds nothing to change says for which kind.
func TestASiteThatIsTooSmall(t *testing.T) {
	t.Parallel()
	empty := &engagetest.Site{Tenant: engagetest.MainTenant}
	for _, e := range edits() {
		err := e.do(t.Context(), editing{engagetest.NewEditor(empty, nil, engagetest.SQLite), nil}, 1)
		switch e.kind {
		case model.KindSkill:
			must(t, err) // a new one needs nothing
		case model.KindLanguage, model.KindWrapUpCode:
			says(t, err, "business attribute")
		default:
			says(t, err, "nothing to change for kind "+string(e.kind))
		}
	}
}

// An echo that never ends, or work that does not come to an end, is a failure of measuring, not a figure.
func TestWorkThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	s, err := generate(t.Context(), tiny())
	must(t, err)
	t.Cleanup(func() { must(t, s.close()) })
	v := newService(s)
	_, err = v.run(t.Context())
	must(t, err)
	ctx, stop := context.WithTimeout(t.Context(), time.Nanosecond)
	defer stop()
	<-ctx.Done()
	if _, err := v.drain(ctx); err == nil {
		t.Error("the queue was worked off without time")
	}
}
