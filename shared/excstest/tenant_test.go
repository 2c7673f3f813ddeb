package excstest_test

import (
	"context"
	"flag"
	"slices"
	"testing"
	"time"

	_ "pgregory.net/rapid" // its flags

	"excs/shared/excstest"
	"excs/shared/mapping"
	"excs/shared/rules"
)

// The settings are valid under both presets.
func TestSettings(t *testing.T) {
	for _, preset := range rules.Presets() {
		if s := excstest.Settings(preset); s.Preset != preset || s.Email.Domain != excstest.Domain {
			t.Errorf("%s: preset %s, domain %s", preset, s.Preset, s.Email.Domain)
		}
	}
}

// The clock moves when it is moved or slept on, never back, and tells a sleeper that its context has ended.
func TestClock(t *testing.T) {
	c := excstest.NewClock()
	begun := c.Now()
	c.Pass(time.Minute)
	c.Pass(-time.Hour)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Sleep(t.Context(), time.Second); err != nil {
		t.Error(err)
	}
	if err := c.Sleep(ended, time.Second); err == nil {
		t.Error("who sleeps on an ended context is not told")
	}
	if passed := c.Now().Sub(begun); passed != time.Minute+2*time.Second {
		t.Errorf("%s passed", passed)
	}
}

// What a table is asked for is told apart: reads and the books of calls do not count.
func TestAsked(t *testing.T) {
	var a excstest.Asked
	for _, op := range []string{"GetMany", "PutDesired", "Record read", "Reserve", "Record", "SaveToken", "PutDesired", "ListOrphans"} {
		if f := a.Note(op); f != mapping.FaultNone {
			t.Errorf("%s fails: %v", op, f)
		}
	}
	if got := a.Writes(); !slices.Equal(got, []string{"PutDesired", "Record"}) {
		t.Errorf("the writes are %v", got)
	}
	a.Forget()
	if got := a.Writes(); len(got) > 0 {
		t.Errorf("%v are not forgotten", got)
	}
}

// The number of tries is set, but for whoever asks for another on the command line.
func TestTries(t *testing.T) {
	checks := flag.Lookup("rapid.checks")
	before, asked := checks.Value.String(), false
	flag.Visit(func(f *flag.Flag) { asked = asked || f == checks })
	if asked {
		t.Skip("the command line says how often")
	}
	excstest.Tries(7)
	if got := checks.Value.String(); got != "7" {
		t.Errorf("%s tries, want 7", got)
	}
	excstest.Tries(9) // now it is as if the command line had said 7
	if got := checks.Value.String(); got != "7" {
		t.Errorf("%s tries, want the 7 that were asked for", got)
	}
	if err := checks.Value.Set(before); err != nil {
		t.Fatal(err)
	}
}
