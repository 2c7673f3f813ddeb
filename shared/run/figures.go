package run

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
)

// Figures are what a run found, in numbers: metrics and alarms are made of them. They are as of the run's beginning, with
// what the run itself sent. A run that could not read Engage repeats what the last one saw of it.
type Figures struct {
	Kinds map[model.Kind]KindFigures
	// Unconverged are pending, waiting and invisible objects that nobody paused: what a person must decide is not among them.
	Unconverged Group
	Quarantined Group
	// Held are the changes that wait for a second read, a proof or an approval; Guarded those of them that the guard stopped.
	Held, Guarded Group
	// ApproveHash is the hash under which everything that the guard stopped is approved, SourceHash the one that accepts a
	// source that went back; "" when there is nothing to approve, or no plan.
	ApproveHash, SourceHash string
	// Tripped counts the kinds and classes over the guard's limit, and the objects that workers hold for it.
	Tripped int
	// ProofFailed counts the runs in a row that proved nothing, this one among them; ProofFailure says why.
	ProofFailed  int
	ProofFailure string
	// WentBack is since when the source is taken for an older one, or for another database.
	WentBack time.Time
	// Rows were read of Engage, in ReadTook.
	Rows     int
	ReadTook time.Duration
}

// KindFigures count the objects of one kind.
type KindFigures struct {
	Engage, Mapped, Converged, Orphaned, Quarantined, Rejected int
}

// Group is a number of objects: how many, the first of them, and how long the oldest has been in it.
type Group struct {
	Count int
	// Keys are the first few, oldest first.
	Keys []model.Key
	Age  time.Duration
}

// keysNamed is how many keys a Group names: as many as a person reads in an alarm.
const keysNamed = 5

// survey is the sparse index as a run reads it, once: every row that is not converged, but for orphans.
type survey struct {
	items  []mapping.Item
	pauses mapping.Pauses
	now    time.Time
	// marked are the keys that a run which died left as being changed, nil when they were not read.
	marked []model.Key
}

// surveyed are the states that a run reads every time. Orphans are listed apart: there may be thousands, and they are charged
// by their lines.
func surveyed() []mapping.State {
	return []mapping.State{mapping.StatePending, mapping.StateWaiting, mapping.StateInvisible, mapping.StateHeld, mapping.StateQuarantined}
}

func (r *Runner) survey(ctx context.Context, pauses mapping.Pauses) (*survey, error) {
	items, err := r.Table.List(ctx, surveyed(), nil)
	if err != nil {
		return nil, fmt.Errorf("list rows that are not converged: %w", err)
	}
	slices.SortFunc(items, func(a, b mapping.Item) int { return cmp.Or(openSince(a).Compare(openSince(b)), a.Key.Compare(b.Key)) })
	return &survey{items: items, pauses: pauses, now: r.Now()}, nil
}

// late gives the items that are on their way and that nobody paused.
func (s *survey) late() []mapping.Item {
	return slices.DeleteFunc(s.in(onTheirWay()...), func(i mapping.Item) bool { return standsStill(i, s.pauses) })
}

// unread are the marked keys whose rows are in no list: they look converged and may be about to change.
func (s *survey) unread() []model.Key {
	listed := map[model.Key]bool{}
	for _, i := range s.items {
		listed[i.Key] = true
	}
	return slices.DeleteFunc(slices.Clone(s.marked), func(k model.Key) bool { return listed[k] || s.pauses.Covers(k) })
}

// openSince is when the row left converged or, if a person has to decide, when it came to that.
func openSince(i mapping.Item) time.Time {
	if i.Unconverged.IsZero() {
		return i.Since
	}
	return i.Unconverged
}

// in gives the items of some states.
func (s *survey) in(states ...mapping.State) []mapping.Item {
	var some []mapping.Item
	for _, i := range s.items {
		if slices.Contains(states, i.State) {
			some = append(some, i)
		}
	}
	return some
}

// group counts items, oldest first.
func (s *survey) group(items []mapping.Item) Group {
	g := Group{Count: len(items)}
	for i, item := range items {
		if i == 0 {
			g.Age = max(s.now.Sub(openSince(item)), 0)
		}
		if i < keysNamed {
			g.Keys = append(g.Keys, item.Key)
		}
	}
	return g
}

// add counts keys of unknown age.
func (g *Group) add(keys []model.Key) {
	g.Count += len(keys)
	g.Keys = append(g.Keys, keys[:min(len(keys), max(0, keysNamed-len(g.Keys)))]...)
}

