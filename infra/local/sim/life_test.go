package sim

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"excs/infra/local/world"
	"excs/infra/local/world/worldtest"
	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/rules"
)

// life is one tenant from its first run to its rest, with everything that happens in between drawn from a seed.
type life struct {
	seed   uint64
	preset rules.Preset
	rng    *rand.Rand
	gate   *gate

	org    *exorgtest.Org
	editor *engagetest.Editor
	root   *world.World // makes the twins; used by the simulation itself, never by an actor
	config world.Config
	skews  map[string]time.Duration

	processes map[string]*world.World
	actors    []*actor
	started   int
	made      int // processes
	tokens    int
	last      *actor // whose turn it was
	sticky    int    // percent: how likely the last one has the next turn too

	begun    time.Time
	due      map[string]time.Time // when the schedule comes next
	interval time.Duration        // of the schedule
	workers  int
	paused   bool     // the pollers rest: messages grow old
	events   int      // the last event that was told
	dry      int      // runs without anything to do at rest
	listed   []string // DBIDs of queues that wait for a person at rest

	weather weather
	view    *engagetest.Site // what a read of Engage shows in place of the site; nil: the site
	plan    heldPlan

	oracle *oracle
	figures
	log   *strings.Builder // nil: only its hash is kept
	story []string
	sum   uint64
}

// figures are what a life did.
type figures struct {
	struck map[string]int
	calls  int
}

// heldPlan is what the last run showed to an operator.
type heldPlan struct {
	hash string
	keys []model.Key
	back string // the hash that accepts a source that went back
}

const processorsOfTheLife = 1

func newLife(seed uint64, preset rules.Preset, keep bool) *life {
	l := &life{
		seed: seed, preset: preset, rng: rand.New(rand.NewPCG(seed, 1)), gate: newGate(), skews: map[string]time.Duration{},
		processes: map[string]*world.World{}, begun: time.Now(), interval: time.Minute, due: map[string]time.Time{}, workers: 1,
		figures: figures{struck: map[string]int{}},
	}
	if keep {
		l.log = &strings.Builder{}
	}
	l.workers, l.sticky = 1+l.rng.IntN(3), l.rng.IntN(100)
	site := engagetest.NewOfSize(sizeOf(l.rng), seed)
	l.editor = engagetest.NewEditor(site, nil, engagetest.SQLite)
	l.org = exorgtest.New(l.orgOptions()...)
	s := worldtest.Settings(preset)
	l.config = world.Config{
		Settings: s, Secret: worldtest.Secret(exorgtest.DefaultClientSecret), Now: time.Now, NewToken: l.newToken, Random: l.random,
		Table: mapping.MemoryOptions{Options: mapping.Options{Stamps: l.newToken}, LagSeed: int64(seed), MaxLag: time.Duration(l.rng.IntN(4)) * time.Second, Turn: l.tableTurn},
		Queue: queue.MemoryConfig{Visibility: time.Duration(30+l.rng.IntN(7)*55) * time.Second, Turn: l.queueTurn, Refuse: l.refuse},
		HTTP:  l.client(), Read: l.read,
	}
	l.root = world.New(l.config)
	l.oracle = newOracle(l)
	l.org.OnChange(l.oracle.see)
	return l
}

// sizeOf draws a site that is small enough for a life of a moment, and large enough for the guard to be active.
func sizeOf(rng *rand.Rand) engagetest.Size {
	z := engagetest.Tiny.Size()
	z.Persons, z.Skills, z.Languages, z.DNs, z.Props, z.Values = 12+rng.IntN(10), 10, 2, 20, 120, 16
	z.LevelsMean, z.LevelsMax = 2, 5
	z.VirtualQueues, z.ACDQueues, z.RoutingPoints, z.RoutingQueues = 4+rng.IntN(3), 1, 1, 1
	z.Groups, z.Memberships, z.QueueMembers, z.WrapUps = 4, 12, 30, 4
	return z
}

func (l *life) orgOptions() []exorgtest.Option {
	return []exorgtest.Option{
		exorgtest.WithSeed(l.seed), exorgtest.WithIndexLag(time.Duration(l.rng.IntN(40)) * time.Second), exorgtest.WithFlakyLag(0.5),
		exorgtest.WithQueueDeleteLag(time.Duration(l.rng.IntN(20)) * time.Second), exorgtest.WithMemberLag(2 * time.Second),
		exorgtest.WithVersionConflictForm([]int{400, 409}[l.rng.IntN(2)]), exorgtest.WithDuplicateStatus([]int{400, 409}[l.rng.IntN(2)]),
		exorgtest.WithSkillsMoveVersion(l.rng.IntN(2) == 0), exorgtest.WithLog(0), exorgtest.WithPageSize([]int{0, 3, 10}[l.rng.IntN(3)]),
		exorgtest.WithRateLimit(0),
	}
}

func (l *life) newToken() string {
	l.tokens++
	return fmt.Sprintf("t%d", l.tokens)
}

func (l *life) random() float64 { return l.rng.Float64() }

