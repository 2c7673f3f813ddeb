package run_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/run"
)

// leased plays in virtual time: every process has its own clock, and Engage takes its time.
func leased(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	p := play(t, crash{edit: func(*house) {}})
	synctest.Test(t, func(t *testing.T) {
		h := lot{played: p}.build(t)
		h.run()
		test(t, h)
	})
}

// process is a run of another process whose clock is off by skew and to which Engage answers after read.
func (h *house) process(name string, skew, read time.Duration) *run.Runner {
	return h.second(func(c *run.Config) {
		c.Holder = name
		c.Now = func() time.Time { return time.Now().Add(skew) }
		from := c.Read
		c.Read = func(ctx context.Context) (*model.Snapshot, model.Counts, error) {
			select {
			case <-time.After(read):
				return from(ctx)
			case <-ctx.Done():
				return nil, nil, context.Cause(ctx)
			}
		}
	})
}

// started makes a run that goes on beside the test.
func (h *house) started(ctx context.Context, r *run.Runner) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := r.Sync(ctx, run.Request{Cause: model.CauseEngage})
		done <- err
	}()
	return done
}

// due makes a converged row one that is due, as a message that was lost leaves it.
func (h *house) due() {
	h.t.Helper()
	key := userKey(h.person("Ann").DBID)
	_, err := h.Table.Record(h.ctx, mapping.Outcome{Key: key, Version: h.row(key).Version, State: mapping.StatePending}, h.Now())
	h.do(err)
}

// A read of 200 s, with a tick every minute and clocks 30 s apart: the first run completes, the others skip, and what is due
// is queued again by them.
func TestALongRunIsNotOvertaken(t *testing.T) {
	leased(t, func(t *testing.T, h *house) {
		first := h.started(t.Context(), h.process("first", 0, 200*time.Second))
		time.Sleep(time.Second)
		h.due()
		for i, skew := range []time.Duration{30 * time.Second, -30 * time.Second, 15 * time.Second} {
			time.Sleep(time.Minute - time.Second)
			report, err := h.process("tick", skew, 0).Sync(t.Context(), run.Request{Cause: model.CauseEngage})
			if model.CodeOf(err) != model.CodeConflict {
				t.Errorf("tick %d: %v", i+1, err)
			}
			if want := map[bool]int{true: 1}[i == 0]; report.Requeued != want {
				t.Errorf("tick %d queued %d rows again, want %d", i+1, report.Requeued, want)
			}
		}
		if err := <-first; err != nil {
			t.Errorf("the first run: %v", err)
		}
		if _, err := h.process("after", -30*time.Second, 0).Sync(t.Context(), run.Request{Cause: model.CauseEngage}); err != nil {
			t.Errorf("the run after it: %v", err)
		}
	})
}

// A run that is killed delays the next by a minute at most.
func TestAKilledRunDelaysTheNextByAMinute(t *testing.T) {
	leased(t, func(t *testing.T, h *house) {
		killed := h.started(t.Context(), h.process("killed", 0, time.Hour))
		time.Sleep(100 * time.Second)
		h.Table.SetFault(func(op string) mapping.Fault { // a dead process renews nothing and gives nothing back
			if strings.HasPrefix(op, "RenewLease") || strings.HasPrefix(op, "ReleaseLease") {
				return mapping.FaultBefore
			}
			return mapping.FaultNone
		})
		if _, err := h.process("at once", 0, 0).Sync(t.Context(), run.Request{}); model.CodeOf(err) != model.CodeConflict {
			t.Errorf("a run at once: %v", err)
		}
		time.Sleep(time.Minute)
		_, err := h.process("next", 0, 0).Sync(t.Context(), run.Request{})
		if model.CodeOf(err) == model.CodeConflict {
			t.Errorf("the run a minute later: %v", err)
		}
		if err := <-killed; err == nil {
			t.Error("a run that can not renew its lease goes on")
		}
	})
}

// A run that lost its lease is ended, and so is one whose invocation has no more time: that one gives its lease back.
func TestARunEndsInOrder(t *testing.T) {
	leased(t, func(t *testing.T, h *house) {
		lost := h.started(t.Context(), h.process("lost", 0, time.Hour))
		time.Sleep(time.Second)
		lease, err := h.Table.TakeLease(t.Context(), "another", time.Now().Add(2*time.Minute), time.Second)
		h.do(err)
		time.Sleep(16 * time.Second)
		select {
		case err := <-lost:
			if model.CodeOf(err) != model.CodeStale {
				t.Errorf("the run that lost its lease: %v", err)
			}
		default:
			t.Error("a run goes on without its lease")
		}
		h.do(h.Table.ReleaseLease(t.Context(), lease))

		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		late := h.started(ctx, h.process("late", 0, time.Hour))
		time.Sleep(5*time.Minute - 4*time.Second)
		select {
		case err := <-late:
			if err == nil || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the run without time: %v", err)
			}
		default:
			t.Error("a run goes on until it is cut off")
		}
		if _, err := h.process("next", 0, 0).Sync(t.Context(), run.Request{}); err != nil {
			t.Errorf("the run after it: %v", err)
		}
	})
}
