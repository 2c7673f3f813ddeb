package engagetest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"excs/shared/engage/engagetest"
)

// story is one edit and what the database must say before and after it.
type story struct {
	name  string
	do    func(ctx context.Context, e *engagetest.Editor) error
	query string
	was   string
	is    string
}

// cast are the objects of a tiny site that the stories are about.
type cast struct {
	agent, colleague              engagetest.Person
	has, hasNot                   int64 // skills of the agent
	skillA, skillB                engagetest.Skill
	explicit, virtual, other      int64 // groups
	member                        engagetest.Member
	linked                        engagetest.Link
	queueA, queueB                engagetest.DN
	unlinked                      int64
	code                          engagetest.Value
	lastPerson, lastDN, lastSkill int64
}

// newCast finds the objects.
func newCast(t *testing.T, s *engagetest.Site) cast {
	t.Helper()
	c := cast{agent: s.Persons[0], colleague: s.Persons[1], skillA: s.Skills[4], skillB: s.Skills[5], member: s.Members[0], linked: s.Links[0]}
	has := map[int64]bool{}
	for _, l := range s.LevelsOf(c.agent.DBID) {
		has[l.Skill], c.has = true, l.Skill
	}
	for _, k := range s.Skills {
		if !has[k.DBID] {
			c.hasNot = k.DBID
		}
	}
	scripts := s.Scripts()
	for _, g := range s.Groups {
		switch _, ok := scripts[g.DBID]; {
		case ok:
			c.virtual = g.DBID
		case g.DBID == c.member.Group:
			c.explicit = g.DBID
		default:
			c.other = g.DBID
		}
	}
	for _, m := range s.Members { // somebody who is in the first group and not in the other
		if m.Group == c.explicit && !contains(s.Members, engagetest.Member{Group: c.other, Person: m.Person}) {
			c.member = m
		}
	}
	c.queueA, _ = s.DN(c.linked.DN)
	for _, q := range s.Queues() {
		if q.DBID != c.queueA.DBID {
			c.queueB = q
		}
		if !contains(s.Links, engagetest.Link{Group: c.virtual, DN: q.DBID}) {
			c.unlinked = q.DBID
		}
	}
	c.code = s.ValuesOf(engagetest.WrapUpAttribute)[2]
	c.lastPerson, c.lastDN, c.lastSkill = s.Persons[len(s.Persons)-1].DBID, s.DNs[len(s.DNs)-1].DBID, s.Skills[len(s.Skills)-1].DBID
	if c.explicit == 0 || c.other == 0 || c.virtual == 0 || c.unlinked == 0 || c.hasNot == 0 {
		t.Fatalf("the tiny site lacks an object that the stories need: %+v", c)
	}
	return c
}

func contains[T comparable](rows []T, want T) bool {
	return count(rows, func(r T) bool { return r == want }) > 0
}

// errOf drops the object that an edit returns.
func errOf[T any](_ T, err error) error { return err }

// Each edit does to the database what its name says, and to the model the same.
func TestEdits(t *testing.T) {
	onBoth(t, func(t *testing.T, db *sql.DB, d engagetest.Dialect) {
		s := engagetest.New(engagetest.Tiny, 2)
		write(t, s, db, d)
		backup := s.Clone()
		e := engagetest.NewEditor(s, db, d)
		c := newCast(t, s)
		for _, st := range append(personStories(c), append(objectStories(c), queueStories(c)...)...) {
			t.Run(st.name, func(t *testing.T) {
				if got := text(t, db, st.query); got != st.was {
					t.Fatalf("before: %s = %s, want %s", st.query, got, st.was)
				}
				if err := st.do(t.Context(), e); err != nil {
					t.Fatal(err)
				}
				if got := text(t, db, st.query); got != st.is {
					t.Errorf("after: %s = %s, want %s", st.query, got, st.is)
				}
				if err := s.Check(t.Context(), db, d); err != nil {
					t.Errorf("the model and the database differ: %v", err)
				}
				if err := e.RestoreBackup(t.Context(), backup); err != nil {
					t.Fatal(err)
				}
			})
		}
	})
}

