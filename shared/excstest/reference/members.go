package reference

import (
	"slices"

	"excs/shared/engage/engagetest"
)

// Membership is a Person that a queue must have.
type Membership struct{ DN, Person int64 }

// Facts are what a site says about its objects by their numbers: which queues and Persons there are, whether a Person may
// log in, and who serves which queue.
type Facts struct {
	Queues  map[int64]bool
	Persons map[int64]bool // enabled?
	Members map[Membership]bool
}

// FactsOf reads them from a site, under the same settings as Expected.
func FactsOf(site *engagetest.Site, virtualOnly bool) Facts {
	r := &reference{site: site, languages: map[string]bool{}, skills: map[int64]string{}, levels: map[int64]map[string]int{}, scripts: site.Scripts(), groups: map[int64]map[int64]bool{}}
	r.readSkills()
	f := Facts{Queues: map[int64]bool{}, Persons: map[int64]bool{}, Members: map[Membership]bool{}}
	for _, p := range r.agents() {
		f.Persons[p.DBID] = p.State == engagetest.StateEnabled
	}
	for _, d := range r.queues(virtualOnly) {
		f.Queues[d.DBID] = true
	}
	for _, l := range site.Links {
		g, ok := site.Group(l.Group)
		if !f.Queues[l.DN] || !ok || g.State == engagetest.StateDisabled {
			continue
		}
		for p := range r.held(l.Group) {
			if f.Persons[p] {
				f.Members[Membership{l.DN, p}] = true
			}
		}
	}
	return f
}

// Sorted gives the memberships in order.
func (f Facts) Sorted() []Membership {
	var list []Membership
	for m := range f.Members {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b Membership) int {
		if a.DN != b.DN {
			return int(a.DN - b.DN)
		}
		return int(a.Person - b.Person)
	})
	return list
}
