package explain_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/explain"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
)

// The explanation of each kind as an operator reads it.
func TestGolden(t *testing.T) {
	g := newStage(t, settings(), engagetest.New(engagetest.Tiny, 1))
	user := g.pick(t, model.KindUser, func(r mapping.Row) bool { return len(r.Desired.Skills) > 1 && len(r.Desired.Languages) > 0 })
	members := g.pick(t, model.KindMembers, func(r mapping.Row) bool { return len(r.Desired.Members) > 1 })
	must(t, g.org.EditUser(user.EXID, func(raw map[string]any) { raw["name"], raw["state"] = "Eve\x1b[31m", "inactive" }))
	must(t, g.org.RemoveUserSkill(user.EXID, g.row(t, model.Key{Kind: model.KindSkill, DBID: user.Desired.Skills[0].DBID}).EXID))
	must(t, g.org.RemoveMembers(members.EXID, g.row(t, model.Key{Kind: model.KindUser, DBID: members.Desired.Members[0]}).EXID))
	stranger, err := g.org.AddUser(map[string]any{"name": "Stranger", "email": "stranger@elsewhere.example"})
	must(t, err)
	must(t, g.org.AddMembers(members.EXID, stranger))
	for name, key := range map[string]model.Key{
		"user.txt": user.Key, "members.txt": members.Key, "queue.txt": {Kind: model.KindQueue, DBID: members.Key.DBID},
		"skill.txt":    g.pick(t, model.KindSkill, func(mapping.Row) bool { return true }).Key,
		"language.txt": g.pick(t, model.KindLanguage, func(mapping.Row) bool { return true }).Key,
		"code.txt":     g.pick(t, model.KindWrapUpCode, func(mapping.Row) bool { return true }).Key,
		"source.txt":   g.pick(t, model.KindSource, func(mapping.Row) bool { return true }).Key,
	} {
		e := g.explain(t, key)
		golden(t, name, e.Text())
		b, err := e.JSON()
		must(t, err)
		var back explain.Explanation
		must(t, json.Unmarshal(b, &back))
		if back.Text() != e.Text() {
			t.Errorf("%s: the JSON says something else:\n%s", key, back.Text())
		}
	}
}

// Each way in which a rule gives a value has its own sentence.
func TestRules(t *testing.T) {
	site := engagetest.Nasty()
	g := newStage(t, settings(), site.Site)
	cases := []struct {
		planted engagetest.Case
		kind    model.Kind
		field   string
		want    string
	}{
		{engagetest.AliasMissing, model.KindQueue, "name", "number@switch: the DN has no alias"},
		{engagetest.AliasForbidden, model.KindQueue, "name", "with _ for the *"},
		{engagetest.AliasesEqualFolded, model.KindQueue, "name", "with a suffix"},
		{engagetest.UserNameIsEmail, model.KindUser, "email", "the user name, which is an address (step 2)"},
		{engagetest.PersonWithoutEmail, model.KindUser, "email", "the template {employee_id}@{domain} (step 3)"},
		{engagetest.PersonNameless, model.KindUser, "name", "the user name: cfg_person has neither"},
		{engagetest.PersonDisabled, model.KindUser, "state", "the Person is disabled (state 2)"},
		{engagetest.SkillLikeLanguage, model.KindLanguage, "name", `a language, because the Business Attribute "Language" has it`},
		{engagetest.SkillTrailingSpaces, model.KindSkill, "name", "the Skill's name, trimmed; no language by any rule"},
	}
	for _, c := range cases {
		t.Run(string(c.planted), func(t *testing.T) {
			key := model.Key{Kind: c.kind, DBID: site.Case(c.planted).DBIDs[0]}
			e := g.explain(t, key)
			for _, f := range e.Fields {
				if f.Name == c.field {
					if !strings.Contains(f.Rule, c.want) {
						t.Errorf("the rule of %s %s is %q, want %q in it", key, c.field, f.Rule, c.want)
					}
					return
				}
			}
			t.Errorf("%s has no field %s:\n%s", key, c.field, e.Text())
		})
	}
}

// A key that nobody has is told so, and which half is missing.
func TestUnknownKey(t *testing.T) {
	g := newStage(t, settings(), engagetest.New(engagetest.Tiny, 1))
	for _, kind := range model.Kinds() {
		_, err := g.explainer.Explain(t.Context(), model.Key{Kind: kind, DBID: 987654})
		if model.CodeOf(err) != model.CodeNotFound || !strings.Contains(err.Error(), string(kind)+"/987654") || !strings.Contains(err.Error(), "neither Engage") {
			t.Errorf("%s: %v", kind, err)
		}
	}
	g.config.Read = func(context.Context) (*model.Snapshot, model.Counts, error) { return nil, nil, errors.New("no route") }
	_, err := explain.New(g.config).Explain(t.Context(), model.Key{Kind: model.KindUser, DBID: 987654})
	if model.CodeOf(err) != model.CodeNotFound || !strings.Contains(err.Error(), "no route") {
		t.Errorf("Engage can not be read: %v", err)
	}
}

