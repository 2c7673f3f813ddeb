package engagetest

import (
	"context"
	"fmt"
	"slices"
)

// Newcomer says who is hired. What is left empty is made up from the new DBID; NoEmail leaves the address empty.
type Newcomer struct {
	First, Last, EmployeeID, UserName, Email string
	NoEmail, NotAgent                        bool
	Levels                                   map[int64]int // skill DBID → level
	Groups                                   []int64       // DBIDs of agent groups that the person joins explicitly
}

// Hire creates a Person with its skill levels and memberships.
func (e *Editor) Hire(ctx context.Context, n Newcomer) (Person, error) {
	dbid := e.site.last.person + 1
	p := n.person(dbid, e.site.Tenant)
	var levels []Level
	for skill, level := range n.Levels {
		if _, ok := e.site.Skill(skill); !ok {
			return Person{}, fmt.Errorf("hire: %w", missing("skill", skill))
		}
		levels = append(levels, Level{Person: dbid, Skill: skill, Level: level})
	}
	slices.SortFunc(levels, func(a, b Level) int { return int(a.Skill - b.Skill) })
	statements := []statement{insert(e, personShape(), p)}
	for _, l := range levels {
		statements = append(statements, insert(e, levelShape(), l))
	}
	var members []Member
	for _, group := range n.Groups {
		if _, ok := e.site.Group(group); !ok {
			return Person{}, fmt.Errorf("hire: %w", missing("agent group", group))
		}
		m := Member{group, dbid}
		members = append(members, m)
		statements = append(statements, insert(e, memberShape(), m))
	}
	err := e.edit(ctx, fmt.Sprint("hire person ", dbid), statements, func() {
		e.site.last.person = dbid
		e.site.Persons = append(e.site.Persons, p)
		e.site.Levels = append(e.site.Levels, levels...)
		e.site.Members = append(e.site.Members, members...)
	})
	if err != nil {
		return Person{}, err
	}
	return p, nil
}

// person returns the Person that the newcomer becomes.
func (n Newcomer) person(dbid, tenant int64) Person {
	firsts, lasts := firstNames(), lastNames()
	p := Person{
		DBID: dbid, Tenant: tenant, EmployeeID: n.EmployeeID, UserName: n.UserName, First: n.First, Last: n.Last, Email: n.Email,
		Agent: !n.NotAgent, State: StateEnabled,
	}
	fallBack(&p.First, firsts[int(dbid)%len(firsts)])
	fallBack(&p.Last, lasts[int(dbid)%len(lasts)])
	fallBack(&p.EmployeeID, fmt.Sprintf("N%06d", 3*dbid+1))
	fallBack(&p.UserName, fmt.Sprint(login(p.First, p.Last), ".n", dbid))
	if !n.NoEmail {
		fallBack(&p.Email, p.UserName+"@northwind.example")
	}
	return p
}

// fallBack sets an empty text.
func fallBack(s *string, to string) {
	if *s == "" {
		*s = to
	}
}

// Fire deletes a Person as Engage does: with its skill levels, its membership in groups, its hold on logins and its annex.
func (e *Editor) Fire(ctx context.Context, person int64) error {
	i := find(e.site.Persons, person, personDBID)
	if i < 0 {
		return fmt.Errorf("fire: %w", missing("person", person))
	}
	by := equals{"person_dbid", person}
	return e.edit(ctx, fmt.Sprint("fire person ", person), []statement{
		e.remove(TableLevel, by),
		e.remove(TableMember, equals{"agent_dbid", person}),
		e.remove(TableLoginInfo, by),
		e.removeAnnex(ObjectPerson, person),
		e.remove(TablePerson, equals{"dbid", person}),
	}, func() {
		s := e.site
		s.Persons = slices.Delete(s.Persons, i, i+1)
		s.Levels = slices.DeleteFunc(s.Levels, func(l Level) bool { return l.Person == person })
		s.Members = slices.DeleteFunc(s.Members, func(m Member) bool { return m.Person == person })
		s.dropAnnex(ObjectPerson, person)
		s.LoginInfos = slices.DeleteFunc(s.LoginInfos, func(l LoginInfo) bool { return l.Person == person })
	})
}

