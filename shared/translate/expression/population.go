package expression

import (
	"excs/shared/model"
	"fmt"
)

// Population is the agents whom expressions choose from, by index from 0, and their skills. Fill it first; from then on
// any number of expressions may be evaluated against it at the same time.
type Population struct {
	size   int
	skills map[string]*holders
}

// holders are the agents that hold one skill. Few agents hold any one skill, so levels are a list and not a table.
type holders struct {
	set    Set
	levels []holding
}

type holding struct{ agent, level int }

// NewPopulation gives a population of agents 0 to size-1, without skills.
func NewPopulation(size int) *Population {
	return &Population{size: size, skills: make(map[string]*holders)}
}

// AddSkill puts a skill into the catalogue, whether an agent holds it or not. Outer white space of the name is trimmed.
func (p *Population) AddSkill(name string) { p.skill(name) }

// SetLevel gives an agent a skill, at the level that Engage has. The skill is put into the catalogue. Names that are
// equal after trimming are one skill, and an agent that gets it more than once has the highest level, in whatever order
// the rows come. An agent outside of the population is a fault of the caller: SetLevel panics, as an index does.
func (p *Population) SetLevel(agent int, skill string, level int) {
	if agent < 0 || agent >= p.size {
		panic(fmt.Sprintf("expression: agent %d is outside of a population of %d", agent, p.size))
	}
	h := p.skill(skill)
	if h.set.Contains(agent) {
		h.raise(agent, level)
		return
	}
	h.set.add(agent)
	h.levels = append(h.levels, holding{agent, level})
}

// raise searches from the start: only two skills whose names differ in outer white space alone come here.
func (h *holders) raise(agent, level int) {
	for i := range h.levels {
		if h.levels[i].agent == agent {
			h.levels[i].level = max(h.levels[i].level, level)
			return
		}
	}
}

func (p *Population) skill(name string) *holders {
	name = model.Clean(name)
	h, ok := p.skills[name]
	if !ok {
		h = &holders{set: emptySet(p.size)}
		p.skills[name] = h
	}
	return h
}

// heldBy gives the holders of a skill, nobody if the catalogue does not have it.
func (p *Population) heldBy(name string) *holders {
	if h, ok := p.skills[name]; ok {
		return h
	}
	return &holders{set: emptySet(p.size)}
}
