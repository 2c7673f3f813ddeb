package expression

import "slices"

// Notes are what the administrator should know about an expression's result.
type Notes struct {
	// LoggedIn: the expression asks for real-time state, which counts as true, so that agents may be members who are not
	// logged in.
	LoggedIn bool
	// AcceptsAll: on account of LoggedIn the expression accepts every agent, whatever their skills.
	AcceptsAll bool
	// UnknownSkills are the skills that the population's catalogue does not have and that count as held by nobody, each
	// once, in the order in which they are written.
	UnknownSkills []string
}

// Notes gives the notes on the expression for a population.
func (e *Expr) Notes(pop *Population) Notes {
	notes := Notes{AcceptsAll: e.root.always(false)}
	e.root.visit(func(f function) {
		if f.name == loggedIn {
			notes.LoggedIn = true
			return
		}
		if _, ok := pop.skills[f.argument]; !ok && !slices.Contains(notes.UnknownSkills, f.argument) {
			notes.UnknownSkills = append(notes.UnknownSkills, f.argument)
		}
	})
	return notes
}

func (n not) always(negated bool) bool { return n.term.always(!negated) }

func (j junction) always(negated bool) bool {
	if j.any != negated {
		return slices.ContainsFunc(j.terms, func(term node) bool { return term.always(negated) })
	}
	return !slices.ContainsFunc(j.terms, func(term node) bool { return !term.always(negated) })
}

func (f function) always(bool) bool { return f.name == loggedIn }

func (c comparison) always(bool) bool {
	return c.left.name == loggedIn || c.right.function.name == loggedIn
}

func (n not) visit(f func(function)) { n.term.visit(f) }

func (j junction) visit(f func(function)) {
	for _, term := range j.terms {
		term.visit(f)
	}
}

func (f function) visit(g func(function)) { g(f) }

func (c comparison) visit(f func(function)) {
	f(c.left)
	if c.right.function.name != "" {
		f(c.right.function)
	}
}
