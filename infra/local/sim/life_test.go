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

	"excs/shared/engage/engagetest"
	"excs/shared/excstest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// life is one tenant from its first run to its rest, with everything that happens in between drawn from a seed.
type life struct {
	seed
	*dice
	troubles map[trouble]bool
	gate     *gate

	org, other *exorgtest.Org
	editor     *engagetest.Editor
	backups    []*engagetest.Site // the site as it was at earlier steps
	root       *excstest.Service  // makes the twins; used by the simulation itself, never by an actor
	config     excstest.Config    // of processes that begin now
	backup     *mapping.Memory    // the table as it was at an earlier step

	processes map[string]*excstest.Service
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
	paused   bool               // the pollers rest: messages grow old
	events   int                // the last event that was told
	dry      int                // runs without anything to do at rest
	listed   map[model.Key]bool // what is left to people at rest

	weather weather
	view    *engagetest.Site               // what a read of Engage shows in place of the site; nil: the site
	bend    func(snapshot *model.Snapshot) // what a read of Engage makes of its rows; nil: nothing
	plan    heldPlan

	strangers int                // users made by hand
	refusals  []*exorgtest.Armed // what the organisation refuses until it is let go

	oracle *oracle
	figures
	log   *strings.Builder // nil: only its hash is kept
	story []string
	sum   uint64
}

// access is what a function does with the EX Org: it has credentials of its own for that.
type access string

const (
	reading access = "reading"
	writing access = "writing"
)

// The reading functions' own OAuth client.
const readerID, readerSecret = "excs-reader", "excs-reader-secret"

// figures are what a life did.
type figures struct {
	struck map[string]int
	calls  int
}

// heldPlan is what the last run showed to an operator.
type heldPlan struct {
	hash     string
	keys     []model.Key
	back     string // the hash that accepts a source that went back
	database string // the hash that accepts another database
	first    bool
}

const processorsOfTheLife = 1

