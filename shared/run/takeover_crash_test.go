package run_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/rules"
)

// half lets the workers die at their k-th request of the table (0: never), whatever is on the queue, and gives the number of
// requests that all of the work makes. The messages come back when nobody has heard of their worker for long enough.
func (h *house) half(k int, f mapping.Fault) int {
	h.t.Helper()
	calls := atomic.Int64{}
	h.Table.SetFault(func(string) mapping.Fault {
		switch n := calls.Add(1); {
		case k == 0 || n < int64(k):
			return mapping.FaultNone
		case n == int64(k):
			return f
		default: // whatever it still tries, it is dead
			return mapping.FaultBefore
		}
	})
	batch, err := h.Work.Receive(h.ctx, queue.BatchSize, 0)
	if err == nil {
		h.Worker.Batch(h.ctx, batch)
	}
	h.Table.SetFault(nil)
	return int(calls.Load())
}

// halfOrg is half for a worker that dies at its k-th request of the EX Org, before or after it took effect: from then on the table
// hears nothing of it either.
func (h *house) halfOrg(k int, f mapping.Fault) int {
	h.t.Helper()
	h.org.ResetCounters()
	if k > 0 {
		kind := exorgtest.Reset
		if f == mapping.FaultAfter {
			kind = exorgtest.ResetAfter
		}
		h.org.Fail(exorgtest.Fault{Kind: kind, Path: "/api/v2/", Skip: k - 1, Times: 1})
	}
	h.Table.SetFault(func(string) mapping.Fault {
		if h.org.Totals().Failed > 0 && k > 0 {
			return mapping.FaultBefore
		}
		return mapping.FaultNone
	})
	batch, err := h.Work.Receive(h.ctx, queue.BatchSize, 0)
	if err == nil {
		h.Worker.Batch(h.ctx, batch)
	}
	h.Table.SetFault(nil)
	h.org.Heal()
	return h.org.Totals().Calls
}

// Case 53 and its kind: a takeover, an adoption or a creation dies at every request of the table or of the EX Org, and then Engage
// drops the heir too. Its EX queue goes (or is emptied and shown to the administrator), and nothing stays that nobody lists.
func TestATakeoverDiesAndTheHeirGoes(t *testing.T) {
	t.Parallel()
	stories := map[string]func(h *house) int64{
		"takeover": func(h *house) int64 {
			d, err := h.RecreateQueue(h.ctx, h.dn("Virtual").DBID, true)
			h.do(err)
			return d.DBID
		},
		"adoption": func(h *house) int64 {
			key, _ := h.strangersQueue("Virtual", "", h.group("Back").DBID)
			return key.DBID
		},
		"creation": func(h *house) int64 {
			d, err := h.AddQueue(h.ctx, engagetest.NewQueue{Type: engagetest.VirtualQueue, Alias: "Fresh", Groups: []int64{h.group("Back").DBID}})
			h.do(err)
			return d.DBID
		},
	}
	for i, preset := range rules.Presets() {
		for name, act := range stories {
			t.Run(string(preset)+" "+name, func(t *testing.T) {
				t.Parallel()
				for of, half := range map[string]func(*house, int, mapping.Fault) int{"table": (*house).half, "EX Org": (*house).halfOrg} {
					whole := heirGoes(t, preset, name, act, half, 0, mapping.FaultNone)
					for k := 1; k <= whole; k += stride {
						// Every request is lost on its way there or on its way back, by turns: the other way round under the other preset.
						f := []mapping.Fault{mapping.FaultBefore, mapping.FaultAfter}[(k+i)%2]
						if heirGoes(t, preset, name, act, half, k, f); t.Failed() {
							t.Fatalf("cut at request %d of %d of the %s, fault %d", k, whole, of, f)
						}
					}
				}
			})
		}
	}
}

// heirGoes plays one story and gives the number of requests of the worker.
func heirGoes(t *testing.T, preset rules.Preset, name string, act func(h *house) int64, half func(*house, int, mapping.Fault) int, k int, f mapping.Fault) int {
	t.Helper()
	site := booth(t)
	if name == "adoption" {
		furnish(t, site).do(furnish(t, site).e.DeleteQueue(t.Context(), site.DNs[0].DBID))
	}
	h := lot{preset: preset, site: site, unwatched: true}.build(t)
	h.run()
	h.pass(20 * time.Minute)
	dbid := act(h)
	h.sync()
	calls := half(h, k, f)
	h.do(h.Editor.DeleteQueue(h.ctx, dbid))
	h.pass(20 * time.Minute)
	h.run()
	h.pass(20 * time.Minute)
	report := h.run()
	if name == "adoption" && preset == rules.Preset202307 {
		// What was adopted, or may have been, is shown before it is deleted; untouched it is nobody's.
		for _, q := range h.org.Queues() {
			held := report.Plan.HeldHashAll != ""
			if q.PeerID != "" && !held {
				t.Errorf("the queue %s has EXCS's mark, and nothing is held for an approval", q.Name)
			}
		}
		if report.Plan.HeldHashAll != "" {
			h.approveAll(report.Plan)
			h.run()
		}
	}
	h.nothingUnlisted(preset)
	h.quiet(1)
	return calls
}

// nothingUnlisted checks that every queue of the EX Org with EXCS's mark is mapped, or an orphan that is shown; under the preset
// that deletes there is none.
func (h *house) nothingUnlisted(preset rules.Preset) {
	h.t.Helper()
	for _, q := range h.org.Queues() {
		if q.PeerID == "" || h.desiredQueue(q.PeerID) {
			continue
		}
		if preset == rules.Preset202307 {
			h.t.Errorf("the queue %s (peer id %s) is left behind", q.Name, q.PeerID)
			continue
		}
		if n := len(h.org.Members(q.ID)); n > 0 {
			h.t.Errorf("the queue %s still has %d members", q.Name, n)
		}
		if why := h.unlisted(q); why != "" {
			h.t.Errorf("the queue %s is not listed: %s", q.Name, why)
		}
	}
}

// desiredQueue says whether Engage has the DN of the peer id.
func (h *house) desiredQueue(peer string) bool {
	return slices.ContainsFunc(h.Editor.Site().DNs, func(d engagetest.DN) bool { return decimal(d.DBID) == peer })
}

func (h *house) unlisted(q exorgtest.Queue) string {
	h.t.Helper()
	owners, err := h.Table.Owners(h.ctx, model.KindQueue, []string{q.ID})
	h.do(err)
	for _, key := range owners[q.ID].Unjudged() {
		if l, ok := h.listed(key); ok && l.State == string(mapping.StateOrphan) && h.row(key).EXID == q.ID {
			return ""
		}
	}
	return fmt.Sprintf("its owners are %v", owners[q.ID])
}
