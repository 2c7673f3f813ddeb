package run_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/rules"
	"excs/shared/run"
)

// regressions are seeds that once found a fault. They are run first, every time.
func regressions() []uint64 { return []uint64{3} }

const (
	// simSeeds and simSteps are what every test run does; EXCS_SIM_SEEDS asks for more seeds, EXCS_SIM_SEED for one.
	simSeeds = 3
	simSteps = 20
)

// A random life of a site: everyday edits in Engage, people and faults in the EX Org, a table and a queue that fail, lag
// and deliver twice, in virtual time. Whatever happened, once it is quiet the EX Org is what Engage says, ten runs write
// nothing, and on the way nothing was done that must never be (guardian).
func TestSimulation(t *testing.T) {
	t.Parallel()
	for _, seed := range seeds(t) {
		for _, preset := range rules.Presets() {
			t.Run(fmt.Sprintf("%s/seed %d", preset, seed), func(t *testing.T) {
				t.Parallel()
				simulate(t, seed, preset)
			})
		}
	}
}

func seeds(t *testing.T) []uint64 {
	t.Helper()
	if text := os.Getenv("EXCS_SIM_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("EXCS_SIM_SEED: %v", err)
		}
		return []uint64{seed}
	}
	n := uint64(simSeeds)
	if more, err := strconv.ParseUint(os.Getenv("EXCS_SIM_SEEDS"), 10, 64); err == nil {
		n = more
	}
	list := regressions()
	for seed := uint64(1); seed <= n; seed++ {
		list = append(list, seed)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// life is one simulation.
type life struct {
	*house
	rng *rand.Rand
	// seen are the names and DBIDs that Engage has ever shown: whatever else is in the EX Org must be the administrators'.
	seen  map[string]bool
	ours  map[string]bool // ids of objects that the administrators made
	story []string
}

func simulate(t *testing.T, seed uint64, preset rules.Preset) {
	l := &life{rng: rand.New(rand.NewPCG(seed, 2)), seen: map[string]bool{}, ours: map[string]bool{}}
	l.house = lot{
		site: engagetest.New(engagetest.Tiny, seed), preset: preset,
		org: []exorgtest.Option{
			exorgtest.WithSeed(seed), exorgtest.WithIndexLag(time.Duration(l.rng.IntN(40)) * time.Second), exorgtest.WithFlakyLag(0.5),
			exorgtest.WithQueueDeleteLag(time.Duration(l.rng.IntN(20)) * time.Second), exorgtest.WithMemberLag(2 * time.Second),
			exorgtest.WithVersionConflictForm([]int{400, 409}[l.rng.IntN(2)]), exorgtest.WithDuplicateStatus([]int{400, 409}[l.rng.IntN(2)]),
			exorgtest.WithSkillsMoveVersion(l.rng.IntN(2) == 0),
		},
		table: mapping.MemoryOptions{LagSeed: int64(seed), MaxLag: 3 * time.Second},
		queue: queue.MemoryConfig{Visibility: 30 * time.Second},
	}.build(t)
	t.Cleanup(func() {
		if t.Failed() {
			for _, s := range l.story {
				t.Log(s)
			}
		}
	})
	l.remember()
	l.run()
	for range simSteps {
		l.step()
	}
	l.comeToRest()
	l.check()
}

func (l *life) tell(format string, args ...any) {
	l.story = append(l.story, l.Now().Format("15:04:05 ")+fmt.Sprintf(format, args...))
}

// remember notes what Engage shows now.
func (l *life) remember() {
	for _, s := range l.Editor.Site().Skills {
		l.seen["skill "+fold(s.Name)] = true
	}
	for _, p := range l.Editor.Site().Persons {
		l.seen["user "+decimal(p.DBID)] = true
	}
	for _, d := range l.Editor.Site().DNs {
		l.seen["queue "+decimal(d.DBID)] = true
	}
	for _, v := range l.Editor.Site().ValuesOf(engagetest.WrapUpAttribute) {
		l.seen["code "+fold(v.DisplayName)] = true
		l.seen["code "+fold(v.DisplayName+" ("+v.Name+")")] = true
	}
}

func (l *life) step() {
	l.t.Helper()
	switch n := l.rng.IntN(20); {
	case n < 10:
		for range 1 + l.rng.IntN(3) {
			what, err := l.Everyday(l.ctx, l.rng)
			l.do(err)
			l.tell("Engage: %s", what)
		}
		l.remember()
	case n < 14:
		l.tell("EX Org: %s", l.meddle())
	case n < 17:
		l.tell("fault: %s", l.arm())
	case n < 18:
		l.blind()
	}
	l.troubledRun()
	l.pass(time.Duration(l.rng.IntN(180)) * time.Second)
}

// troubledRun makes a run and works on the queue while the table fails now and then and messages come twice.
func (l *life) troubledRun() {
	l.t.Helper()
	percent := l.rng.IntN(3) // of the table's requests
	l.Table.SetFault(mapping.FaultsBySeed(l.rng.Int64(), percent))
	report, err := l.Service.Sync(l.ctx)
	switch {
	case err != nil:
		l.tell("run %d: %v", report.Run, err)
	case len(report.Plan.Changes)+len(report.Plan.Held) > 0:
		l.tell("run %d: %d changes, %d held, %d sent", report.Run, len(report.Plan.Changes), len(report.Plan.Held), report.Sent)
	}
	for range 1 + l.rng.IntN(12) {
		l.sloppyBatch()
	}
	l.Table.SetFault(nil)
}

// sloppyBatch works on one batch in any order and forgets to answer some of it, as a worker that dies does.
func (l *life) sloppyBatch() {
	l.t.Helper()
	batch, err := l.Work.Receive(l.ctx, 1+l.rng.IntN(queue.BatchSize), 0)
	l.do(err)
	l.rng.Shuffle(len(batch), func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
	for i, a := range l.Worker.Batch(l.ctx, batch) {
		switch {
		case l.rng.IntN(10) == 0: // the answer is lost: it comes again
		case !a.Failed:
			l.do(l.Work.Delete(l.ctx, batch[i:i+1]))
		case a.Again > 0:
			l.do(l.Work.SetVisibility(l.ctx, batch[i:i+1], a.Again))
		}
	}
	if len(batch) == 0 {
		l.pass(10 * time.Second)
	}
}

// blind empties a table for some minutes: nothing may be deleted, emptied or deactivated on its account (P3).
func (l *life) blind() {
	l.t.Helper()
	l.org.Heal()
	l.rest()
	tables := []engagetest.Table{engagetest.TablePerson, engagetest.TableDN, engagetest.TableLink, engagetest.TableLevel, engagetest.TableSkill, engagetest.TableGroup}
	table := tables[l.rng.IntN(len(tables))]
	l.tell("blind: %s is empty", table)
	l.run()
	backup, before := l.Editor.Site().Clone(), l.guardian.removed()
	if backup.Rows(table) == 0 {
		return
	}
	l.do(l.EmptyTable(l.ctx, table))
	for range 2 {
		l.pass(2 * time.Minute)
		l.run()
	}
	after := l.guardian.removed()
	for _, what := range []string{"delete queue", "deactivate user", "member"} {
		if after[what] != before[what] {
			l.t.Errorf("%s: %d more while %s was empty", what, after[what]-before[what], table)
		}
	}
	l.do(l.RestoreTable(l.ctx, backup, table))
	l.tell("blind: %s is back", table)
}

// comeToRest ends all trouble, lets an operator release and approve what waits for one, and has every object looked at.
func (l *life) comeToRest() {
	l.t.Helper()
	l.org.Heal()
	for range 6 {
		l.pass(16 * time.Minute)
		report := l.run()
		l.operate(report)
	}
	for range 2 {
		l.pass(16 * time.Minute)
		var keys []model.Key
		for _, k := range model.Kinds() {
			some, err := l.Table.Keys(l.ctx, k)
			l.do(err)
			keys = append(keys, some...)
		}
		l.look(keys...)
		l.pass(time.Hour)
		l.operate(l.run())
	}
	l.pass(time.Hour)
	l.run()
	l.run()
}

// operate does what an operator does: approve what is held, release what failed for good.
func (l *life) operate(report run.Report) {
	l.t.Helper()
	if hash := report.Plan.HeldHashAll; hash != "" {
		_, err := l.Runner.Approve(l.ctx, hash, nil, run.By{})
		l.do(err)
		l.tell("operator: approved %d changes", len(report.Plan.Held))
	}
	if report.WentBack != "" {
		_, err := l.Runner.Approve(l.ctx, report.Plan.Hash, nil, run.By{})
		l.do(err)
		l.tell("operator: accepted the source: %s", report.WentBack)
	}
	items, err := l.Table.List(l.ctx, []mapping.State{mapping.StateQuarantined, mapping.StateInvisible}, nil)
	l.do(err)
	for _, i := range items {
		l.tell("operator: released %s: %s", i.Key, i.Reason)
		_, err := l.Table.Release(l.ctx, i.Key, 0, false, model.CauseManual, l.Now())
		l.do(err)
	}
}