// tell notes something that the simulation decided.
func (l *life) tell(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	l.note(text)
	l.story = append(l.story, fmt.Sprintf("%9s  %s", l.age(), text))
}

func (l *life) age() string { return time.Since(l.begun).Round(time.Second).String() }

// note writes a line of the log.
func (l *life) note(line string) {
	line = fmt.Sprintf("%d %s\n", time.Since(l.begun).Microseconds(), line)
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d %s", l.sum, line)
	l.sum = h.Sum64()
	if l.log != nil {
		l.log.WriteString(line)
	}
}

// process gives the sandbox of a function, which keeps what it remembers until it is killed.
func (l *life) process(name string) *world.World {
	if w, ok := l.processes[name]; ok {
		return w
	}
	l.made++
	c, skew := l.config, time.Duration(0)
	if l.weather.skew > 0 {
		skew = time.Duration(l.rng.Int64N(int64(l.weather.skew))) - l.weather.skew/2
	}
	c.Beside, c.Holder = l.root, fmt.Sprintf("%s-%d", name, l.made)
	c.Now = func() time.Time { return time.Now().Add(skew) }
	w := world.New(c)
	l.processes[name] = w
	return w
}

// start lets an invocation begin. Its function's sandbox runs one at a time.
func (l *life) start(process, name string, limit time.Duration, body func(ctx context.Context, w *world.World) string) *actor {
	l.started++
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	a := &actor{number: l.started, name: fmt.Sprintf("%s %d", name, l.started), process: process, cancel: cancel}
	w := l.process(process)
	l.actors = append(l.actors, a)
	go func() {
		defer func() {
			cancel()
			a.ended = true
			l.gate.tell()
		}()
		a.result = body(context.WithValue(ctx, actorKey{}, a), w)
	}()
	return a
}

// busy says whether an invocation of the process is under way.
func (l *life) busy(process string) bool {
	return slices.ContainsFunc(l.actors, func(a *actor) bool { return a.process == process && !a.dead && !a.ended })
}

// kill ends an invocation and its sandbox with it.
func (l *life) kill(a *actor) {
	l.struck["kill "+kindOf(a.name)]++
	l.tell("killed: %s", a.name)
	l.gate.kill(a)
	delete(l.processes, a.process)
}

func kindOf(name string) string {
	kind, _, _ := strings.Cut(name, " ")
	return kind
}

// bury forgets those who have ended.
func (l *life) bury() {
	l.actors = slices.DeleteFunc(l.actors, func(a *actor) bool {
		if a.ended {
			if a.dead {
				delete(l.processes, a.process+" dead")
			}
			l.note("ends: " + a.name + ": " + a.result)
			if !a.dead && a.result != "" {
				l.story = append(l.story, fmt.Sprintf("%9s  %s: %s", l.age(), a.name, a.result))
			}
		}
		return a.ended
	})
}

// live lets virtual time pass: calls take their turns, the schedule and the pollers start what is due.
func (l *life) live(d time.Duration) {
	until := time.Now().Add(d)
	for {
		synctest.Wait()
		l.bury()
		l.schedule()
		synctest.Wait()
		waiting := l.gate.all()
		if len(waiting) > 0 {
			l.turn()
			continue
		}
		left := time.Until(until)
		if left <= 0 {
			return
		}
		timer := time.NewTimer(min(left, l.pause()))
		select {
		case <-l.gate.arrived:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// pause is how long nothing happens that the schedule would start.
func (l *life) pause() time.Duration {
	wait := 5 * time.Second
	for _, at := range l.due {
		wait = min(wait, max(time.Millisecond, time.Until(at)))
	}
	return wait
}

// turn lets one of the calls go on.
func (l *life) turn() {
	time.Sleep(time.Duration(1+l.rng.IntN(40)) * time.Millisecond)
	synctest.Wait()
	waiting := l.gate.all()
	if len(waiting) == 0 {
		return
	}
	t := waiting[l.rng.IntN(len(waiting))]
	if l.rng.IntN(100) < l.sticky {
		if i := slices.IndexFunc(waiting, func(o *ticket) bool { return o.who == l.last }); i >= 0 {
			t = waiting[i]
		}
	}
	l.last = t.who
	l.calls++
	v, what := l.judge(t)
	l.note(t.who.name + ": " + t.call.String() + what)
	if what != "" {
		l.story = append(l.story, fmt.Sprintf("%9s      %s: %s%s", l.age(), t.who.name, t.call, what))
	}
	if v.die {
		l.kill(t.who)
		return
	}
	if v.dies {
		l.struck["kill "+kindOf(t.who.name)+" after the call"]++
		delete(l.processes, t.who.process)
	}
	l.gate.release(t, v)
}

// finish ends everything that still runs.
func (l *life) finish() {
	for range 10_000 {
		synctest.Wait()
		l.bury()
		for _, a := range l.actors {
			l.gate.kill(a)
		}
		synctest.Wait()
		l.bury()
		if len(l.actors) == 0 {
			return
		}
		time.Sleep(time.Minute)
	}
	panic("an invocation does not end")
}
