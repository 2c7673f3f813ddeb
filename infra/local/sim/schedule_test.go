package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"excs/shared/excstest"
	"excs/shared/model"
	"excs/shared/notice"
	"excs/shared/queue"
	"excs/shared/run"
	"excs/shared/verify"
)

// The times that Lambda gives the functions.
const (
	snapshotTime = 15 * time.Minute
	applyTime    = time.Minute
	syncTime     = 15 * time.Minute
)

// schedule starts what is due.
func (l *life) schedule() {
	l.poll()
	if l.ready("snapshot", l.interval) {
		l.snapshot()
	}
	if l.ready("verify", l.weather.sweeps) && !l.busy("verify") {
		l.sweep()
	}
	if l.ready("webhook", 20*time.Second) && !l.busy("webhook") {
		l.webhook()
	}
}

// ready says whether something is due, and when it is next.
func (l *life) ready(what string, every time.Duration) bool {
	if every == 0 || time.Now().Before(l.due[what]) {
		return false
	}
	l.due[what] = time.Now().Add(every)
	return true
}

// snapshot starts a run. A schedule starts the next one whether or not the last has ended: a second sandbox is made then.
func (l *life) snapshot() {
	process := "snapshot"
	if l.busy(process) {
		if process = "snapshot'"; l.busy(process) || !l.weather.overlap {
			return
		}
	}
	l.start(process, "run", snapshotTime, func(ctx context.Context, w *excstest.Service) string {
		report, err := w.Runner.Sync(ctx, run.Request{Cause: model.CauseEngage})
		return l.ran(report, err)
	})
}

// ran remembers what an operator is shown, and tells of a run that found something.
func (l *life) ran(report run.Report, err error) string {
	if err != nil {
		if model.CodeOf(err) == model.CodeConflict {
			return ""
		}
		return "fails: " + err.Error()
	}
	l.plan = heldPlan{hash: report.Plan.HeldHashAll, back: report.SourceHash, first: report.FirstPlan}
	for _, h := range report.Plan.Held {
		l.plan.keys = append(l.plan.keys, h.Change.Key)
	}
	if report.Database.Waits() {
		l.plan.database = report.Database.Hash
	}
	l.oracle.planned(report)
	if len(report.Plan.Changes) > 0 {
		l.dry = 0
	} else {
		l.dry++
	}
	if len(report.Plan.Changes)+len(report.Plan.Held) == 0 {
		return ""
	}
	what := fmt.Sprintf("%d changes, %d held, %d sent", len(report.Plan.Changes), len(report.Plan.Held), report.Sent)
	for i, c := range report.Plan.Changes {
		if i == 12 {
			what += " …"
			break
		}
		what += fmt.Sprintf(" %s(%s)", c.Key, c.Action)
	}
	for i, h := range report.Plan.Held {
		if i == 6 {
			break
		}
		what += fmt.Sprintf(" held %s: %s;", h.Change.Key, h.Reason)
	}
	return what
}

// poll hands messages to workers, as Lambda's poller does.
func (l *life) poll() {
	if l.paused {
		return
	}
	for n := range l.workers {
		process := fmt.Sprint("worker", n)
		if l.busy(process) {
			continue
		}
		batch, err := l.root.Work.Receive(context.Background(), 1+l.n("batch", queue.BatchSize), 0)
		if err != nil || len(batch) == 0 {
			return
		}
		for _, m := range batch {
			if l.in("double", l.weather.duplicates) {
				l.double(m)
			}
		}
		if l.weather.reorder {
			l.of("reorder").Shuffle(len(batch), func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
		}
		lost := l.in("lost answer", l.weather.lostAnswers)
		l.start(process, "apply", applyTime, func(ctx context.Context, w *excstest.Service) string { return l.work(ctx, w, batch, lost) })
	}
}

// work is one invocation of the function apply and what the poller makes of its answer. A lost answer brings the whole batch
// back when its visibility ends.
func (l *life) work(ctx context.Context, w *excstest.Service, batch []queue.Received, lost bool) string {
	answers := w.Worker.Batch(ctx, batch)
	done := make([]queue.Received, 0, len(batch))
	for i, a := range answers {
		if !a.Failed {
			done = append(done, batch[i])
		} else if a.Again > 0 {
			_ = w.Work.SetVisibility(ctx, batch[i:i+1], a.Again) // else it waits for the queue's own time
		}
	}
	if lost || actorOf(ctx).dead {
		return ""
	}
	if err := l.root.Work.Delete(context.Background(), done); err != nil { //nolint:contextcheck // what stands on the queue is deleted by the queue itself, in nobody's turn
		return err.Error()
	}
	return ""
}

// sweep compares the whole EX Org.
func (l *life) sweep() {
	l.start("verify", "verify", syncTime, func(ctx context.Context, w *excstest.Service) string {
		r, err := w.Sweeper.Sweep(ctx, verify.Request{})
		if err != nil && model.CodeOf(err) != model.CodeConflict {
			return "fails: " + err.Error()
		}
		if len(r.Findings) > 0 {
			return fmt.Sprintf("%d findings, %d queued", len(r.Findings), r.Queued)
		}
		return ""
	})
}

// webhook tells what changed in the EX Org. Some notifications never come.
func (l *life) webhook() {
	events := l.org.EventsSince(l.events)
	var notices []notice.Notice
	for _, e := range events {
		l.events = max(l.events, e.Seq)
		if l.in("lost event", l.weather.lostEvents) {
			continue
		}
		parts, err := notice.Split(e.Envelope)
		if err != nil {
			continue
		}
		notices = append(notices, parse(parts)...)
	}
	if len(notices) == 0 {
		return
	}
	l.start("webhook", "webhook", syncTime, func(ctx context.Context, w *excstest.Service) string {
		if _, err := w.Listener.Hear(ctx, notices); err != nil {
			return "fails: " + err.Error()
		}
		return ""
	})
}

func parse(parts []json.RawMessage) []notice.Notice {
	var all []notice.Notice
	for _, p := range parts {
		if n, err := notice.Parse(p); err == nil {
			all = append(all, n)
		}
	}
	return all
}
