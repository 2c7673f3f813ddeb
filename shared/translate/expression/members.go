package expression

// Options are the settings of an evaluation.
type Options struct {
	// AbsentZero gives an agent that lacks a skill level 0 of it; otherwise any comparison with that level is false
	// (setting absentSkill: zero; RULES 4.13).
	AbsentZero bool
}

// Members gives the agents of the population whom the expression accepts. The set is the caller's own.
func (e *Expr) Members(pop *Population, opts Options) Set {
	return e.root.members(view{pop, opts}, false)
}

// view is a population as the options show it.
type view struct {
	pop  *Population
	opts Options
}

// members hands the negation down, which is the negation normal form without building it.
func (n not) members(v view, negated bool) Set { return n.term.members(v, !negated) }

// members follows De Morgan: a negated "&" is the "|" of the negated terms.
func (j junction) members(v view, negated bool) Set {
	result := j.terms[0].members(v, negated)
	for _, term := range j.terms[1:] {
		if j.any != negated {
			result.unite(term.members(v, negated))
		} else {
			result.intersect(term.members(v, negated))
		}
	}
	return result
}

func (f function) members(v view, negated bool) Set {
	if f.always(negated) {
		return fullSet(v.pop.size)
	}
	result := v.pop.heldBy(f.argument).set.clone()
	if negated {
		result.invert()
	}
	return result
}

func (c comparison) members(v view, negated bool) Set {
	if c.always(negated) {
		return fullSet(v.pop.size)
	}
	var result Set
	if c.right.function.name == "" {
		result = v.compareConstant(c.left, c.by, c.right.constant)
	} else {
		result = v.compareFunctions(c.left, c.by, c.right.function)
	}
	if negated {
		result.invert()
	}
	return result
}

// compareConstant looks at the skill's holders one by one, and at all the others at once.
func (v view) compareConstant(f function, by comparator, constant int) Set {
	held := v.pop.heldBy(f.argument)
	result := emptySet(v.pop.size)
	if by.holds(0, constant) && v.defined(f) {
		result.unite(held.set)
		result.invert()
	}
	for _, h := range held.levels {
		if by.holds(f.value(h), constant) {
			result.add(h.agent)
		}
	}
	return result
}

// compareFunctions needs the values of both sides agent by agent, and takes a table for each. Such comparisons are rare.
func (v view) compareFunctions(left function, by comparator, right function) Set {
	candidates, a := v.table(left)
	known, b := v.table(right)
	candidates.intersect(known)
	result := emptySet(v.pop.size)
	for agent := range candidates.All() {
		if by.holds(a[agent], b[agent]) {
			result.add(agent)
		}
	}
	return result
}

// table gives the agents for whom a function has a value, and the values.
func (v view) table(f function) (Set, []int) {
	held := v.pop.heldBy(f.argument)
	values := make([]int, v.pop.size)
	for _, h := range held.levels {
		values[h.agent] = f.value(h)
	}
	if v.defined(f) {
		return fullSet(v.pop.size), values
	}
	return held.set.clone(), values
}

// defined says whether the function has a value, 0, for an agent that lacks the skill.
func (v view) defined(f function) bool { return f.name == skillExists || v.opts.AbsentZero }

// value is the function's value for an agent that holds the skill.
func (f function) value(h holding) int {
	if f.name == skillExists {
		return 1
	}
	return h.level
}
