package verify_test

import (
	"slices"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/verify"
)

// deaths is at how many of a sweep's requests of the table it dies in the tests.
const deaths = 16

// A sweep that dies at any request of the table, before or after it took effect, is gone on with by another process: what drifted
// and what vanished is put right by that one or the next, an object that is there is never made again, and the document that says
// where a sweep is fits what was queued.
func TestASweepDiesAtAnyRequest(t *testing.T) {
	t.Parallel()
	book := func(op string) bool {
		return slices.Contains([]string{"Reserve", "SetAllowed", "Hold", "SaveToken", "LoadToken"}, op)
	}
	life := func(n int, after bool) (asked int) {
		g := newStage(t, settings(), engagetest.Tiny)
		user := g.pick(t, model.KindUser, func(r mapping.Row) bool { return r.Desired.State == model.StateActive })
		must(t, g.org.EditUser(user.EXID, func(raw map[string]any) { raw["name"] = "Other" }))
		code := g.rowsOf(t, model.KindWrapUpCode)[0]
		must(t, g.org.DeleteCode(code.EXID))
		hidden := g.rowsOf(t, model.KindQueue)[0]
		queues := len(g.org.Queues())
		// The process that dies sees the list without a queue that is there.
		s := g.sweeper(func(c *verify.Config) { c.Org = &thinQueues{Org: c.Org, hidden: hidden.EXID} })
		g.Table.SetFault(func(op string) mapping.Fault {
			if book(op) {
				return mapping.FaultNone
			}
			switch asked++; {
			case asked == n && after:
				return mapping.FaultAfter
			case asked >= n:
				return mapping.FaultBefore
			default:
				return mapping.FaultNone
			}
		})
		_, err := s.Sweep(t.Context(), verify.Request{})
		g.Table.SetFault(nil)
		if n > 0 && asked >= n && err == nil {
			t.Errorf("request %d: the sweep does not say that it failed", n)
		}
		g.clock.Pass(20 * time.Minute) // longer than a claim
		for range 3 {
			g.sweep(t, verify.Request{})
			g.converge(t)
			g.clock.Pass(time.Hour)
		}
		if r := g.sweep(t, verify.Request{}); len(r.Findings) > 0 || r.Suspected > 0 {
			t.Errorf("request %d, after %v: found %v, %d suspected", n, after, what(r.Findings), r.Suspected)
		}
		if u := g.user(t, user.EXID); u.Name != user.Desired.Name || g.row(t, code.Key).EXID == code.EXID || g.row(t, hidden.Key).EXID != hidden.EXID || len(g.org.Queues()) != queues {
			t.Errorf("request %d, after %v: the user is %q, the code %+v", n, after, u.Name, g.row(t, code.Key))
		}
		return asked
	}
	all := life(1<<30, false)
	for n := 1; n <= all; n += max(1, all/deaths) {
		life(n, n%2 == 0)
	}
}
