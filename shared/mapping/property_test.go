package mapping_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"excs/shared/mapping"
	"excs/shared/mapping/mappingtest"
	"excs/shared/model"
)

// naive is the mapping table as one would explain it: plain maps, no encoding, no conditions.
type naive struct {
	rows   map[model.Key]*mapping.Row
	owners map[string][]model.Key
	index  map[model.Key]model.Fingerprint
	lease  mapping.Lease
	wrote  int64 // run of the last PutIndex
}

// machine drives the table and the naive one side by side.
type machine struct {
	m     *mapping.Memory
	n     *naive
	clock *mappingtest.Clock
}

var (
	ids    = rapid.IntRange(1, 3)
	tokens = rapid.SampledFrom([]string{"t1", "t2", "t3"})
	runs   = rapid.Int64Range(1, 6)
)

func drawKey(t *rapid.T) model.Key { return userKey(ids.Draw(t, "key")) }

// drawVersion is mostly the row's version.
func (s *machine) drawVersion(t *rapid.T, key model.Key) int64 {
	if r := s.n.rows[key]; r != nil && rapid.IntRange(0, 3).Draw(t, "current") > 0 {
		return r.Version
	}
	return rapid.Int64Range(1, 4).Draw(t, "version")
}

func agree(t *rapid.T, what string, err error, want model.Code) {
	if got := model.CodeOf(err); got != want {
		t.Fatalf("%s gives %q (%v), want %q", what, got, err, want)
	}
}

