package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/shared/excstest"
)

// Every event of a full first sync, told back after it, ends without a write to the EX Org.
func TestEchoesEndWithoutWrite(t *testing.T) {
	w := synced(t)
	events := w.news()
	if len(events) < 20 {
		t.Fatalf("a first sync that tells %d events proves nothing", len(events))
	}
	w.org.ResetCounters()
	looked := 0
	for _, e := range events {
		r := w.tell(e.Envelope)
		looked += r.Sent + r.Later
		if r.Rejected > 0 {
			t.Fatalf("not understood: %s", e.Envelope)
		}
	}
	w.settle()
	if looked == 0 || w.org.Totals().Reads == 0 {
		t.Fatal("nothing was looked at")
	}
	if n := w.org.Totals().Writes; n != 0 {
		t.Errorf("%d writes: %v", n, w.org.Calls())
	}
	if more := w.news(); len(more) > 0 {
		t.Errorf("%d further events: the echo goes on", len(more))
	}
	t.Logf("%d events, %d looks, %d reads, 0 writes", len(events), looked, w.org.Totals().Reads)
}

// Events that come back while the first sync is still at work change nothing of what it writes.
func TestEchoesDuringSync(t *testing.T) {
	alone := synced(t)
	w := newTown(t)
	if _, err := w.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	told := 0
	echo := func(excstest.Drained) {
		for _, e := range w.news() {
			w.tell(e.Envelope)
			told++
		}
	}
	for range 3 {
		if _, err := w.Drain(t.Context(), echo); err != nil {
			t.Fatal(err)
		}
	}
	w.settle()
	if told < 20 {
		t.Fatalf("%d events told", told)
	}
	if d := cmp.Diff(alone.writes(), w.writes()); d != "" {
		t.Errorf("the echoes change what is written (-alone +with them):\n%s", d)
	}
	same(t, alone, w)
}

// writes counts the writes to the EX Org by operation. Into how many calls the members of a queue are parted depends on
// which users are there when a worker comes by, so those are left out.
func (t *town) writes() map[string]int {
	calls := t.org.Calls()
	for name := range calls {
		if strings.HasPrefix(name, "GET ") || strings.HasSuffix(name, "/members") || strings.HasSuffix(name, "/oauth/token") {
			delete(calls, name)
		}
	}
	return calls
}