func personStories(c cast) []story {
	person := func(column string, dbid int64) string {
		return fmt.Sprintf("SELECT %s FROM cfg_person WHERE dbid = %d", column, dbid)
	}
	countOf := func(table, column string, dbid int64) string {
		return fmt.Sprintf("SELECT COUNT(*) FROM %s WHERE %s = %d", table, column, dbid)
	}
	next := c.lastPerson + 1
	rehire := func(how engagetest.Rehiring) func(context.Context, *engagetest.Editor) error {
		return func(ctx context.Context, e *engagetest.Editor) error {
			if err := e.Fire(ctx, c.agent.DBID); err != nil {
				return err
			}
			return errOf(e.Rehire(ctx, c.agent, how))
		}
	}
	hired := fmt.Sprintf("SELECT employee_id || ' ' || email_address FROM cfg_person WHERE dbid = %d", next)
	return []story{
		{"hiring adds an enabled agent with the next DBID", func(ctx context.Context, e *engagetest.Editor) error {
			return errOf(e.Hire(ctx, engagetest.Newcomer{First: "Ada", Last: "Byron", EmployeeID: "E1", Levels: map[int64]int{c.has: 4, c.hasNot: 2},
				Groups: []int64{c.explicit}}))
		}, fmt.Sprintf("SELECT first_name || ' ' || employee_id || ' ' || is_agent || ' ' || state FROM cfg_person WHERE dbid = %d", next), "none", "Ada E1 2 1"},
		{"hiring gives the skill levels", func(ctx context.Context, e *engagetest.Editor) error {
			return errOf(e.Hire(ctx, engagetest.Newcomer{Levels: map[int64]int{c.has: 4, c.hasNot: 2}}))
		}, countOf("cfg_skill_level", "person_dbid", next), "0", "2"},
		{"hiring joins the groups", func(ctx context.Context, e *engagetest.Editor) error {
			return errOf(e.Hire(ctx, engagetest.Newcomer{Groups: []int64{c.explicit, c.other}}))
		}, countOf("cfg_agent_group", "agent_dbid", next), "0", "2"},
		{"hiring without an e-mail stores NULL", func(ctx context.Context, e *engagetest.Editor) error {
			return errOf(e.Hire(ctx, engagetest.Newcomer{NoEmail: true, NotAgent: true}))
		}, fmt.Sprintf("SELECT COUNT(*) FROM cfg_person WHERE email_address IS NULL AND is_agent = 1 AND dbid = %d", next), "0", "1"},
		{"firing deletes the person", func(ctx context.Context, e *engagetest.Editor) error {
			return e.Fire(ctx, c.agent.DBID)
		}, person("employee_id", c.agent.DBID), c.agent.EmployeeID, "none"},
		{"firing takes the skill levels along", func(ctx context.Context, e *engagetest.Editor) error {
			return e.Fire(ctx, c.agent.DBID)
		}, fmt.Sprintf("SELECT CASE WHEN COUNT(*) > 0 THEN 'yes' ELSE 'no' END FROM cfg_skill_level WHERE person_dbid = %d", c.agent.DBID), yes, no},
		{"firing takes the memberships along", func(ctx context.Context, e *engagetest.Editor) error {
			return e.Fire(ctx, c.member.Person)
		}, fmt.Sprintf("SELECT CASE WHEN COUNT(*) > 0 THEN 'yes' ELSE 'no' END FROM cfg_agent_group WHERE agent_dbid = %d", c.member.Person), yes, no},
		{"firing leaves the login without a holder", func(ctx context.Context, e *engagetest.Editor) error {
			return e.Fire(ctx, c.agent.DBID)
		}, countOf("cfg_login_info", "person_dbid", c.agent.DBID), "1", "0"},
		{"disabling sets state 2", func(ctx context.Context, e *engagetest.Editor) error {
			return e.SetPersonState(ctx, c.agent.DBID, engagetest.StateDisabled)
		}, person("state", c.agent.DBID), "1", "2"},
		{"enabling sets state 1 again", func(ctx context.Context, e *engagetest.Editor) error {
			return errors.Join(e.SetPersonState(ctx, c.agent.DBID, engagetest.StateDisabled), e.SetPersonState(ctx, c.agent.DBID, engagetest.StateEnabled))
		}, person("state", c.agent.DBID), "1", "1"},
		{"re-hiring keeps employee id and e-mail on a new DBID", rehire(engagetest.SameEmployee), hired, "none",
			c.agent.EmployeeID + " " + c.agent.Email},
		{"re-hiring with a new e-mail keeps the employee id", rehire(engagetest.SameEmployeeNewEmail),
			fmt.Sprintf("SELECT employee_id FROM cfg_person WHERE dbid = %d AND email_address <> '%s'", next, c.agent.Email), "none", c.agent.EmployeeID},
		{"re-hiring by e-mail only has no employee id", rehire(engagetest.SameEmail),
			fmt.Sprintf("SELECT email_address FROM cfg_person WHERE dbid = %d AND employee_id IS NULL", next), "none", c.agent.Email},
		{"a recycled e-mail belongs to another employee id", rehire(engagetest.RecycledEmail),
			fmt.Sprintf("SELECT email_address FROM cfg_person WHERE dbid = %d AND employee_id <> '%s'", next, c.agent.EmployeeID), "none", c.agent.Email},
		{"renaming a person sets both names", func(ctx context.Context, e *engagetest.Editor) error {
			return e.RenamePerson(ctx, c.agent.DBID, "New", "Name")
		}, person("first_name || ' ' || last_name", c.agent.DBID), c.agent.First + " " + c.agent.Last, "New Name"},
		{"changing an e-mail sets it", func(ctx context.Context, e *engagetest.Editor) error {
			return e.ChangeEmail(ctx, c.agent.DBID, "new@northwind.example")
		}, person("email_address", c.agent.DBID), c.agent.Email, "new@northwind.example"},
		{"removing an e-mail stores NULL", func(ctx context.Context, e *engagetest.Editor) error {
			return e.ChangeEmail(ctx, c.agent.DBID, "")
		}, person("email_address", c.agent.DBID), c.agent.Email, "NULL"},
		{"changing the user name sets it", func(ctx context.Context, e *engagetest.Editor) error {
			return e.ChangeUserName(ctx, c.agent.DBID, "O'Brien\\x")
		}, person("user_name", c.agent.DBID), c.agent.UserName, "O'Brien\\x"},
		{"changing the employee id sets it", func(ctx context.Context, e *engagetest.Editor) error {
			return e.ChangeEmployeeID(ctx, c.agent.DBID, "E-NEW")
		}, person("employee_id", c.agent.DBID), c.agent.EmployeeID, "E-NEW"},
		{"swapping e-mails gives each the other's", func(ctx context.Context, e *engagetest.Editor) error {
			return e.SwapEmails(ctx, c.agent.DBID, c.colleague.DBID)
		}, person("email_address", c.colleague.DBID), c.colleague.Email, c.agent.Email},
	}
}