func newLife(s seed, keep bool) *life {
	l := &life{
		seed: s, dice: newDice(s.number), troubles: troublesOf(s), gate: newGate(),
		processes: map[string]*excstest.Service{}, begun: time.Now(), interval: time.Minute, due: map[string]time.Time{},
		figures: figures{struck: map[string]int{}},
	}
	if keep {
		l.log = &strings.Builder{}
	}
	l.workers, l.sticky = 1+l.n("workers", 3), l.n("sticky", 100)
	l.editor = engagetest.NewEditor(engagetest.NewOfSize(sizeOf(l.of("site")), s.number), nil, engagetest.SQLite)
	l.org, l.other = exorgtest.New(l.orgOptions("")...), exorgtest.New(l.orgOptions("other-")...)
	l.config = excstest.Config{
		Settings: excstest.Settings(s.preset), Now: time.Now, NewToken: l.newToken, Random: l.random,
		Table: mapping.MemoryOptions{Options: mapping.Options{Stamps: l.newToken}, LagSeed: int64(s.number), MaxLag: l.upTo("index lag", 4), Turn: l.tableTurn},
		Queue: queue.MemoryConfig{Visibility: seconds(30 + l.n("visibility", 7)*55), Turn: l.queueTurn, Refuse: l.refuse},
		Read:  l.read,
	}
	l.leadTo(reading, l.org, "")
	l.leadTo(writing, l.org, "")
	l.root = excstest.New(l.config)
	l.oracle = newOracle(l)
	l.org.OnChange(l.oracle.see)
	l.other.OnChange(l.oracle.seeOther)
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

// orgOptions draws how an organisation behaves where real ones differ, or nobody knows.
func (l *life) orgOptions(prefix string) []exorgtest.Option {
	yes := func(quirk string) bool { return l.in("org/"+quirk, 30) }
	options := []exorgtest.Option{
		exorgtest.WithSeed(l.number), exorgtest.WithLog(0), exorgtest.WithPageSize(one(l.dice, "org/page", 0, 3, 10)),
		exorgtest.WithClients(exorgtest.Client{ID: prefix + exorgtest.DefaultClientID, Secret: exorgtest.DefaultClientSecret}, exorgtest.Client{ID: prefix + readerID, Secret: readerSecret}),
		exorgtest.WithIndexLag(l.upTo("org/index lag", 40) * one[time.Duration](l.dice, "org/index lags", 1, 1, 1, 5)), exorgtest.WithFlakyLag(0.5),
		exorgtest.WithReadLag(l.upTo("org/read lag", 8)), exorgtest.WithSideLag(l.upTo("org/side lag", 8)), exorgtest.WithRaggedLag(yes("ragged lag")),
		exorgtest.WithQueueDeleteLag(l.upTo("org/queue delete", 20) * one[time.Duration](l.dice, "org/queue deletes", 1, 1, 5)), exorgtest.WithQueueCache(l.upTo("org/queue cache", 60)),
		exorgtest.WithMemberLag(l.upTo("org/member lag", 5)), exorgtest.WithTokenLifetime(one(l.dice, "org/tokens", 24*time.Hour, time.Hour, 5*time.Minute)),
		exorgtest.WithRateLimit(one(l.dice, "org/limit", 0, 0, 300, 200, 120)),
		exorgtest.WithVersionConflictForm(one(l.dice, "org/version", 400, 409)), exorgtest.WithBareVersionConflict(yes("bare version")),
		exorgtest.WithDuplicateStatus(one(l.dice, "org/duplicate", 400, 409)), exorgtest.WithSkillsMoveVersion(yes("skills move")),
		exorgtest.WithDeletedSkillReadable(yes("deleted skill readable")), exorgtest.WithDeletedSkillListed(yes("deleted skill listed")),
		exorgtest.WithDeletedAssignmentsShown(yes("deleted assignments")), exorgtest.WithSkillsSurvive(yes("skills survive")),
		exorgtest.WithMembershipsSurvive(yes("memberships survive")), exorgtest.WithStrictBodies(yes("strict bodies")),
		exorgtest.WithUnknownMembersIgnored(yes("unknown members")), exorgtest.WithSkillAudit(yes("skill audit")),
		exorgtest.WithDeletedUsersFreeExternalIDs(yes("external ids freed")), exorgtest.WithClientInEvents(yes("client in events")),
		exorgtest.WithExpandOmission(0.1 * float64(l.n("org/expand", 4))),
	}
	if prefix != "" {
		options = append(options, exorgtest.WithName("the other organisation"))
	}
	return options
}

func (l *life) newToken() string {
	l.tokens++
	return fmt.Sprintf("t%d", l.tokens)
}

func (l *life) random() float64 { return l.of("client").Float64() }

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
func (l *life) process(name string) *excstest.Service {
	if w, ok := l.processes[name]; ok {
		return w
	}
	l.made++
	c, skew := l.config, time.Duration(0)
	if l.weather.skew > 0 {
		skew = time.Duration(l.of("skew").Int64N(int64(l.weather.skew))) - l.weather.skew/2
	}
	c.Beside, c.Holder = l.root, fmt.Sprintf("%s-%d", name, l.made)
	c.Now = func() time.Time { return time.Now().Add(skew) }
	w := excstest.New(c)
	l.processes[name] = w
	return w
}

// start lets an invocation begin. Its function's sandbox runs one at a time.
func (l *life) start(process, name string, limit time.Duration, body func(ctx context.Context, w *excstest.Service) string) *actor {
	l.started++
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	w := l.process(process)
	a := &actor{number: l.started, name: fmt.Sprintf("%s %d", name, l.started), process: process, settings: w.Settings, cancel: cancel}
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
	time.Sleep(time.Duration(1+l.n("turn takes", 40)) * time.Millisecond)
	synctest.Wait()
	waiting := l.gate.all()
	if len(waiting) == 0 {
		return
	}
	t := waiting[l.n("turn", len(waiting))]
	if l.in("turn again", l.sticky) {
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
