package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"excs/shared/engage/engagetest"
)

// edits are what happens in Engage.
func edits() []happening {
	return []happening{
		{"everyday", troubleEdits, 600, func(l *life, rng *rand.Rand) {
			for range 1 + rng.IntN(3) {
				l.everyday(rng)
			}
		}},
		{"revert", troubleReverts, 90, (*life).revert},
		{"re-hire twice", troubleRehires, 80, (*life).rehireTwice},
		{"recreate", troubleRecreate, 80, (*life).recreate},
		{"swap", troubleSwaps, 80, (*life).swap},
		{"leave", troubleEdits, 80, (*life).leave},
		{"address", troubleAddresses, 60, (*life).address},
		{"language", troubleEdits, 20, (*life).becomesLanguage},
	}
}

// edited notes an edit; one that does not fit is none.
func (l *life) edited(what string, err error) {
	if errors.Is(err, engagetest.ErrNoSuchObject) || errors.Is(err, engagetest.ErrConflict) {
		return
	}
	if err != nil {
		panic(fmt.Sprint(what, ": ", err))
	}
	l.tell("Engage: %s", what)
	l.oracle.edited()
}

func (l *life) everyday(rng *rand.Rand) {
	what, err := l.editor.Everyday(context.Background(), rng)
	l.edited(what, err)
}

// revert edits something and takes it back soon after.
func (l *life) revert(rng *rand.Rand) {
	before := l.editor.Site().Clone()
	l.everyday(rng)
	l.live(seconds(rng.IntN(60)))
	if !sameNumbers(l.editor.Site(), before) {
		return // a later DBID was given: going back would be a restore
	}
	l.edited("takes that back", l.editor.RestoreBackup(context.Background(), before))
}

// sameNumbers says whether both sites have the same objects, so that one is an edit of the other and no restored backup.
func sameNumbers(a, b *engagetest.Site) bool {
	numbers := func(s *engagetest.Site) (all []int64) {
		for _, x := range s.Persons {
			all = append(all, x.DBID)
		}
		for _, x := range s.DNs {
			all = append(all, x.DBID)
		}
		for _, x := range s.Skills {
			all = append(all, x.DBID)
		}
		for _, x := range s.Groups {
			all = append(all, x.DBID)
		}
		for _, x := range s.Values {
			all = append(all, x.DBID)
		}
		return all
	}
	return slices.Equal(numbers(a), numbers(b))
}

// pick draws one of a list that fits.
func pick[T any](rng *rand.Rand, list []T, fits func(T) bool) (x T, ok bool) {
	list = slices.DeleteFunc(slices.Clone(list), func(x T) bool { return !fits(x) })
	if len(list) == 0 {
		return x, false
	}
	return list[rng.IntN(len(list))], true
}

func (l *life) agent(rng *rand.Rand) (engagetest.Person, bool) {
	tenant := l.editor.Site().Tenant
	return pick(rng, l.editor.Site().Persons, func(p engagetest.Person) bool {
		return p.Tenant == tenant && p.Agent && p.State != engagetest.StateDeleted
	})
}

func (l *life) dn(rng *rand.Rand) (engagetest.DN, bool) {
	return pick(rng, l.editor.Site().Queues(), func(d engagetest.DN) bool { return d.State != engagetest.StateDeleted })
}

// rehireTwice lets a Person go and come back under a new number, twice, with or without a run in between.
func (l *life) rehireTwice(rng *rand.Rand) {
	p, ok := l.agent(rng)
	if !ok {
		return
	}
	ctx := context.Background()
	for range 2 {
		if err := l.editor.Fire(ctx, p.DBID); err != nil {
			return
		}
		l.edited(fmt.Sprint("fire ", p.DBID), nil)
		if rng.IntN(3) == 0 {
			l.live(seconds(rng.IntN(150)))
		}
		again, err := l.editor.Rehire(ctx, p, engagetest.SameEmployee)
		if err != nil {
			return
		}
		l.edited(fmt.Sprintf("re-hire %d as %d", p.DBID, again.DBID), nil)
		if p = again; rng.IntN(2) == 0 {
			l.live(seconds(rng.IntN(150)))
		}
	}
}

// recreate deletes a queue and makes it again, once or twice within one interval.
func (l *life) recreate(rng *rand.Rand) {
	d, ok := l.dn(rng)
	if !ok {
		return
	}
	for range 1 + rng.IntN(2) {
		again, err := l.editor.RecreateQueue(context.Background(), d.DBID, rng.IntN(3) > 0)
		if err != nil {
			return
		}
		l.edited(fmt.Sprintf("queue %d made again as %d", d.DBID, again.DBID), nil)
		if d = again; rng.IntN(3) == 0 {
			l.live(seconds(rng.IntN(90)))
		}
	}
}

// swap exchanges the names of queues, or moves them along a chain.
func (l *life) swap(rng *rand.Rand) {
	ctx := context.Background()
	named := func(d engagetest.DN) bool { return d.Alias != "" && d.State != engagetest.StateDeleted }
	a, ok := pick(rng, l.editor.Site().Queues(), named)
	b, okb := pick(rng, l.editor.Site().Queues(), func(d engagetest.DN) bool { return named(d) && d.DBID != a.DBID })
	if !ok || !okb {
		return
	}
	if rng.IntN(2) == 0 {
		l.edited(fmt.Sprintf("swap the aliases of %d and %d", a.DBID, b.DBID), l.editor.SwapAliases(ctx, a.DBID, b.DBID))
		return
	}
	if err := l.editor.SetAlias(ctx, a.DBID, fmt.Sprint("VQ_Chain_", rng.IntN(1_000_000))); err != nil {
		return
	}
	l.edited(fmt.Sprintf("%d takes the alias of %d, which gets another", b.DBID, a.DBID), l.editor.SetAlias(ctx, b.DBID, a.Alias))
}

// leave disables a Person, or enables one.
func (l *life) leave(rng *rand.Rand) {
	p, ok := l.agent(rng)
	if !ok {
		return
	}
	state := engagetest.StateDisabled
	if p.State == engagetest.StateDisabled {
		state = engagetest.StateEnabled
	}
	l.edited(fmt.Sprintf("person %d to state %d", p.DBID, state), l.editor.SetPersonState(context.Background(), p.DBID, state))
}

// address gives a Person a new address, or two Persons each other's.
func (l *life) address(rng *rand.Rand) {
	a, ok := l.agent(rng)
	b, okb := l.agent(rng)
	if !ok || !okb {
		return
	}
	if rng.IntN(2) == 0 && a.DBID != b.DBID && a.Email != "" && b.Email != "" {
		l.edited(fmt.Sprintf("swap the addresses of %d and %d", a.DBID, b.DBID), l.editor.SwapEmails(context.Background(), a.DBID, b.DBID))
		return
	}
	l.edited(fmt.Sprintf("new address of %d", a.DBID), l.editor.ChangeEmail(context.Background(), a.DBID, fmt.Sprintf("moved%d@northwind.example", rng.IntN(1_000_000))))
}

// becomesLanguage makes a language of a skill.
func (l *life) becomesLanguage(rng *rand.Rand) {
	site := l.editor.Site()
	s, ok := pick(rng, site.Skills, func(s engagetest.Skill) bool { return s.Tenant == site.Tenant })
	if !ok {
		return
	}
	_, err := l.editor.MakeLanguage(context.Background(), s.DBID)
	l.edited(fmt.Sprintf("skill %d becomes a language", s.DBID), err)
}
