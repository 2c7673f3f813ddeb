package run

import (
	"math"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// Progress says how far a load is: objects of each kind that are right, of those that are mapped, and how long the rest takes at most at the
// budget's pace.
type Progress struct {
	Kinds []KindProgress `json:"kinds"`
	// PerMinute are the requests to the EX Org that the budget allows, over all OAuth clients.
	PerMinute int           `json:"perMinute"`
	Left      time.Duration `json:"left"`
}

// KindProgress counts the objects of one kind.
type KindProgress struct {
	Kind model.Kind `json:"kind"`
	Done int        `json:"done"`
	Of   int        `json:"of"`
}

// loading is how many objects on their way make a load: fewer are a day's work, and nobody asks how long it takes.
const loading = 25

// callsOf is what an object that is on its way usually costs: one that is made, from the counts of the tests of calls (FIGURES).
func callsOf(kind model.Kind) int {
	switch kind {
	case model.KindUser:
		return 4
	case model.KindMembers:
		return 2
	default:
		return 1
	}
}

// progressOf sums the load up; nil where there is none. What waits for a person is not on its way.
func progressOf(items []mapping.Item, mapped map[model.Kind]int, pauses mapping.Pauses, perMinute int) *Progress {
	open, calls, n := map[model.Kind]int{}, 0, 0
	for _, i := range items {
		onItsWay := i.State == mapping.StatePending || i.State == mapping.StateWaiting
		if !onItsWay || standsStill(i, pauses) || i.Refusing() {
			continue
		}
		n++
		open[i.Key.Kind]++
		calls += callsOf(i.Key.Kind)
	}
	if n < loading || perMinute <= 0 {
		return nil
	}
	p := &Progress{PerMinute: perMinute, Left: time.Duration(math.Ceil(float64(calls)/float64(perMinute))) * time.Minute}
	for _, kind := range model.Kinds() {
		if open[kind] > 0 {
			of := max(mapped[kind], open[kind])
			p.Kinds = append(p.Kinds, KindProgress{Kind: kind, Done: of - open[kind], Of: of})
		}
	}
	return p
}
