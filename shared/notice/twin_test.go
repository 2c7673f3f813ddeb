package notice_test

import (
	"slices"
	"testing"

	"excs/shared/exorg/exorgtest"
	"excs/shared/model"
	"excs/shared/notice"
)

// must passes a value on and fails the test on an error.
func must[V any](t testing.TB) func(V, error) V {
	return func(v V, err error) V {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Every change that people make in a simulated organisation is told apart: what must be looked at is, what need not be is
// not.
func TestEventsOfAnOrganisation(t *testing.T) {
	org := exorgtest.New(exorgtest.WithSkillAudit(true))
	id := must[string](t)
	user := id(org.AddUser(map[string]any{"name": "Ada", "email": "ada@agents.example"}))
	queue := id(org.AddQueue(map[string]any{"name": "Sales"}))
	code := id(org.AddCode(map[string]any{"name": "Callback"}))
	skill := id(org.AddSkill("Billing"))
	language := id(org.AddLanguage("English"))
	set := func(name string, value any) func(map[string]any) {
		return func(raw map[string]any) { raw[name] = value }
	}
	// The first edit by hand writes every property that the administrator's form shows.
	if err := org.EditUser(user, set("title", "Trainee")); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name   string
		change func() error
		kinds  []model.Kind
		exID   string
		reason notice.Reason
		action notice.Action
	}{
		{"log-in", func() error { return org.TouchUser(user) }, nil, user, notice.ReasonVersion, notice.ActionUpdate},
		{"title", func() error { return org.EditUser(user, set("title", "Agent")) }, nil, user, notice.ReasonUncontrolled, notice.ActionUpdate},
		{"e-mail", func() error { return org.EditUser(user, set("email", "ada@other.example")) }, []model.Kind{model.KindUser}, user, "", notice.ActionUpdate},
		{"deactivated", func() error { return org.DeactivateUser(user) }, []model.Kind{model.KindUser}, user, "", notice.ActionUpdate},
		{"activated", func() error { return org.ActivateUser(user) }, []model.Kind{model.KindUser}, user, "", notice.ActionUpdate},
		{"queue name", func() error { return org.EditQueue(queue, set("name", "Sales 2")) }, []model.Kind{model.KindQueue}, queue, "", notice.ActionUpdate},
		{"queue setting", func() error { return org.EditQueue(queue, set("description", "x")) }, nil, queue, notice.ReasonUncontrolled, notice.ActionUpdate},
		{"member", func() error { return org.AddMembers(queue, user) }, []model.Kind{model.KindMembers}, queue, "", notice.ActionMembers},
		{"joined", func() error { return org.SetMember(queue, user, 1, false) }, nil, queue, notice.ReasonJoined, notice.ActionMembers},
		{"member gone", func() error { return org.RemoveMembers(queue, user) }, []model.Kind{model.KindMembers}, queue, "", notice.ActionMembers},
		{"codes of a queue", func() error { return org.AssignCodes(queue, code) }, nil, queue, notice.ReasonCodes, notice.ActionCodes},
		{"code renamed", func() error { return org.EditCode(code, set("name", "Later")) }, []model.Kind{model.KindWrapUpCode}, code, "", notice.ActionUpdate},
		{"code described", func() error { return org.EditCode(code, set("description", "x")) }, nil, code, notice.ReasonUncontrolled, notice.ActionUpdate},
		{"skill deleted", func() error { return org.DeleteSkill(skill) }, []model.Kind{model.KindSkill}, skill, "", notice.ActionDelete},
		{"language deleted", func() error { return org.DeleteLanguage(language) }, []model.Kind{model.KindLanguage}, language, "", notice.ActionDelete},
		{"code deleted", func() error { return org.DeleteCode(code) }, []model.Kind{model.KindWrapUpCode}, code, "", notice.ActionDelete},
		{"queue deleted", func() error { return org.DeleteQueue(queue) }, []model.Kind{model.KindQueue}, queue, "", notice.ActionDelete},
		{"user deleted", func() error { return org.DeleteUser(user) }, []model.Kind{model.KindUser}, user, "", notice.ActionDelete},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			before := 0
			if all := org.Changes(); len(all) > 0 {
				before = all[len(all)-1].Seq
			}
			if err := c.change(); err != nil {
				t.Fatal(err)
			}
			events := org.EventsSince(before)
			if len(events) == 0 {
				t.Fatal("no event")
			}
			n := parse(t, string(events[len(events)-1].Envelope))
			if got := n.Looks(); !slices.Equal(got, c.kinds) || n.Noise() != c.reason {
				t.Errorf("looks at %v, noise %q: %s", got, n.Noise(), events[len(events)-1].Envelope)
			}
			if n.EXID != c.exID || n.Action != c.action || n.ID == "" || n.At.IsZero() {
				t.Errorf("%+v", n)
			}
		})
	}
}
