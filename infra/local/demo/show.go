package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"excs/infra/local/world"
	"excs/shared/apply"
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
	world *world.World
	src   *source
}

// show plays the demo.
func show(ctx context.Context, o options, src *source, out io.Writer) (err error) {
	org := exorgtest.New(exorgtest.WithRateLimit(o.rate), exorgtest.WithLog(0), exorgtest.WithHistory(0))
	server, err := org.Start()
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
	s := &stage{o: o, out: out, org: org, src: src, world: world.New(world.Config{Settings: src.settings, Read: src.read, Secret: parsed})}
	for _, act := range []func(context.Context) error{s.first, s.story, s.nothing} {
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
	if err := s.rejects(report); err != nil {
		return err
	}
	total := s.org.Totals()
	calls := total.Reads + total.Writes
	s.say("took %.1f s; the EX Org counted %d calls. At %d requests a minute the same load takes %s.\n",
		took.Seconds(), calls, quotedRate, (time.Duration(calls) * time.Minute / quotedRate).Round(time.Second))
	return nil
}

func (s *stage) rejects(report run.Report) error {
	for i, r := range report.Plan.Rejects {
		if i == 5 {
			s.say("  … and %d more", len(report.Plan.Rejects)-i)
			break
		}
		s.say("  rejected %s: %s", r.Key, r.Reason)
	}
	items, err := s.world.Table.List(context.Background(), []mapping.State{mapping.StateQuarantined, mapping.StateHeld, mapping.StateInvisible}, nil)
	if err != nil {
		return err
	}
	for _, i := range items {
		s.say("  %s %s: %s", i.State, i.Key, i.Reason)
	}
	return nil
}

// run makes one run and works until the queue is empty and every row is converged or waits for somebody.
func (s *stage) run(ctx context.Context) (run.Report, time.Duration, error) {
	begun := time.Now()
	p := newProgress(s.out)
	p.show("reading Engage and planning")
	report, err := s.world.Sync(ctx)
	if err != nil {
		return report, 0, err
	}
	looked := 0
	for {
		d, err := s.world.Drain(ctx, func(d world.Drained) {
			t := s.org.Totals()
			p.show("%d of %d objects looked at, %d calls to the EX Org", min(report.Sent, looked+d.Messages-d.Failed), report.Sent, t.Reads+t.Writes)
		})
		if err != nil {
			return report, 0, err
		}
		looked += d.Messages - d.Failed
		left, err := s.left(ctx)
		if err != nil || left == 0 {
			p.done()
			return report, time.Since(begun), err
		}
		p.show("%d of %d objects looked at, %d wait for their turn", min(report.Sent, looked), report.Sent, left)
		if err := wait(ctx, time.Second); err != nil {
			return report, 0, err
		}
		if _, err := s.world.Runner.Requeue(ctx); err != nil {
			return report, 0, err
		}
	}
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

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("interrupted: %w", ctx.Err())
	case <-t.C:
		return nil
	}
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

// planOnly plans against a real organisation and writes nothing anywhere.
func planOnly(ctx context.Context, o options, src *source, out io.Writer) error {
	secret, err := exorg.ParseSecret([]byte(o.secret))
	if err != nil {
		return err
	}
	w := world.New(world.Config{Settings: src.settings, Read: src.read, Secret: secret})
	platform := apply.NewPlatform(w.Client, src.settings.Users.Authority)
	if _, err := platform.HomeDivision(ctx); err != nil {
		return fmt.Errorf("reach the EX Org: %w", err)
	}
	report, err := w.Runner.Plan(ctx, run.Request{})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "EXCS plan: %s, against the EX Org of the secret. Nothing is written, there or anywhere.\n\n", src.what)
	text := report.Plan.Text(plan.Options{Lines: 200})
	fmt.Fprint(out, text)
	if held := slices.ContainsFunc(report.Plan.Held, func(h plan.Held) bool { return h.Code == plan.HeldFirstPlan }); held {
		fmt.Fprintln(out, "\nThe organisation is not empty: a first sync would wait for the approval of this plan.")
	}
	return nil
}
