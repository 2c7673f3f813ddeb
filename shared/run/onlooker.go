package run

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
)

// onlooker makes an Overview.
type onlooker struct {
	o       *Overview
	few     int
	tallies map[model.Kind]*Tally
	items   []mapping.Item
	held    heldDocument
	rejects []rejected
	pauses  mapping.Pauses
	// paused are the keys of changes that the last run held for a pause and nothing else.
	paused []model.Key
	// leaving are rows whose EX object is to be deleted: they are not mapped any more.
	leaving map[model.Key]bool
	rows    map[model.Key]mapping.Row
	// marked are objects that a run marked as being changed and whose rows are in no list.
	marked []model.Key
}

func talliesOf(s Site) map[model.Kind]*Tally {
	tallies := map[model.Kind]*Tally{}
	for _, k := range model.Kinds() {
		t := &Tally{Kind: k, Engage: -1, Mapped: s.Mapped[k], Orphaned: s.Orphans.Counts[k]}
		if s.LastPlan != nil && s.LastPlan.Engage != nil {
			t.Engage = s.LastPlan.Engage[k]
		}
		tallies[k] = t
	}
	return tallies
}

func (l *onlooker) read(ctx context.Context, r *Runner) error {
	var a approvals
	for name, v := range map[string]any{docHeld: &l.held, docRejects: &l.rejects, docApprovals: &a} {
		if err := load(ctx, r.Table, name, v); err != nil {
			return err
		}
	}
	l.held.Items = slices.DeleteFunc(l.held.Items, func(h heldItem) bool {
		rests := h.Code == plan.HeldPaused
		if rests {
			l.paused = append(l.paused, h.Key)
		}
		return rests
	})
	var err error
	if l.pauses, err = r.Table.Pauses(ctx); err != nil {
		return err
	}
	if l.o.Acts, err = r.Acts(ctx); err != nil {
		return err
	}
	if l.items, err = r.Table.List(ctx, surveyed(), nil); err != nil {
		return fmt.Errorf("list rows: %w", err)
	}
	slices.SortFunc(l.items, func(a, b mapping.Item) int { return cmp.Or(a.Since.Compare(b.Since), a.Key.Compare(b.Key)) })
	if l.marked, err = r.Table.Marked(ctx); err != nil {
		return err
	}
	l.marked = (&survey{items: l.items, marked: l.marked}).unread()
	if l.rows, err = r.Table.GetMany(ctx, l.worthReading()); err != nil {
		return fmt.Errorf("read rows: %w", err)
	}
	for key, row := range l.rows {
		l.leaving[key] = row.Goal == mapping.GoalAbsent
	}
	l.list()
	l.resting()
	l.stopped(a.valid(l.o.At))
	return nil
}

// rowsRead bounds how many unconverged rows are read to tell those that are on their way out from the others, and for
// their names. During a first load thousands are pending, and none of them is leaving.
const rowsRead = 200

// worthReading gives the keys of rows that are shown or may be on their way out: first what failed.
func (l *onlooker) worthReading() []model.Key {
	urgent := func(i mapping.Item) int {
		switch {
		case i.State == mapping.StateQuarantined:
			return 0
		case i.State == mapping.StateInvisible || damped(i):
			return 1
		default:
			return 2
		}
	}
	items := slices.Clone(l.items)
	slices.SortStableFunc(items, func(a, b mapping.Item) int { return urgent(a) - urgent(b) })
	var keys []model.Key
	for _, i := range items[:min(len(items), rowsRead)] {
		keys = append(keys, i.Key)
	}
	for _, h := range l.held.Items[:min(len(l.held.Items), l.few)] {
		keys = append(keys, h.Key)
	}
	for _, p := range l.pauses[:min(len(l.pauses), l.few)] {
		if !p.Key.IsZero() {
			keys = append(keys, p.Key)
		}
	}
	return keys
}

func damped(i mapping.Item) bool {
	return i.State == mapping.StateWaiting && strings.HasPrefix(i.Reason, mapping.Damped)
}

// list sorts rows and rejects into what is shown, and counts them.
func (l *onlooker) list() {
	for _, i := range l.items {
		l.oldest(i)
		l.count(i)
	}
	slices.SortStableFunc(l.rejects, func(a, b rejected) int { return a.Since.Compare(b.Since) })
	for _, j := range l.rejects {
		l.tallies[j.Key.Kind].Rejected++
		if len(l.o.Rejected) < l.few {
			l.o.Rejected = append(l.o.Rejected, Named{Listed: Listed{Key: j.Key, State: listedRejected, Since: j.Since, Reason: j.Reason}})
		}
	}
}

