package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"excs/shared/excstest"
	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/run"
)

// quotedRate is the rate limit that an EX Org has by default, for the time that the same load would take there.
const quotedRate = 300

// stage is the running demo.
type stage struct {
	o     options
	out   io.Writer
	org   *exorgtest.Org
	world *excstest.Service
	src   *source
	clock clock
}

// show plays the demo.
func show(ctx context.Context, o options, src *source, out io.Writer, c clock) (err error) {
	org := exorgtest.New(exorgtest.WithClock(c.now), exorgtest.WithRateLimit(o.rate), exorgtest.WithLog(0), exorgtest.WithHistory(100))
	server, err := org.Start() //nolint:contextcheck // it listens until it is closed
	if err != nil {
		return err
	}
	defer func() {
		if e := server.Close(); err == nil {
			err = e
		}
	}()
	secret, err := json.Marshal(map[string]string{
		"clientId": exorgtest.DefaultClientID, "clientSecret": exorgtest.DefaultClientSecret, "apiUrl": server.URL, "loginUrl": server.URL,
	})
	if err != nil {
		return fmt.Errorf("make the EX Org secret: %w", err)
	}
	parsed, err := exorg.ParseSecret(secret)
	if err != nil {
		return err
	}
	s := &stage{
		o: o, out: out, org: org, src: src, clock: c,
		world: excstest.New(excstest.Config{Settings: src.settings, Read: src.read, Secret: parsed, Now: c.now, Sleep: c.wait, VerifyFresh: settleFor}),
	}
	return s.play(ctx)
}

// play shows the acts one after another.
func (s *stage) play(ctx context.Context) error {
	for _, act := range []func(context.Context) error{s.first, s.story, s.nothing, s.mishaps} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) say(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

// first is the first sync into an empty organisation.
func (s *stage) first(ctx context.Context) error {
	s.say("EXCS demo: %s, into an empty EX Org on this machine", s.src.what)
	limit := "off"
	if s.o.rate > 0 {
		limit = fmt.Sprintf("%d requests a minute", s.o.rate)
	}
	s.say("its rate limit is %s\n", limit)
	s.say("1. The first sync")
	report, took, err := s.run(ctx)
	if err != nil {
		return err
	}
	if err := table(s.out, report.Plan, s.org.Calls()); err != nil {
		return err
	}
	if err := s.rejects(ctx, report); err != nil {
		return err
	}
	total := s.org.Totals()
	calls := total.Reads + total.Writes
	s.say("took %.1f s; the EX Org counted %d calls. At %d requests a minute the same load takes %s.\n",
		took.Seconds(), calls, quotedRate, (time.Duration(calls) * time.Minute / quotedRate).Round(time.Second))
	return nil
}

func (s *stage) rejects(ctx context.Context, report run.Report) error {
	for i, r := range report.Plan.Rejects {
		if i == 5 {
			s.say("  … and %d more", len(report.Plan.Rejects)-i)
			break
		}
		s.say("  rejected %s: %s", r.Key, r.Reason)
	}
	items, err := s.world.Table.List(ctx, []mapping.State{mapping.StateQuarantined, mapping.StateHeld, mapping.StateInvisible}, nil)
	if err != nil {
		return err
	}
	for _, i := range items {
		s.say("  %s %s: %s", i.State, i.Key, i.Reason)
	}
	return nil
}

// standstill is how long nothing may move before the demo gives up: the longest pause of a worker is ten minutes, and an
// object that pauses for longer has a fault to show.
const standstill = 11 * time.Minute

// run makes one run and works until the queue is empty and every row is converged or waits for somebody.
func (s *stage) run(ctx context.Context) (run.Report, time.Duration, error) {
	begun := s.clock.now()
	p := newProgress(s.out, s.clock.now)
	p.show("reading Engage and planning")
	report, err := s.world.Sync(ctx)
	if err != nil {
		return report, 0, err
	}
	err = s.settle(ctx, report.Sent, p)
	// A newcomer that the request budget had no look-up for waits for the next run. Some runs are enough; what is still looked for then
	// has a fault to show.
	for next, runs := report, 0; err == nil && runs < 20 && looking(next.Plan); runs++ {
		if err = s.clock.wait(ctx, time.Second); err != nil {
			break
		}
		if next, err = s.world.Sync(ctx); err == nil {
			err = s.settle(ctx, next.Sent, p)
		}
	}
	return report, s.clock.now().Sub(begun), err
}

// looking reports whether a newcomer of the plan still has to be looked up in the EX Org.
func looking(p plan.Plan) bool {
	return slices.ContainsFunc(p.Held, func(h plan.Held) bool { return h.Code == plan.HeldLooking })
}

// settle works on the queue until it is empty and no row would change by itself any more; sent is how many messages there
// were, for the progress line.
func (s *stage) settle(ctx context.Context, sent int, p *progress) error {
	defer p.done()
	looked, least, moved := 0, math.MaxInt, s.clock.now()
	for {
		d, err := s.world.Drain(ctx, func(d excstest.Drained) {
			t := s.org.Totals()
			p.show("%d of %d objects looked at, %d calls to the EX Org", min(sent, looked+d.Messages-d.Failed), sent, t.Reads+t.Writes)
		})
		if err != nil {
			return err
		}
		looked += d.Messages - d.Failed
		left, err := s.left(ctx)
		if err != nil || left == 0 {
			return err
		}
		if left < least {
			least, moved = left, s.clock.now()
		}
		if s.clock.now().Sub(moved) > standstill {
			return s.stuck(ctx, left)
		}
		p.show("%d of %d objects looked at, %d wait for their turn", min(sent, looked), sent, left)
		if err := s.clock.wait(ctx, time.Second); err != nil {
			return err
		}
		if _, err := s.world.Runner.Requeue(ctx); err != nil {
			return err
		}
	}
}

// stuck names an object that does not get on.
func (s *stage) stuck(ctx context.Context, left int) error {
	items, err := s.world.Table.List(ctx, []mapping.State{mapping.StatePending, mapping.StateWaiting}, nil)
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return model.Errorf(model.CodeInternal, "run", "%d messages do not come back", left)
	}
	return &model.Error{Code: model.CodeUnavailable, Op: "run", Key: items[0].Key, Err: fmt.Errorf("%d objects do not get on, this one waits: %s", left, items[0].Reason)}
}