// figures counts what a run found. d is nil when it came to no plan.
func (r *Runner) figures(site Site, seen *survey, d *draft) *Figures {
	f := &Figures{
		Kinds: map[model.Kind]KindFigures{}, ProofFailed: site.ProofFailed, ProofFailure: site.ProofFailure, WentBack: site.Memory.WentBackSince,
		Unconverged: seen.group(seen.late()),
		Quarantined: seen.group(seen.in(mapping.StateQuarantined)),
	}
	if site.Database.Waits() {
		f.WentBack, f.SourceHash = site.Database.Since, site.Database.Hash
	}
	if d != nil {
		seen.marked = slices.SortedFunc(maps.Keys(d.marked), model.Key.Compare)
	}
	f.Unconverged.add(seen.unread())
	open := openPerKind(seen, d)
	last := cmp.Or(site.LastPlan, &Counted{})
	for _, k := range model.Kinds() {
		f.Kinds[k] = KindFigures{
			Engage: last.Engage[k], Rejected: last.Rejected[k], Mapped: site.Mapped[k], Orphaned: site.Orphans.Counts[k],
			Converged: max(0, site.Mapped[k]-open[k]),
		}
	}
	for _, i := range seen.in(mapping.StateQuarantined) {
		k := f.Kinds[i.Key.Kind]
		k.Quarantined++
		f.Kinds[i.Key.Kind] = k
	}
	f.Held.Count, f.Guarded.Count, f.Tripped = last.Held, last.Guarded, last.Tripped
	if d != nil {
		f.Held, f.Guarded = heldGroup(d, func(h plan.Held) bool { return h.Code != plan.HeldPaused }), heldGroup(d, guarded)
		f.Tripped, f.ApproveHash = d.tripped(), d.guardHash()
		if d.proof.WentBack() != "" && f.SourceHash == "" {
			f.SourceHash = d.sourceHash()
		}
		for _, n := range d.snapshot.Read {
			f.Rows += n
		}
		f.ReadTook = d.readTook
	}
	return f
}

// openPerKind counts mapped objects that are not converged: those that were found so, and those that the run itself sent.
// What Engage does not want any more is not mapped.
func openPerKind(seen *survey, d *draft) map[model.Kind]int {
	open := map[model.Key]bool{}
	for _, i := range seen.items {
		open[i.Key] = true
	}
	for _, key := range seen.marked {
		open[key] = true
	}
	if d != nil {
		for _, c := range d.plan.Changes {
			if !quiet(c.Action) {
				open[c.Key] = true
			}
		}
		maps.DeleteFunc(open, func(k model.Key, _ bool) bool { _, desired := d.desired(k); return !desired })
	}
	n := map[model.Kind]int{}
	for k := range open {
		n[k.Kind]++
	}
	return n
}

func guarded(h plan.Held) bool { return h.Code == plan.HeldGuard }

func heldGroup(d *draft, is func(plan.Held) bool) Group {
	var g Group
	for _, h := range d.plan.Held {
		if !is(h) {
			continue
		}
		g.Count++
		g.Age = max(g.Age, d.at.Sub(h.Since))
		if len(g.Keys) < keysNamed {
			g.Keys = append(g.Keys, h.Change.Key)
		}
	}
	return g
}

// guardHash gives the hash of what the guard stopped: that of its kind, or of all kinds if there are several.
func (d *draft) guardHash() string {
	kinds := map[model.Kind]bool{}
	for _, h := range d.plan.Held {
		if guarded(h) {
			kinds[h.Change.Key.Kind] = true
		}
	}
	switch len(kinds) {
	case 0:
		return ""
	case 1:
		for k := range kinds {
			return d.plan.HeldHash[k]
		}
	}
	return d.plan.HeldHashAll
}

// tripped counts what the guard stopped: kinds and classes by this run's plan, objects by workers.
func (d *draft) tripped() int {
	n := len(d.heldRows)
	for _, v := range d.plan.Guard {
		if v.Tripped {
			n++
		}
	}
	return n
}

// Orphans are the counts of orphans, and when they were counted.
type Orphans struct {
	At     time.Time          `json:"at"`
	Counts map[model.Kind]int `json:"counts,omitempty"`
}

// orphansKept is how long counts of orphans serve. Orphans only come from runs, which count anew; they go when somebody takes
// them over or forgets them, and that may show a little later.
const orphansKept = 15 * time.Minute

// countOrphans counts the orphans if the run made one or may have taken one over, or if the count is old.
func (r *Runner) countOrphans(ctx context.Context, d *draft) error {
	moved := slices.ContainsFunc(d.plan.Changes, func(c model.Change) bool { return c.Action == model.ActionOrphan || !c.From.IsZero() })
	if !moved && d.at.Sub(d.site.Orphans.At) < orphansKept {
		return nil
	}
	items, err := r.Table.List(ctx, []mapping.State{mapping.StateOrphan}, nil)
	if err != nil {
		return fmt.Errorf("count orphans: %w", err)
	}
	d.site.Orphans = Orphans{At: d.at, Counts: map[model.Kind]int{}}
	for _, i := range items {
		d.site.Orphans.Counts[i.Key.Kind]++
	}
	return nil
}
