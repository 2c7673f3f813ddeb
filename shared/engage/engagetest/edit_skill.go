package engagetest

import (
	"context"
	"fmt"
	"slices"
)

// AddSkill creates a Skill.
func (e *Editor) AddSkill(ctx context.Context, name string) (Skill, error) {
	k := Skill{DBID: e.site.last.skill + 1, Tenant: e.site.Tenant, Name: name, State: StateEnabled}
	err := e.edit(ctx, fmt.Sprint("add skill ", k.DBID), []statement{insert(e, skillShape(), k)}, func() {
		e.site.last.skill = k.DBID
		e.site.Skills = append(e.site.Skills, k)
	})
	if err != nil {
		return Skill{}, err
	}
	return k, nil
}

// DeleteSkill deletes a Skill with the levels that Persons have of it and its annex. Skill expressions that name it stay as they are.
func (e *Editor) DeleteSkill(ctx context.Context, skill int64) error {
	i := find(e.site.Skills, skill, skillDBID)
	if i < 0 {
		return fmt.Errorf("delete skill: %w", missing("skill", skill))
	}
	return e.edit(ctx, fmt.Sprint("delete skill ", skill), []statement{
		e.remove(TableLevel, equals{"skill_dbid", skill}),
		e.removeAnnex(ObjectSkill, skill),
		e.remove(TableSkill, equals{"dbid", skill}),
	}, func() {
		e.site.Skills = slices.Delete(e.site.Skills, i, i+1)
		e.site.Levels = slices.DeleteFunc(e.site.Levels, func(l Level) bool { return l.Skill == skill })
		e.site.dropAnnex(ObjectSkill, skill)
	})
}

// RenameSkill sets the name of a Skill. Skill expressions that name it stay as they are.
func (e *Editor) RenameSkill(ctx context.Context, skill int64, name string) error {
	return change(ctx, e, fmt.Sprint("rename skill ", skill), e.site.Skills, skillDBID, skillShape(), skill, func(k *Skill) { k.Name = name })
}

// SetSkillState enables or disables a Skill.
func (e *Editor) SetSkillState(ctx context.Context, skill int64, state State) error {
	return change(ctx, e, fmt.Sprint("set the state of skill ", skill), e.site.Skills, skillDBID, skillShape(), skill, func(k *Skill) { k.State = state })
}

// SwapSkillNames gives each of two Skills the name of the other.
func (e *Editor) SwapSkillNames(ctx context.Context, a, b int64) error {
	return swap(ctx, e, "swap skill names", e.site.Skills, skillDBID, skillShape(), a, b, func(x, y *Skill) { x.Name, y.Name = y.Name, x.Name })
}

// MakeLanguage turns a Skill into a language: it adds a value of that name to the business attribute Language.
func (e *Editor) MakeLanguage(ctx context.Context, skill int64) (Value, error) {
	k, ok := e.site.Skill(skill)
	if !ok {
		return Value{}, fmt.Errorf("make a language: %w", missing("skill", skill))
	}
	return e.AddValue(ctx, LanguageAttribute, k.Name, k.Name)
}

// AddLevel gives a Person a Skill that it does not have.
func (e *Editor) AddLevel(ctx context.Context, person, skill int64, level int) error {
	what := fmt.Sprintf("give person %d skill %d", person, skill)
	if _, ok := e.site.Person(person); !ok {
		return fmt.Errorf("%s: %w", what, missing("person", person))
	}
	if _, ok := e.site.Skill(skill); !ok {
		return fmt.Errorf("%s: %w", what, missing("skill", skill))
	}
	if e.site.level(person, skill) >= 0 {
		return fmt.Errorf("%s: %w", what, ErrConflict)
	}
	l := Level{Person: person, Skill: skill, Level: level}
	return e.edit(ctx, what, []statement{insert(e, levelShape(), l)}, func() { e.site.Levels = append(e.site.Levels, l) })
}

