package mappingtest

import (
	"fmt"
	"slices"
	"sync/atomic"

	"excs/shared/model"
)

// owns checks the owners of the user "ex".
func (c *C) owns(want ...model.Key) {
	const exID = "ex"
	got, err := c.Store.Owners(c.Ctx, model.KindUser, []string{exID})
	c.ok(err)
	c.want(slices.Equal(got[exID].Unjudged(), want), "owners of %s are %v, want %v", exID, got[exID], want)
	_, listed := got[exID]
	c.want(listed == (len(want) > 0), "%s without an owner is in the map", exID)
}

func (c *C) own(exID string, key model.Key, from []model.Key, share bool) error {
	return c.Store.Own(c.Ctx, model.KindUser, exID, key, from, share)
}

func ownerChecks() []Check {
	a, b, d := userKey(1), userKey(2), userKey(3)
	return []Check{
		{"an EX object without owner is taken, twice is fine", func(c *C) {
			c.owns()
			c.ok(c.own("ex", a, nil, false))
			c.ok(c.own("ex", a, nil, false))
			c.owns(a)
		}},
		{"an EX object of another key is a conflict that names the owner", func(c *C) {
			c.ok(c.own("ex", a, nil, false))
			err := c.own("ex", b, nil, false)
			c.code(err, model.CodeConflict)
			c.want(contains(err, a.String()), "the error does not name %s: %v", a, err)
			c.owns(a)
		}},
		{"an EX object is taken over from named owners, if they are all of them", func(c *C) {
			c.ok(c.own("ex", a, nil, false))
			c.ok(c.own("ex", b, nil, true))
			c.code(c.own("ex", d, []model.Key{a}, false), model.CodeConflict)
			c.owns(a, b)
			c.ok(c.own("ex", d, []model.Key{b, a}, false))
			c.owns(d)
			c.ok(c.own("ex", d, []model.Key{b, a}, false))
			c.owns(d)
		}},
		{"a shared EX object has several owners, and the last one's leaving frees it", func(c *C) {
			c.ok(c.own("ex", a, nil, true))
			c.ok(c.own("ex", b, nil, true))
			c.owns(a, b)
			c.ok(c.Store.Disown(c.Ctx, model.KindUser, "ex", a))
			c.owns(b)
			c.ok(c.Store.Disown(c.Ctx, model.KindUser, "ex", a))
			c.owns(b)
			c.ok(c.Store.Disown(c.Ctx, model.KindUser, "ex", b))
			c.owns()
			c.ok(c.Store.Disown(c.Ctx, model.KindUser, "ex", b))
			c.ok(c.own("ex", d, nil, false))
		}},
		{"owners are apart by kind", func(c *C) {
			c.ok(c.own("ex", a, nil, false))
			c.ok(c.Store.Own(c.Ctx, model.KindQueue, "ex", queueKey(1), nil, false))
			c.owns(a)
		}},
		{"owners are read by hundreds, doubles and empty ids do no harm", func(c *C) {
			ids := []string{"", "ex0"}
			for i := range 120 {
				ids = append(ids, fmt.Sprint("ex", i))
				if i%3 == 0 {
					c.ok(c.own(fmt.Sprint("ex", i), userKey(int64(i)), nil, false))
				}
			}
			got, err := c.Store.Owners(c.Ctx, model.KindUser, ids)
			c.ok(err)
			equal(c, "owned", len(got), 40)
			c.want(slices.Equal(got["ex3"].Unjudged(), []model.Key{userKey(3)}), "owners of ex3 are %v", got["ex3"])
		}},
		{"an owner needs an id and a key", func(c *C) {
			c.code(c.own("", a, nil, false), model.CodeInvalid)
			c.code(c.own("ex", model.Key{}, nil, false), model.CodeInvalid)
		}},
		{"of 20 racing owners one has it", func(c *C) {
			var won atomic.Int64
			together(20, func(i int) {
				switch err := c.own("ex", userKey(int64(i)), nil, false); model.CodeOf(err) {
				case "":
					won.Add(1)
				case model.CodeConflict:
				default:
					c.Errorf("owner %d: %v", i, err)
				}
			})
			equal(c, "owners that won", won.Load(), 1)
		}},
		{"20 racing sharers all have it", func(c *C) {
			together(20, func(i int) {
				if err := c.own("ex", userKey(int64(i)), nil, true); err != nil {
					c.Errorf("owner %d: %v", i, err)
				}
			})
			got, err := c.Store.Owners(c.Ctx, model.KindUser, []string{"ex"})
			c.ok(err)
			equal(c, "owners", len(got["ex"].Unjudged()), 20)
		}},
	}
}
