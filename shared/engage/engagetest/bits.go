package engagetest

import (
	mathbits "math/bits"
	"slices"
)

// bits is a set of agents, each numbered by its place among the agents.
type bits []uint64

// newBits returns an empty set for n agents.
func newBits(n int) bits { return make(bits, (n+63)/64) }

// set adds an agent.
func (b bits) set(i int) { b[i/64] |= 1 << (i % 64) }

// has reports whether the agent is in the set.
func (b bits) has(i int) bool { return b[i/64]&(1<<(i%64)) != 0 }

// count returns the number of agents.
func (b bits) count() int {
	n := 0
	for _, w := range b {
		n += mathbits.OnesCount64(w)
	}
	return n
}

// join returns a new set: word by word what op makes of both.
func (b bits) join(o bits, op func(x, y uint64) uint64) bits {
	out := slices.Clone(b)
	for i, w := range o {
		out[i] = op(out[i], w)
	}
	return out
}

// and, or and without are the operations of join.
func (b bits) and(o bits) bits { return b.join(o, func(x, y uint64) uint64 { return x & y }) }

func (b bits) or(o bits) bits { return b.join(o, func(x, y uint64) uint64 { return x | y }) }

func (b bits) without(o bits) bits { return b.join(o, func(x, y uint64) uint64 { return x &^ y }) }

// weighted returns the place that a number between 0 and 1 falls on in cumulative weights.
func weighted(cumulative []float64, f float64) int {
	i, _ := slices.BinarySearch(cumulative, f*cumulative[len(cumulative)-1])
	return min(i, len(cumulative)-1)
}
