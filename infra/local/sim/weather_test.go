package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
)

// weather is what goes wrong by itself, and how likely.
type weather struct {
	faults                 []*armed
	lostAnswers            int // percent of the batches
	lostEvents, duplicates int // percent of the events, of the messages
	refusedMessages        int // per thousand
	overlap, reorder       bool
	skew                   time.Duration
	sweeps                 time.Duration
	out                    map[dependency]time.Time // away until then
}

// armed is a fault that strikes in this life: at so many of a thousand calls.
type armed struct {
	fault
	often int
	die   *rand.Rand
}

func (w weather) String() string {
	text := fmt.Sprintf("lost answers %d %%, lost events %d %%, duplicates %d %%, overlap %v, reorder %v, skew %s, sweeps each %s;", w.lostAnswers, w.lostEvents, w.duplicates, w.overlap, w.reorder, w.skew, w.sweeps)
	for _, f := range w.faults {
		text += fmt.Sprintf(" %s %d,", f.name, f.often)
	}
	return text
}

// fault is something that goes wrong with a call.
type fault struct {
	name string
	of   trouble
	on   dependency
	// most is at how many of a thousand calls it strikes at most.
	most int
	// fits says which calls it can strike; nil: all of the dependency.
	fits   func(c call) bool
	strike func(rng *rand.Rand) verdict
}

// faults are all of them. Others are added at the end.
func faults() []fault {
	return slices.Concat(faultsOfStores(), faultsOfOrg())
}

func faultsOfStores() []fault {
	table := func(f mapping.Fault) func(*rand.Rand) verdict {
		return func(*rand.Rand) verdict { return verdict{table: f} }
	}
	away := &model.Error{Code: model.CodeUnavailable, Op: "call", Err: errAway}
	begin := func(c call) bool { return c.op == "begin" }
	end := func(c call) bool { return c.op == "end" }
	return []fault{
		{"table: the request is lost", troubleTable, dependsOnTable, 20, nil, table(mapping.FaultBefore)},
		{"table: the answer is lost", troubleTable, dependsOnTable, 20, nil, table(mapping.FaultAfter)},
		{"table: throttled", troubleTable, dependsOnTable, 20, nil, table(mapping.FaultThrottle)},
		{"queue: the request is lost", troubleQueue, dependsOnQueue, 30, nil, func(*rand.Rand) verdict { return verdict{before: away} }},
		{"queue: the answer is lost", troubleQueue, dependsOnQueue, 30, nil, func(*rand.Rand) verdict {
			return verdict{after: &model.Error{Code: model.CodeUnavailable, Op: "queue", Err: errLost}}
		}},
		{"engage: away", troubleEngage, dependsOnEngage, 100, begin, func(*rand.Rand) verdict { return verdict{before: away} }},
		{"engage: half read", troubleEngage, dependsOnEngage, 100, end, func(*rand.Rand) verdict { return verdict{after: errHalf} }},
		// A slow read: edits and later runs come in between.
		{"engage: slow", troubleEngage, dependsOnEngage, 150, end, func(rng *rand.Rand) verdict { return verdict{slow: seconds(rng.IntN(200))} }},
	}
}

func faultsOfOrg() []fault {
	reads := func(c call) bool { return !c.writes }
	writes := func(c call) bool { return c.writes }
	creates := func(c call) bool { return c.op == http.MethodPost && strings.Count(c.what, "/") <= 4 }
	users := func(c call) bool { return c.op == http.MethodPatch && strings.Contains(c.what, "/users/") }
	org := func(f exorgtest.Fault) func(*rand.Rand) verdict {
		return func(rng *rand.Rand) verdict {
			g := f
			if g.Status == 500 {
				g.Status = []int{500, 502, 503, 504}[rng.IntN(4)]
			}
			if g.RetryAfter > 0 {
				g.RetryAfter = seconds(1 + rng.IntN(60))
			}
			return verdict{org: &g}
		}
	}
	slow := func(rng *rand.Rand) verdict { return verdict{slow: seconds(20 + rng.IntN(60))} }
	conflict := exorgtest.Fault{Kind: exorgtest.Answer, Status: 409, Code: "general.conflict", Message: "The request conflicts with the state of the resource."}
	version := exorgtest.Fault{Kind: exorgtest.Answer, Status: 409, Message: "Version 1 does not match the current version 2."}
	return []fault{
		{"org: 5xx", troubleOrg, dependsOnOrg, 30, nil, org(exorgtest.Fault{Kind: exorgtest.Answer, Status: 500})},
		{"org: reset", troubleOrg, dependsOnOrg, 20, nil, org(exorgtest.Fault{Kind: exorgtest.Reset})},
		{"org: 429", troubleOrg, dependsOnOrg, 20, nil, org(exorgtest.Fault{Kind: exorgtest.Answer, Status: 429})},
		{"org: 429 with a time", troubleOrg, dependsOnOrg, 15, nil, org(exorgtest.Fault{Kind: exorgtest.Answer, Status: 429, RetryAfter: 1})},
		{"org: truncated", troubleOrg, dependsOnOrg, 20, nil, org(exorgtest.Fault{Kind: exorgtest.Truncate})},
		{"org: slow", troubleOrg, dependsOnOrg, 15, nil, slow},
		{"org: 5xx after the write", troubleOrg, dependsOnOrg, 60, writes, org(exorgtest.Fault{Kind: exorgtest.AnswerAfter, Status: 500})},
		{"org: reset after the write", troubleOrg, dependsOnOrg, 40, writes, org(exorgtest.Fault{Kind: exorgtest.ResetAfter})},
		{"org: a conflict with nothing behind it", troubleOrg, dependsOnOrg, 60, creates, org(conflict)},
		{"org: another version", troubleOrg, dependsOnOrg, 60, users, org(version)},
		{"org: a page repeats a row", troubleOrg, dependsOnOrg, 60, reads, org(exorgtest.Fault{Kind: exorgtest.PageRepeat})},
		{"org: a page skips a row", troubleOrg, dependsOnOrg, 60, reads, org(exorgtest.Fault{Kind: exorgtest.PageSkip})},
		{"org: a list is shuffled", troubleOrg, dependsOnOrg, 60, reads, org(exorgtest.Fault{Kind: exorgtest.Shuffle})},
		{"login: 5xx", troubleOrg, dependsOnLogin, 60, nil, org(exorgtest.Fault{Kind: exorgtest.Answer, Status: 500})},
		{"login: reset", troubleOrg, dependsOnLogin, 40, nil, org(exorgtest.Fault{Kind: exorgtest.Reset})},
		{"login: 429 with a time", troubleOrg, dependsOnLogin, 40, nil, org(exorgtest.Fault{Kind: exorgtest.Answer, Status: 429, RetryAfter: 1})},
	}
}

