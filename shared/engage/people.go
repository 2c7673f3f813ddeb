package engage

import (
	"context"

	"excs/shared/model"
)

// agentFlag is CfgFlag "true": cfg_person.is_agent of an agent (facts 2.3).
const agentFlag = 2

// once says whether a row with this DBID is to be kept: it has one, and the row before it had another (rows come in
// DBID order; a view over the tables may repeat them).
func (b *reading) once(t model.Table, id number, last *int64) bool {
	if id.null || id.value == *last {
		b.drop(t)
		return false
	}
	*last = id.value
	return true
}

func (b *reading) readPersons(ctx context.Context) error {
	const t = model.TablePerson
	var id, isAgent, state number
	var employee, user, first, last, email text
	dest := []any{&id, &employee, &user, &first, &last, &isAgent, &state}
	if b.snap.HasEmailColumn {
		dest = append(dest, &email)
	} else {
		b.note("cfg_person has no e-mail column (%s): addresses come from the next step of the chain", b.sql.res.absent["cfg_person."+emailColumn])
	}
	size := func(n int) { b.snap.Persons = make([]model.Person, 0, n) }
	var before int64
	return b.each(ctx, b.sql.persons(), size, dest, func() {
		if !b.once(t, id, &before) {
			return
		}
		p := model.Person{
			DBID:       id.value,
			EmployeeID: b.clean(t, id.value, employee),
			UserName:   b.clean(t, id.value, user),
			FirstName:  b.clean(t, id.value, first),
			LastName:   b.clean(t, id.value, last),
			Email:      b.clean(t, id.value, email),
			IsAgent:    isAgent.value == agentFlag,
			State:      b.state(t, id.value, state),
		}
		b.persons[p.DBID], b.agents[p.DBID] = true, p.IsAgent
		b.snap.Persons = append(b.snap.Persons, p)
	})
}

func (b *reading) readSkills(ctx context.Context) error {
	const t = model.TableSkill
	var id, state number
	var name text
	size := func(n int) { b.snap.Skills = make([]model.Skill, 0, n) }
	var before int64
	return b.each(ctx, b.sql.skills(), size, []any{&id, &name, &state}, func() {
		if !b.once(t, id, &before) {
			return
		}
		b.skills[id.value] = true
		b.snap.Skills = append(b.snap.Skills, model.Skill{DBID: id.value, Name: b.clean(t, id.value, name), State: b.state(t, id.value, state)})
	})
}

// readLevels reads the skills of the persons that were read; a level that is NULL is 0.
func (b *reading) readLevels(ctx context.Context) error {
	var person, skill, level number
	size := func(n int) { b.snap.Levels = make([]model.SkillLevel, 0, n) }
	return b.each(ctx, b.sql.levels(), size, []any{&person, &skill, &level}, func() {
		if !b.persons[person.value] || !b.skills[skill.value] {
			b.drop(model.TableSkillLevel)
			return
		}
		b.snap.Levels = append(b.snap.Levels, model.SkillLevel{Person: person.value, Skill: skill.value, Level: int(level.value)})
	})
}
