package run

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"excs/shared/model"
	"excs/shared/plan"
)

// remember writes what the next run needs. A run of some kinds or keys leaves the sets of held and rejected objects to
// the next whole run. Documents that did not change are not written.
func (r *Runner) remember(ctx context.Context, run int64, d *draft, req Request) error {
	told := d.site.Told
	d.recovered = d.site.ProofFailed > 0
	d.noteSite(run, r.TableName)
	if req.whole() {
		d.site.Told = d.event(run).waits()
	}
	r.keepRun(ctx, run, d, told)
	if err := r.keepSettings(ctx, run, d); err != nil {
		return err
	}
	if err := r.countOrphans(ctx, d); err != nil {
		return err
	}
	if req.whole() {
		d.site.LastWhole = d.at
		if d.recognition.database == "" {
			d.noteWhole()
		}
		d.site.LastPlan = d.counted()
		if err := r.rememberDecisions(ctx, run, d); err != nil {
			return err
		}
	}
	if err := r.rememberDatabase(ctx, run, d, req.whole()); err != nil {
		return err
	}
	if d.lookups != nil {
		if err := save(ctx, r.Table, docLookups, run, d.lookups); err != nil {
			return err
		}
	}
	if err := r.saveChanged(ctx, d.docs, docHints, run, d.hints()); err != nil {
		return err
	}
	return save(ctx, r.Table, docSite, run, d.site)
}

// counted gives the size of the plan.
func (d *draft) counted() *Counted {
	c := &Counted{
		Hash: d.plan.Hash, Changes: len(d.plan.Changes), Held: len(d.plan.Held), Rejects: len(d.plan.Rejects),
		Engage: map[model.Kind]int{}, Rejected: map[model.Kind]int{}, Tripped: d.tripped(), Guarded: heldGroup(d, guarded).Count,
	}
	for kind, n := range d.plan.Counts {
		c.Engage[kind] = n.Engage
	}
	for _, j := range d.plan.Rejects {
		c.Rejected[j.Key.Kind]++
	}
	return c
}

// noteSite brings the site up to date with what the run did.
func (d *draft) noteSite(run int64, table string) {
	s := &d.site
	s.LastRun, s.LastProven, s.ProofFailed, s.ProofFailure, s.Table = run, d.at, 0, "", table
	s.ran(Ran{Run: run, At: d.at, Changes: len(d.plan.Changes), Held: len(d.plan.Held), Resting: d.resting(), Rejects: len(d.plan.Rejects)})
	mapped := map[model.Kind]int{}
	for kind, n := range d.delta.Mapped {
		mapped[kind] = n
	}
	for key, fingerprint := range d.plan.Index() {
		switch {
		case fingerprint == 0 && d.indexed(key):
			mapped[key.Kind]--
		case fingerprint != 0 && !d.indexed(key):
			mapped[key.Kind]++
		}
	}
	memberships := 0
	for _, o := range d.result.Objects {
		memberships += len(o.Members)
	}
	s.note(mapped, memberships, d.at)
}

// noteWhole notes what only a run of everything can decide: that the first plan has no need of approval or is carried
// out, and that nothing waits because the settings changed.
func (d *draft) noteWhole() {
	s := &d.site
	held := func(is func(plan.Held) bool) bool { return slices.ContainsFunc(d.plan.Held, is) }
	waitsForFirst := held(func(h plan.Held) bool {
		return h.Code == plan.HeldFirstPlan || d.first && h.Code == plan.HeldLooking
	})
	opens := d.opens()
	d.openFirst()
	if d.lookAll && opens && !held(func(h plan.Held) bool { return h.Change.Adopt != "" || h.Code == plan.HeldLooking }) {
		s.FirstRun = d.at
	}
	// A removal that is held for a stronger reason would be held for the settings once that is gone.
	if !waitsForFirst && !held(func(h plan.Held) bool {
		return h.Code == plan.HeldSettings || !h.Code.Approvable() && removes(h.Change)
	}) {
		s.SettingsHash = d.settings
	}
}

// carriesOut says whether the run does what it found to do. One in which everything waits for the end of a pause does not, and
// opens no door: by then there may be something in the organisation.
func (d *draft) carriesOut() bool { return len(d.pauses) == 0 || len(d.plan.Changes) > 0 }

// removes says whether a change takes something away, be it from a set.
func removes(c model.Change) bool {
	return plan.ClassOf(c) == plan.ClassRemovals || c.Action == model.ActionOrphan ||
		slices.ContainsFunc(c.Fields, func(f model.Field) bool { return len(f.Removed) > 0 })
}

func (r *Runner) rememberDecisions(ctx context.Context, run int64, d *draft) error {
	held := d.heldDocument()
	if err := r.rememberShown(ctx, run, d, held); err != nil {
		return err
	}
	if err := r.saveChanged(ctx, d.docs, docHeld, run, held); err != nil {
		return err
	}
	rejects, err := r.rejectsSince(ctx, d)
	if err != nil {
		return err
	}
	if err := r.saveChanged(ctx, d.docs, docRejects, run, rejects); err != nil {
		return err
	}
	left := approvals{Table: d.approvals.Table}
	for _, a := range d.approvals.Items {
		if d.at.Before(a.Until) && slices.ContainsFunc(d.plan.Held, a.covers) {
			left.Items = append(left.Items, a)
		}
	}
	if len(d.approvals.Items) == 0 && d.approvals.SourceUntil.IsZero() {
		return nil
	}
	return r.saveChanged(ctx, d.docs, docApprovals, run, left)
}

// rejected is a reject with the time it was first seen.
type rejected struct {
	Key    model.Key `json:"key"`
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
}

func (r *Runner) rejectsSince(ctx context.Context, d *draft) ([]rejected, error) {
	var before []rejected
	if err := load(ctx, d.docs, docRejects, &before); err != nil {
		return nil, err
	}
	since := map[model.Key]time.Time{}
	for _, b := range before {
		since[b.Key] = b.Since
	}
	list := make([]rejected, 0, len(d.plan.Rejects))
	for _, j := range d.plan.Rejects {
		at, ok := since[j.Key]
		if !ok {
			at = d.at
		}
		list = append(list, rejected{Key: j.Key, Reason: j.Reason, Since: at})
	}
	return list, nil
}

// hints are the facts that decided something in this run, as they stand after it, so that the next run without changes
// needs to read no row.
func (d *draft) hints() map[model.Key]model.Known {
	hints := make(map[model.Key]model.Known, len(d.result.Sticky))
	for _, key := range d.result.Sticky {
		hints[key] = d.facts[key]
	}
	for _, c := range d.plan.Changes {
		known, ok := hints[c.Key]
		if !ok {
			continue
		}
		known.Object = c.Object
		known.Orphan = c.Action == model.ActionOrphan
		known.Leaving = c.Action == model.ActionDelete
		hints[c.Key] = known
	}
	return hints
}

// saveChanged writes a document if it differs from what the run read.
func (r *Runner) saveChanged(ctx context.Context, docs *kept, name string, run int64, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return model.Errorf(model.CodeInternal, "write the document "+name, "%w", err)
	}
	before, err := docs.GetDocument(ctx, name)
	if err != nil && model.CodeOf(err) != model.CodeNotFound {
		return fmt.Errorf("read the document %s: %w", name, err)
	}
	if err == nil && bytes.Equal(before, body) {
		return nil
	}
	return save(ctx, r.Table, name, run, v)
}
