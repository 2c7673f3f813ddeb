package run_test

import (
	"slices"
	"testing"

	"excs/shared/engage/engagetest"
)

// desk is a contact centre that one can hold in mind; its names say what they are for.
//
//	skills      Billing, Sales; languages English, German
//	codes       Resolved, Callback
//	persons     Ann  Billing 5, English 4        Front
//	            Bob  Sales 3                     Front, Back
//	            Cy   Billing 3, Sales 5, German 2  Back
//	            Dora Billing 5, disabled         Front
//	groups      Front, Back; Experts is virtual: Skill("Billing")>=5
//	queues      ACD (3) Front · Entry (4) Back · Virtual (5) Front, Back · Routing (22) Experts · Loose (5) nobody's
func desk(t testing.TB) *engagetest.Site {
	t.Helper()
	site := engagetest.New(engagetest.Tiny, 1)
	site.Persons, site.Skills, site.Levels, site.Logins, site.LoginInfos = nil, nil, nil, nil, nil
	site.Groups, site.Members, site.Links, site.DNs, site.Props = nil, nil, nil, nil, nil
	kept := map[int64]bool{}
	site.Attributes = slices.DeleteFunc(site.Attributes, func(a engagetest.Attribute) bool {
		kept[a.DBID] = a.Name == engagetest.WrapUpAttribute || a.Name == engagetest.LanguageAttribute
		return !kept[a.DBID]
	})
	site.Values = nil
	f := furnish(t, site)
	e := f.e
	for _, l := range []string{"English", "German"} {
		f.value(engagetest.LanguageAttribute, l)
	}
	f.value(engagetest.WrapUpAttribute, "Resolved")
	f.value(engagetest.WrapUpAttribute, "Callback")
	billing, sales, english, german := f.skill("Billing"), f.skill("Sales"), f.skill("English"), f.skill("German")
	front, back, experts := f.group("Front"), f.group("Back"), f.group("Experts")
	f.do(e.SetScript(t.Context(), experts, `Skill("Billing")>=5`))
	f.queue("ACD", engagetest.ACDQueue, front)
	f.queue("Entry", engagetest.RoutingPoint, back)
	f.queue("Virtual", engagetest.VirtualQueue, front, back)
	f.queue("Routing", engagetest.RoutingQueue, experts)
	f.queue("Loose", engagetest.VirtualQueue)
	f.person("Ann", map[int64]int{billing: 5, english: 4}, front)
	f.person("Bob", map[int64]int{sales: 3}, front, back)
	f.person("Cy", map[int64]int{billing: 3, sales: 5, german: 2}, back)
	dora := f.person("Dora", map[int64]int{billing: 5}, front)
	f.do(e.SetPersonState(t.Context(), dora, engagetest.StateDisabled))
	return site
}

// furnish edits a site before it is written.
func furnish(t testing.TB, site *engagetest.Site) furnisher {
	return furnisher{t, engagetest.NewEditor(site, nil, engagetest.SQLite)}
}

type furnisher struct {
	t testing.TB
	e *engagetest.Editor
}

func (f furnisher) do(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f furnisher) value(attribute, name string) int64 {
	f.t.Helper()
	v, err := f.e.AddValue(f.t.Context(), attribute, name, name)
	f.do(err)
	return v.DBID
}

func (f furnisher) skill(name string) int64 {
	f.t.Helper()
	s, err := f.e.AddSkill(f.t.Context(), name)
	f.do(err)
	return s.DBID
}

func (f furnisher) group(name string) int64 {
	f.t.Helper()
	g, err := f.e.AddGroup(f.t.Context(), name)
	f.do(err)
	return g.DBID
}

func (f furnisher) queue(alias string, dnType engagetest.DNType, groups ...int64) int64 {
	f.t.Helper()
	d, err := f.e.AddQueue(f.t.Context(), engagetest.NewQueue{Type: dnType, Alias: alias, Groups: groups})
	f.do(err)
	return d.DBID
}

func (f furnisher) person(first string, levels map[int64]int, groups ...int64) int64 {
	f.t.Helper()
	p, err := f.e.Hire(f.t.Context(), engagetest.Newcomer{First: first, Last: "Agent", Email: mail(first), Levels: levels, Groups: groups})
	f.do(err)
	return p.DBID
}

// mail is the address of a person of the desk.
func mail(first string) string { return first + "@northwind.example" }

// The desk by name.

func (h *house) person(first string) engagetest.Person {
	h.t.Helper()
	i := slices.IndexFunc(h.Editor.Site().Persons, func(p engagetest.Person) bool { return p.First == first })
	if i < 0 {
		h.t.Fatalf("the desk has no person %s", first)
	}
	return h.Editor.Site().Persons[i]
}

func (h *house) dn(alias string) engagetest.DN {
	h.t.Helper()
	i := slices.IndexFunc(h.Editor.Site().DNs, func(d engagetest.DN) bool { return d.Alias == alias })
	if i < 0 {
		h.t.Fatalf("the desk has no queue %s", alias)
	}
	return h.Editor.Site().DNs[i]
}

func (h *house) engageSkill(name string) engagetest.Skill {
	h.t.Helper()
	i := slices.IndexFunc(h.Editor.Site().Skills, func(s engagetest.Skill) bool { return s.Name == name })
	if i < 0 {
		h.t.Fatalf("the desk has no skill %s", name)
	}
	return h.Editor.Site().Skills[i]
}

func (h *house) group(name string) engagetest.Group {
	h.t.Helper()
	i := slices.IndexFunc(h.Editor.Site().Groups, func(g engagetest.Group) bool { return g.Name == name })
	if i < 0 {
		h.t.Fatalf("the desk has no group %s", name)
	}
	return h.Editor.Site().Groups[i]
}

func (h *house) wrapUp(name string) engagetest.Value {
	h.t.Helper()
	values := h.Editor.Site().ValuesOf(engagetest.WrapUpAttribute)
	i := slices.IndexFunc(values, func(v engagetest.Value) bool { return v.Name == name })
	if i < 0 {
		h.t.Fatalf("the desk has no wrap-up code %s", name)
	}
	return values[i]
}
