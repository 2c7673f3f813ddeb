package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
)

// edit does something in Engage.
func (l *life) edit() {
	site := l.editor.Site()
	var what string
	var err error
	switch n := l.rng.IntN(20); {
	case n < 11:
		what, err = l.editor.Everyday(context.Background(), l.rng)
	case n < 13 && enabled(troubleReverts):
		before := site.Clone()
		what, err = l.editor.Everyday(context.Background(), l.rng)
		l.edited("Engage: "+what, err)
		l.live(seconds(l.rng.IntN(60)))
		what, err = "takes that back", l.editor.RestoreBackup(context.Background(), withNumbers(before))
		if !l.same(site, before) {
			return // a later DBID was given: going back would be a restore
		}
	case n < 15 && enabled(troubleRehires):
		what, err = l.rehireTwice()
	case n < 17 && enabled(troubleRecreate):
		what, err = l.recreate()
	case n < 19 && enabled(troubleSwaps):
		what, err = l.swap()
	default:
		what, err = l.leave()
	}
	l.edited("Engage: "+what, err)
}

// edited notes an edit; one that does not fit is none.
func (l *life) edited(what string, err error) {
	if errors.Is(err, engagetest.ErrNoSuchObject) || errors.Is(err, engagetest.ErrConflict) {
		return
	}
	if err != nil {
		panic(fmt.Sprint(what, ": ", err))
	}
	l.tell("%s", what)
	l.oracle.edited()
}

func withNumbers(s *engagetest.Site) *engagetest.Site { return s }

// same says whether both sites have the same objects, so that one is an edit of the other and no restored backup.
func (l *life) same(a, b *engagetest.Site) bool {
	persons := func(s *engagetest.Site) []int64 {
		return numbers(s.Persons, func(p engagetest.Person) int64 { return p.DBID })
	}
	dns := func(s *engagetest.Site) []int64 { return numbers(s.DNs, func(p engagetest.DN) int64 { return p.DBID }) }
	skills := func(s *engagetest.Site) []int64 {
		return numbers(s.Skills, func(p engagetest.Skill) int64 { return p.DBID })
	}
	groups := func(s *engagetest.Site) []int64 {
		return numbers(s.Groups, func(p engagetest.Group) int64 { return p.DBID })
	}
	values := func(s *engagetest.Site) []int64 {
		return numbers(s.Values, func(p engagetest.Value) int64 { return p.DBID })
	}
	return slices.Equal(persons(a), persons(b)) && slices.Equal(dns(a), dns(b)) && slices.Equal(skills(a), skills(b)) && slices.Equal(groups(a), groups(b)) && slices.Equal(values(a), values(b))
}

func numbers[T any](rows []T, of func(T) int64) []int64 {
	list := make([]int64, 0, len(rows))
	for _, r := range rows {
		list = append(list, of(r))
	}
	return list
}

// pick draws one of a list that fits.
func pick[T any](l *life, list []T, fits func(T) bool) (one T, ok bool) {
	list = slices.DeleteFunc(slices.Clone(list), func(x T) bool { return !fits(x) })
	if len(list) == 0 {
		return one, false
	}
	return list[l.rng.IntN(len(list))], true
}

func (l *life) agent() (engagetest.Person, bool) {
	tenant := l.editor.Site().Tenant
	return pick(l, l.editor.Site().Persons, func(p engagetest.Person) bool {
		return p.Tenant == tenant && p.Agent && p.State != engagetest.StateDeleted
	})
}

func (l *life) dn() (engagetest.DN, bool) {
	return pick(l, l.editor.Site().Queues(), func(d engagetest.DN) bool { return d.State != engagetest.StateDeleted })
}

// rehireTwice lets a Person go and come back under a new number, twice, with or without a run in between.
func (l *life) rehireTwice() (string, error) {
	p, ok := l.agent()
	if !ok {
		return "", engagetest.ErrNoSuchObject
	}
	ctx, first := context.Background(), p.DBID
	for range 2 {
		if err := l.editor.Fire(ctx, p.DBID); err != nil {
			return "", err
		}
		l.edited(fmt.Sprint("Engage: fire ", p.DBID), nil)
		if l.rng.IntN(3) == 0 {
			l.live(seconds(l.rng.IntN(150)))
		}
		again, err := l.editor.Rehire(ctx, p, engagetest.SameEmployee)
		if err != nil {
			return "", err
		}
		l.edited(fmt.Sprintf("Engage: re-hire %d as %d", p.DBID, again.DBID), nil)
		if p = again; l.rng.IntN(2) == 0 {
			l.live(seconds(l.rng.IntN(150)))
		}
	}
	return fmt.Sprintf("re-hired %d twice, now %d", first, p.DBID), nil
}

// recreate deletes a queue and makes it again, once or twice within one interval.
func (l *life) recreate() (string, error) {
	d, ok := l.dn()
	if !ok {
		return "", engagetest.ErrNoSuchObject
	}
	was := d.DBID
	for range 1 + l.rng.IntN(2) {
		again, err := l.editor.RecreateQueue(context.Background(), d.DBID, l.rng.IntN(3) > 0)
		if err != nil {
			return "", err
		}
		l.edited(fmt.Sprintf("Engage: queue %d made again as %d", d.DBID, again.DBID), nil)
		d = again
		if l.rng.IntN(3) == 0 {
			l.live(seconds(l.rng.IntN(90)))
		}
	}
	return fmt.Sprintf("queue %d is %d now", was, d.DBID), nil
}

