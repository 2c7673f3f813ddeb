package replay

import (
	"context"
	"fmt"
	"slices"
	"time"

	"excs/shared/dispatch"
	"excs/shared/model"
	"excs/shared/queue"
)

// pass is one replay under way.
type pass struct {
	*Replayer
	req    Request
	report Report
	line   *dispatch.Line
	last   time.Time // from then on no letters are received; zero: never

	// Letters are kept in flight until the end: given back at once they would come again with the next receive.
	held  map[string]queue.Received // by the queue's id, with the latest receipt
	order []string                  // of held, as they came
	told  map[string]bool           // what stands in the report
	done  map[string]bool           // what is to be deleted
	acted map[model.Key]bool        // counted against Max
	sent  map[model.Key]int64       // the version at which a message was sent
}

func newPass(r *Replayer, req Request) *pass {
	return &pass{
		Replayer: r, req: req, report: newReport(req), line: dispatch.NewLine(r.Rows, r.Work, r.PerMinute, r.Now),
		held: map[string]queue.Received{}, told: map[string]bool{}, done: map[string]bool{}, acted: map[model.Key]bool{}, sent: map[model.Key]int64{},
	}
}

// readAll receives batch after batch. A FIFO queue gives the next letters of an object when the earlier are deleted, so the
// loop ends when nothing new comes, not when a batch is small.
func (p *pass) readAll(ctx context.Context) error {
	if _, err := p.line.Lost(ctx); err != nil {
		return err // before anything is done
	}
	for familiar := 0; familiar < mostFamiliar; {
		if why := p.enough(); why != "" {
			p.report.Stopped = why
			return nil
		}
		got, err := p.Letters.Receive(ctx, queue.BatchSize, p.Wait)
		if err != nil {
			return fmt.Errorf("receive dead letters: %w", err)
		}
		if len(got) == 0 {
			return nil
		}
		fresh, undead := p.hold(got)
		familiar++
		if len(fresh) > 0 {
			familiar = 0
		}
		if err := p.strike(ctx, undead); err != nil {
			return err
		}
		if err := p.batch(ctx, fresh); err != nil {
			return err
		}
	}
	return nil
}

// enough says why no more letters are looked at.
func (p *pass) enough() string {
	switch {
	case !p.last.IsZero() && !time.Now().Before(p.last):
		return timeRanOut
	case len(p.acted) >= p.req.Max:
		return fmt.Sprintf("max: %d objects; replay again for the rest", p.req.Max)
	case len(p.order) >= mostLetters:
		return fmt.Sprintf("%d letters were looked at in one go; replay again for the rest, with keys or kinds", mostLetters)
	default:
		return ""
	}
}

// hold notes received letters and gives those that did not come before. One that came before outlived its visibility: it is
// kept with its new receipt, or undead if it should be deleted by now.
func (p *pass) hold(got []queue.Received) (fresh, undead []queue.Received) {
	for _, l := range got {
		if p.done[l.ID] {
			undead = append(undead, l)
			continue
		}
		if _, before := p.held[l.ID]; !before {
			p.order = append(p.order, l.ID)
			fresh = append(fresh, l)
		}
		p.held[l.ID] = l
	}
	return fresh, undead
}

// tell puts letters into the report.
func (p *pass) tell(letters []queue.Received, a act, why string) {
	for _, l := range letters {
		p.told[l.ID] = true
		p.report.tell(l, a, why)
	}
}

// strike deletes letters.
func (p *pass) strike(ctx context.Context, letters []queue.Received) error {
	if len(letters) == 0 {
		return nil
	}
	for _, l := range letters {
		delete(p.held, l.ID)
		p.done[l.ID] = true
	}
	if err := p.Letters.Delete(ctx, letters); err != nil {
		return fmt.Errorf("delete dead letters that are done (they come again and do no harm): %w", err)
	}
	return nil
}

// freeing bounds how long letters are made visible again when the context tells no end or has ended: they come back by
// themselves, only later.
const freeing = 5 * time.Second

// finish makes what is left visible again and completes the report. It has the time that the margin kept.
func (p *pass) finish(ctx context.Context) {
	if _, ok := ctx.Deadline(); !ok || ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), freeing)
		defer cancel()
	}
	var left []queue.Received
	for _, id := range p.order {
		l, ok := p.held[id]
		if !ok {
			continue
		}
		left = append(left, l)
		if !p.told[id] {
			p.tell([]queue.Received{l}, leave, "the replay ended before it was done with: replay again")
		}
	}
	p.report.Counts.Letters = len(p.order)
	p.report.sort()
	for batch := range slices.Chunk(left, queue.BatchSize) {
		if err := p.Letters.SetVisibility(ctx, batch, 0); err != nil {
			p.Log.WarnContext(ctx, "dead letters that were left show up later, when their visibility runs out", "letters", len(left), "code", model.CodeOf(err), "error", err.Error())
			break
		}
	}
	p.report.Remaining = p.remaining(ctx)
	p.Log.InfoContext(ctx, "replayed", "dryRun", p.req.Dry, "letters", p.report.Counts.Letters, "moved", p.report.Counts.Moved,
		"objects", p.report.Counts.Objects, "dropped", p.report.Counts.Dropped, "left", p.report.Counts.Left, "remaining", p.report.Remaining)
}

func (p *pass) remaining(ctx context.Context) int {
	waiting, inFlight, err := p.Letters.Depth(ctx)
	if err != nil {
		p.Log.WarnContext(ctx, "the depth of the dead-letter queue could not be read", "code", model.CodeOf(err), "error", err.Error())
		return -1
	}
	return waiting + inFlight
}