// yes and no are what the stories' queries make of a number of rows.
const (
	yes = "yes"
	no  = "no"
)

func objectStories(c cast) []story {
	level := fmt.Sprintf("SELECT level_ FROM cfg_skill_level WHERE person_dbid = %d AND skill_dbid = ", c.agent.DBID)
	skill := func(column string, dbid int64) string {
		return fmt.Sprintf("SELECT %s FROM cfg_skill WHERE dbid = %d", column, dbid)
	}
	code := fmt.Sprintf("SELECT display_name FROM cfg_enumerator_value WHERE dbid = %d", c.code.DBID)
	return []story{
		{"adding a skill gives it the next DBID", func(ctx context.Context, e *engagetest.Editor) error {
			return errOf(e.AddSkill(ctx, "Brand new"))
		}, skill("name", c.lastSkill+1), "none", "Brand new"},
		{"renaming a skill sets its name", func(ctx context.Context, e *engagetest.Editor) error {
			return e.RenameSkill(ctx, c.skillA.DBID, "Renamed")
		}, skill("name", c.skillA.DBID), c.skillA.Name, "Renamed"},
		{"disabling a skill sets state 2", func(ctx context.Context, e *engagetest.Editor) error {
			return e.SetSkillState(ctx, c.skillA.DBID, engagetest.StateDisabled)
		}, skill("state", c.skillA.DBID), "1", "2"},
		{"swapping skill names gives each the other's", func(ctx context.Context, e *engagetest.Editor) error {
			return e.SwapSkillNames(ctx, c.skillA.DBID, c.skillB.DBID)
		}, fmt.Sprintf("SELECT a.name || '/' || b.name FROM cfg_skill a JOIN cfg_skill b ON b.dbid = %d WHERE a.dbid = %d", c.skillB.DBID, c.skillA.DBID),
			c.skillA.Name + "/" + c.skillB.Name, c.skillB.Name + "/" + c.skillA.Name},
		{"deleting a skill takes its levels along", func(ctx context.Context, e *engagetest.Editor) error {
			return e.DeleteSkill(ctx, c.has)
		}, fmt.Sprintf("SELECT CASE WHEN COUNT(*) > 0 THEN 'yes' ELSE 'no' END FROM cfg_skill_level WHERE skill_dbid = %d", c.has), yes, no},
		{"deleting a skill deletes its row", func(ctx context.Context, e *engagetest.Editor) error {
			return e.DeleteSkill(ctx, c.skillA.DBID)
		}, skill("name", c.skillA.DBID), c.skillA.Name, "none"},
		{"adding a level gives the person the skill", func(ctx context.Context, e *engagetest.Editor) error {
			return e.AddLevel(ctx, c.agent.DBID, c.hasNot, 6)
		}, fmt.Sprint(level, c.hasNot), "none", "6"},
		{"changing a level sets it", func(ctx context.Context, e *engagetest.Editor) error {
			return e.ChangeLevel(ctx, c.agent.DBID, c.has, 42)
		}, fmt.Sprintf("SELECT COUNT(*) FROM cfg_skill_level WHERE person_dbid = %d AND skill_dbid = %d AND level_ = 42", c.agent.DBID, c.has), "0", "1"},
		{"removing a level takes the skill from the person", func(ctx context.Context, e *engagetest.Editor) error {
			return e.RemoveLevel(ctx, c.agent.DBID, c.has)
		}, fmt.Sprintf("SELECT COUNT(*) FROM cfg_skill_level WHERE person_dbid = %d AND skill_dbid = %d", c.agent.DBID, c.has), "1", "0"},
		{"making a skill a language adds a value to the attribute Language", func(ctx context.Context, e *engagetest.Editor) error {
			return errOf(e.MakeLanguage(ctx, c.skillA.DBID))
		}, fmt.Sprintf("SELECT v.name FROM cfg_enumerator_value v JOIN cfg_enumerator e ON e.dbid = v.enumerator_dbid "+
			"WHERE e.name = 'Language' AND v.name = '%s'", c.skillA.Name), "none", c.skillA.Name},
		{"adding a wrap-up adds a value to the attribute DispositionCode", func(ctx context.Context, e *engagetest.Editor) error {
			return errOf(e.AddWrapUp(ctx, "New_Code", "New code"))
		}, "SELECT e.name || ' ' || v.display_name FROM cfg_enumerator_value v JOIN cfg_enumerator e ON e.dbid = v.enumerator_dbid WHERE v.name = 'New_Code'",
			"none", "DispositionCode New code"},
		{"renaming a wrap-up sets its display name", func(ctx context.Context, e *engagetest.Editor) error {
			return e.RenameValue(ctx, c.code.DBID, "Other words")
		}, code, c.code.DisplayName, "Other words"},
		{"disabling a wrap-up sets state 2", func(ctx context.Context, e *engagetest.Editor) error {
			return e.SetValueState(ctx, c.code.DBID, engagetest.StateDisabled)
		}, fmt.Sprintf("SELECT state FROM cfg_enumerator_value WHERE dbid = %d", c.code.DBID), "1", "2"},
		{"deleting a wrap-up deletes its row", func(ctx context.Context, e *engagetest.Editor) error {
			return e.DeleteValue(ctx, c.code.DBID)
		}, code, c.code.DisplayName, "none"},
	}
}

