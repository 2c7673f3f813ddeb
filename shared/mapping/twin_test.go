package mapping_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"excs/shared/mapping"
	"excs/shared/mapping/mappingtest"
	"excs/shared/model"
)

func wish(o model.Object) mapping.Wish {
	return mapping.Wish{Key: o.Key, Goal: mapping.GoalPresent, Desired: o, Cause: model.CauseEngage}
}

// only gives a fault to writes of one method, a number of times.
func only(op string, f mapping.Fault, times int) mapping.FaultFunc {
	var mu sync.Mutex
	return func(asked string) mapping.Fault {
		mu.Lock()
		defer mu.Unlock()
		if asked != op || times == 0 {
			return mapping.FaultNone
		}
		times--
		return f
	}
}

// What goes in and comes out shares no memory with the table.
func TestTwinCopiesDeeply(t *testing.T) {
	m := mapping.NewMemory(mapping.MemoryOptions{})
	o := mappingtest.User(1)
	_, err := m.PutDesired(t.Context(), 1, wish(o))
	must(t, err)
	o.Skills[0].Name = "changed by the caller"
	r, err := m.Get(t.Context(), o.Key)
	must(t, err)
	if r.Desired.Skills[0].Name != "Billing" {
		t.Error("the caller's change reached the table")
	}
	r.Desired.Skills[0].Name = "changed by the reader"
	again, err := m.Get(t.Context(), o.Key)
	must(t, err)
	if again.Desired.Skills[0].Name != "Billing" {
		t.Error("the reader's change reached the table")
	}
}

// A fault before the write leaves nothing, a lost answer leaves the write, a refusal for rate leaves nothing; each has its
// code.
func TestTwinFailsAsTheTableDoes(t *testing.T) {
	for _, c := range []struct {
		name  string
		op    string
		fault mapping.Fault
		code  model.Code
		done  bool
	}{
		{"a write that never arrives is unavailable", "PutDesired", mapping.FaultBefore, model.CodeUnavailable, false},
		{"a write whose answer is lost is ambiguous and done", "PutDesired", mapping.FaultAfter, model.CodeAmbiguous, true},
		{"a write that is refused for its rate is throttled", "PutDesired", mapping.FaultThrottle, model.CodeThrottled, false},
		{"a read before a write whose answer is lost is unavailable", "PutDesired read", mapping.FaultAfter, model.CodeUnavailable, false},
		{"a read before a write can be refused for its rate", "PutDesired read", mapping.FaultThrottle, model.CodeThrottled, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := mapping.NewMemory(mapping.MemoryOptions{Fault: only(c.op, c.fault, 1)})
			_, err := m.PutDesired(t.Context(), 1, wish(mappingtest.User(1)))
			if model.CodeOf(err) != c.code {
				t.Errorf("error %v has code %q, want %q", err, model.CodeOf(err), c.code)
			}
			if e, ok := errors.AsType[*model.Error](err); !ok || !strings.Contains(err.Error(), "user/1") {
				t.Errorf("the error does not name the row: %v (%v)", err, e)
			}
			_, err = m.Get(t.Context(), mappingtest.User(1).Key)
			if done := err == nil; done != c.done {
				t.Errorf("the row is there: %v, want %v", done, c.done)
			}
		})
	}
}

