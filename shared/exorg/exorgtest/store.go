package exorgtest

import (
	"slices"
	"time"
)

// rev is one committed state of an object. The value is never changed after it is put: every write makes a new one, so that
// a reader that is told an older state (read lag, index lag) gets it whole.
type rev[T any] struct {
	at    time.Time
	value *T // nil: the object is gone
}

// record is an object with as much of its past as the lags ask for.
type record[T any] struct {
	id   string
	revs []rev[T] // oldest first, at least one
}

// now returns the committed state, or nil when the object is gone.
func (r *record[T]) now() *T { return r.revs[len(r.revs)-1].value }

// seen returns the state that a reader behind by lag is told at the given time; nil: it sees no such object.
func (r *record[T]) seen(now time.Time, lag time.Duration) *T {
	if lag <= 0 {
		return r.now()
	}
	t := now.Add(-lag)
	for i := len(r.revs) - 1; i >= 0; i-- {
		if !r.revs[i].at.After(t) {
			return r.revs[i].value
		}
	}
	return nil
}

// seenSide returns the state by which a lagging reader is told what hangs on an object (skills, members, codes): of an object that is newer
// than the lag that is the state in which it was made, because its lists are there as soon as it is. nil: the object is gone.
func (r *record[T]) seenSide(now time.Time, lag time.Duration) *T {
	if v := r.seen(now, lag); v != nil || r.now() == nil {
		return v
	}
	return r.revs[0].value
}

// table is all objects of a kind, in order of creation, with an index from words (e-mail, name, peer id, external id) to
// records. A bucket may hold records that had the word once: whoever looks up checks the state it sees.
type table[T any] struct {
	keep  time.Duration
	words func(*T) []string
	byID  map[string]*record[T]
	order []*record[T]
	index map[string][]*record[T]
	gone  int
}

func newTable[T any](keep time.Duration, words func(*T) []string) *table[T] {
	return &table[T]{keep: keep, words: words, byID: map[string]*record[T]{}, index: map[string][]*record[T]{}}
}

// get returns the record of an id, or nil.
func (t *table[T]) get(id string) *record[T] { return t.byID[id] }

// find returns the records that have or had the word.
func (t *table[T]) find(word string) []*record[T] { return t.index[word] }

// put commits a new state. A nil value removes the object.
func (t *table[T]) put(id string, value *T, now time.Time) *record[T] {
	r := t.byID[id]
	var before []string
	if r == nil {
		r = &record[T]{id: id}
		t.byID[id] = r
		t.order = append(t.order, r)
	} else if old := r.now(); old != nil {
		before = t.words(old)
	}
	r.revs = append(trim(r.revs, now.Add(-t.keep)), rev[T]{at: now, value: value})
	if t.keep <= 0 {
		r.revs = slices.Clone(r.revs[len(r.revs)-1:])
	}
	var after []string
	if value != nil {
		after = t.words(value)
	}
	t.reindex(r, before, after)
	if value == nil && before != nil {
		t.compact(now)
	}
	return r
}

// trim drops the states that no reader can be told any more: all before the last one that is at or before the horizon.
func trim[T any](revs []rev[T], horizon time.Time) []rev[T] {
	first := 0
	for i := range revs {
		if !revs[i].at.After(horizon) {
			first = i
		}
	}
	return revs[first:]
}

func (t *table[T]) reindex(r *record[T], before, after []string) {
	for _, w := range before {
		if t.keep <= 0 && !slices.Contains(after, w) {
			t.unindex(w, r)
		}
	}
	for _, w := range after {
		if slices.Contains(before, w) {
			continue
		}
		bucket := slices.DeleteFunc(t.index[w], func(o *record[T]) bool { return o == r || !t.ever(o, w) })
		t.index[w] = append(bucket, r)
	}
}

func (t *table[T]) unindex(w string, r *record[T]) {
	bucket := slices.DeleteFunc(t.index[w], func(o *record[T]) bool { return o == r })
	if len(bucket) == 0 {
		delete(t.index, w)
		return
	}
	t.index[w] = bucket
}

// ever says whether any state that is still kept has the word.
func (t *table[T]) ever(r *record[T], w string) bool {
	return slices.ContainsFunc(r.revs, func(v rev[T]) bool { return v.value != nil && slices.Contains(t.words(v.value), w) })
}

// compact forgets removed objects once they are half of the table and no lagging reader can see them.
func (t *table[T]) compact(now time.Time) {
	t.gone++
	if t.gone < 64 || t.gone*2 < len(t.order) {
		return
	}
	horizon := now.Add(-t.keep)
	t.gone = 0
	t.order = slices.DeleteFunc(t.order, func(r *record[T]) bool {
		if r.now() != nil {
			return false
		}
		if t.keep > 0 && r.revs[len(r.revs)-1].at.After(horizon) {
			t.gone++
			return false
		}
		delete(t.byID, r.id)
		return true
	})
}
