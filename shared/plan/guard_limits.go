package plan

import (
	"cmp"
	"slices"
	"time"

	"excs/shared/model"
	"excs/shared/rules"
)

// limit is what the guard keeps to for one class.
type limit struct {
	class     Class
	kinds     []model.Kind
	threshold func(rules.Guard) rules.Threshold
	// daily classes are remembered for guard.removalWindow, the others for guard.updateWindow.
	daily bool
	// third says that more than a third of the kind never goes without an approval, however small the site.
	third bool
	// addition says that nothing is counted until the site is loaded, and that shares are of what was mapped when the window
	// began: what is added must not raise its own limit.
	addition bool
	// hourly says that a read after a gap has the allowance of each hour that was missed.
	hourly bool
	// one and many are how people call what is counted.
	one, many string
}

// limits are all of them, in the order in which verdicts are shown.
func limits() []limit {
	queue, user, members := model.KindQueue, model.KindUser, model.KindMembers
	return []limit{
		{class: ClassRemovals, kinds: []model.Kind{queue, user, members}, threshold: func(g rules.Guard) rules.Threshold { return g.Removals }, daily: true, third: true, one: "removal", many: "removals"},
		{class: ClassAgents, kinds: []model.Kind{user}, threshold: func(g rules.Guard) rules.Threshold { return g.Agents }, third: true, one: "agent left without a queue", many: "agents left without a queue"},
		{class: ClassMade, kinds: []model.Kind{queue, user}, threshold: func(g rules.Guard) rules.Threshold { return g.Made }, daily: true, addition: true, one: "made or adopted", many: "made or adopted"},
		{class: ClassNames, kinds: []model.Kind{model.KindSkill, model.KindLanguage, model.KindWrapUpCode}, threshold: func(g rules.Guard) rules.Threshold { return g.Names }, daily: true, addition: true, one: "made or adopted", many: "made or adopted"},
		{class: ClassAddresses, kinds: []model.Kind{user}, threshold: func(g rules.Guard) rules.Threshold { return g.Addresses }, daily: true, one: "other address", many: "other addresses"},
		{class: ClassAssignments, kinds: []model.Kind{user}, threshold: func(g rules.Guard) rules.Threshold { return g.Assignments }, hourly: true, one: "user with skills or languages taken away or at another level", many: "users with skills or languages taken away or at another level"},
		{class: ClassUpdates, kinds: model.Kinds(), threshold: func(g rules.Guard) rules.Threshold { return g.Updates }, hourly: true, one: "update", many: "updates"},
		{class: ClassJoins, kinds: []model.Kind{members}, threshold: func(g rules.Guard) rules.Threshold { return g.Joins }, addition: true, hourly: true, one: "membership added", many: "memberships added"},
		{class: ClassMemberships, kinds: []model.Kind{members}, threshold: func(g rules.Guard) rules.Threshold {
			return rules.Threshold{Count: g.MemberLossCount, Share: g.MemberLoss}
		}, one: "membership", many: "memberships"},
	}
}

func limitOf(c Class) limit {
	all := limits()
	return all[slices.IndexFunc(all, func(l limit) bool { return l.class == c })]
}

// ceiling is the share of a kind that is the most that goes without an approval, however small the site: a third.
const ceiling = 3

// GuardLimit gives the most that may be drawn of a class in one window, and whether the guard counts at all: from a
// number of mapped objects on (for memberships: of memberships), which is looked at when the window began and now, so
// that neither a first load nor a great loss switches it off. Shares are of what was mapped when the window began.
//
//	removals of 17 mapped queues    5: the larger of 10 and 5 % would be 10, but never above a third
//	removals of 400                20: 5 %
//	removals of 9                  no limit
//
// Additions count from when enough was mapped at the window's start: before that the site is being loaded.
func GuardLimit(s rules.Settings, c Class, atStart, now int) (most int, active bool) {
	l := limitOf(c)
	most = l.threshold(s.Guard).Limit(atStart)
	if l.third {
		// A window that began with nothing is measured by what there is now.
		most = min(most, cmp.Or(atStart, now)/ceiling)
	}
	if l.addition {
		now = atStart
	}
	return most, max(atStart, now) >= s.Guard.ActiveFrom
}

// GuardWindow gives how long the guard remembers what it let through of a class, and what else is remembered.
func GuardWindow(s rules.Settings, c Class) time.Duration {
	if c == ClassFormer || !c.Remembered() && limitOf(c).daily {
		return s.Guard.RemovalWindow
	}
	return s.Guard.UpdateWindow
}

// Classes gives the classes that the guard counts of a kind.
func Classes(k model.Kind) []Class {
	var of []Class
	for _, l := range limits() {
		if slices.Contains(l.kinds, k) {
			of = append(of, l.class)
		}
	}
	return of
}

// Windows gives the classes whose windows a plan of a kind needs to know.
func Windows(k model.Kind) []Class {
	if k == model.KindUser {
		return append(Classes(k), ClassNewcomers, ClassFormer)
	}
	return Classes(k)
}

// Remembered says that the class has no limit: its window only tells what happened.
func (c Class) Remembered() bool { return c == ClassNewcomers || c == ClassFormer }

// FieldClasses gives the classes that the guard counts the fields of an EX object's change as, but for its state.
func FieldClasses(fields []model.Field) []Class {
	var of []Class
	add := func(c Class) {
		if !slices.Contains(of, c) {
			of = append(of, c)
		}
	}
	for _, f := range fields {
		switch {
		case !isAssigned(f.Name):
			add(ClassUpdates)
			if f.Name == model.FieldEmail {
				add(ClassAddresses)
			}
		case len(f.Removed) > 0 || slices.ContainsFunc(f.Added, isAnotherLevel):
			add(ClassAssignments)
		}
	}
	return of
}

// isAssigned says whether the field is a set of skills or languages.
func isAssigned(field string) bool {
	return field == model.FieldSkills || field == model.FieldLanguages
}
