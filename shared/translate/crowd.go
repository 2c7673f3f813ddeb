package translate

import (
	"excs/shared/model"
	"excs/shared/rules"
	"excs/shared/translate/expression"
)

// crowd is the living Persons that the setting users.who allows, by DBID. Sets of persons use their index.
type crowd struct {
	rows    []model.Person
	at      map[int64]int
	agents  set // only agents are members of groups and queues
	enabled set
	held    [][]holding // by index: what the person's skill levels come to
	pop     *expression.Population
}

// holding is one skill level of a person; skill is an index in the skill table.
type holding struct {
	skill int
	level int
}

// index reads persons and their levels. Expressions see Engage's own skills and levels: neither merged, nor mapped to
// 0..5. Rows of persons or skills that are not there are dropped.
func (t *translation) index() {
	everybody := t.settings.Users.Who == rules.WhoAll
	c := crowd{rows: living(t.snapshot.Persons, func(p *model.Person) model.CfgState {
		if !p.IsAgent && !everybody {
			return model.CfgDeleted
		}
		return p.State
	}, func(p *model.Person) int64 { return p.DBID })}
	c.at = make(map[int64]int, len(c.rows))
	c.agents, c.enabled = newSet(len(c.rows)), newSet(len(c.rows))
	for i := range c.rows {
		c.at[c.rows[i].DBID] = i
		if c.rows[i].IsAgent {
			c.agents.add(i)
		}
		if c.rows[i].State != model.CfgDisabled {
			c.enabled.add(i)
		}
	}
	c.pop = expression.NewPopulation(len(c.rows))
	for i := range t.skills.rows {
		c.pop.AddSkill(t.skills.rows[i].Name)
	}
	c.held = t.holdings(c)
	t.crowd = c
}

// holdings sorts the levels by person: counted first, so that the lists share one block of memory.
func (t *translation) holdings(c crowd) [][]holding {
	sizes := make([]int, len(c.rows))
	for _, l := range t.snapshot.Levels {
		if i, ok := c.at[l.Person]; ok {
			sizes[i]++
		}
	}
	block := make([]holding, len(t.snapshot.Levels))
	held := make([][]holding, len(c.rows))
	for i, n := range sizes {
		held[i], block = block[:0:n], block[n:]
	}
	for _, l := range t.snapshot.Levels {
		i, known := c.at[l.Person]
		s, there := t.skills.at[l.Skill]
		if known && there {
			held[i] = append(held[i], holding{skill: s, level: l.Level})
			c.pop.SetLevel(i, t.skills.rows[s].Name, l.Level)
		}
	}
	return held
}

// label names a Person in a message: DBID and user name, else employee id.
func label(p *model.Person) string {
	return describe("Person", p.DBID, firstOf(p.UserName, p.EmployeeID))
}

// firstOf gives the first text that is not blank, trimmed.
func firstOf(texts ...string) string {
	for _, t := range texts {
		if t = model.Clean(t); t != "" {
			return t
		}
	}
	return ""
}