// swap exchanges the names of queues, or moves them along a chain.
func (l *life) swap() (string, error) {
	a, ok := l.dn()
	b, okb := pick(l, l.editor.Site().Queues(), func(d engagetest.DN) bool { return d.DBID != a.DBID && d.Alias != "" })
	if !ok || !okb || a.Alias == "" {
		return "", engagetest.ErrNoSuchObject
	}
	if l.rng.IntN(2) == 0 {
		return fmt.Sprintf("swap the aliases of %d and %d", a.DBID, b.DBID), l.editor.SwapAliases(context.Background(), a.DBID, b.DBID)
	}
	if err := l.editor.SetAlias(context.Background(), a.DBID, fmt.Sprint("VQ_Chain_", l.rng.IntN(1_000_000))); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d takes the alias of %d, which gets another", b.DBID, a.DBID), l.editor.SetAlias(context.Background(), b.DBID, a.Alias)
}

// leave disables a Person, or enables one.
func (l *life) leave() (string, error) {
	p, ok := l.agent()
	if !ok {
		return "", engagetest.ErrNoSuchObject
	}
	state := engagetest.StateDisabled
	if p.State == engagetest.StateDisabled {
		state = engagetest.StateEnabled
	}
	return fmt.Sprintf("person %d to state %d", p.DBID, state), l.editor.SetPersonState(context.Background(), p.DBID, state)
}

// meddle does what people do in the EX Org: with what Engage controls, which is set right, and with what it does not.
func (l *life) meddle() {
	user, ok := pick(l, l.org.Users(), func(u exorgtest.User) bool { return u.State == "active" && len(u.External) > 0 })
	q, okq := pick(l, l.org.Queues(), func(q exorgtest.Queue) bool { return q.PeerID != "" })
	skill, oks := pick(l, l.org.Skills(), func(s exorgtest.Skill) bool { return s.State != "deleted" })
	code, okc := pick(l, l.org.Codes(), func(exorgtest.Code) bool { return true })
	if !ok || !okq || !oks || !okc {
		return
	}
	deeds := []struct {
		what string
		do   func() error
	}{
		{"rename user " + user.Email, func() error {
			return l.org.EditUser(user.ID, func(raw map[string]any) { raw["name"] = "Meddled" })
		}},
		{"title of " + user.Email, func() error {
			return l.org.EditUser(user.ID, func(raw map[string]any) { raw["title"] = fmt.Sprint("Title ", l.rng.IntN(100)) })
		}},
		{"deactivate " + user.Email, func() error { return l.org.DeactivateUser(user.ID) }},
		{"delete " + user.Email, func() error { return l.org.DeleteUser(user.ID) }},
		{"give " + user.Email + " " + skill.Name, func() error { return l.org.SetUserSkill(user.ID, skill.ID, 3) }},
		{"touch " + user.Email, func() error { return l.org.TouchUser(user.ID) }},
		{"delete queue " + q.Name, func() error { return l.org.DeleteQueue(q.ID) }},
		{"rename queue " + q.Name, func() error {
			return l.org.EditQueue(q.ID, func(raw map[string]any) { raw["name"] = fmt.Sprint("Meddled ", l.rng.IntN(1000)) })
		}},
		{"description of queue " + q.Name, func() error {
			return l.org.EditQueue(q.ID, func(raw map[string]any) { raw["description"] = fmt.Sprint("Text ", l.rng.IntN(100)) })
		}},
		{"put " + user.Email + " into " + q.Name, func() error { return l.org.AddMembers(q.ID, user.ID) }},
		{"put a stranger into " + q.Name, func() error { return l.org.AddMembers(q.ID, l.stranger()) }},
		{"delete skill " + skill.Name, func() error { return l.org.DeleteSkill(skill.ID) }},
		{"code " + code.Name + " onto " + q.Name, func() error { return l.org.AssignCodes(q.ID, code.ID) }},
		{"delete code " + code.Name, func() error { return l.org.DeleteCode(code.ID) }},
		{"new skill by hand", func() error {
			id, err := l.org.AddSkill(fmt.Sprint("By hand ", l.rng.IntN(1_000_000)))
			l.oracle.keepOff(id, "a skill made by hand")
			return err
		}},
	}
	d := deeds[l.rng.IntN(len(deeds))]
	if err := d.do(); err != nil {
		l.tell("EX Org: %s: %v", d.what, err)
		return
	}
	l.tell("EX Org: %s", d.what)
}

// stranger is a user that Engage never knows.
func (l *life) stranger() string {
	n := l.rng.IntN(1_000_000)
	id, err := l.org.AddUser(map[string]any{"name": fmt.Sprint("Stranger ", n), "email": fmt.Sprintf("stranger%d@elsewhere.example", n)})
	if err != nil {
		panic(err)
	}
	l.oracle.keepOff(id, "a user made by hand")
	return id
}