// Rehiring says what a Person who comes back under a new DBID shares with the former one.
type Rehiring int

// The ways to come back.
const (
	// SameEmployee keeps everything: employee id, user name, names, e-mail.
	SameEmployee Rehiring = iota + 1
	// SameEmployeeNewEmail keeps the employee id and the names, but not the address.
	SameEmployeeNewEmail
	// SameEmail keeps names and address, but has no employee id: nothing else says that it is the same person.
	SameEmail
	// RecycledEmail is somebody else, with another name and employee id, who was given the address of the former one.
	RecycledEmail
)

// Rehire creates a Person with a new DBID for one that was read before it was fired. Levels and memberships do not come back by themselves.
func (e *Editor) Rehire(ctx context.Context, former Person, how Rehiring) (Person, error) {
	p := former
	p.DBID, p.State = e.site.last.person+1, StateEnabled
	stranger := Newcomer{}.person(p.DBID, p.Tenant)
	switch how {
	case SameEmployee:
	case SameEmployeeNewEmail:
		p.UserName, p.Email = stranger.UserName, stranger.Email
	case SameEmail:
		p.EmployeeID = ""
	case RecycledEmail:
		stranger.Email = former.Email
		p = stranger
	default:
		return Person{}, fmt.Errorf("re-hire person %d: unknown way %d: use SameEmployee, SameEmployeeNewEmail, SameEmail or RecycledEmail", former.DBID, how)
	}
	err := e.edit(ctx, fmt.Sprintf("re-hire person %d as %d", former.DBID, p.DBID), []statement{insert(e, personShape(), p)}, func() {
		e.site.last.person = p.DBID
		e.site.Persons = append(e.site.Persons, p)
	})
	if err != nil {
		return Person{}, err
	}
	return p, nil
}

// changePerson alters one Person.
func (e *Editor) changePerson(ctx context.Context, what string, person int64, alter func(*Person)) error {
	return change(ctx, e, fmt.Sprintf("%s person %d", what, person), e.site.Persons, personDBID, personShape(), person, alter)
}

// SetPersonState enables, disables or marks as deleted.
func (e *Editor) SetPersonState(ctx context.Context, person int64, state State) error {
	return e.changePerson(ctx, "set the state of", person, func(p *Person) { p.State = state })
}

// RenamePerson sets first and last name.
func (e *Editor) RenamePerson(ctx context.Context, person int64, first, last string) error {
	return e.changePerson(ctx, "rename", person, func(p *Person) { p.First, p.Last = first, last })
}

// ChangeEmail sets the e-mail address; empty removes it.
func (e *Editor) ChangeEmail(ctx context.Context, person int64, email string) error {
	return e.changePerson(ctx, "change the e-mail of", person, func(p *Person) { p.Email = email })
}

// ChangeUserName sets the user name.
func (e *Editor) ChangeUserName(ctx context.Context, person int64, name string) error {
	return e.changePerson(ctx, "change the user name of", person, func(p *Person) { p.UserName = name })
}

// ChangeEmployeeID sets the employee id.
func (e *Editor) ChangeEmployeeID(ctx context.Context, person int64, id string) error {
	return e.changePerson(ctx, "change the employee id of", person, func(p *Person) { p.EmployeeID = id })
}

// SwapEmails gives each of two Persons the e-mail address of the other.
func (e *Editor) SwapEmails(ctx context.Context, a, b int64) error {
	return swap(ctx, e, "swap e-mails", e.site.Persons, personDBID, personShape(), a, b, func(x, y *Person) { x.Email, y.Email = y.Email, x.Email })
}