// drawWeather draws what a life has to stand: two thirds of all that there is, each as likely as its die says.
func (l *life) drawWeather() {
	some := func(name string, of trouble, most int) int {
		die := l.of("weather/" + name)
		if here, often := die.IntN(3) > 0, 1+die.IntN(most); here && l.troubles[of] {
			return often
		}
		return 0
	}
	w := &l.weather
	for _, f := range faults() {
		if often := some(f.name, f.of, f.most); often > 0 {
			w.faults = append(w.faults, &armed{fault: f, often: often, die: l.of("fault/" + f.name)})
		}
	}
	for _, f := range []fault{{name: "dies", of: troubleKill, most: 15}, {name: "run dies", of: troubleKillRun, most: 15}} {
		if often := some(f.name, f.of, f.most); often > 0 {
			f.fits = func(c call) bool { return c.ofRun == (f.of == troubleKillRun) }
			f.strike = func(rng *rand.Rand) verdict {
				if rng.IntN(2) == 0 {
					return verdict{die: true}
				}
				return verdict{dies: true}
			}
			w.faults = append(w.faults, &armed{fault: f, often: often, die: l.of("fault/" + f.name)})
		}
	}
	w.lostAnswers, w.lostEvents = some("lost answers", troubleQueue, 15), some("lost events", troubleEvents, 50)
	w.duplicates, w.refusedMessages = some("duplicates", troubleDuplicates, 10), some("refused messages", troubleQueue, 15)
	w.overlap, w.reorder = some("overlap", troubleOverlap, 1) > 0, some("reorder", troubleQueue, 1) > 0
	w.skew = seconds(some("skew", troubleSkew, 30))
}

// calm ends all trouble.
func (l *life) calm() {
	l.weather = weather{sweeps: l.weather.sweeps, out: map[dependency]time.Time{}}
	l.view, l.bend, l.paused = nil, nil, false
	clear(l.processes)
}

func (l *life) struckBy(kind string) { l.struck[kind]++ }

// judge decides what becomes of a call.
func (l *life) judge(t *ticket) (v verdict, what string) {
	if strings.HasPrefix(t.who.name, dryName) {
		l.oracle.asked(t)
	}
	c := t.call
	c.ofRun = kindOf(t.who.name) == "run" || kindOf(t.who.name) == "operator"
	until, away := l.weather.out[c.on]
	away = away && time.Now().Before(until)
	for _, f := range l.weather.faults {
		if f.on != "" && f.on != c.on || f.fits != nil && !f.fits(c) || f.die.IntN(1000) >= f.often {
			continue
		}
		switch struck := f.strike(f.die); {
		case struck.die:
			return struck, "  ← dies before"
		case struck.dies:
			v.dies, what = true, "  ← dies after"
		case what == "" && !away:
			v, what = struck, "  ← "+f.name
			l.struckBy(f.name)
		}
	}
	if away {
		return l.away(t, v)
	}
	return v, what
}

func (l *life) away(t *ticket, v verdict) (verdict, string) {
	switch t.call.on {
	case dependsOnTable:
		v.table = mapping.FaultBefore
	case dependsOnQueue, dependsOnEngage:
		v.before = &model.Error{Code: model.CodeUnavailable, Op: t.call.op, Err: errAway}
	default:
		f := one(l.dice, "away", exorgtest.Fault{Kind: exorgtest.Answer, Status: 503}, exorgtest.Fault{Kind: exorgtest.Reset}, exorgtest.Fault{Kind: exorgtest.Answer, Status: 502})
		v.org = &f
	}
	l.struckBy("outage of " + string(t.call.on))
	return v, "  ← away"
}

var (
	errAway = errors.New("it is away (the simulation)")
	errLost = errors.New("the answer was lost (the simulation)")
	errHalf = errors.New("only half of the rows arrive")
)
