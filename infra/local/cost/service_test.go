package main

import (
	"context"
	"testing"
	"time"

	"excs/shared/exorg/exorgtest"
	"excs/shared/model"
	"excs/shared/queue"
)

const (
	// quietBefore is long enough for a sweep to believe what it reads of objects that EXCS wrote.
	quietBefore = time.Hour
	workerWait  = 2 * time.Second
)

// started gives a service whose first sync is done.
func started(t *testing.T) *service {
	t.Helper()
	s, err := generate(t.Context(), tiny())
	must(t, err)
	t.Cleanup(func() { must(t, s.close()) })
	v := newService(s)
	must(t, firstSync(t.Context(), v, &Measured{}))
	return v
}

// Ten messages are one request to SQS, the eleventh another, however many sends they come in.
func TestQueueRequestsAreCountedByTheTen(t *testing.T) {
	t.Parallel()
	v := started(t)
	messages := func(n int) (list []queue.Message) {
		for i := range n {
			list = append(list, queue.Message{Key: model.Key{Kind: model.KindUser, DBID: int64(i + 1)}, Version: 1, Token: "t", Cause: model.CauseManual})
		}
		return list
	}
	for n, requests := range map[int]float64{1: 1, 10: 1.9, 11: 2, 25: 3.4} {
		c, err := v.counted(func() error { return v.Work.Send(t.Context(), messages(n)) })
		must(t, err)
		want(t, c.Messages, float64(n))
		want(t, c.QueueCalls, requests) // at least what SQS bills, and less than one more
	}
	c, err := v.counted(func() error {
		_, _, err := v.Work.Depth(t.Context())
		return err
	})
	must(t, err)
	want(t, c.QueueCalls, 1.0)
}

// A quiet service takes nothing of the queue's pollers, the EX Org or the bus, and its calls take their time.
func TestAQuietRunIsQuiet(t *testing.T) {
	t.Parallel()
	v := started(t)
	var m Measured
	must(t, quietRun(t.Context(), v, &m))
	want(t, []float64{m.Quiet.PollerCalls, m.Quiet.Batches, m.Quiet.Calls, m.Quiet.Events}, []float64{0, 0, 0, 0})
	// The table's id is asked for too: a call that takes its time and bills no unit.
	if took, counted := m.Quiet.Elapsed, m.Quiet.TableCalls*tableCall.Seconds()+m.Quiet.QueueCalls*queueCall.Seconds(); took < counted-1e-9 || took > counted+tableCall.Seconds()+1e-9 {
		t.Errorf("it takes %v s, its calls %v s", took, counted)
	}
}

// The EX Org tells of its changes once, and nothing goes on talking: an echo of an echo would be a bill without end.
func TestEchoesComeToRest(t *testing.T) {
	t.Parallel()
	v := started(t)
	e := editing{Editor: v.site.editor}
	must(t, renameQueues(t.Context(), e, 2))
	must(t, renameCodes(t.Context(), e, 2))
	v.clock.callsTakeTime(true)
	v.clock.pass(quietBefore)
	report, err := v.run(t.Context())
	must(t, err)
	want(t, len(report.Plan.Changes), 4)
	_, err = v.drain(t.Context())
	must(t, err)
	hearing, workers, err := v.echo(t.Context())
	must(t, err)
	if hearing.Events < 4 || workers.Batches == 0 {
		t.Errorf("heard %+v, worked %+v", hearing, workers)
	}
	again, workers, err := v.echo(t.Context())
	must(t, err)
	want(t, again, Counts{CPU: again.CPU})
	want(t, workers, Counts{CPU: workers.CPU})
}

// Somebody else's change is no part of a measurement of EXCS's own: it is found, so the sweep refuses to be counted.
func TestASweepThatFindsSomethingIsNoMeasurement(t *testing.T) {
	t.Parallel()
	v := started(t)
	v.clock.callsTakeTime(true)
	v.clock.pass(quietBefore)
	q := v.org.Queues()[0]
	must(t, v.org.EditQueue(q.ID, func(raw map[string]any) { raw["name"] = "Meddled with" }))
	says(t, v.sweep(t.Context()), "finds 1 things in an EX Org that is as it should be, the first of them queue/")
}

