package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"excs/shared/model"
	"excs/shared/run"
)

// Measured are the counts of one size.
type Measured struct {
	Agents  int                `json:"agents"`
	Objects map[model.Kind]int `json:"objects"`
	Items   int                `json:"items"` // of the table
	// First is the first sync into an empty EX Org: FirstRun the run that finds it all new, FirstApply the workers' part.
	FirstRun   Counts `json:"firstRun"`
	FirstApply Counts `json:"firstApply"`
	// Quiet is a run that finds nothing to do. BusyCPU is how much more processor time a run takes that finds changes,
	// in seconds: it plans anew, however many they are.
	Quiet   Counts  `json:"quiet"`
	BusyCPU float64 `json:"busyCpuSeconds"`
	// Changes are what one changed object takes on top, by its kind.
	Changes map[model.Kind]Change `json:"changes"`
	// Verify is one of the hourly sweeps of the EX Org, of the steady state.
	Verify Counts `json:"verify"`
}

// Change is what one changed object takes: in the run that finds it, in the workers, and when the EX Org tells of it.
type Change struct {
	// Objects is how many were changed when it was measured.
	Objects int    `json:"objects"`
	Run     Counts `json:"run"`
	Apply   Counts `json:"apply"`
	Echo    Counts `json:"echo"`
	// EchoApply is the workers' part of the echo.
	EchoApply Counts `json:"echoApply"`
}

// syncTimeout is how long a sweep may take: the time limit of the function sync, which a test compares with the template.
const syncTimeout = 15 * time.Minute

// sweeps is how many sweeps are measured: by then the member lists and external ids turn as they do all day.
const sweeps = 3

// measureAll measures sizes one after another.
func measureAll(ctx context.Context, all []Size, say func(string)) (Measurement, error) {
	m := newMeasurement(time.Now())
	for _, size := range all {
		begun := time.Now()
		say(fmt.Sprintf("measuring %d agents …", size.Agents))
		one, err := measure(ctx, size)
		if err != nil {
			return m, fmt.Errorf("measure %d agents: %w", size.Agents, err)
		}
		m.Sizes = append(m.Sizes, one)
		say(fmt.Sprintf("  done in %s", time.Since(begun).Round(time.Second)))
	}
	return m, nil
}

// measure runs the service on a site of one size and counts.
func measure(ctx context.Context, size Size) (m Measured, err error) {
	s, err := generate(ctx, size)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	v := newService(s)
	m = Measured{Agents: size.Agents, Changes: map[model.Kind]Change{}}
	for _, step := range []func(context.Context, *service, *Measured) error{firstSync, quietRun, everyChange, hourlySweeps} {
		if err := step(ctx, v, &m); err != nil {
			return m, err
		}
	}
	m.Items = v.Table.Items()
	return m, nil
}

// firstSync measures the first sync. It would take hours by the EX Org's limit; what it takes of everything else does not
// depend on that, so the limit is lifted and calls take no time.
func firstSync(ctx context.Context, v *service, m *Measured) error {
	v.clock.callsTakeTime(false)
	v.allowed.Store(1_000_000)
	var report run.Report
	var err error
	m.FirstRun, err = v.counted(func() error {
		report, err = v.run(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("first run: %w", err)
	}
	if m.FirstApply, err = v.drain(ctx); err != nil {
		return fmt.Errorf("first sync: %w", err)
	}
	m.Objects = map[model.Kind]int{}
	for _, c := range report.Plan.Changes {
		m.Objects[c.Key.Kind]++
	}
	v.takeChanges() // nobody listens: a first sync is done before the webhook is on
	v.allowed.Store(allowedCalls)
	return nil
}

// quietRuns is how many runs without changes are measured after the first, which still tidies up.
const quietRuns = 3

// quietRun measures a run that finds nothing to do.
func quietRun(ctx context.Context, v *service, m *Measured) error {
	v.clock.callsTakeTime(true)
	for i := range 1 + quietRuns {
		v.clock.pass(time.Hour)
		var report run.Report
		c, err := v.counted(func() (err error) { report, err = v.run(ctx); return err })
		if err != nil {
			return fmt.Errorf("run without changes: %w", err)
		}
		if n := len(report.Plan.Changes) + report.Sent + report.Requeued; n > 0 {
			return fmt.Errorf("a run without changes finds %d things to do", n)
		}
		if i > 0 {
			m.Quiet = m.Quiet.plus(c.times(1.0 / quietRuns))
		}
	}
	return nil
}

// everyChange measures changes of each kind, each kind in a run of its own: as many at once as come in a minute, so that
// what a run takes for all of them is shared as it will be.
func everyChange(ctx context.Context, v *service, m *Measured) error {
	objects := 0
	for _, n := range m.Objects {
		objects += n
	}
	const most = 5
	together := min(max(int(float64(objects)*changesPerDay/(24*60)), 1), most)
	lists, err := v.memberLists(ctx)
	if err != nil {
		return err
	}
	for _, e := range edits() {
		v.clock.pass(10 * time.Minute)
		if err := e.do(ctx, editing{v.site.editor, lists}, together); err != nil {
			return fmt.Errorf("change a %s in Engage: %w", e.kind, err)
		}
		c, busy, err := v.changed(ctx, e.kind, m.Quiet)
		if err != nil {
			return fmt.Errorf("change of a %s: %w", e.kind, err)
		}
		m.Changes[e.kind] = c
		m.BusyCPU += busy / float64(len(edits()))
	}
	m.BusyCPU = significant(max(m.BusyCPU, 0))
	return nil
}

// changed runs, works off and hears the echo of changes of one kind, and gives what one object takes of it. What a run
// without changes takes anyway does not count; its processor time is given apart, for the whole run.
func (v *service) changed(ctx context.Context, kind model.Kind, quiet Counts) (c Change, busy float64, err error) {
	var report run.Report
	if c.Run, err = v.counted(func() (err error) { report, err = v.run(ctx); return err }); err != nil {
		return c, 0, err
	}
	for _, change := range report.Plan.Changes {
		if change.Key.Kind == kind {
			c.Objects++
		}
	}
	if others := len(report.Plan.Changes) - c.Objects; c.Objects == 0 || others > 0 {
		return c, 0, fmt.Errorf("the run plans %d changes of the kind and %d others", c.Objects, others)
	}
	if c.Apply, err = v.drain(ctx); err != nil {
		return c, 0, err
	}
	v.clock.pass(2 * time.Second)
	if c.Echo, c.EchoApply, err = v.echo(ctx); err != nil {
		return c, 0, err
	}
	busy = c.Run.CPU - quiet.CPU
	c.Run = c.Run.minus(quiet).atLeastZero()
	c.Run.CPU = 0
	for _, part := range []*Counts{&c.Run, &c.Apply, &c.Echo, &c.EchoApply} {
		*part = part.times(1 / float64(c.Objects))
	}
	return c, busy, nil
}

// hourlySweeps measures the sweeps of the schedule. The last one counts.
func hourlySweeps(ctx context.Context, v *service, m *Measured) error {
	v.clock.pass(time.Hour)
	for range sweeps {
		begun := v.clock.now()
		var err error
		m.Verify, err = v.counted(func() error { return v.sweep(ctx) })
		if err != nil {
			return fmt.Errorf("verify: %w", err)
		}
		v.clock.pass(time.Hour - v.clock.now().Sub(begun))
	}
	return nil
}