// left counts what will still change by itself.
func (s *stage) left(ctx context.Context) (int, error) {
	items, err := s.world.Table.List(ctx, []mapping.State{mapping.StatePending, mapping.StateWaiting}, nil)
	if err != nil {
		return 0, err
	}
	waiting, inFlight, err := s.world.Work.Depth(ctx)
	return len(items) + waiting + inFlight, err
}

// story is a few changes in Engage, the plan that follows, and the result.
func (s *stage) story(ctx context.Context) error {
	s.say("2. A morning in Engage")
	told, err := s.src.edits.edit(ctx)
	if err != nil {
		return err
	}
	for _, t := range told {
		s.say("  %s", t)
	}
	planned, err := s.world.Runner.Plan(ctx, run.Request{})
	if err != nil {
		return err
	}
	planned.Plan.Notes = nil
	s.say("\nthe plan that follows:\n\n%s", planned.Plan.Text(plan.Options{Lines: 12, Items: 6}))
	s.org.ResetCounters()
	report, took, err := s.run(ctx)
	if err != nil {
		return err
	}
	s.say("carried out in %.1f s:", took.Seconds())
	if err := table(s.out, report.Plan, s.org.Calls()); err != nil {
		return err
	}
	s.say("")
	return nil
}

// nothing is a run without changes.
func (s *stage) nothing(ctx context.Context) error {
	s.say("3. A run without changes")
	s.org.ResetCounters()
	s.world.Table.ResetUnits()
	report, took, err := s.run(ctx)
	if err != nil {
		return err
	}
	t, u := s.org.Totals(), s.world.Table.Units()
	s.say("%d changes, %d calls to the EX Org, %.1f read and %.1f write units of the mapping table, %.1f s",
		len(report.Plan.Changes), t.Reads+t.Writes, u.Reads, u.Writes, took.Seconds())
	if n := t.Reads + t.Writes; n > 0 {
		return model.Errorf(model.CodeInternal, "a run without changes", "it made %d calls: %v", n, s.org.Calls())
	}
	return nil
}
