package engagetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
)

// Everyday does one edit of an ordinary day, drawn with rng, and returns a line that says what it did. The same site and the same rng give
// the same edits. It touches only the main tenant, and never does what Engage would refuse.
func (e *Editor) Everyday(ctx context.Context, rng *rand.Rand) (string, error) {
	edits := e.everyday(ctx, rng)
	for range 50 {
		what, err := edits[rng.IntN(len(edits))]()
		if errors.Is(err, ErrNoSuchObject) || errors.Is(err, ErrConflict) {
			continue // it drew objects that do not fit; another draw will
		}
		return what, err
	}
	p, err := e.Hire(ctx, Newcomer{})
	return fmt.Sprint("hire ", p.DBID), err
}

// everyday returns the edits that Everyday draws from. The more common ones are there more than once.
func (e *Editor) everyday(ctx context.Context, rng *rand.Rand) []func() (string, error) {
	d := draw{e.site, rng}
	said := func(err error, format string, args ...any) (string, error) { return fmt.Sprintf(format, args...), err }
	hire := func() (string, error) {
		p, err := e.Hire(ctx, Newcomer{Levels: map[int64]int{d.skill(): 1 + rng.IntN(10)}, Groups: []int64{d.group()}})
		return said(err, "hire %d", p.DBID)
	}
	fire := func() (string, error) { p := d.person(); return said(e.Fire(ctx, p), "fire %d", p) }
	level := func() (string, error) {
		p, s, n := d.person(), d.skill(), rng.IntN(11)
		if err := e.AddLevel(ctx, p, s, n); !errors.Is(err, ErrConflict) {
			return said(err, "give %d skill %d at %d", p, s, n)
		}
		return said(e.ChangeLevel(ctx, p, s, n), "set %d's skill %d to %d", p, s, n)
	}
	unlevel := func() (string, error) {
		l := d.level()
		return said(e.RemoveLevel(ctx, l.Person, l.Skill), "take skill %d from %d", l.Skill, l.Person)
	}
	move := func() (string, error) {
		m, to := d.member(), d.group()
		return said(e.MoveMember(ctx, m.Person, m.Group, to), "move %d from group %d to %d", m.Person, m.Group, to)
	}
	return append(e.everydayObjects(ctx, d, said), hire, hire, fire, level, level, level, unlevel, unlevel, move, move)
}

// everydayObjects returns the edits that change the objects themselves.
func (e *Editor) everydayObjects(ctx context.Context, d draw, said func(error, string, ...any) (string, error)) []func() (string, error) {
	return []func() (string, error){
		func() (string, error) {
			p, state := d.person(), State(1+d.rng.IntN(2))
			return said(e.SetPersonState(ctx, p, state), "set person %d to state %d", p, state)
		},
		func() (string, error) {
			p, last := d.person(), lastNames()[d.rng.IntN(20)]
			former, _ := e.site.Person(p)
			return said(e.RenamePerson(ctx, p, former.First, last), "rename person %d", p)
		},
		func() (string, error) {
			former, _ := e.site.Person(d.person())
			if err := e.Fire(ctx, former.DBID); err != nil {
				return said(err, "fire %d", former.DBID)
			}
			p, err := e.Rehire(ctx, former, SameEmployee)
			return said(err, "re-hire %d as %d", former.DBID, p.DBID)
		},
		func() (string, error) {
			s, name := d.skill(), fmt.Sprint("Renamed ", d.rng.IntN(1_000_000))
			return said(e.RenameSkill(ctx, s, name), "rename skill %d", s)
		},
		func() (string, error) {
			q, err := e.AddQueue(ctx, NewQueue{Alias: fmt.Sprint("VQ_Extra_", d.rng.IntN(1_000_000)), Groups: []int64{d.group()}})
			return said(err, "add queue %d", q.DBID)
		},
		func() (string, error) { q := d.queue(); return said(e.DeleteQueue(ctx, q), "delete queue %d", q) },
		func() (string, error) {
			old := d.queue()
			q, err := e.RecreateQueue(ctx, old, true)
			return said(err, "re-create queue %d as %d", old, q.DBID)
		},
		func() (string, error) {
			g, q := d.group(), d.queue()
			return said(e.Link(ctx, g, q), "link queue %d to group %d", q, g)
		},
		func() (string, error) {
			l := d.link()
			return said(e.Unlink(ctx, l.Group, l.DN), "unlink queue %d from group %d", l.DN, l.Group)
		},
		func() (string, error) {
			g, s := d.group(), d.skill()
			skill, _ := e.site.Skill(s)
			return said(e.SetScript(ctx, g, fmt.Sprintf(`Skill("%s")>=%d`, skill.Name, d.rng.IntN(8))), "set the script of group %d", g)
		},
		func() (string, error) {
			k := d.rng.IntN(1_000_000)
			v, err := e.AddWrapUp(ctx, fmt.Sprint("Extra_", k), fmt.Sprint("Extra ", k))
			return said(err, "add wrap-up %d", v.DBID)
		},
		func() (string, error) {
			s := d.skill()
			return said(e.DeleteSkill(ctx, s), "delete skill %d", s)
		},
	}
}

// draw picks objects of the main tenant. Where there are none it gives 0, which no object has.
type draw struct {
	site *Site
	rng  *rand.Rand
}

// one picks one of the rows that fit; it tries so often that a site with any that fit has one almost surely.
func one[T any](rng *rand.Rand, rows []T, fits func(T) bool) (row T) {
	for range 100 {
		if len(rows) == 0 {
			break
		}
		if r := rows[rng.IntN(len(rows))]; fits(r) {
			return r
		}
	}
	return row
}

func (d draw) person() int64 {
	return one(d.rng, d.site.Persons, func(p Person) bool { return p.Tenant == d.site.Tenant && p.Agent }).DBID
}

func (d draw) skill() int64 {
	return one(d.rng, d.site.Skills, func(s Skill) bool { return s.Tenant == d.site.Tenant }).DBID
}

func (d draw) group() int64 {
	return one(d.rng, d.site.Groups, func(g Group) bool { return g.Tenant == d.site.Tenant && g.Type == AgentGroup }).DBID
}

func (d draw) queue() int64 {
	return one(d.rng, d.site.Queues(), func(DN) bool { return true }).DBID
}

func (d draw) level() Level { return one(d.rng, d.site.Levels, func(Level) bool { return true }) }

func (d draw) member() Member { return one(d.rng, d.site.Members, func(Member) bool { return true }) }

func (d draw) link() Link { return one(d.rng, d.site.Links, func(Link) bool { return true }) }
