package translate

import (
	"slices"

	"excs/shared/model"
)

// scope says which persons become users: all, or the agents of the groups of the setting scope.groups. unsure is true
// when a group of the setting is missing or its expression does not parse: then nobody leaves the scope, because the
// cause is a renamed group or a typing error more often than a decision.
func (t *translation) scope() (in set, unsure bool) {
	in = newSet(len(t.crowd.rows))
	wanted := t.settings.Scope.Groups
	if len(wanted) == 0 {
		for i := range t.crowd.rows {
			in.add(i)
		}
		return in, false
	}
	found := map[string]bool{}
	for i := range t.groups.rows {
		fold := model.Fold(t.groups.rows[i].Name)
		if !slices.ContainsFunc(wanted, func(w string) bool { return model.Fold(w) == fold }) {
			continue
		}
		found[fold] = true
		squad := t.squad(i)
		in.unite(squad.agents)
		unsure = unsure || squad.unknown != nil
	}
	for _, w := range wanted {
		if !found[model.Fold(w)] {
			unsure = true
			t.note(model.Key{}, "the setting scope.groups names the agent group '%s', which Engage does not have: no mapped user leaves the scope until the name is right", w)
		}
	}
	return in, unsure
}

// switchScope says which DNs the setting scope.switches allows; unsure as in scope.
func (t *translation) switchScope(dns []model.DN) (in func(*model.DN) bool, unsure bool) {
	if len(t.settings.Scope.Switches) == 0 {
		return func(*model.DN) bool { return true }, false
	}
	there := map[string]bool{}
	for i := range dns {
		there[model.Fold(dns[i].Switch)] = true
	}
	wanted := map[string]bool{}
	for _, w := range t.settings.Scope.Switches {
		wanted[model.Fold(w)] = true
		if !there[model.Fold(w)] {
			unsure = true
			t.note(model.Key{}, "the setting scope.switches names the switch '%s', which has no DN in Engage that could be a queue: no mapped queue leaves the scope until the name is right", w)
		}
	}
	return func(d *model.DN) bool { return wanted[model.Fold(d.Switch)] }, unsure
}
