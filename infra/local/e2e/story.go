package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"excs/infra/local/scene"
	"excs/shared/engage/engagetest"
	"excs/shared/excstest/reference"
	"excs/shared/mapping"
	"excs/shared/model"
)

// story is the run: what there is, what was told, and what the EX Org must hold beside what Engage says.
type story struct {
	out   io.Writer
	tier  engagetest.Tier
	scene *scene.Scene

	mu     sync.Mutex
	number int
	title  string
	// extra are objects of the EX Org that Engage does not explain: people's own, and orphans.
	extra reference.Picture
	// refusals are the errors that functions were asked to answer with.
	refusals map[string]int
}

func nothing() reference.Picture { return reference.Picture{} }

func (s *story) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.out, format+"\n", args...)
}

// section heads a part of the story.
func (s *story) section(title string) {
	s.number++
	s.title = title
	s.say("\n%d. %s", s.number, title)
}

// step tells what took its time.
func (s *story) step(what string, took time.Duration) { s.say("   %5.1f s  %s", took.Seconds(), what) }

// tell tells the story.
func (s *story) tell(ctx context.Context) error {
	for _, part := range []struct {
		title string
		tell  func(context.Context) error
	}{
		{"", s.deployed},
		{"First sync", s.first},
		{"Edits in Engage", s.edits},
		{"Hands slip in the EX Org", s.drift},
		{"A poisoned object, and its replay", s.poison},
		{"By hand: plan, explain, sync, verify", s.byHand},
		{"Settings change in the middle", s.settings},
		{"The dashboard", s.dashboard},
		{"What it took", s.figures},
	} {
		if part.title != "" {
			s.section(part.title)
		}
		if err := part.tell(ctx); err != nil {
			return err
		}
	}
	return nil
}

// expect gives an error when something does not hold.
func expect(holds bool, format string, args ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// invoke runs a function with a payload and reads its answer.
func (s *story) invoke(name string, payload, answer any) error {
	text, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("invoke %s: %w", name, err)
	}
	result, err := s.scene.Stack.Invoke(name, text)
	if err != nil {
		return fmt.Errorf("invoke %s with %s: %w", name, text, err)
	}
	if err := result.Err(); err != nil {
		return fmt.Errorf("invoke %s with %s: %w", name, text, err)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(result.Payload, answer); err != nil {
		return fmt.Errorf("invoke %s with %s: read the answer %.300s: %w", name, text, result.Payload, err)
	}
	return nil
}

// operate asks the operator's function; answers as text are what a person reads.
func (s *story) operate(payload map[string]any, answer any) error {
	return s.invoke("sync", payload, answer)
}

// status is what the operator's status says.
type status struct {
	LastRun     int64
	Mapped      map[model.Kind]int
	States      map[mapping.State]int
	DeadLetters *int
	Oldest      string
	OldestKey   string
}

// Limits of a wait: settled looks again so often, and gives up after so long.
const (
	lookAgain  = 200 * time.Millisecond
	settleTime = 4 * time.Minute
)

// run lets the schedule of the snapshot fire, and settles.
func (s *story) run(ctx context.Context) error {
	if err := s.scene.Stack.Fire("snapshot"); err != nil {
		return err
	}
	return s.settle(ctx)
}

// settle waits until nothing would change by itself: nothing runs, the queue is empty, no row is pending or waits. Rows that
// wait are put back by the next run of the schedule, as in AWS; it fires as soon as nothing else is left to do.
func (s *story) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	for fired := time.Now(); ; {
		// What a role does not allow is missing for good: no wait mends it.
		if p := s.scene.Stack.Problems(); len(p) > 0 {
			return fmt.Errorf("something went wrong around the functions: %s", p[0])
		}
		quiet, err := s.quiet(ctx)
		if err != nil {
			return err
		}
		if quiet {
			var st status
			if err := s.operate(map[string]any{"action": "status"}, &st); err != nil {
				return err
			}
			if st.States[mapping.StatePending]+st.States[mapping.StateWaiting] == 0 {
				return nil
			}
			if time.Since(fired) > time.Second {
				if err := s.scene.Stack.Fire("snapshot"); err != nil {
					return err
				}
				fired = time.Now()
			}
		}
		select {
		case <-ctx.Done():
			return s.stuck(ctx.Err())
		case <-time.After(lookAgain):
		}
	}
}

// quiet says whether nothing runs and no message is on the work queue.
func (s *story) quiet(ctx context.Context) (bool, error) {
	if s.scene.Stack.Busy() {
		return false, nil
	}
	waiting, inFlight, err := s.scene.Stack.Depth(ctx, "work.fifo")
	if err != nil {
		return false, err
	}
	return waiting+inFlight == 0 && !s.scene.Stack.Busy(), nil
}

func (s *story) stuck(err error) error {
	var list, st string
	_ = s.operate(map[string]any{"action": "list", "format": "text"}, &list) // it is told what is known
	_ = s.operate(map[string]any{"action": "status", "format": "text"}, &st)
	return fmt.Errorf("it does not come to rest: %w\n%s\n%.2000s", err, st, list)
}

// matches compares the EX Org with what Engage says, by the reference that knows nothing of how EXCS decides.
func (s *story) matches(when string) error {
	want := reference.Expected(s.scene.Editor.Site(), domain, false)
	queues := map[string]bool{}
	for _, line := range want["members"] {
		name, _, _ := strings.Cut(line, ": ")
		queues[name] = true
	}
	got := reference.Observed(s.scene.Org, func(name string) bool { return queues[name] })
	objects := 0
	for kind, lines := range s.extra {
		want[kind] = append(want[kind], lines...)
		slices.Sort(want[kind])
	}
	for _, lines := range want {
		objects += len(lines)
	}
	if diff := reference.Diff(want, got, 5); len(diff) > 0 {
		return fmt.Errorf("%s the EX Org is not what Engage says (- should be there, + should not):\n  %s", when, strings.Join(diff, "\n  "))
	}
	s.say("   The EX Org is what Engage says, in all %d objects and member lists (compared with an independent reading of the rules).", objects)
	return nil
}

// domain is that of the stage's settings in cdk.json.
const domain = "agents.example"

// quote indents a text that an operator gets.
func (s *story) quote(text string, most int) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		if i == most {
			s.say("     | … and %d more lines", len(lines)-i)
			return
		}
		if len([]rune(line)) > 160 {
			line = string([]rune(line)[:160]) + "…"
		}
		s.say("     | %s", line)
	}
}