// After an ambiguous answer the caller may simply try again: the second attempt finds the first one's work.
func TestRepeatedAfterLostAnswer(t *testing.T) {
	ctx, now := t.Context(), time.Now()
	key := mappingtest.User(1).Key
	intent := mapping.Intent{Token: "i", At: now}
	history := []mapping.Entry{{At: now, Action: model.ActionCreate}}
	for _, c := range []struct {
		op    string
		do    func(m *mapping.Memory) error
		check func(r mapping.Row) bool
	}{
		{"MarkQueued", func(m *mapping.Memory) error { _, err := m.MarkQueued(ctx, key, "q", now, time.Hour); return err },
			func(r mapping.Row) bool { return r.Queued != nil }},
		{"Intend", func(m *mapping.Memory) error { return m.Intend(ctx, key, 1, intent, "") },
			func(r mapping.Row) bool { return r.Intent != nil }},
		{"Record", func(m *mapping.Memory) error {
			_, err := m.Record(ctx, mapping.Outcome{Key: key, Version: 1, State: mapping.StateConverged, History: history}, now)
			return err
		}, func(r mapping.Row) bool { return r.State == mapping.StateConverged && len(r.History) == 1 }},
		{"Own", func(m *mapping.Memory) error { return m.Own(ctx, key.Kind, "ex", key, nil, false) },
			func(mapping.Row) bool { return true }},
		{"PutDesired", func(m *mapping.Memory) error {
			_, err := m.PutDesired(ctx, 2, wish(mappingtest.User(1)))
			return err
		}, func(r mapping.Row) bool { return r.Version == 2 }},
		{"ReleaseLease", func(m *mapping.Memory) error { return m.ReleaseLease(ctx, mapping.Lease{Run: 1, Holder: "a"}) },
			func(mapping.Row) bool { return true }},
	} {
		t.Run(c.op, func(t *testing.T) {
			m := mapping.NewMemory(mapping.MemoryOptions{})
			_, err := m.PutDesired(ctx, 1, wish(mappingtest.User(1)))
			must(t, err)
			_, err = m.TakeLease(ctx, "a", now, time.Hour)
			must(t, err)
			m.SetFault(only(c.op, mapping.FaultAfter, 1))
			if err := c.do(m); model.CodeOf(err) != model.CodeAmbiguous {
				t.Fatalf("the fault gave %v", err)
			}
			must(t, c.do(m))
			r, err := m.Get(ctx, key)
			must(t, err)
			if !c.check(r) {
				t.Errorf("row is %+v", r)
			}
		})
	}
}

// Faults by seed come at the rate that was asked for, in all three ways, and again for the same seed.
func TestFaultsBySeed(t *testing.T) {
	counts := map[mapping.Fault]int{}
	a, b := mapping.FaultsBySeed(7, 30), mapping.FaultsBySeed(7, 30)
	for range 3000 {
		f := a("Get")
		if f != b("Get") {
			t.Fatal("the same seed gives other faults")
		}
		counts[f]++
	}
	for _, f := range []mapping.Fault{mapping.FaultBefore, mapping.FaultAfter, mapping.FaultThrottle} {
		if counts[f] < 200 || counts[f] > 400 {
			t.Errorf("fault %d came %d times of 3000, want about 300", f, counts[f])
		}
	}
}

// Only the sparse index lags: the row itself is read as it was written.
func TestTwinIndexLags(t *testing.T) {
	clock := mappingtest.NewClock()
	m := mapping.NewMemory(mapping.MemoryOptions{Options: mapping.Options{Clock: clock.Now}, LagSeed: 3, MaxLag: time.Second})
	lagged := 0
	for i := range int64(20) {
		r, err := m.PutDesired(t.Context(), 1, wish(mappingtest.User(i+1)))
		must(t, err)
		if got, err := m.Get(t.Context(), r.Key); err != nil || got.Version != 1 {
			t.Fatalf("the row itself lags: %+v, %v", got, err)
		}
	}
	items, err := m.List(t.Context(), []mapping.State{mapping.StatePending}, nil)
	must(t, err)
	if lagged = 20 - len(items); lagged == 0 {
		t.Error("nothing lags")
	}
	clock.Advance(time.Second)
	items, err = m.List(t.Context(), []mapping.State{mapping.StatePending}, nil)
	must(t, err)
	if len(items) != 20 {
		t.Errorf("after the longest lag %d of 20 rows show", len(items))
	}
}

// A row's changes never overtake each other in the lagging index: at the end it shows the last state, whatever the seed.
func TestTwinIndexLagKeepsOrder(t *testing.T) {
	for seed := range int64(20) {
		clock := mappingtest.NewClock()
		m := mapping.NewMemory(mapping.MemoryOptions{Options: mapping.Options{Clock: clock.Now}, LagSeed: seed, MaxLag: time.Second})
		r, err := m.PutDesired(t.Context(), 1, wish(mappingtest.User(1)))
		must(t, err)
		for i, s := range []mapping.State{mapping.StateHeld, mapping.StateConverged, mapping.StateQuarantined, mapping.StateWaiting} {
			_, err := m.Record(t.Context(), mapping.Outcome{Key: r.Key, Version: 1, State: s}, clock.Now())
			must(t, err)
			if i == 2 {
				m.Lag(seed, 0)
			}
		}
		clock.Advance(time.Second)
		items, err := m.List(t.Context(), mapping.States(), nil)
		must(t, err)
		if len(items) != 1 || items[0].State != mapping.StateWaiting {
			t.Errorf("seed %d: the index shows %+v", seed, items)
		}
	}
}