// Runs that find something are no quiet runs, and changes of other kinds are not counted as those of one.
func TestMeasurementsOfTheWrongThingAreRefused(t *testing.T) {
	t.Parallel()
	v := started(t)
	e := editing{Editor: v.site.editor}
	must(t, newSkills(t.Context(), e, 1))
	must(t, renameQueues(t.Context(), e, 1))
	_, _, err := v.changed(t.Context(), model.KindQueue, Counts{})
	says(t, err, "the run plans 1 changes of the kind and 1 others")
	_, err = v.drain(t.Context())
	must(t, err)
	must(t, renameCodes(t.Context(), e, 1))
	says(t, quietRun(t.Context(), v, &Measured{}), "a run without changes finds")
}

// The first sync runs without the EX Org's limit; the first answer after it brings the limit back for everything else.
func TestTheLimitIsLiftedForTheFirstSyncOnly(t *testing.T) {
	t.Parallel()
	v := started(t)
	free := func() int {
		_, of, err := v.Table.BudgetLeft(t.Context(), exorgtest.DefaultClientID, v.clock.now(), workerWait)
		must(t, err)
		return of
	}
	if n := free(); n < allowedCalls {
		t.Errorf("a first sync of %d calls within two seconds is no first sync without a limit", n)
	}
	v.clock.callsTakeTime(true)
	v.clock.pass(quietBefore)
	must(t, v.sweep(t.Context()))
	// Within two seconds a client gets two seconds' share of 300 a minute, which is ten, and one more.
	if n := free(); n < 9 || n > 11 {
		t.Errorf("%d calls are free within two seconds at %d a minute", n, allowedCalls)
	}
}

// Every edit changes objects of its own kind and of no other.
func TestEditsChangeTheirOwnKind(t *testing.T) {
	t.Parallel()
	v := started(t)
	lists, err := v.memberLists(t.Context())
	must(t, err)
	for _, e := range edits() {
		for _, n := range []int{1, 3} {
			if n == 3 && (e.kind == model.KindSkill || e.kind == model.KindLanguage) {
				continue // the names are taken
			}
			v.clock.pass(quietBefore)
			must(t, e.do(t.Context(), editing{v.site.editor, lists}, n))
			report, err := v.run(t.Context())
			must(t, err)
			for _, c := range report.Plan.Changes {
				if c.Key.Kind != e.kind {
					t.Errorf("an edit of %s changes %s", e.kind, c.Key)
				}
			}
			_, err = v.drain(t.Context())
			must(t, err)
		}
	}
}

// The group whose lists are nearest to the mean is found, and one that does not fit never.
func TestTheUsualGroup(t *testing.T) {
	t.Parallel()
	v := started(t)
	lists, err := v.memberLists(t.Context())
	must(t, err)
	e := editing{v.site.editor, lists}
	all := 0
	for _, n := range lists {
		all += n
	}
	mean := float64(all) / float64(len(lists))
	far := func(group int64) float64 {
		n, queues := 0, 0
		for _, l := range e.Site().Links {
			if size, ok := lists[l.DN]; ok && l.Group == group {
				n, queues = n+size, queues+1
			}
		}
		d := float64(n)/float64(queues) - mean
		return max(d, -d)
	}
	usual, ok := e.usualGroup(func(int64) bool { return true })
	if !ok {
		t.Fatal("there is none")
	}
	for _, l := range e.Site().Links {
		if _, listed := lists[l.DN]; listed && far(l.Group) < far(usual)-1e-9 {
			t.Errorf("group %d is nearer to the mean than %d", l.Group, usual)
		}
	}
	if other, ok := e.usualGroup(func(g int64) bool { return g != usual }); ok && other == usual {
		t.Errorf("group %d does not fit", other)
	}
	if _, ok := e.usualGroup(func(int64) bool { return false }); ok {
		t.Error("one was found although none fits")
	}
}

// A sweep has the time of its function by the measuring clock, whatever the machine's says.
func TestASweepEndsInItsTime(t *testing.T) {
	t.Parallel()
	v := started(t)
	v.clock.callsTakeTime(true)
	v.clock.pass(quietBefore)
	c, err := v.counted(func() error { return v.sweep(context.WithoutCancel(t.Context())) })
	must(t, err)
	if c.Elapsed > syncTimeout.Seconds() || c.Elapsed < c.Calls*exOrgCall.Seconds() {
		t.Errorf("%v calls took %v s", c.Calls, c.Elapsed)
	}
}
