package translate

import (
	"excs/shared/model"
)

// languageRule gives the rule that tells languages from skills: a value of the Business Attribute (its name or display
// name), an entry of the list, or the pattern; all without case and outer space (RULES 4.7).
func (t *translation) languageRule() func(name string) bool {
	rule := t.settings.Languages
	names := map[string]bool{}
	for _, n := range rule.Names {
		names[model.Fold(n)] = true
	}
	if rule.Attribute != "" {
		values, there := t.values([]string{rule.Attribute})
		if len(there) == 0 {
			t.note(model.Key{}, "Engage has no Business Attribute '%s': no skill is a language on its account (setting languages.attribute)", rule.Attribute)
		}
		for _, v := range values {
			names[model.Fold(v.Name)] = true
			names[model.Fold(v.DisplayName)] = true
		}
	}
	// Settings were validated: a pattern that does not compile matches nothing.
	pattern, err := rule.Compile()
	if err != nil {
		pattern = nil
		t.note(model.Key{}, "the setting languages.pattern is no regular expression: %v", err)
	}
	return func(name string) bool {
		return names[model.Fold(name)] || pattern != nil && pattern.MatchString(model.Clean(name))
	}
}

// values gives the living values of the Business Attributes of these names, by DBID, and the names that Engage has. A
// disabled attribute or value is there (RULES 4.3); a value of a deleted attribute is not.
func (t *translation) values(attributes []string) (values []model.AttributeValue, there map[string]bool) {
	wanted := map[string]bool{}
	for _, a := range attributes {
		wanted[model.Fold(a)] = true
	}
	there, gone := map[string]bool{}, map[string]bool{}
	for _, a := range t.snapshot.Attributes {
		fold := model.Fold(a.Name)
		switch {
		case !wanted[fold]:
		case alive(a.State):
			there[fold] = true
		default:
			gone[fold] = true
		}
	}
	all := living(t.snapshot.Values, func(v *model.AttributeValue) model.CfgState { return v.State }, func(v *model.AttributeValue) int64 { return v.DBID })
	for _, v := range all {
		fold := model.Fold(v.Attribute)
		if wanted[fold] && (there[fold] || !gone[fold]) {
			values = append(values, v)
			there[fold] = true
		}
	}
	return values, there
}