// A twin of 100,000 rows is quick enough for the stress tier, and many goroutines may use it.
func TestTwinHoldsAHundredThousandRows(t *testing.T) {
	if testing.Short() {
		t.Skip("100,000 rows take a few seconds")
	}
	m := mapping.NewMemory(mapping.MemoryOptions{})
	const workers, each = 8, 12_500
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := range each {
				key := model.Key{Kind: model.KindUser, DBID: int64(w*each + i + 1)}
				if _, err := m.PutDesired(t.Context(), 1, wish(model.Object{Key: key, Name: "user"})); err != nil {
					t.Errorf("%s: %v", key, err)
					return
				}
			}
		})
	}
	group.Wait()
	if m.Items() != workers*each {
		t.Errorf("the table holds %d items", m.Items())
	}
	items, err := m.List(t.Context(), []mapping.State{mapping.StatePending}, []model.Kind{model.KindUser})
	must(t, err)
	if len(items) != workers*each {
		t.Errorf("%d rows are listed", len(items))
	}
}

// crashed writes an index that dies at request number n of PutIndex, counted from 0, and gives a new process.
func crashed(t *testing.T, m *mapping.Memory, run int64, changed map[model.Key]model.Fingerprint, n int) (*mapping.Memory, bool) {
	t.Helper()
	var mu sync.Mutex
	asked := 0
	m.SetFault(func(op string) mapping.Fault {
		mu.Lock()
		defer mu.Unlock()
		asked++
		if strings.HasPrefix(op, "PutIndex") && asked > n {
			return mapping.FaultBefore
		}
		return mapping.FaultNone
	})
	err := m.PutIndex(t.Context(), run, changed)
	m.SetFault(nil)
	return m.Restart(), err != nil
}

// An index whose writer dies at any request heals: the next Delta finds exactly what the shards do not hold, the next
// PutIndex sets the head right, and then a run reads the head alone.
func TestIndexHealsAfterACrashAtAnyRequest(t *testing.T) {
	for name, sizes := range map[string][2]int{"first index": {0, 900}, "changes in place": {900, 905}, "growing shards": {700, 1300}} {
		t.Run(name, func(t *testing.T) {
			crashes := 0
			for n := 0; ; n++ {
				m := mapping.NewMemory(mapping.MemoryOptions{})
				before, after := prints(sizes[0], 1), prints(sizes[1], 1)
				after[userKey(2)] = 99
				must(t, m.PutIndex(t.Context(), 1, before))
				next, died := crashed(t, m, 2, after, n)
				if !died {
					break
				}
				crashes++
				heal(t, next, before, after, n)
			}
			if crashes < 4 {
				t.Errorf("the writer died at %d places only", crashes)
			}
		})
	}
}

func heal(t *testing.T, m *mapping.Memory, before, after map[model.Key]model.Fingerprint, n int) {
	t.Helper()
	d, err := m.Delta(t.Context(), after)
	must(t, err)
	changed := maps.Clone(after)
	for key, f := range changed {
		if before[key] == f {
			delete(changed, key)
		}
	}
	if len(d.Lost) != 0 || len(d.New)+len(d.Changed) > len(changed) {
		t.Fatalf("request %d: delta has %d new, %d changed, %d lost, of %d changes", n, len(d.New), len(d.Changed), len(d.Lost), len(changed))
	}
	todo := map[model.Key]model.Fingerprint{}
	for _, key := range append(d.New, d.Changed...) {
		todo[key] = after[key]
	}
	must(t, m.PutIndex(t.Context(), 3, todo))
	m.ResetUnits()
	d, err = m.Delta(t.Context(), after)
	must(t, err)
	if !d.Empty() || d.Mapped[model.KindUser] != len(after) {
		t.Fatalf("request %d: after healing delta is %+v", n, d)
	}
	if u := m.Units(); u.Requests != 1 {
		t.Errorf("request %d: after healing a run sends %d requests", n, u.Requests)
	}
}

func userKey(dbid int) model.Key { return model.Key{Kind: model.KindUser, DBID: int64(dbid)} }

func prints(n int, salt uint64) map[model.Key]model.Fingerprint {
	p := map[model.Key]model.Fingerprint{}
	for i := range n {
		p[userKey(i+1)] = model.Fingerprint((uint64(i) + salt) * 0x9e3779b97f4a7c15)
	}
	return p
}