// What happens next is said for whatever state a row is in.
func TestNext(t *testing.T) {
	user := func(g *stage) mapping.Row {
		return g.pick(t, model.KindUser, func(r mapping.Row) bool { return r.Desired.State == model.StateActive })
	}
	record := func(g *stage, o mapping.Outcome) {
		row := user(g)
		o.Key, o.Version = row.Key, row.Version
		_, err := g.Table.Record(t.Context(), o, g.clock.Now())
		must(t, err)
	}
	cases := []struct {
		name string
		do   func(t *testing.T, g *stage, key model.Key)
		want []string // in the text
	}{
		{"nothing", func(*testing.T, *stage, model.Key) {}, []string{"converged since", "nothing: the EX Org is as Engage wants it", "applied: what Engage wants was made true"}},
		{"Engage changed", func(t *testing.T, g *stage, key model.Key) {
			must(t, g.editor.RenamePerson(t.Context(), key.DBID, "New", "Name"))
		},
			[]string{"the next run will update it (name), because Engage changed", "desired  New Name"}},
		{"drift", func(t *testing.T, g *stage, key model.Key) {
			must(t, g.org.EditUser(g.row(t, key).EXID, func(raw map[string]any) { raw["name"] = "Other" }))
		}, []string{"observed Other  DIFFERS", "a worker sets back name"}},
		{"deleted in the EX Org", func(t *testing.T, g *stage, key model.Key) { must(t, g.org.DeleteUser(g.row(t, key).EXID)) }, []string{"observed deleted  DIFFERS", "sets back"}},
		{"queued", func(t *testing.T, g *stage, key model.Key) {
			_, err := g.Table.MarkQueued(t.Context(), key, "token", g.clock.Now(), time.Minute)
			must(t, err)
		}, []string{"a message is on the queue since"}},
		{"waiting", func(_ *testing.T, g *stage, _ model.Key) {
			record(g, mapping.Outcome{State: mapping.StateWaiting, Reason: "no skill yet", WaitUntil: g.clock.Now().Add(time.Hour), WaitsFor: model.Key{Kind: model.KindSkill, DBID: 5}, LastError: "it broke", Attempts: 3})
		}, []string{"it waits until", "for skill/5: no skill yet", "attempt 3: it broke"}},
		{"held by a worker", func(_ *testing.T, g *stage, _ model.Key) {
			record(g, mapping.Outcome{State: mapping.StateHeld, Reason: "guard"})
		}, []string{"until an operator approves: guard"}},
		{"quarantined", func(_ *testing.T, g *stage, _ model.Key) {
			record(g, mapping.Outcome{State: mapping.StateQuarantined, Reason: "bad"})
		}, []string{"until an operator releases it or Engage changes it: bad"}},
		{"invisible", func(_ *testing.T, g *stage, _ model.Key) {
			record(g, mapping.Outcome{State: mapping.StateInvisible, Reason: "no division", WaitUntil: g.clock.Now().Add(time.Hour)})
		}, []string{"looks for it again at", "no division"}},
		{"the Person is gone", func(t *testing.T, g *stage, key model.Key) { must(t, g.editor.Fire(t.Context(), key.DBID)) },
			[]string{"the next run will leave it to the administrator", "no row"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := newStage(t, settings(), engagetest.New(engagetest.Tiny, 1))
			key := user(g).Key
			c.do(t, g, key)
			text := g.explain(t, key).Text()
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not in\n%s", want, text)
				}
			}
		})
	}
}

