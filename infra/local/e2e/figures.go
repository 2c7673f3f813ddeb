package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"excs/infra/local/aws/stack"
	"excs/shared/telemetry"
)

// figures tells what the run took, and proves that nothing went wrong around the functions.
func (s *story) figures(ctx context.Context) error {
	f := s.scene.Stack.Figures()
	s.say("   function    invocations  errors  cold starts  slowest start  at once      peak memory      log   calls to AWS")
	for _, name := range slices.Sorted(maps.Keys(f.Functions)) {
		r := f.Functions[name]
		slowest := time.Duration(0)
		if len(r.Inits) > 0 {
			slowest = slices.Max(r.Inits)
		}
		s.say("   %-10s  %11d  %6d  %11d  %10d ms  %7d  %3d of %4d MB  %5d KB  %s", name, r.Invocations, r.Errors, r.ColdStarts, slowest.Milliseconds(), r.MostAtOnce, r.PeakBytes>>20, s.scene.Stack.Memory(name), r.LogBytes>>10, summary(f.Calls[name]))
	}
	for name, m := range f.Mappings {
		s.say("   The mapping of %s carried %d messages in %d batches, at most %d at once; %d came back.", name, m.Messages, m.Batches, m.MostAtOnce, m.Failed)
	}
	for _, check := range []func(context.Context) error{s.quietAround, s.noErrors(f), s.metrics, s.grants} {
		if err := check(ctx); err != nil {
			return err
		}
	}
	return nil
}

func summary(calls map[string]int) string {
	sums := map[string]int{}
	for action, n := range calls {
		service, _, _ := strings.Cut(action, ":")
		sums[service] += n
	}
	var parts []string
	for _, service := range slices.Sorted(maps.Keys(sums)) {
		if service != "logs" && service != "xray" {
			parts = append(parts, fmt.Sprintf("%s %d", service, sums[service]))
		}
	}
	return strings.Join(parts, ", ")
}

// quietAround: no permission was missing, nothing was lost.
func (s *story) quietAround(ctx context.Context) error {
	if p := s.scene.Stack.Problems(); len(p) > 0 {
		return fmt.Errorf("%d things went wrong around the functions:\n  %s", len(p), strings.Join(p, "\n  "))
	}
	for _, q := range []string{"undelivered", "dead.fifo", "work.fifo"} {
		waiting, inFlight, err := s.scene.Stack.Depth(ctx, q)
		if err != nil {
			return err
		}
		if err := expect(waiting+inFlight == 0, "%d messages are left in %s", waiting+inFlight, q); err != nil {
			return err
		}
	}
	s.say("   No permission was missing, nothing was lost on its way.")
	return nil
}

func (s *story) noErrors(f stack.Figures) func(context.Context) error {
	return func(context.Context) error {
		for name, r := range f.Functions {
			if err := expect(r.Errors == s.refusals[name] && r.Invocations > 0, "%s was invoked %d times, with %d errors; %d are part of the story", name, r.Invocations, r.Errors, s.refusals[name]); err != nil {
				return err
			}
		}
		return nil
	}
}

// metrics: every metric of the list was emitted, with the dimensions that alarms and dashboard look for.
func (s *story) metrics(context.Context) error {
	seen := map[string]map[string]int{} // metric: names of its dimensions: series
	for _, m := range s.scene.Stack.Metrics() {
		if m.Namespace == telemetry.Namespace {
			if seen[m.Name] == nil {
				seen[m.Name] = map[string]int{}
			}
			seen[m.Name][strings.Join(slices.Sorted(maps.Keys(m.Dimensions)), " ")]++
		}
	}
	series := 0
	for _, m := range telemetry.Metrics() {
		n := seen[string(m.Name)][strings.Join(slices.Sorted(slices.Values(m.Dimensions)), " ")]
		if err := expect(n > 0, "the metric %s with the dimensions %v was never emitted; %v were", m.Name, m.Dimensions, seen[string(m.Name)]); err != nil {
			return err
		}
		series += n
	}
	alarms := 0
	for _, a := range s.scene.Stack.Alarms() {
		for _, m := range a.Metrics {
			if m.Namespace != telemetry.Namespace {
				continue
			}
			alarms++
			if _, ok := s.scene.Stack.Metric(m.Namespace, m.Name, m.Dimensions); !ok {
				return fmt.Errorf("the alarm %s looks at %s %v, which no function emitted: it would never fire", a.Name, m.Name, m.Dimensions)
			}
		}
	}
	s.say("   All %d metrics of EXCS were emitted, in %d series; %d alarms look at them by their right names.", len(telemetry.Metrics()), series, alarms)
	return nil
}

// grants: what the roles allow and nobody needed. Some need an outage or a rare path, so this is told and not judged.
func (s *story) grants(context.Context) error {
	var unused []string
	for function, uses := range s.scene.Stack.Unused() {
		for _, u := range uses {
			unused = append(unused, fmt.Sprintf("%s %s on %s", function, u.Action, u.Sid))
		}
	}
	slices.Sort(unused)
	if len(unused) > 0 {
		s.say("   Allowed by the roles and not needed in this story: %s.", strings.Join(unused, ", "))
	}
	return nil
}
