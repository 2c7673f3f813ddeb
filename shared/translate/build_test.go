package translate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"excs/shared/model"
	"excs/shared/rules"
	"excs/shared/translate"
)

const tenant = 101

// site is a snapshot under construction.
type site struct{ model.Snapshot }

func newSite() *site {
	return &site{model.Snapshot{
		Tenant: model.Tenant{DBID: tenant, Name: "Northwind", State: model.CfgEnabled}, HasEmailColumn: true,
		Attributes: []model.Attribute{{DBID: 118, Name: "Language", State: model.CfgEnabled}, {DBID: 119, Name: "DispositionCode", State: model.CfgEnabled}},
	}}
}

// person adds an enabled agent "First<DBID> Last" with an e-mail address; alter changes the row.
func (s *site) person(dbid int64, alter ...func(*model.Person)) *site {
	p := model.Person{DBID: dbid, EmployeeID: fmt.Sprintf("E%d", dbid), UserName: fmt.Sprintf("u%d", dbid), FirstName: fmt.Sprintf("First%d", dbid), LastName: "Last",
		Email: fmt.Sprintf("p%d@example.com", dbid), IsAgent: true, State: model.CfgEnabled}
	for _, f := range alter {
		f(&p)
	}
	s.Persons = append(s.Persons, p)
	return s
}

func (s *site) skill(dbid int64, name string, states ...model.CfgState) *site {
	s.Skills = append(s.Skills, model.Skill{DBID: dbid, Name: name, State: state(states)})
	return s
}

func (s *site) level(person, skill int64, level int) *site {
	s.Levels = append(s.Levels, model.SkillLevel{Person: person, Skill: skill, Level: level})
	return s
}

// dn adds a Virtual Queue with the number 1000 + DBID on the switch SIP.
func (s *site) dn(dbid int64, alias string, alter ...func(*model.DN)) *site {
	d := model.DN{DBID: dbid, Number: fmt.Sprint(1000 + dbid), Alias: alias, Type: model.DNVirtualQueue, State: model.CfgEnabled, Switch: "SIP", SwitchDBID: 1}
	for _, f := range alter {
		f(&d)
	}
	s.DNs = append(s.DNs, d)
	return s
}

// group adds an agent group with explicit agents.
func (s *site) group(dbid int64, agents ...int64) *site {
	s.Groups = append(s.Groups, model.Group{DBID: dbid, Name: fmt.Sprintf("Group %d", dbid), State: model.CfgEnabled})
	for _, a := range agents {
		s.GroupAgents = append(s.GroupAgents, model.GroupAgent{Group: dbid, Person: a})
	}
	return s
}

// virtual adds a virtual agent group.
func (s *site) virtual(dbid int64, script string, agents ...int64) *site {
	s.group(dbid, agents...)
	g := &s.Groups[len(s.Groups)-1]
	g.Script, g.HasScript = script, true
	return s
}

func (s *site) link(group int64, dns ...int64) *site {
	for _, d := range dns {
		s.GroupDNs = append(s.GroupDNs, model.GroupDN{Group: group, DN: d})
	}
	return s
}

func (s *site) value(dbid int64, attribute, name, display string, states ...model.CfgState) *site {
	s.Values = append(s.Values, model.AttributeValue{DBID: dbid, Attribute: attribute, Name: name, DisplayName: display, State: state(states)})
	return s
}

func (s *site) code(dbid int64, name, display string, states ...model.CfgState) *site {
	return s.value(dbid, "DispositionCode", name, display, states...)
}

// without takes every row of that DBID away.
func (s *site) without(kind model.Kind, dbid int64) *site {
	switch kind {
	case model.KindUser:
		s.Persons = slices.DeleteFunc(s.Persons, func(p model.Person) bool { return p.DBID == dbid })
	case model.KindQueue:
		s.DNs = slices.DeleteFunc(s.DNs, func(d model.DN) bool { return d.DBID == dbid })
	case model.KindWrapUpCode:
		s.Values = slices.DeleteFunc(s.Values, func(v model.AttributeValue) bool { return v.DBID == dbid })
	case model.KindSkill:
		s.Skills = slices.DeleteFunc(s.Skills, func(v model.Skill) bool { return v.DBID == dbid })
	default:
		panic(kind)
	}
	return s
}

// alter changes the one row of that DBID.
func alter[T any](rows []T, dbid func(T) int64, want int64, f func(*T)) {
	for i := range rows {
		if dbid(rows[i]) == want {
			f(&rows[i])
		}
	}
}

func (s *site) alterPerson(dbid int64, f func(*model.Person)) *site {
	alter(s.Persons, func(p model.Person) int64 { return p.DBID }, dbid, f)
	return s
}

func (s *site) alterDN(dbid int64, f func(*model.DN)) *site {
	alter(s.DNs, func(d model.DN) int64 { return d.DBID }, dbid, f)
	return s
}

func (s *site) alterCode(dbid int64, f func(*model.AttributeValue)) *site {
	alter(s.Values, func(d model.AttributeValue) int64 { return d.DBID }, dbid, f)
	return s
}