// oldest keeps the object that has been on its way for longest.
func (l *onlooker) oldest(i mapping.Item) {
	at := i.Unconverged
	if at.IsZero() || standsStill(i, l.pauses) {
		return
	}
	if l.o.Oldest.IsZero() || at.Before(l.o.Oldest) {
		l.o.Oldest, l.o.OldestKey = at, i.Key
	}
}

// count counts a row in its state. What is held counts with the held changes.
func (l *onlooker) count(i mapping.Item) {
	o, t := l.o, l.tallies[i.Key.Kind]
	switch i.State {
	case mapping.StateQuarantined:
		t.Quarantined++
		l.show(&o.Quarantined, i)
	case mapping.StateInvisible:
		t.Invisible++
		l.show(&o.Invisible, i)
	case mapping.StatePending, mapping.StateWaiting:
		t.Waiting++
		if damped(i) {
			o.DampedCount++
			l.show(&o.Damped, i)
		}
	default:
	}
}

// resting gives each pause the objects that rest in it and in no closer one: changes that the last run held for it, and rows
// that would be on their way.
func (l *onlooker) resting() {
	for _, p := range l.pauses {
		l.o.Pauses = append(l.o.Pauses, Rest{Pause: p, Name: l.rows[p.Key].Desired.Name})
	}
	keys := slices.Clone(l.paused)
	for _, i := range l.items {
		if slices.Contains(onTheirWay(), i.State) {
			keys = append(keys, i.Key)
		}
	}
	for _, key := range distinct(keys) {
		if p, paused := l.pauses.Of(key); paused {
			l.o.Pauses[slices.Index(l.pauses, p)].Resting++
		}
	}
}

// show adds a row to a list while there is room.
func (l *onlooker) show(list *[]Named, i mapping.Item) {
	if len(*list) < l.few {
		*list = append(*list, Named{
			Listed: Listed{Key: i.Key, State: string(i.State), Since: i.Since, Reason: i.Reason, EXID: i.EXID},
			Name:   l.rows[i.Key].Desired.Name,
		})
	}
}

// stopped shows what is held. A change of a kind whose approval was given waits for the next run only.
func (l *onlooker) stopped(approved map[string]bool) {
	s := &l.o.Stopped
	s.Hash, s.All, s.Source, s.First, s.Count = l.held.Hash, l.held.All, l.held.Source, l.held.First, len(l.held.Items)
	if s.Database == "" {
		s.WentBack = l.held.WentBack
	}
	groups := map[model.Kind]*StoppedGroup{}
	for _, h := range l.held.Items {
		g := groups[h.Key.Kind]
		if g == nil {
			g = &StoppedGroup{Kind: h.Key.Kind, Hash: l.held.Kinds[h.Key.Kind]}
			groups[h.Key.Kind] = g
		}
		switch {
		case approved[h.ID]:
			g.Approved++
		case h.Code.Approvable():
			g.Open++
		default:
			g.Bound++
		}
		if len(s.Lines) < l.few {
			s.Lines = append(s.Lines, StoppedLine{
				Named:  Named{Listed: Listed{Key: h.Key, State: listedHeld, Since: h.Since, Reason: h.Reason}, Name: l.rows[h.Key].Desired.Name},
				Action: h.Action, Code: h.Code, Approved: approved[h.ID],
			})
		}
	}
	for _, k := range model.Kinds() {
		if g := groups[k]; g != nil {
			s.Groups = append(s.Groups, *g)
		}
	}
}

// sum completes the tallies: what is mapped and in no other state is converged.
func (l *onlooker) sum() []Tally {
	held := map[model.Key]bool{}
	for _, h := range l.held.Items {
		held[h.Key] = true
	}
	for _, i := range l.items {
		if i.State == mapping.StateHeld {
			held[i.Key] = true
		}
		if !l.leaving[i.Key] {
			l.tallies[i.Key.Kind].Converged--
		}
	}
	for key := range held {
		l.tallies[key.Kind].Held++
	}
	for _, key := range l.marked {
		l.tallies[key.Kind].Waiting++
		l.tallies[key.Kind].Converged--
	}
	sums := make([]Tally, 0, len(l.tallies))
	for _, k := range model.Kinds() {
		t := *l.tallies[k]
		t.Converged = max(0, t.Mapped+t.Converged)
		sums = append(sums, t)
	}
	return sums
}