// A run that lost its lease can not write over shards of a later one, even if that died before its head.
func TestEarlierRunCanNotWriteOverALaterShard(t *testing.T) {
	m := mapping.NewMemory(mapping.MemoryOptions{})
	must(t, m.PutIndex(t.Context(), 1, prints(10, 1)))
	next, died := crashed(t, m, 5, map[model.Key]model.Fingerprint{userKey(1): 55}, 4)
	if !died {
		t.Fatal("the writer did not die")
	}
	err := next.PutIndex(t.Context(), 4, map[model.Key]model.Fingerprint{userKey(1): 44})
	if model.CodeOf(err) != model.CodeStale {
		t.Errorf("the earlier run gets %v", err)
	}
	want := prints(10, 1)
	want[userKey(1)] = 55
	d, err := next.Delta(t.Context(), want)
	must(t, err)
	if !d.Empty() {
		t.Errorf("delta is %+v", d)
	}
}

// While a head is behind its shards, Delta counts what the shards hold: the guard's shares rest on it.
func TestMappedCountsAreTrueAfterACrash(t *testing.T) {
	m := mapping.NewMemory(mapping.MemoryOptions{})
	must(t, m.PutIndex(t.Context(), 1, prints(100, 1)))
	// Reads of the head, of the shard, and its write go through; the head's write does not.
	next, died := crashed(t, m, 2, map[model.Key]model.Fingerprint{userKey(1): 0, userKey(2): 0}, 4)
	if !died {
		t.Fatal("the writer did not die")
	}
	want := prints(100, 1)
	delete(want, userKey(1))
	delete(want, userKey(2))
	d, err := next.Delta(t.Context(), want)
	must(t, err)
	if got := d.Mapped[model.KindUser]; got != 98 || !d.Empty() {
		t.Errorf("%d users are mapped, want 98; delta is %+v", got, d)
	}
}

// A reader that has seen the head of a large document still gets it whole when a writer replaces it, hours apart, before its
// parts are read; overtaken twice, it starts over and gets the newest.
func TestReaderOfADocumentIsOvertaken(t *testing.T) {
	for overtaken, want := range []string{"0", "0", "2"} {
		clock := mappingtest.NewClock()
		m := mapping.NewMemory(mapping.MemoryOptions{Options: mapping.Options{Clock: clock.Now}})
		must(t, m.PutDocument(t.Context(), "plan", 0, large("0")))
		clock.Advance(2 * time.Hour)
		asked := 0
		m.SetFault(func(op string) mapping.Fault {
			if op != "GetDocument" {
				return mapping.FaultNone
			}
			if asked++; asked == 2 { // the parts, after the head
				for i := range overtaken {
					must(t, m.PutDocument(t.Context(), "plan", 0, large(fmt.Sprint(i+1))))
					clock.Advance(2 * time.Hour)
				}
			}
			return mapping.FaultNone
		})
		got, err := m.GetDocument(t.Context(), "plan")
		must(t, err)
		if !bytes.Equal(got, large(want)) {
			t.Errorf("overtaken %d times the reader got another document than number %s (%d bytes)", overtaken, want, len(got))
		}
	}
}

// large is a document that takes parts, another one for each salt: it does not get smaller by packing.
func large(salt string) []byte {
	seed := sha256.Sum256([]byte(salt))
	b := make([]byte, 310_000)
	_, _ = rand.NewChaCha8(seed).Read(b) // never fails
	return b
}

// Large documents leave at most the generation before behind, and parts that a dying writer left go later.
func TestDocumentsLeaveNoGarbage(t *testing.T) {
	clock := mappingtest.NewClock()
	m := mapping.NewMemory(mapping.MemoryOptions{Options: mapping.Options{Clock: clock.Now}})
	var most int
	for i := range 6 {
		m.SetFault(only("PutDocument", mapping.FaultBefore, i%2)) // every other writer dies at its first part
		if err := m.PutDocument(t.Context(), "plan", int64(i+1), large(fmt.Sprint(i))); err != nil && model.CodeOf(err) != model.CodeUnavailable {
			t.Fatal(err)
		}
		m.SetFault(nil)
		clock.Advance(2 * time.Hour)
		most = max(most, m.Items())
	}
	if most > 10 {
		t.Errorf("the table held up to %d items for one document", most)
	}
	must(t, m.DeleteDocument(t.Context(), "plan"))
	if m.Items() != 0 {
		t.Errorf("%d items are left of a deleted document", m.Items())
	}
}