// ChangeLevel sets the level of a Skill that a Person has.
func (e *Editor) ChangeLevel(ctx context.Context, person, skill int64, level int) error {
	what := fmt.Sprintf("change the level of person %d, skill %d", person, skill)
	i := e.site.level(person, skill)
	if i < 0 {
		return fmt.Errorf("%s: %w", what, ErrNoSuchObject)
	}
	l := Level{Person: person, Skill: skill, Level: level}
	// The row has no DBID, so it is written anew.
	statements := []statement{e.remove(TableLevel, equals{"person_dbid", person}, equals{"skill_dbid", skill}), insert(e, levelShape(), l)}
	return e.edit(ctx, what, statements, func() { e.site.Levels[i] = l })
}

// RemoveLevel takes a Skill from a Person.
func (e *Editor) RemoveLevel(ctx context.Context, person, skill int64) error {
	what := fmt.Sprintf("take skill %d from person %d", skill, person)
	i := e.site.level(person, skill)
	if i < 0 {
		return fmt.Errorf("%s: %w", what, ErrNoSuchObject)
	}
	statements := []statement{e.remove(TableLevel, equals{"person_dbid", person}, equals{"skill_dbid", skill})}
	return e.edit(ctx, what, statements, func() { e.site.Levels = slices.Delete(e.site.Levels, i, i+1) })
}

// level returns the place of a skill level, or -1.
func (s *Site) level(person, skill int64) int {
	return slices.IndexFunc(s.Levels, func(l Level) bool { return l.Person == person && l.Skill == skill })
}

// AddWrapUp creates a wrap-up code: a value of the business attribute DispositionCode.
func (e *Editor) AddWrapUp(ctx context.Context, name, display string) (Value, error) {
	return e.AddValue(ctx, WrapUpAttribute, name, display)
}

// AddValue creates a value of the main tenant's business attribute of that name.
func (e *Editor) AddValue(ctx context.Context, attribute, name, display string) (Value, error) {
	a := e.site.attribute(attribute)
	if a == 0 {
		return Value{}, fmt.Errorf("add a value: %w: business attribute %s", ErrNoSuchObject, attribute)
	}
	v := Value{DBID: e.site.last.value + 1, Tenant: e.site.Tenant, Attribute: a, Name: name, DisplayName: display, State: StateEnabled}
	err := e.edit(ctx, fmt.Sprintf("add value %d of %s", v.DBID, attribute), []statement{insert(e, valueShape(), v)}, func() {
		e.site.last.value = v.DBID
		e.site.Values = append(e.site.Values, v)
	})
	if err != nil {
		return Value{}, err
	}
	return v, nil
}

// RenameValue sets the display name of an attribute value, such as a wrap-up code. The system name never changes.
func (e *Editor) RenameValue(ctx context.Context, value int64, display string) error {
	return change(ctx, e, fmt.Sprint("rename value ", value), e.site.Values, valueDBID, valueShape(), value, func(v *Value) { v.DisplayName = display })
}

// SetValueState enables or disables an attribute value.
func (e *Editor) SetValueState(ctx context.Context, value int64, state State) error {
	return change(ctx, e, fmt.Sprint("set the state of value ", value), e.site.Values, valueDBID, valueShape(), value, func(v *Value) { v.State = state })
}

// DeleteValue deletes an attribute value, such as a wrap-up code or a language, with its annex.
func (e *Editor) DeleteValue(ctx context.Context, value int64) error {
	i := find(e.site.Values, value, valueDBID)
	if i < 0 {
		return fmt.Errorf("delete value: %w", missing("value", value))
	}
	statements := []statement{e.removeAnnex(ObjectValue, value), e.remove(TableValue, equals{"dbid", value})}
	return e.edit(ctx, fmt.Sprint("delete value ", value), statements, func() {
		e.site.Values = slices.Delete(e.site.Values, i, i+1)
		e.site.dropAnnex(ObjectValue, value)
	})
}
