package explain

import (
	"fmt"
	"slices"
	"strings"

	"excs/shared/model"
	"excs/shared/rules"
)

// tellSkill explains a skill or a language.
func (w *work) tellSkill() {
	rule := gone
	if s := w.skill(w.key.DBID); s != nil {
		w.source(model.TableSkill, dbid(s.DBID), quote("name", s.Name), cfgState(s.State))
		rule = "the Skill's name, trimmed; " + w.languageRule(s.Name)
	}
	if same := w.desired.SameAs; same != 0 {
		rule += fmt.Sprintf("; one EX object with %s, whose spelling counts", model.Key{Kind: w.key.Kind, DBID: same})
	}
	w.field(model.FieldName, string(rules.Controlled), rule+"; the EX Org can not rename it: another name makes another object", w.desired.Name, w.seen.Name)
	w.note("if the Skill is deleted in Engage: the EX object is left to the administrator, as an orphan")
}

// languageRule says why a skill is a language, or that it is none.
func (w *work) languageRule(name string) string {
	l := w.Settings.Languages
	for _, v := range w.snapshot.Values {
		if model.SameName(v.Attribute, l.Attribute) && (model.SameName(v.Name, name) || model.SameName(v.DisplayName, name)) {
			w.source(model.TableAttrValue, dbid(v.DBID), quote("attribute", v.Attribute), quote("name", v.Name), quote("display name", v.DisplayName), cfgState(v.State))
			return fmt.Sprintf("a language, because the Business Attribute %q has it", l.Attribute)
		}
	}
	if slices.ContainsFunc(l.Names, func(n string) bool { return model.SameName(n, name) }) {
		return "a language, because the setting languages.names lists it"
	}
	if pattern, err := l.Compile(); err == nil && pattern != nil && pattern.MatchString(strings.TrimSpace(name)) {
		return "a language, because the setting languages.pattern matches it"
	}
	return "no language by any rule"
}

// tellCode explains a wrap-up code.
func (w *work) tellCode() {
	rule := gone
	if v := w.value(); v != nil {
		w.source(model.TableAttrValue, dbid(v.DBID), quote("attribute", v.Attribute), quote("name", v.Name), quote("display name", v.DisplayName), cfgState(v.State))
		rule = codeNameRule(w.desired, *v, w.Settings.WrapUpCodes.SystemName)
	}
	if same := w.desired.SameAs; same != 0 {
		rule += fmt.Sprintf("; one EX code with %s, whose spelling counts", model.Key{Kind: w.key.Kind, DBID: same})
	}
	w.field(model.FieldName, string(rules.Controlled), rule, w.desired.Name, w.seen.Name)
	w.note("if the value is deleted in Engage: the EX code is left to the administrator, as an orphan")
}

func codeNameRule(o model.Object, v model.AttributeValue, systemName bool) string {
	rule := ""
	switch {
	case systemName && strings.TrimSpace(v.Name) != "":
		rule = "the value's name (setting wrapUpCodes.name)"
	case strings.TrimSpace(v.DisplayName) != "":
		rule = "the value's display name"
	default:
		rule = "the value's name: it has no display name"
	}
	if base := o.Identity.BaseName; base != "" && o.Name != base {
		rule += ", with its name added: another value has the same display name, or had when it was added"
	}
	return rule
}
