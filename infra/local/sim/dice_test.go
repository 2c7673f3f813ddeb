package sim

import (
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// dice are the chances of a life: for each thing that may happen a stream of its own, by its name. So a thing that is added
// later leaves the draws of all others as they are, and with them what a seed that was kept means.
type dice struct {
	seed    uint64
	streams map[string]*rand.Rand
}

func newDice(seed uint64) *dice { return &dice{seed: seed, streams: map[string]*rand.Rand{}} }

// of gives the stream of a name.
func (d *dice) of(name string) *rand.Rand {
	r := d.streams[name]
	if r == nil {
		h := fnv.New64a()
		_, _ = h.Write([]byte(name)) // a hash takes everything
		r = rand.New(rand.NewPCG(d.seed, h.Sum64()))
		d.streams[name] = r
	}
	return r
}

// n draws from 0 to n-1.
func (d *dice) n(name string, n int) int { return d.of(name).IntN(n) }

// in says whether a chance of so many in a hundred comes true.
func (d *dice) in(name string, percent int) bool { return d.of(name).IntN(100) < percent }

// upTo draws a number of seconds below n.
func (d *dice) upTo(name string, n int) time.Duration { return seconds(d.of(name).IntN(n)) }

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// one draws one of a list.
func one[T any](d *dice, name string, list ...T) T { return list[d.of(name).IntN(len(list))] }
