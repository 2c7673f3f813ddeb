package apply_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"excs/shared/apply"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/rules"
)

// invocation is the time of the function apply.
const invocation = 60 * time.Second

// invoke works on one batch as an invocation with a deadline does, and checks that it ends in time.
func (b *bench) invoke() []apply.Answer {
	b.Helper()
	batch := must[[]queue.Received](b)(b.work.Receive(b.Context(), queue.BatchSize, 0))
	ctx, cancel := context.WithTimeout(b.Context(), invocation)
	defer cancel()
	began := time.Now()
	answers := b.worker.Batch(ctx, batch)
	if took := time.Since(began); took > invocation-time.Second {
		b.Errorf("the batch took %s of %s", took, invocation)
	}
	b.reply(b.Context(), batch, answers)
	return answers
}

// slow makes every answer of the EX Org take so long.
func (b *bench) slow(d time.Duration) *exorgtest.Armed {
	return b.org.Fail(exorgtest.Fault{Kind: exorgtest.Delay, Delay: d})
}

// An invocation answers before its deadline however slow the EX Org is: it begins no call in the last ten seconds, what it has not
// done comes back within seconds, and what it has done does not.
func TestABatchEndsBeforeItsDeadline(t *testing.T) {
	for _, each := range []time.Duration{3 * time.Second, 12 * time.Second, 18 * time.Second, time.Hour} {
		in(t, func(b *bench) {
			b.set(func(s *rules.Settings) { s.Attempts = 1 }) // what ends for want of time is no attempt
			var all []model.Object
			for i := range 4 {
				all = append(all, skill(int64(i+1), fmt.Sprint("Skill ", i)), user(int64(i+1), fmt.Sprint("User ", i)))
			}
			b.want(all...)
			armed := b.slow(each)
			var began time.Time
			var last atomic.Pointer[time.Time] // objects are looked at side by side
			b.wire.before = func(int, *http.Request) error { now := time.Now(); last.Store(&now); return nil }
			ends := 0
			for range 40 {
				began = time.Now()
				answers := b.invoke()
				if len(answers) == 0 {
					time.Sleep(time.Second)
					b.requeue()
					continue
				}
				if at := last.Load(); at != nil && at.Sub(began) >= invocation-10*time.Second {
					late := at.Sub(began)
					b.Errorf("a call began after %s of %s", late, invocation)
				}
				for _, a := range answers {
					if a.Failed && (a.Again <= 0 || a.Again > 10*time.Minute) {
						b.Errorf("a message comes back after %s: %+v", a.Again, a)
					}
					if !a.Failed {
						ends++
					}
				}
			}
			if each == 3*time.Second && ends < len(all) {
				b.Errorf("%d of %d messages were done in 40 invocations", ends, len(all))
			}
			armed.Disarm()
			b.wire.before = nil
			b.settle()
			for _, o := range all {
				b.state(o.Key, mapping.StateConverged)
			}
			b.true()
			b.same("dead letters", len(b.letters()), 0)
		})
	}
}
