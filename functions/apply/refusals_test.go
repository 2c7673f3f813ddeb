package main

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"excs/functions/internal/stage"
	"excs/shared/engage"
	"excs/shared/engage/engagetest"
	"excs/shared/excstest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/telemetry"
	"excs/shared/telemetry/telemetrytest"
	"excs/shared/wiring"
)

// Work that is put off for want of a free call tells a first load, which waits for the budget minute after minute, from a day
// on which some changes come at once: so fifteen such minutes on end mean something.
func TestRefusalsTellAFirstLoadFromADay(t *testing.T) {
	editor, reader := stage.SQLite(t, stage.Site())
	states := states(t, editor, reader, 8)
	synctest.Test(t, func(t *testing.T) {
		org := exorgtest.New(exorgtest.WithRateLimit(60))
		org.Fail(exorgtest.Fault{Kind: exorgtest.Delay, Delay: 80 * time.Millisecond})
		w := excstest.New(excstest.Config{Settings: stage.Settings(), Read: states.read, Secret: excstest.Secret(exorgtest.DefaultClientSecret), HTTP: org.Client()})
		const load = 3 // minutes, for a tiny site at 60 calls a minute
		for minute, n := range refusals(t, w, load) {
			if n == 0 {
				t.Errorf("minute %d of a first load: nothing was put off", minute)
			}
		}
		if left := refusals(t, w, 10); left[9] != 0 {
			t.Errorf("the load does not end: %v", left)
		}
		time.Sleep(time.Hour)
		states.next()
		if day := refusals(t, w, 4); day[3] != 0 {
			t.Errorf("minutes after a burst of changes: %v were put off", day)
		}
	})
}

// takes are states of Engage that were read before: SQLite has no place in a bubble.
type takes struct {
	list []take
	at   int
}

type take struct {
	snapshot *model.Snapshot
	counts   model.Counts
}

func (s *takes) read(context.Context) (*model.Snapshot, model.Counts, error) {
	return s.list[s.at].snapshot, s.list[s.at].counts, nil
}

func (s *takes) next() { s.at++ }

// states are Engage as it is, and with so many Persons renamed.
func states(t *testing.T, editor *engagetest.Editor, reader *engage.Reader, renamed int) *takes {
	t.Helper()
	s := &takes{}
	add := func() {
		snapshot, counts, err := wiring.ReadFor(reader, stage.Settings())(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.list = append(s.list, take{snapshot, counts})
	}
	add()
	for _, p := range editor.Site().Persons[:renamed] {
		if err := editor.RenamePerson(t.Context(), p.DBID, "Ada", "Lovelace "+strconv.FormatInt(p.DBID, 10)); err != nil {
			t.Fatal(err)
		}
	}
	add()
	return s
}

// wall is the clock of a bubble.
type wall struct{}

func (wall) Now() time.Time { return time.Now() }

// refusals has two workers and the schedule of every minute work for some minutes, and gives for each how often work was put
// off.
func refusals(t *testing.T, w *excstest.Service, minutes int) []int {
	t.Helper()
	set, lines := stage.Measured(w, wall{}, telemetry.FunctionApply)
	end := time.Now().Add(time.Duration(minutes) * time.Minute)
	var work sync.WaitGroup
	for range 2 {
		work.Go(func() {
			h := &Handler{Worker: w.Worker, Queue: w.Work, Log: quiet(), Instruments: set}
			for time.Now().Before(end) {
				if !oneBatch(t, w, h) {
					time.Sleep(time.Second)
				}
			}
		})
	}
	perMinute := make([]int, minutes)
	for i := range perMinute {
		if _, err := w.Sync(t.Context()); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		data, _, err := telemetrytest.Extract(lines.Take())
		if err != nil {
			t.Error(err)
		}
		for _, d := range data {
			if d.Name == string(telemetry.Refusals) {
				perMinute[i] += int(d.Values[0])
			}
		}
	}
	work.Wait()
	return perMinute
}

// oneBatch does what Lambda's poller does once; false when nothing was visible.
func oneBatch(t *testing.T, w *excstest.Service, h *Handler) bool {
	t.Helper()
	batch, err := w.Work.Receive(t.Context(), queue.BatchSize, 0)
	if err != nil || len(batch) == 0 {
		return false
	}
	answer, err := h.Handle(t.Context(), handedOver(batch))
	if err != nil {
		t.Error(err)
	}
	failed := failures(answer)
	done := slices.DeleteFunc(batch, func(r queue.Received) bool { return slices.Contains(failed, r.ID) })
	if err := w.Work.Delete(t.Context(), done); err != nil {
		t.Error(err)
	}
	return true
}
