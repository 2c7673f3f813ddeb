package mappingtest

import (
	"maps"
	"reflect"
	"slices"

	"excs/shared/model"
)

// prints are fingerprints by key.
type prints = map[model.Key]model.Fingerprint

func users(from, to int) prints {
	p := prints{}
	for i := from; i < to; i++ {
		p[userKey(int64(i))] = model.Fingerprint(i*7919 + 1)
	}
	return p
}

func (c *C) delta(want prints) model.Delta {
	d, err := c.Store.Delta(c.Ctx, want)
	c.ok(err)
	return d
}

func (c *C) index(run int64, changed prints) { c.ok(c.Store.PutIndex(c.Ctx, run, changed)) }

func indexChecks() []Check {
	return []Check{
		{"before the first index every wanted key is new", func(c *C) {
			d := c.delta(users(1, 4))
			c.want(reflect.DeepEqual(d.New, []model.Key{userKey(1), userKey(2), userKey(3)}) && len(d.Changed)+len(d.Lost)+len(d.Mapped) == 0, "delta is %+v", d)
			c.want(c.delta(nil).Empty(), "the delta of nothing is not empty")
		}},
		{"an index that was written shows no difference", func(c *C) {
			want := users(1, 50)
			want[queueKey(1)] = 5
			c.index(1, want)
			d := c.delta(want)
			c.want(d.Empty(), "delta is %+v", d)
			c.want(reflect.DeepEqual(d.Mapped, map[model.Kind]int{model.KindUser: 49, model.KindQueue: 1}), "mapped is %v", d.Mapped)
		}},
		{"new, changed and lost keys are found in order", func(c *C) {
			have := users(1, 20)
			have[queueKey(9)] = 9
			c.index(1, have)
			want := users(3, 22)
			want[userKey(5)], want[userKey(4)] = 1, 1
			d := c.delta(want)
			c.want(reflect.DeepEqual(d, model.Delta{
				New: []model.Key{userKey(20), userKey(21)}, Changed: []model.Key{userKey(4), userKey(5)},
				Lost:   []model.Key{queueKey(9), userKey(1), userKey(2)},
				Mapped: map[model.Kind]int{model.KindUser: 19, model.KindQueue: 1},
			}), "delta is %+v", d)
		}},
		{"a marked key is told until it gets a fingerprint, whatever is wanted of it", func(c *C) {
			have := users(1, 900) // in several shards
			c.index(1, have)
			c.index(2, prints{userKey(5): model.BeingChanged, userKey(700): model.BeingChanged, queueKey(1): model.BeingChanged})
			marked := []model.Key{queueKey(1), userKey(5), userKey(700)}
			keys, err := c.Store.Marked(c.Ctx)
			c.ok(err)
			c.want(reflect.DeepEqual(keys, marked), "marked are %v", keys)
			delete(have, userKey(700))
			d := c.delta(have)
			c.want(reflect.DeepEqual(d.Marked, marked), "the delta's marks are %v", d.Marked)
			c.want(reflect.DeepEqual(d.Changed, []model.Key{userKey(5)}) && reflect.DeepEqual(d.Lost, []model.Key{queueKey(1), userKey(700)}), "delta is %+v", d)
			c.index(3, prints{userKey(5): have[userKey(5)], userKey(700): 0, queueKey(1): 0})
			keys, err = c.Store.Marked(c.Ctx)
			c.ok(err)
			c.want(len(keys) == 0 && c.delta(have).Empty(), "marked are %v", keys)
		}},
		{"a fingerprint of 0 removes the key, also the last one", func(c *C) {
			c.index(1, users(1, 3))
			c.index(2, prints{userKey(1): 0, userKey(7): 0, queueKey(1): 0})
			d := c.delta(users(2, 3))
			c.want(d.Empty() && d.Mapped[model.KindUser] == 1, "delta is %+v", d)
			c.index(3, prints{userKey(2): 0})
			d = c.delta(nil)
			c.want(d.Empty() && len(d.Mapped) == 0, "delta is %+v", d)
			d = c.delta(users(2, 3))
			c.want(len(d.New) == 1, "delta is %+v", d)
		}},
		{"an index of an earlier run is stale and changes nothing", func(c *C) {
			c.index(5, users(1, 3))
			c.code(c.Store.PutIndex(c.Ctx, 4, prints{userKey(1): 0}), model.CodeStale)
			c.want(c.delta(users(1, 3)).Empty(), "the index changed")
			c.index(5, prints{userKey(1): 0})
			c.want(c.delta(users(2, 3)).Empty(), "the same run may not write again")
		}},
		{"an index grows with the site and stays the same", growingIndex},
		{"the keys of a kind are listed in order", func(c *C) {
			got, err := c.Store.Keys(c.Ctx, model.KindUser)
			c.ok(err)
			equal(c, "keys before the first index", len(got), 0)
			have := users(1, 1000)
			have[queueKey(1)] = 1
			c.index(1, have)
			c.index(2, prints{userKey(7): 0})
			got, err = c.Store.Keys(c.Ctx, model.KindUser)
			c.ok(err)
			want := slices.SortedFunc(maps.Keys(users(1, 1000)), model.Key.Compare)
			c.want(slices.Equal(got, slices.DeleteFunc(want, func(k model.Key) bool { return k == userKey(7) })), "%d keys: %v", len(got), got)
			got, err = c.Store.Keys(c.Ctx, model.KindSkill)
			c.ok(err)
			equal(c, "keys of a kind that is not there", len(got), 0)
		}},
		{"nothing changed is nothing to write", func(c *C) {
			c.index(5, nil)
			c.index(1, users(1, 2))
		}},
	}
}

// growingIndex writes 2,600 keys in uneven portions, so that the shards double several times.
func growingIndex(c *C) {
	have := prints{}
	for i, to := range []int{10, 390, 420, 900, 1000, 2600} {
		next := users(1, to)
		changed := maps.Clone(next)
		for k := range have {
			delete(changed, k)
		}
		c.index(int64(i+1), changed)
		have = next
		d := c.delta(have)
		c.want(d.Empty() && d.Mapped[model.KindUser] == to-1, "with %d keys: %d new, %d changed, %d lost, mapped %v", to-1, len(d.New), len(d.Changed), len(d.Lost), d.Mapped)
	}
	d := c.delta(users(2, 2601))
	c.want(reflect.DeepEqual(d.New, []model.Key{userKey(2600)}) && reflect.DeepEqual(d.Lost, []model.Key{userKey(1)}) && len(d.Changed) == 0, "delta is %+v", d)
}