func (s *machine) PutDesired(t *rapid.T) {
	key, run := drawKey(t), runs.Draw(t, "run")
	w := mapping.Wish{
		Key: key, Cause: model.CauseEngage, Silent: rapid.Bool().Draw(t, "silent"), Approved: rapid.Bool().Draw(t, "approved"),
		Goal:    rapid.SampledFrom([]mapping.Goal{mapping.GoalPresent, mapping.GoalAbsent, mapping.GoalOrphan}).Draw(t, "goal"),
		Desired: model.Object{Key: key, Name: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name")},
	}
	_, err := s.m.PutDesired(t.Context(), run, w)
	agree(t, "PutDesired", err, s.n.wish(run, w, s.clock.Now()))
}

func (n *naive) wish(run int64, w mapping.Wish, now time.Time) model.Code {
	r := n.rows[w.Key]
	if r == nil {
		r = &mapping.Row{Key: w.Key}
		n.rows[w.Key] = r
	}
	same := r.Version > 0 && r.Goal == w.Goal && reflect.DeepEqual(r.Desired, w.Desired)
	switch {
	case r.Run > run:
		return model.CodeStale
	case r.Run == run && same && (w.Silent || r.Approved || !w.Approved):
		return ""
	case w.Silent && r.Version > 0 && r.Goal == w.Goal:
		r.Run, r.Desired = run, w.Desired
		if r.State == mapping.StateConverged {
			r.Applied = w.Desired.Fingerprint()
		} else {
			r.Version++
		}
		return ""
	}
	state := mapping.StatePending
	if w.Goal == mapping.GoalOrphan && r.EXID != "" && w.From.IsZero() {
		state = mapping.StateOrphan
	}
	since := now
	if r.State == state {
		since = r.Since
	}
	// An approval lasts until what it was given for is written or nobody wants it any more.
	open := r.Goal == w.Goal && (r.State == mapping.StatePending || r.State == mapping.StateWaiting || r.State == mapping.StateInvisible || r.State == mapping.StateQuarantined)
	approved := w.Approved || open && r.Approved
	*r = mapping.Row{Key: r.Key, EXID: r.EXID, Goal: w.Goal, Desired: w.Desired, Applied: r.Applied, Version: r.Version + 1, Run: run,
		State: state, Since: since, Unconverged: behind(r, state, now), Approved: approved, Intent: r.Intent, Cause: w.Cause, Written: r.Written,
		Seen: r.Seen, SeenCodes: r.SeenCodes, History: r.History}
	return ""
}

// behind says since when a row that goes over to another state is unconverged.
func behind(r *mapping.Row, to mapping.State, now time.Time) time.Time {
	working := []mapping.State{mapping.StatePending, mapping.StateWaiting, mapping.StateInvisible}
	switch {
	case !slices.Contains(working, to):
		return time.Time{}
	case slices.Contains(working, r.State):
		return r.Unconverged
	default:
		return now
	}
}

func (s *machine) Record(t *rapid.T) {
	key := drawKey(t)
	o := mapping.Outcome{
		Key: key, Version: s.drawVersion(t, key), ClearIntent: rapid.Bool().Draw(t, "clear intent"),
		EXID:    rapid.SampledFrom([]string{"", "ex1", "ex2"}).Draw(t, "EX id"),
		State:   rapid.SampledFrom(append(mapping.States(), "")).Draw(t, "state"),
		Reason:  rapid.SampledFrom([]string{"", "reason"}).Draw(t, "reason"),
		Loaded:  rapid.SampledFrom([]string{"", "ex1", "ex2"}).Draw(t, "loaded"),
		History: []mapping.Entry{{At: s.clock.Now(), Note: tokens.Draw(t, "note")}},
	}
	s.clock.Advance(time.Second)
	now := s.clock.Now()
	_, err := s.m.Record(t.Context(), o, now)
	agree(t, "Record", err, s.n.record(o, now))
}

func (n *naive) record(o mapping.Outcome, now time.Time) model.Code {
	r := n.rows[o.Key]
	if r == nil {
		return model.CodeNotFound
	}
	elsewhere := o.Version != r.Version && r.EXID != "" && r.EXID != o.Loaded // the row went over to another EX object
	if o.EXID != "" && !elsewhere {
		r.EXID = o.EXID
	}
	if o.ClearIntent {
		r.Intent = nil
	}
	r.History = append(slices.Clone(r.History), o.History...)
	if len(r.History) > mapping.HistoryLength {
		r.History = r.History[1:]
	}
	if o.Version != r.Version {
		return model.CodeStale
	}
	r.Approved = r.Approved && o.State != mapping.StateConverged && o.State != mapping.StateGone
	if o.State != "" && o.State != r.State {
		r.State, r.Since, r.Unconverged = o.State, now, behind(r, o.State, now)
	}
	if o.State != "" || o.Reason != "" {
		r.Reason = o.Reason
	}
	return ""
}

func (s *machine) MarkQueued(t *rapid.T) {
	key, token, now := drawKey(t), tokens.Draw(t, "token"), s.clock.Now()
	ok, err := s.m.MarkQueued(t.Context(), key, token, now, time.Minute)
	r := s.n.rows[key]
	if r == nil {
		agree(t, "MarkQueued", err, model.CodeNotFound)
		return
	}
	agree(t, "MarkQueued", err, "")
	free := r.Queued == nil || now.Sub(r.Queued.At) > time.Minute
	if own := r.Queued != nil && r.Queued.Token == token; ok != (free || own) {
		t.Fatalf("MarkQueued says %v, mark is %+v", ok, r.Queued)
	} else if free && !own {
		r.Queued = &mapping.Queued{Token: token, At: now}
	}
}

func (s *machine) ClearQueued(t *rapid.T) {
	key, token := drawKey(t), rapid.SampledFrom([]string{"", "t1", "t2"}).Draw(t, "token")
	_, err := s.m.ClearQueued(t.Context(), key, token)
	r := s.n.rows[key]
	if r == nil {
		agree(t, "ClearQueued", err, model.CodeNotFound)
		return
	}
	agree(t, "ClearQueued", err, "")
	if r.Queued != nil && (token == "" || r.Queued.Token == token) {
		r.Queued = nil
	}
}

func (s *machine) Intend(t *rapid.T) {
	key := drawKey(t)
	version, now := s.drawVersion(t, key), s.clock.Now()
	intent, replace := mapping.Intent{Token: tokens.Draw(t, "token"), At: now}, rapid.SampledFrom([]string{"", "t1", "t2"}).Draw(t, "replace")
	err := s.m.Intend(t.Context(), key, version, intent, replace)
	r := s.n.rows[key]
	switch {
	case r == nil:
		agree(t, "Intend", err, model.CodeNotFound)
	case r.Version != version:
		agree(t, "Intend", err, model.CodeStale)
	case r.Intent != nil && r.Intent.Token == intent.Token:
		agree(t, "Intend", err, "")
	case r.Intent != nil && r.Intent.Token != replace:
		agree(t, "Intend", err, model.CodeConflict)
	default:
		agree(t, "Intend", err, "")
		r.Intent = &intent
	}
}

func (s *machine) Release(t *rapid.T) {
	key, approved := drawKey(t), rapid.Bool().Draw(t, "approved")
	version := s.drawVersion(t, key)
	_, err := s.m.Release(t.Context(), key, version, approved, model.CauseReplay, s.clock.Now())
	r := s.n.rows[key]
	if r == nil {
		agree(t, "Release", err, model.CodeNotFound)
		return
	}
	if r.Version != version {
		agree(t, "Release", err, model.CodeStale)
		return
	}
	agree(t, "Release", err, "")
	stuck := slices.Contains([]mapping.State{mapping.StateHeld, mapping.StateQuarantined, mapping.StateInvisible, mapping.StateWaiting}, r.State)
	if !stuck && (r.State != mapping.StatePending || !approved || r.Approved) {
		return
	}
	if stuck {
		r.State, r.Since, r.Unconverged = mapping.StatePending, s.clock.Now(), behind(r, mapping.StatePending, s.clock.Now())
	}
	r.Version, r.Cause, r.Reason, r.Queued, r.Approved = r.Version+1, model.CauseReplay, "", nil, r.Approved || approved
}

func (s *machine) Forget(t *rapid.T) {
	key := drawKey(t)
	agree(t, "Forget", s.m.Forget(t.Context(), key), "")
	delete(s.n.rows, key)
}

func (s *machine) Own(t *rapid.T) {
	exID, key, share := rapid.SampledFrom([]string{"ex1", "ex2"}).Draw(t, "EX id"), drawKey(t), rapid.Bool().Draw(t, "share")
	from := []model.Key{drawKey(t)}
	err := s.m.Own(t.Context(), key.Kind, exID, key, from, share)
	if slices.Contains(s.n.owners[exID], key) {
		agree(t, "Own", err, "")
		return
	}
	left := slices.DeleteFunc(slices.Clone(s.n.owners[exID]), func(k model.Key) bool { return k == from[0] })
	if len(left) > 0 && !share {
		agree(t, "Own", err, model.CodeConflict)
		return
	}
	agree(t, "Own", err, "")
	s.n.owners[exID] = append(left, key)
}

func (s *machine) Disown(t *rapid.T) {
	exID, key := rapid.SampledFrom([]string{"ex1", "ex2"}).Draw(t, "EX id"), drawKey(t)
	agree(t, "Disown", s.m.Disown(t.Context(), key.Kind, exID, key), "")
	s.n.owners[exID] = slices.DeleteFunc(s.n.owners[exID], func(k model.Key) bool { return k == key })
	if len(s.n.owners[exID]) == 0 {
		delete(s.n.owners, exID)
	}
}

func (s *machine) PutIndex(t *rapid.T) {
	run := runs.Draw(t, "run")
	changed := map[model.Key]model.Fingerprint{}
	from, n := rapid.IntRange(1, 900).Draw(t, "from"), rapid.IntRange(0, 500).Draw(t, "keys")
	for i := range n {
		changed[userKey(from+i)] = model.Fingerprint(rapid.IntRange(0, 3).Draw(t, "print"))
	}
	err := s.m.PutIndex(t.Context(), run, changed)
	if n > 0 && run < s.n.wrote {
		agree(t, "PutIndex", err, model.CodeStale)
		return
	}
	agree(t, "PutIndex", err, "")
	for key, f := range changed {
		if s.n.index[key] = f; f == 0 {
			delete(s.n.index, key)
		}
	}
	// The head remembers the last run that wrote anything, even what stood there already.
	if n > 0 {
		s.n.wrote = max(s.n.wrote, run)
	}
}

func (s *machine) TakeLease(t *rapid.T) {
	holder, now := tokens.Draw(t, "holder"), s.clock.Now()
	l, err := s.m.TakeLease(t.Context(), holder, now, 10*time.Second)
	if held := s.n.lease; held.Holder != "" && held.Holder != holder && held.Until.After(now) {
		agree(t, "TakeLease", err, model.CodeConflict)
		return
	}
	agree(t, "TakeLease", err, "")
	s.n.lease = mapping.Lease{Run: s.n.lease.Run + 1, Holder: holder, Until: now.Add(10 * time.Second)}
	if l != s.n.lease {
		t.Fatalf("lease is %+v, want %+v", l, s.n.lease)
	}
}

func (s *machine) Wait(t *rapid.T) {
	s.clock.Advance(time.Duration(rapid.IntRange(1, 50).Draw(t, "seconds")) * time.Second)
}

// Restart forgets what the process remembers: nothing of it may matter.
func (s *machine) Restart(*rapid.T) { s.m = s.m.Restart() }

// Check compares all that can be read.
func (s *machine) Check(t *rapid.T) {
	for id := range 3 {
		key := userKey(id + 1)
		got, err := s.m.Get(t.Context(), key)
		want := s.n.rows[key]
		if want == nil {
			agree(t, "Get", err, model.CodeNotFound)
			continue
		}
		if !reflect.DeepEqual(got, *want) {
			t.Fatalf("row of %s is\n%+v (%v)\nwant\n%+v", key, got, err, *want)
		}
	}
	owners, err := s.m.Owners(t.Context(), model.KindUser, []string{"ex1", "ex2"})
	if err != nil || !maps.EqualFunc(owners, s.n.owners, func(o mapping.OwnerItem, want []model.Key) bool { return slices.Equal(o.Unjudged(), want) }) {
		t.Fatalf("owners are %v (%v), want %v", owners, err, s.n.owners)
	}
	d, err := s.m.Delta(t.Context(), s.n.index)
	if err != nil || !d.Empty() || d.Mapped[model.KindUser] != len(s.n.index) {
		t.Fatalf("delta is %+v (%v) of %d keys", d, err, len(s.n.index))
	}
	s.checkList(t)
}

func (s *machine) checkList(t *rapid.T) {
	items, err := s.m.List(t.Context(), mapping.States(), nil)
	got := map[model.Key]mapping.State{}
	for _, it := range items {
		got[it.Key] = it.State
	}
	want := map[model.Key]mapping.State{}
	for key, r := range s.n.rows {
		if r.State != mapping.StateConverged && r.State != mapping.StateGone {
			want[key] = r.State
		}
	}
	if err != nil || !maps.Equal(got, want) {
		t.Fatalf("list is %v (%v), want %v", got, err, want)
	}
}

// The twin and the naive table agree on every answer and on all that can be read, whatever is done in whatever order.
func TestTwinAgreesWithANaiveTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock := mappingtest.NewClock()
		s := &machine{
			m: mapping.NewMemory(mapping.MemoryOptions{Options: mapping.Options{Clock: clock.Now}}), clock: clock,
			n: &naive{rows: map[model.Key]*mapping.Row{}, owners: map[string][]model.Key{}, index: map[model.Key]model.Fingerprint{}},
		}
		t.Repeat(rapid.StateMachineActions(s))
	})
}

