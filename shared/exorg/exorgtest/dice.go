package exorgtest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// dice is the only source of chance: the same seed and the same order of calls give the same organisation.
type dice struct {
	mu  sync.Mutex
	rng *rand.Rand
}

func newDice(seed uint64) *dice {
	return &dice{rng: rand.New(rand.NewPCG(seed, 0x45584f5247))} //nolint:gosec // repeatable by seed on purpose; nothing here protects anything
}

// chance is true in a share p of the calls.
func (d *dice) chance(p float64) bool {
	if p <= 0 {
		return false
	}
	if p >= 1 {
		return true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rng.Float64() < p
}

// below returns a time from nothing up to d.
func (d *dice) below(most time.Duration) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Duration(d.rng.Int64N(int64(most) + 1))
}

// uuid returns a version 4 UUID.
func (d *dice) uuid() string {
	d.mu.Lock()
	a, b := d.rng.Uint64(), d.rng.Uint64()
	d.mu.Unlock()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0x3fff|0x8000, b&0xffffffffffff)
}

// word returns hexadecimal digits for a bearer token.
func (d *dice) word() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return fmt.Sprintf("%016x%016x", d.rng.Uint64(), d.rng.Uint64())
}

func (d *dice) shuffle(n int, swap func(i, j int)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rng.Shuffle(n, swap)
}

// newID returns the id of an object that is made.
func (w *world) newID(kind Kind, name string) string {
	id := w.dice.uuid()
	if w.cfg.ids == nil {
		return id
	}
	return cmp.Or(w.cfg.ids(kind, name), id)
}

// nameIn returns the name in a body, "" without one.
func nameIn(in doc) string {
	name, _, _ := in.text("name")
	return name
}