// An orphan and an object that is new in Engage are explained too, and so is one that is rejected.
func TestHalves(t *testing.T) {
	g := newStage(t, settings(), engagetest.New(engagetest.Tiny, 1))
	gone := g.pick(t, model.KindUser, func(r mapping.Row) bool { return r.Desired.State == model.StateActive }).Key
	must(t, g.editor.Fire(t.Context(), gone.DBID))
	_, err := g.Sync(t.Context())
	must(t, err)
	if text := g.explain(t, gone).Text(); !strings.Contains(text, "orphan since") || !strings.Contains(text, "left to the administrator") || !strings.Contains(text, "Engage does not have it") {
		t.Errorf("the orphan:\n%s", text)
	}
	fresh, err := g.editor.Hire(t.Context(), engagetest.Newcomer{First: "Nova", Last: "New", Email: "nova@agents.example"})
	must(t, err)
	text := g.explain(t, model.Key{Kind: model.KindUser, DBID: fresh.DBID}).Text()
	for _, want := range []string{"no row in the mapping table yet", "the next run will create it", "observed not in the EX Org yet", "nova@agents.example"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	twin, err := g.editor.Hire(t.Context(), engagetest.Newcomer{First: "Second", Last: "New", Email: "nova@agents.example"})
	must(t, err)
	text = g.explain(t, model.Key{Kind: model.KindUser, DBID: twin.DBID}).Text()
	if !strings.Contains(text, "nothing new from Engage: it is rejected") || strings.Contains(text, "Fields") {
		t.Errorf("the reject:\n%s", text)
	}
}

// What can not be read is said, and the rest is there.
func TestHalfTheWorldIsDown(t *testing.T) {
	g := newStage(t, settings(), engagetest.New(engagetest.Tiny, 1))
	row := g.pick(t, model.KindUser, func(r mapping.Row) bool { return r.Desired.State == model.StateActive })
	cases := []struct {
		name string
		do   func(c *explain.Config)
		want []string
	}{
		{"Engage", func(c *explain.Config) {
			c.Read = func(context.Context) (*model.Snapshot, model.Counts, error) { return nil, nil, errors.New("no route") }
		}, []string{"Engage can not be read now: no route", "observed " + row.Desired.Email, "converged since"}},
		{"the plan", func(c *explain.Config) {
			c.Plan = func(context.Context, explain.Read, model.Key) (plan.Plan, error) {
				return plan.Plan{}, errors.New("not proven")
			}
		}, []string{"can not be foretold: not proven", "first and last name of cfg_person"}},
		{"the EX Org", func(c *explain.Config) { c.Org = down{c.Org} }, []string{"the EX Org can not be read now", "observed not known", "first and last name of cfg_person"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			config := g.config
			c.do(&config)
			e, err := explain.New(config).Explain(t.Context(), row.Key)
			must(t, err)
			for _, want := range c.want {
				if !strings.Contains(e.Text(), want) {
					t.Errorf("%q is not in\n%s", want, e.Text())
				}
			}
		})
	}
	must(t, g.org.DeleteSkill(g.pick(t, model.KindSkill, func(mapping.Row) bool { return true }).EXID))
	e := g.explain(t, g.pick(t, model.KindSkill, func(mapping.Row) bool { return true }).Key)
	if !e.Missing || !strings.Contains(e.Text(), "answers 404") || !strings.Contains(e.Text(), "makes it again") {
		t.Errorf("a deleted skill:\n%s", e.Text())
	}
}

// The history tells what EXCS did, the last first, with values and who.
func TestHistory(t *testing.T) {
	g := newStage(t, settings(), engagetest.New(engagetest.Tiny, 1))
	row := g.pick(t, model.KindUser, func(r mapping.Row) bool { return r.Desired.State == model.StateActive })
	_, err := g.Table.Record(t.Context(), mapping.Outcome{Key: row.Key, Version: row.Version, History: []mapping.Entry{{
		At: g.clock.Now(), Action: model.ActionUpdate, Cause: model.CauseDrift, Run: 7, Who: "ADMIN", Note: "set back",
		Fields: []model.Field{{Name: "name", Before: "Eve", After: "Ada"}, {Name: "skills", Added: []string{"Billing(3)"}, Removed: []string{"Chess"}}},
	}}}, g.clock.Now())
	must(t, err)
	e := g.explain(t, row.Key)
	want := `update because of drift, run 7, by ADMIN; name Eve → Ada; skills +Billing(3) -Chess; set back`
	if !strings.Contains(e.Text(), want) || len(e.History) != 2 || e.History[1].Action != model.ActionCreate {
		t.Errorf("%q is not in\n%s", want, e.Text())
	}
}

type down struct{ explain.Org }

func (down) Get(context.Context, model.Kind, string) (model.Observed, []byte, error) {
	return model.Observed{}, nil, model.Errorf(model.CodeUnavailable, "read", "503")
}

// A member whom only a stale owner names is nobody's of Engage: it stays in the queue, and explain does not say otherwise.
func TestAMemberOfAStaleOwner(t *testing.T) {
	g := newStage(t, settings(), engagetest.New(engagetest.Tiny, 1))
	list := g.pick(t, model.KindMembers, func(r mapping.Row) bool { return len(r.Desired.Members) > 0 })
	id, err := g.org.AddUser(map[string]any{"name": "Zoe", "email": "zoe@example.org"})
	must(t, err)
	must(t, g.org.AddMembers(list.EXID, id))
	must(t, g.Table.Own(t.Context(), model.KindUser, id, model.Key{Kind: model.KindUser, DBID: 4711}, nil, false))
	if e := g.explain(t, list.Key); len(e.Drift) > 0 {
		t.Errorf("drift %+v", e.Drift)
	}
}

// An object that a run began to change and did not finish is told so, and nobody calls it right until the next complete run.
func TestBeingChanged(t *testing.T) {
	g := newStage(t, settings(), engagetest.New(engagetest.Tiny, 1))
	user := g.pick(t, model.KindUser, func(r mapping.Row) bool { return r.Desired.State == model.StateActive })
	must(t, g.Table.PutIndex(t.Context(), user.Run+1, map[model.Key]model.Fingerprint{user.Key: model.BeingChanged}))
	e := g.explain(t, user.Key)
	if text := e.Text(); !e.BeingChanged || !strings.Contains(text, "being changed: ") || strings.Contains(text, "nothing: the EX Org is as Engage wants it") {
		t.Errorf("%s", text)
	}
}