// Whatever fails on the way: a row's version only rises, a lease has one holder, no draw is lost, and when the faults end
// everything can be done again.
func TestPromisesHoldUnderFaults(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := mapping.NewMemory(mapping.MemoryOptions{})
		m.SetFault(mapping.FaultsBySeed(rapid.Int64().Draw(t, "seed"), 40))
		ctx, now := t.Context(), time.Now()
		w := mapping.Window{Kind: model.KindUser, Class: "removals", Length: time.Hour}
		version, drawn := int64(0), 0
		for run := range int64(15) {
			r, err := m.PutDesired(ctx, run+1, wish(model.Object{Key: userKey(1), Name: fmt.Sprint(run)}))
			if err == nil {
				if r.Version <= version {
					t.Fatalf("version %d follows %d", r.Version, version)
				}
				version = r.Version
			} else if e, ok := errors.AsType[*model.Error](err); !ok || !slices.Contains([]model.Code{model.CodeUnavailable, model.CodeAmbiguous, model.CodeThrottled}, e.Code) {
				t.Fatalf("a fault gave %v", err)
			}
			if ok, _, err := m.Draw(ctx, w, []string{fmt.Sprint("user/", run)}, 100, now); err == nil && ok {
				drawn++
			}
		}
		m.SetFault(nil)
		sum, err := m.Drawn(ctx, w, now)
		if err != nil || sum.Sum < drawn {
			t.Fatalf("%d were drawn, the window says %d (%v)", drawn, sum.Sum, err)
		}
		if r, err := m.PutDesired(ctx, 100, wish(model.Object{Key: userKey(1)})); err != nil || r.Version <= version {
			t.Fatalf("after the faults: %+v, %v", r, err)
		}
	})
}
