package expression

import (
	"iter"
	"math/bits"
)

const wordBits = 64

// Set is a set of agents, by their index in a [Population]. The zero value is empty.
type Set struct {
	words []uint64
	size  int // the agents that there are: indices from 0 to size-1
}

func emptySet(size int) Set {
	return Set{words: make([]uint64, (size+wordBits-1)/wordBits), size: size}
}

func fullSet(size int) Set {
	s := emptySet(size)
	s.invert()
	return s
}

// Contains says whether the set holds an agent; one that the population does not have is in no set.
func (s Set) Contains(agent int) bool {
	return agent >= 0 && agent < s.size && s.words[agent/wordBits]>>(agent%wordBits)&1 == 1
}

// Len gives the number of agents in the set.
func (s Set) Len() int {
	n := 0
	for _, w := range s.words {
		n += bits.OnesCount64(w)
	}
	return n
}

// All goes through the agents in rising order.
func (s Set) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, w := range s.words {
			for ; w != 0; w &= w - 1 {
				if !yield(i*wordBits + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}

// The methods below change the set in place: only sets that nobody else holds yet.

func (s Set) add(agent int) { s.words[agent/wordBits] |= 1 << (agent % wordBits) }

func (s Set) unite(other Set) {
	for i, w := range other.words {
		s.words[i] |= w
	}
}

func (s Set) intersect(other Set) {
	for i, w := range other.words {
		s.words[i] &= w
	}
}

// invert keeps the bits after the last agent clear, for Len and All.
func (s Set) invert() {
	for i := range s.words {
		s.words[i] = ^s.words[i]
	}
	if rest := s.size % wordBits; rest != 0 {
		s.words[len(s.words)-1] &= 1<<rest - 1
	}
}

func (s Set) clone() Set {
	return Set{words: append([]uint64(nil), s.words...), size: s.size}
}
