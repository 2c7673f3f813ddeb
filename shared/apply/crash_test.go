package apply_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// story is something that happens to a site and that takes several calls to make right.
type story struct {
	name  string
	setup func(b *bench)
	act   func(b *bench)
	check func(b *bench)
	org   []exorgtest.Option
}

// strike is what goes wrong with the n-th request of a sort. It says whether the process dies of it.
type strike struct {
	name string
	arm  func(b *bench, n int, die func()) (struck func() bool)
}

// tableStrike strikes at the n-th request to the mapping table.
func tableStrike(name string, f mapping.Fault, deadly bool) strike {
	return strike{name, func(b *bench, n int, die func()) func() bool {
		var count atomic.Int64
		b.table.SetFault(func(string) mapping.Fault {
			if count.Add(1) != int64(n) {
				return mapping.FaultNone
			}
			if deadly {
				die()
			}
			return f
		})
		return func() bool { return count.Load() >= int64(n) }
	}}
}

// wireStrike strikes at the n-th request to the EX Org, before it arrives or after its work is done.
func wireStrike(name string, after, deadly bool) strike {
	return strike{name, func(b *bench, n int, die func()) func() bool {
		b.wire.clear()
		hit := func(m int, _ *http.Request) error {
			if m != n {
				return nil
			}
			if deadly {
				die()
			}
			return errCut
		}
		if after {
			b.wire.after = hit
		} else {
			b.wire.before = hit
		}
		return func() bool { return b.wire.count() >= n }
	}}
}

// answerStrike makes the n-th answer of the EX Org an error of that kind.
func answerStrike(name string, kind exorgtest.FaultKind, status int) strike {
	return strike{name, func(b *bench, n int, _ func()) func() bool {
		f := b.org.Fail(exorgtest.Fault{Kind: kind, Status: status, Skip: n - 1, Times: 1})
		return func() bool { return f.Struck() > 0 }
	}}
}

// queueStrike fails the n-th send of a worker.
func queueStrike(name string, deadly bool) strike {
	return strike{name, func(b *bench, n int, die func()) func() bool {
		var count atomic.Int64
		fault := func(op string) error {
			if op != "send" {
				return nil
			}
			if count.Add(1) != int64(n) {
				return nil
			}
			if deadly {
				die()
			}
			return model.Errorf(model.CodeUnavailable, "send", "a fault on demand")
		}
		b.queueErr, b.deadErr = fault, fault
		return func() bool { return count.Load() >= int64(n) }
	}}
}

func strikes() []strike {
	return []strike{
		tableStrike("table request lost", mapping.FaultBefore, false),
		tableStrike("table answer lost", mapping.FaultAfter, false),
		tableStrike("table throttled", mapping.FaultThrottle, false),
		tableStrike("death before a table request", mapping.FaultBefore, true),
		tableStrike("death after a table request", mapping.FaultAfter, true),
		wireStrike("EX request lost", false, false),
		wireStrike("EX answer lost", true, false),
		wireStrike("death before an EX request", false, true),
		wireStrike("death after an EX request", true, true),
		answerStrike("EX 401", exorgtest.Answer, http.StatusUnauthorized),
		queueStrike("send lost", false),
		queueStrike("death at a send", true),
	}
}

// P5. Whatever request fails, before or after its work is done, or is the last one of a process: in the end every key has
// one EX object with the desired fields, and nothing is left to write.
func TestEveryCrashPoint(t *testing.T) {
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			for i, x := range strikes() {
				t.Run(x.name, func(t *testing.T) {
					t.Parallel()
					for n := 1 + i%stride; ; n += stride {
						if !sweep(t, s, x, n) || t.Failed() {
							return
						}
					}
				})
			}
		})
	}
}

// sweep plays a story with one strike; false when the story has no n-th request.
func sweep(t *testing.T, s story, x strike, n int) (struck bool) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, append([]exorgtest.Option{exorgtest.WithLog(4000), exorgtest.WithHistory(0)}, s.org...)...)
		s.setup(b)
		s.act(b)
		ctx, die := dying(b.Context())
		hit := x.arm(b, n, die)
		b.endure(ctx)
		struck = hit()
		b.table.SetFault(nil)
		b.wire.clear()
		b.org.Heal()
		b.queueErr, b.deadErr = nil, nil
		b.worker = b.process(b.table.Restart(), b.client)
		time.Sleep(30 * time.Second)
		b.requeue()
		b.settle()
		s.check(b)
		b.quiet()
		if len(b.letters()) > 0 {
			t.Error("a passing fault led to a dead letter")
		}
		if t.Failed() {
			t.Errorf("%s: %s %d", s.name, x.name, n)
		}
	})
	return struck
}

// endure is settle while things go wrong. When the process dies another one goes on after the visibility of its messages.
func (b *bench) endure(ctx context.Context) { //nolint:contextcheck // the test outlives the process that dies
	b.Helper()
	for range 40 {
		b.drainUnder(ctx)
		if ctx.Err() != nil {
			ctx = b.Context()
			b.worker = b.process(b.table.Restart(), b.client)
		} else if b.idleUnder() {
			return
		}
		time.Sleep(time.Minute)
		b.requeueUnder()
	}
	b.Fatal("not settled after 40 minutes")
}

func (b *bench) drainUnder(ctx context.Context) {
	b.Helper()
	for range 1000 {
		batch := must[[]queue.Received](b)(b.work.Receive(context.WithoutCancel(ctx), queue.BatchSize, 0))
		if len(batch) == 0 {
			return
		}
		answers := b.worker.Batch(ctx, batch)
		if ctx.Err() != nil {
			return // nobody is left to answer
		}
		b.reply(ctx, batch, answers)
	}
	b.Fatal("the queue does not get empty")
}

func (b *bench) idleUnder() bool {
	waiting, flying, _ := b.work.Depth(b.Context())
	items, err := b.table.List(b.Context(), []mapping.State{mapping.StatePending, mapping.StateWaiting}, nil)
	return err == nil && waiting+flying+len(items) == 0
}

// requeueUnder is a run that may fail.
func (b *bench) requeueUnder() {
	if err := b.tryRequeue(); err != nil {
		b.Logf("the run fails: %v", err)
	}
}

// hint sends a message as a notification of the EX Org does.
func (b *bench) hint(key model.Key, cause model.Cause) {
	b.Helper()
	b.ok(b.work.Send(b.Context(), []queue.Message{{Key: key, Token: b.token(), Cause: cause, Version: 1}}))
}
