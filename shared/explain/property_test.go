package explain_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"excs/shared/engage/engagetest"
	"excs/shared/model"
	"excs/shared/rules"
)

// Every object of a site with every nasty case is explained, under both presets and other controls, without a write; each
// controlled field has a rule; and nothing in the text can mislead a terminal.
func TestEveryObject(t *testing.T) {
	current := rules.Default(engagetest.MainTenant, rules.PresetCurrent)
	current.Email.Domain, current.Email.Template = "agents.example", rules.DefaultTemplate
	free := settings()
	free.Users.Skills, free.Users.Name, free.Users.Division, free.Members.Control, free.Members.Union = rules.Additive, rules.AtCreation, rules.AtCreation, rules.Additive, true
	free.Proficiency.Scale, free.Languages.Names, free.Languages.Pattern, free.WrapUpCodes.SystemName = 10, []string{"Billing"}, "Mort.*", true
	for name, s := range map[string]rules.Settings{"2023-07": settings(), "current": current, "free": free} {
		t.Run(name, func(t *testing.T) {
			g := newStage(t, s, engagetest.Nasty().Site)
			n := 0
			for _, kind := range model.Kinds() {
				keys, err := g.Table.Keys(t.Context(), kind)
				must(t, err)
				for i, key := range keys {
					if n++; name != "2023-07" && i%4 != 0 {
						continue // the other settings change sentences, not which objects there are
					}
					e := g.explain(t, key)
					if len(e.Fields) == 0 || len(e.Next) == 0 || e.State == "" {
						t.Errorf("%s is explained with %d fields, state %q, next %v", key, len(e.Fields), e.State, e.Next)
					}
					for _, f := range e.Fields {
						if f.Rule == "" || f.Control == "" {
							t.Errorf("%s: the field %s has no rule or control", key, f.Name)
						}
						if strings.Contains(f.Rule, "the row keeps the last value") {
							t.Errorf("%s: Engage has the object, the rule of %s says %q", key, f.Name, f.Rule)
						}
					}
					harmless(t, e.Text())
					b, err := e.JSON()
					must(t, err)
					if !json.Valid(b) {
						t.Errorf("%s: the JSON is not valid", key)
					}
				}
			}
			if n < 50 {
				t.Errorf("only %d objects were explained", n)
			}
		})
	}
}

func harmless(t *testing.T, text string) {
	t.Helper()
	for _, r := range text {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("%U is in\n%s", r, text)
			return
		}
	}
}

// The sentences of settings that change what a rule says.
func TestSettingsInRules(t *testing.T) {
	s := settings()
	s.Proficiency.Scale, s.Languages.Names, s.Languages.Pattern, s.WrapUpCodes.SystemName = 10, []string{"billing"}, "Mort.*", true
	g := newStage(t, s, engagetest.New(engagetest.Tiny, 1))
	for _, c := range []struct {
		kind  model.Kind
		name  string // of the object; "" takes the first
		field string
		want  string
	}{
		{model.KindUser, "", "skills", "5 × level / 10"},
		{model.KindLanguage, "Billing", "name", "the setting languages.names lists it"},
		{model.KindLanguage, "Mortgage", "name", "the setting languages.pattern matches it"},
		{model.KindWrapUpCode, "", "name", "the value's name (setting wrapUpCodes.name)"},
	} {
		keys, err := g.Table.Keys(t.Context(), c.kind)
		must(t, err)
		found := false
		for _, key := range keys {
			if c.name != "" && g.row(t, key).Desired.Name != c.name {
				continue
			}
			for _, f := range g.explain(t, key).Fields {
				if f.Name == c.field {
					found = true
					if !strings.Contains(f.Rule, c.want) {
						t.Errorf("%s: the rule of %s is %q, want %q in it", key, f.Name, f.Rule, c.want)
					}
				}
			}
			break
		}
		if !found {
			t.Errorf("the site has no %s %q", c.kind, c.name)
		}
	}
}