func (s *site) clone() *site {
	c := &site{s.Snapshot}
	c.Persons, c.Skills, c.Levels, c.DNs = slices.Clone(s.Persons), slices.Clone(s.Skills), slices.Clone(s.Levels), slices.Clone(s.DNs)
	c.Groups, c.GroupAgents, c.GroupDNs = slices.Clone(s.Groups), slices.Clone(s.GroupAgents), slices.Clone(s.GroupDNs)
	c.Attributes, c.Values = slices.Clone(s.Attributes), slices.Clone(s.Values)
	return c
}

func state(states []model.CfgState) model.CfgState {
	if len(states) > 0 {
		return states[0]
	}
	return model.CfgEnabled
}

func disabled(p *model.Person)  { p.State = model.CfgDisabled }
func deleted(p *model.Person)   { p.State = model.CfgDeleted }
func noAgent(p *model.Person)   { p.IsAgent = false }
func noAddress(p *model.Person) { p.Email = "" }

func email(a string) func(*model.Person)    { return func(p *model.Person) { p.Email = a } }
func userName(n string) func(*model.Person) { return func(p *model.Person) { p.UserName = n } }
func dnType(n int) func(*model.DN)          { return func(d *model.DN) { d.Type = n } }

// settings gives the defaults of the preset 2023-07, changed.
func settings(alter ...func(*rules.Settings)) rules.Settings {
	s := rules.Default(tenant, rules.Preset202307)
	for _, f := range alter {
		f(&s)
	}
	return s
}

func template(s *rules.Settings) {
	s.Email.Template, s.Email.Domain = rules.DefaultTemplate, "example.org"
}

func linked(s *rules.Settings) { s.Scope.Linked = true }

// outcome is a result with look-ups for tests.
type outcome struct {
	translate.Result
	t *testing.T
}

// once translates with the given facts.
func once(t *testing.T, s *site, set rules.Settings, facts model.Facts) outcome {
	t.Helper()
	return outcome{translate.Translate(prove(t, &s.Snapshot), set, facts), t}
}

// run plays one run of the caller against rows and gives the rows that it leaves.
func run(t *testing.T, s *site, set rules.Settings, rows table) (outcome, table) {
	t.Helper()
	r, _, _ := rows.converge(t, prove(t, &s.Snapshot), set, nil)
	return outcome{r, t}, rows.after(r)
}

func key(t testing.TB, text string) model.Key {
	t.Helper()
	k, err := model.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// object gives the object of a key; the test fails when there is none.
func (o outcome) object(text string) model.Object {
	o.t.Helper()
	k := key(o.t, text)
	for _, obj := range o.Objects {
		if obj.Key == k {
			return obj
		}
	}
	o.t.Fatalf("there is no %s; rejects: %v", text, o.Rejects)
	return model.Object{}
}

func (o outcome) absent(texts ...string) {
	o.t.Helper()
	for _, text := range texts {
		k := key(o.t, text)
		if slices.ContainsFunc(o.Objects, func(obj model.Object) bool { return obj.Key == k }) {
			o.t.Errorf("%s is there", text)
		}
	}
}

// name checks names by key.
func (o outcome) names(want map[string]string) {
	o.t.Helper()
	for k, name := range want {
		if got := o.object(k).Name; got != name {
			o.t.Errorf("%s is named %q, want %q", k, got, name)
		}
	}
}

func (o outcome) members(text string, want ...int64) {
	o.t.Helper()
	if got := o.object(text).Members; !slices.Equal(got, want) {
		o.t.Errorf("%s has %v, want %v", text, got, want)
	}
}

// rejected gives the reason; the test fails when there is none.
func (o outcome) rejected(text string) string {
	o.t.Helper()
	k := key(o.t, text)
	for _, r := range o.Rejects {
		if r.Key == k {
			return r.Reason
		}
	}
	o.t.Fatalf("%s is not rejected", text)
	return ""
}

func (o outcome) noRejects() {
	o.t.Helper()
	if len(o.Rejects) > 0 {
		o.t.Errorf("rejects: %v", o.Rejects)
	}
}

// notes gives the texts that hold a word.
func (o outcome) notes(word string) []string {
	var out []string
	for _, n := range o.Notes {
		if strings.Contains(n.Text, word) {
			out = append(out, n.Text)
		}
	}
	return out
}

// noted checks that exactly n notes hold the word.
func (o outcome) noted(n int, word string) {
	o.t.Helper()
	if got := o.notes(word); len(got) != n {
		o.t.Errorf("%d notes hold %q, want %d: %v", len(got), word, n, o.Notes)
	}
}

func (o outcome) has(keys []model.Key, texts ...string) {
	o.t.Helper()
	want := []model.Key{}
	for _, text := range texts {
		want = append(want, key(o.t, text))
	}
	slices.SortFunc(want, model.Key.Compare)
	if !slices.Equal(want, append([]model.Key{}, keys...)) {
		o.t.Errorf("keys are %v, want %v", keys, want)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}
