package run

import (
	"context"
	"slices"
	"time"

	"excs/shared/model"
)

// docShown is the document of the plans that were shown and that held something.
const docShown = "shown"

const (
	// shownKeep is how long the hash of a plan that was shown lets pass what it held.
	shownKeep = 24 * time.Hour
	// shownAgain is how old a plan may be that is shown run after run until its time is written again.
	shownAgain = time.Hour
)

// shownDocument keeps what each plan of the last day held. Plans are numbered; an item is kept once for all the plans in a
// row that held it, so that a plan a minute takes no more room than what differs.
type shownDocument struct {
	Last  int64       `json:"last"`
	Plans []shownPlan `json:"plans,omitempty"`
	Items []shownItem `json:"items,omitempty"`
}

// shownPlan is one plan, with every hash that it showed.
type shownPlan struct {
	Number int64                 `json:"number"`
	At     time.Time             `json:"at"`
	Hash   string                `json:"hash"`
	All    string                `json:"all,omitempty"`
	Kinds  map[model.Kind]string `json:"kinds,omitempty"`
}

// shownItem was held by the plans From to To.
type shownItem struct {
	heldItem
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// with adds a plan.
func (s shownDocument) with(h heldDocument, at time.Time) shownDocument {
	s.Plans = slices.DeleteFunc(slices.Clone(s.Plans), func(p shownPlan) bool { return at.Sub(p.At) > shownKeep+shownAgain })
	latest := len(s.Plans) > 0 && s.Plans[len(s.Plans)-1].Number == s.Last
	switch {
	case len(h.Items) == 0 && latest:
		s.Last++ // what is held after this is held anew
		fallthrough
	case len(h.Items) == 0:
		return s.pruned()
	case latest && s.Plans[len(s.Plans)-1].Hash == h.Hash:
		if p := &s.Plans[len(s.Plans)-1]; at.Sub(p.At) >= shownAgain {
			p.At = at
		}
		return s.pruned()
	}
	before := s.Last
	s.Last++
	s.Plans = slices.DeleteFunc(s.Plans, func(p shownPlan) bool { return p.Hash == h.Hash })
	s.Plans = append(s.Plans, shownPlan{Number: s.Last, At: at, Hash: h.Hash, All: h.All, Kinds: h.Kinds})
	s.hold(h.Items, before)
	return s.pruned()
}

// hold notes what the last plan holds; before is the number of the plan before it.
func (s *shownDocument) hold(items []heldItem, before int64) {
	open := map[string]int{}
	s.Items = slices.Clone(s.Items)
	for i, item := range s.Items {
		if item.To == before {
			open[item.ID] = i
		}
	}
	for _, item := range items {
		item.Tripped, item.Waited = nil, nil // only the next plan needs them
		if i, ok := open[item.ID]; ok && s.Items[i].same(item) {
			s.Items[i].To = s.Last
			continue
		}
		s.Items = append(s.Items, shownItem{heldItem: item, From: s.Last, To: s.Last})
	}
}

func (h heldItem) same(o heldItem) bool {
	return h.Version == o.Version && h.Code == o.Code && slices.Equal(h.Parts, o.Parts)
}

// pruned drops items of no plan that is kept.
func (s shownDocument) pruned() shownDocument {
	first := s.Last + 1
	if len(s.Plans) > 0 {
		first = s.Plans[0].Number
	}
	s.Items = slices.DeleteFunc(slices.Clone(s.Items), func(i shownItem) bool { return i.To < first })
	return s
}

// under gives what the plan of the hash held: of one kind, if it is the hash of that; nothing for a hash that no plan
// of the last day showed.
func (s shownDocument) under(hash string, now time.Time) []heldItem {
	for _, p := range s.Plans {
		if hash == "" || now.Sub(p.At) > shownKeep+shownAgain {
			continue
		}
		of := func(k model.Kind) bool { return hash == p.Hash || hash == p.All || hash == p.Kinds[k] }
		if !slices.ContainsFunc(model.Kinds(), of) {
			continue
		}
		var items []heldItem
		for _, i := range s.Items {
			if i.From <= p.Number && p.Number <= i.To && of(i.Key.Kind) {
				items = append(items, i.heldItem)
			}
		}
		return items
	}
	return nil
}

// rememberShown adds the plan of a run to those that were shown.
func (r *Runner) rememberShown(ctx context.Context, run int64, d *draft, h heldDocument) error {
	if len(h.Items)+len(d.held.Items) == 0 {
		return nil // nothing to add, and no plan in a row to end
	}
	var shown shownDocument
	if err := load(ctx, d.docs, docShown, &shown); err != nil {
		return err
	}
	after := shown.with(h, d.at)
	if after.Last == 0 {
		return nil
	}
	return r.saveChanged(ctx, d.docs, docShown, run, after)
}
