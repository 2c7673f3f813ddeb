package main

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A field that arithmetic forgot would be a cost of nothing.
func TestArithmeticKnowsEveryField(t *testing.T) {
	t.Parallel()
	var c Counts
	for i, f := range c.fields() {
		*f = float64(i + 1)
	}
	v := reflect.ValueOf(c)
	seen := map[float64]bool{}
	for i := range v.NumField() {
		seen[v.Field(i).Float()] = true
	}
	if len(c.fields()) != v.NumField() || len(seen) != v.NumField() || seen[0] {
		t.Errorf("fields() lists %d of %d fields: %+v", len(c.fields()), v.NumField(), c)
	}
}

func anyCounts(t *rapid.T, name string) Counts {
	var c Counts
	for _, f := range c.fields() {
		*f = float64(rapid.IntRange(-1000, 1000).Draw(t, name))
	}
	return c
}

func TestArithmeticIsArithmetic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b, n := anyCounts(t, "a"), anyCounts(t, "b"), float64(rapid.IntRange(0, 50).Draw(t, "n"))
		for _, law := range []struct {
			name        string
			left, right Counts
		}{
			{"what was added is there again", a.plus(b).minus(b), a},
			{"the order of a sum does not matter", a.plus(b), b.plus(a)},
			{"n times a sum is the sum of n times each", a.plus(b).times(n), a.times(n).plus(b.times(n))},
			{"nothing is nothing", a.minus(a), Counts{}},
		} {
			if law.left != law.right {
				t.Errorf("%s: %+v, %+v", law.name, law.left, law.right)
			}
		}
		for i, f := range func() []*float64 { c := a.atLeastZero(); return c.fields() }() {
			if *f != max(0, *a.fields()[i]) {
				t.Errorf("field %d of %+v became %v", i, a, *f)
			}
		}
	})
}

// Numbers are kept with four digits, whatever their size, and read back as they were written.
func TestCountsAreKeptWithFourDigits(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(Counts{Reads: 1_720_465.5, Writes: 7, CPU: 0.000123456, Elapsed: 1.0 / 3})
	must(t, err)
	var c Counts
	must(t, json.Unmarshal(text, &c))
	want(t, c, Counts{Reads: 1_720_000, Writes: 7, CPU: 0.0001235, Elapsed: 0.3333})
}

func TestTheClockStandsStillUntilSomethingTakesTime(t *testing.T) {
	t.Parallel()
	c := newClock()
	begun := c.now()
	c.call(time.Hour)
	if !c.now().Equal(begun) {
		t.Error("a call took time although calls take none")
	}
	c.callsTakeTime(true)
	c.call(150 * time.Millisecond)
	c.pass(time.Second)
	must(t, c.sleep(t.Context(), time.Minute))
	if took := c.now().Sub(begun); took != time.Minute+1150*time.Millisecond {
		t.Errorf("it took %s", took)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := c.sleep(ended, time.Second); err == nil {
		t.Error("somebody slept on although nobody waits for it any more")
	}
	ctx := c.until(t.Context(), 15*time.Minute)
	if at, ok := ctx.Deadline(); !ok || at.Sub(c.now()) != 15*time.Minute {
		t.Errorf("the deadline is %s", at)
	}
	if ctx.Err() != nil {
		t.Error("the context ended by a clock that is not the machine's")
	}
}

// Work shows in the processor's time, and it never runs backwards.
func TestTheProcessorsTimeRises(t *testing.T) {
	t.Parallel()
	before := processorTime()
	sum := 0
	for begun := time.Now(); processorTime() == before && time.Since(begun) < 10*time.Second; {
		sum++
	}
	if after := processorTime(); after <= before {
		t.Errorf("%d loops took nothing: %s, then %s", sum, before, after)
	}
}