func queueStories(c cast) []story {
	dn := func(column string, dbid int64) string {
		return fmt.Sprintf("SELECT %s FROM cfg_dn WHERE dbid = %d", column, dbid)
	}
	in := func(group, person int64) string {
		return fmt.Sprintf("SELECT COUNT(*) FROM cfg_agent_group WHERE group_dbid = %d AND agent_dbid = %d", group, person)
	}
	link := func(group, dn int64) string {
		return fmt.Sprintf("SELECT COUNT(*) FROM cfg_route_dn WHERE group_dbid = %d AND dn_dbid = %d", group, dn)
	}
	script := func(group int64) string {
		return fmt.Sprintf("SELECT COUNT(*) FROM cfg_flex_prop o JOIN cfg_flex_prop s ON s.dbid = o.parent_dbid "+
			"WHERE s.object_type = 5 AND s.object_dbid = %d AND s.prop_name = 'virtual' AND o.prop_name = 'script'", group)
	}
	next := c.lastDN + 1
	long := `Skill("English")>=5` + strings.Repeat(` | Skill("English")>=5`, 30)
	return []story{
		{"adding a queue makes a virtual queue with the next DBID", func(ctx context.Context, e *engagetest.Editor) error {
			return errOf(e.AddQueue(ctx, engagetest.NewQueue{Alias: "VQ_New", Groups: []int64{c.explicit}}))
		}, dn("type || ' ' || name", next), "none", "5 VQ_New"},
		{"adding a queue links it to the groups", func(ctx context.Context, e *engagetest.Editor) error {
			return errOf(e.AddQueue(ctx, engagetest.NewQueue{Groups: []int64{c.explicit, c.virtual}}))
		}, fmt.Sprintf("SELECT COUNT(*) FROM cfg_route_dn WHERE dn_dbid = %d", next), "0", "2"},
		{"deleting a queue deletes its row", func(ctx context.Context, e *engagetest.Editor) error {
			return e.DeleteQueue(ctx, c.queueA.DBID)
		}, dn("name", c.queueA.DBID), c.queueA.Alias, "none"},
		{"deleting a queue takes it off the groups' lists", func(ctx context.Context, e *engagetest.Editor) error {
			return e.DeleteQueue(ctx, c.queueA.DBID)
		}, link(c.linked.Group, c.queueA.DBID), "1", "0"},
		{"re-creating a queue keeps number, switch and alias on a new DBID", func(ctx context.Context, e *engagetest.Editor) error {
			return errOf(e.RecreateQueue(ctx, c.queueA.DBID, true))
		}, dn("number_ || ' ' || switch_dbid || ' ' || name", next), "none", fmt.Sprint(c.queueA.Number, " ", c.queueA.Switch, " ", c.queueA.Alias)},
		{"re-creating a queue with its links moves them", func(ctx context.Context, e *engagetest.Editor) error {
			return errOf(e.RecreateQueue(ctx, c.queueA.DBID, true))
		}, link(c.linked.Group, next), "0", "1"},
		{"re-creating a queue without its links loses them", func(ctx context.Context, e *engagetest.Editor) error {
			return errOf(e.RecreateQueue(ctx, c.queueA.DBID, false))
		}, fmt.Sprintf("SELECT CASE WHEN COUNT(*) > 0 THEN 'yes' ELSE 'no' END FROM cfg_route_dn WHERE dn_dbid IN (%d, %d)", c.queueA.DBID, next), yes, no},
		{"setting an alias sets the name", func(ctx context.Context, e *engagetest.Editor) error {
			return e.SetAlias(ctx, c.queueA.DBID, "VQ_Other")
		}, dn("name", c.queueA.DBID), c.queueA.Alias, "VQ_Other"},
		{"removing an alias stores NULL", func(ctx context.Context, e *engagetest.Editor) error {
			return e.SetAlias(ctx, c.queueA.DBID, "")
		}, dn("name", c.queueA.DBID), c.queueA.Alias, "NULL"},
		{"disabling a queue sets state 2", func(ctx context.Context, e *engagetest.Editor) error {
			return e.SetQueueState(ctx, c.queueA.DBID, engagetest.StateDisabled)
		}, dn("state", c.queueA.DBID), "1", "2"},
		{"swapping aliases gives each the other's", func(ctx context.Context, e *engagetest.Editor) error {
			return e.SwapAliases(ctx, c.queueA.DBID, c.queueB.DBID)
		}, dn("name", c.queueB.DBID), c.queueB.Alias, c.queueA.Alias},
		{"linking lists the queue in the group", func(ctx context.Context, e *engagetest.Editor) error {
			return e.Link(ctx, c.virtual, c.unlinked)
		}, link(c.virtual, c.unlinked), "0", "1"},
		{"unlinking takes the queue off the group's list", func(ctx context.Context, e *engagetest.Editor) error {
			return e.Unlink(ctx, c.linked.Group, c.linked.DN)
		}, link(c.linked.Group, c.linked.DN), "1", "0"},
		{"adding a group makes an agent group", func(ctx context.Context, e *engagetest.Editor) error {
			return errOf(e.AddGroup(ctx, "AG_New"))
		}, "SELECT group_type FROM cfg_group WHERE name = 'AG_New'", "none", "1"},
		{"deleting a group takes its members along", func(ctx context.Context, e *engagetest.Editor) error {
			return e.DeleteGroup(ctx, c.explicit)
		}, fmt.Sprintf("SELECT CASE WHEN COUNT(*) > 0 THEN 'yes' ELSE 'no' END FROM cfg_agent_group WHERE group_dbid = %d", c.explicit), yes, no},
		{"deleting a virtual group takes its script along", func(ctx context.Context, e *engagetest.Editor) error {
			return e.DeleteGroup(ctx, c.virtual)
		}, script(c.virtual), "1", "0"},
		{"disabling a group sets state 2", func(ctx context.Context, e *engagetest.Editor) error {
			return e.SetGroupState(ctx, c.explicit, engagetest.StateDisabled)
		}, fmt.Sprintf("SELECT state FROM cfg_group WHERE dbid = %d", c.explicit), "1", "2"},
		{"adding a member adds it", func(ctx context.Context, e *engagetest.Editor) error {
			return e.AddMember(ctx, c.other, c.member.Person)
		}, in(c.other, c.member.Person), "0", "1"},
		{"removing a member removes it", func(ctx context.Context, e *engagetest.Editor) error {
			return e.RemoveMember(ctx, c.explicit, c.member.Person)
		}, in(c.explicit, c.member.Person), "1", "0"},
		{"moving a member leaves the one group", func(ctx context.Context, e *engagetest.Editor) error {
			return e.MoveMember(ctx, c.member.Person, c.explicit, c.other)
		}, in(c.explicit, c.member.Person), "1", "0"},
		{"moving a member joins the other group", func(ctx context.Context, e *engagetest.Editor) error {
			return e.MoveMember(ctx, c.member.Person, c.explicit, c.other)
		}, in(c.other, c.member.Person), "0", "1"},
		{"giving a group a script makes it virtual", func(ctx context.Context, e *engagetest.Editor) error {
			return e.SetScript(ctx, c.explicit, `SkillExists("English")`)
		}, script(c.explicit), "0", "1"},
		{"a long script takes several rows and replaces the old one", func(ctx context.Context, e *engagetest.Editor) error {
			if err := e.SetScript(ctx, c.virtual, long); err != nil {
				return err
			}
			if got, _ := e.Site().Script(c.virtual); got != long {
				return fmt.Errorf("the script reads %q", got)
			}
			return nil
		}, script(c.virtual), "1", "3"},
		{"removing a script makes the group explicit", func(ctx context.Context, e *engagetest.Editor) error {
			return e.RemoveScript(ctx, c.virtual)
		}, script(c.virtual), "1", "0"},
	}
}
