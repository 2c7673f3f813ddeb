package sim

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"excs/shared/rules"
)

var (
	seedFlag   = flag.Uint64("sim.seed", 0, "the first seed; 0: the regression seeds, then from 1 on")
	runsFlag   = flag.Int("sim.runs", 0, "how many lives of each preset; 0: a few")
	presetFlag = flag.String("sim.preset", "", "the preset of the lives; both if it is empty")
	storyFlag  = flag.Bool("sim.story", false, "tell the story of every life")
	logFlag    = flag.String("sim.log", "", "write the whole log of the last life into this file")
)

func TestMain(m *testing.M) {
	flag.Parse()
	runtime.GOMAXPROCS(processorsOfTheLife)
	os.Exit(m.Run())
}

// progressEach is after how many lives a long run says how far it is.
const progressEach = 100

// steps are how often things happen in a life before it comes to rest.
const steps = 14

// play lives one life, in a bubble of its own, and says what was wrong.
func play(t *testing.T, s seed, keep bool) *life {
	t.Helper()
	var l *life
	synctest.Test(t, func(*testing.T) {
		l = newLife(s, keep)
		l.begin()
		for range steps {
			l.step()
		}
		l.rest()
		l.check()
		l.paused = true
		l.finish()
	})
	return l
}

// The same seed is the same life, byte for byte: every call of a twin, every change in the EX Org, every decision.
func TestSameSeedSameLife(t *testing.T) {
	for _, preset := range rules.Presets()[:1] {
		s := seed{number: 11, preset: preset}
		first, second := play(t, s, true), play(t, s, true)
		if a, b := first.log.String(), second.log.String(); a != b {
			la, lb := strings.Split(a, "\n"), strings.Split(b, "\n")
			for i := range la {
				if i >= len(lb) || la[i] != lb[i] {
					t.Fatalf("%s: line %d of %d and %d differs:\n%s\n%s", preset, i, len(la), len(lb), strings.Join(la[max(0, i-5):i+1], "\n"), strings.Join(lb[max(0, i-5):min(len(lb), i+1)], "\n"))
				}
			}
			t.Fatalf("%s: one log is longer: %d and %d lines", preset, len(la), len(lb))
		}
		if len(first.log.String()) < 10_000 {
			t.Errorf("%s: a life of %d bytes is none", preset, len(first.log.String()))
		}
	}
}

// Lives of every preset, whatever goes wrong in them: nothing happens that must never be, and at rest the EX Org is what
// Engage says.
func TestLives(t *testing.T) {
	begun := time.Now()
	struck, calls, lives, violations := map[string]int{}, 0, 0, 0
	for _, s := range seeds() {
		l := play(t, s, *logFlag != "")
		lives++
		calls += l.calls
		for kind, n := range l.struck {
			struck[kind] += n
		}
		if *logFlag != "" {
			if err := os.WriteFile(*logFlag, []byte(l.log.String()), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		violations += len(l.oracle.violations)
		if len(l.oracle.violations) > 0 {
			t.Errorf("%s: %s", s, strings.Join(l.oracle.violations, "\n\t"))
		}
		if lives%progressEach == 0 {
			t.Logf("%d lives, %d calls, %d violations, %s", lives, calls, violations, time.Since(begun).Round(time.Second))
		}
		if *storyFlag || (len(l.oracle.violations) > 0 && *runsFlag == 0) {
			t.Log(strings.Join(l.story, "\n"))
		}
	}
	fmt.Printf("%d lives, %d calls, %d violations, %s\n", lives, calls, violations, time.Since(begun).Round(time.Millisecond))
	for _, kind := range slices.Sorted(maps.Keys(struck)) {
		fmt.Printf("%8d  %s\n", struck[kind], kind)
	}
}
