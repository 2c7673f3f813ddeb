package translate_test

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"excs/shared/model"
	"excs/shared/rules"
)

// term is an expression that the generator made: its text, and what it says of one agent, told plainly. levels are the
// agent's Engage levels by skill name.
type term struct {
	text string
	// holds says whether the agent passes; flip tells that the term stands under a negation, which only LoggedIn feels.
	holds func(levels map[string]int, zero, flip bool) bool
}

var skillNames = []string{"English", "Sales", "sales", "Billing", "Polish", "Nowhere"}

func drawTerm(t *rapid.T, depth int) term {
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	if depth == 0 {
		kind %= 3
	}
	switch kind {
	case 0:
		return drawComparison(t)
	case 1:
		name := rapid.SampledFrom(skillNames).Draw(t, "skill")
		return term{fmt.Sprintf("SkillExists(%q)", name), func(l map[string]int, _, flip bool) bool {
			_, has := l[name]
			return has != flip
		}}
	case 2:
		return term{`LoggedIn("SIP")`, func(map[string]int, bool, bool) bool { return true }}
	case 3:
		a := drawTerm(t, depth-1)
		return term{"~(" + a.text + ")", func(l map[string]int, zero, flip bool) bool { return a.holds(l, zero, !flip) }}
	default:
		a, b := drawTerm(t, depth-1), drawTerm(t, depth-1)
		and := kind == 4
		op := map[bool]string{true: " & ", false: " | "}[and]
		return term{"(" + a.text + op + b.text + ")", func(l map[string]int, zero, flip bool) bool {
			x, y := a.holds(l, zero, flip), b.holds(l, zero, flip)
			if and != flip {
				return x && y
			}
			return x || y
		}}
	}
}

func drawComparison(t *rapid.T) term {
	name := rapid.SampledFrom(skillNames).Draw(t, "skill")
	op := rapid.SampledFrom([]string{"=", "!=", ">=", "<=", ">", "<"}).Draw(t, "op")
	n := rapid.IntRange(-1, 7).Draw(t, "n")
	return term{fmt.Sprintf("Skill(%q)%s%d", name, op, n), func(l map[string]int, zero, flip bool) bool {
		level, has := l[name]
		passes := map[string]bool{"=": level == n, "!=": level != n, ">=": level >= n, "<=": level <= n, ">": level > n, "<": level < n}[op]
		return (passes && (has || zero)) != flip
	}}
}

// world is a drawn site with its expressions as the generator knows them.
type world struct {
	*site
	terms map[int64]term // by group; a group without one is regular or broken
}

var states = []model.CfgState{model.CfgEnabled, model.CfgEnabled, model.CfgEnabled, model.CfgEnabled, model.CfgDisabled, model.CfgDeleted}

func drawState(t *rapid.T) model.CfgState { return rapid.SampledFrom(states).Draw(t, "state") }

// drawWorld makes a site in which names, addresses and numbers collide often.
func drawWorld(t *rapid.T) *world {
	w := &world{newSite(), map[int64]term{}}
	persons := rapid.IntRange(0, 12).Draw(t, "persons")
	for i := range persons {
		w.person(int64(i+1), func(p *model.Person) {
			p.State = drawState(t)
			p.IsAgent = rapid.IntRange(0, 9).Draw(t, "agent") > 0
			p.Email = rapid.SampledFrom([]string{p.Email, p.Email, "", "n/a", "a@example.com", "B@example.com", "p1@example.com"}).Draw(t, "email")
			p.UserName = rapid.SampledFrom([]string{p.UserName, "", "b@example.com", "c@example.com"}).Draw(t, "user name")
			p.EmployeeID = rapid.SampledFrom([]string{p.EmployeeID, "E1", ""}).Draw(t, "employee id")
		})
	}
	for i, name := range []string{"English", "Sales", "sales", "Billing", "Polish", " "} {
		w.skill(int64(50+i), name, drawState(t))
	}
	w.value(421, "Language", "english", "", drawState(t))
	seen := map[[2]int]bool{}
	for range rapid.IntRange(0, 30).Draw(t, "levels") {
		l := [2]int{rapid.IntRange(1, 13).Draw(t, "person"), rapid.IntRange(50, 56).Draw(t, "skill")}
		if !seen[l] {
			seen[l] = true
			w.level(int64(l[0]), int64(l[1]), rapid.IntRange(-2, 12).Draw(t, "level"))
		}
	}
	for i := range rapid.IntRange(0, 9).Draw(t, "queues") {
		w.dn(int64(100+i), rapid.SampledFrom([]string{"", "Sales", "SALES", "Retail", "Sales (2@SIP)"}).Draw(t, "alias"), func(d *model.DN) {
			d.State = drawState(t)
			d.Type = rapid.SampledFrom([]int{3, 4, 5, 22}).Draw(t, "type")
			d.Number = rapid.SampledFrom([]string{"", "1", "2", d.Number}).Draw(t, "number")
			d.Switch = rapid.SampledFrom([]string{"", "SIP", "PBX"}).Draw(t, "switch")
		})
	}
	w.drawGroups(t)
	for i := range rapid.IntRange(0, 6).Draw(t, "codes") {
		w.code(int64(500+i), rapid.SampledFrom([]string{"a", "A", "b", ""}).Draw(t, "name"), rapid.SampledFrom([]string{"Sale", "SALE", "", "Sale (a)"}).Draw(t, "display"), drawState(t))
	}
	return w
}

func (w *world) drawGroups(t *rapid.T) {
	for i := range rapid.IntRange(0, 6).Draw(t, "groups") {
		dbid := int64(200 + i)
		agents := rapid.SliceOfNDistinct(rapid.Int64Range(1, 14), 0, 6, rapid.ID[int64]).Draw(t, "agents")
		switch rapid.IntRange(0, 4).Draw(t, "sort") {
		case 0:
			w.virtual(dbid, `Skill("English" &`, agents...)
		case 1, 2:
			w.terms[dbid] = drawTerm(t, 3)
			w.virtual(dbid, w.terms[dbid].text, agents...)
		default:
			w.group(dbid, agents...)
		}
		w.Groups[i].State = drawState(t)
		w.link(dbid, rapid.SliceOfNDistinct(rapid.Int64Range(100, 110), 0, 5, rapid.ID[int64]).Draw(t, "DNs")...)
	}
}

// drawSettings varies what the rules let one choose.
func drawSettings(t *rapid.T) rules.Settings {
	s := rules.Default(tenant, rapid.SampledFrom(rules.Presets()).Draw(t, "preset"))
	flip := func(name string) bool { return rapid.Bool().Draw(t, name) }
	if flip("everybody") {
		s.Users.Who = rules.WhoAll
	}
	if flip("template") {
		s.Email.Template, s.Email.Domain = rules.DefaultTemplate, "example.org"
	}
	s.Members.Union, s.Members.AbsentZero = flip("union"), flip("zero")
	s.Scope.Linked = flip("linked")
	s.WrapUpCodes.SystemName = flip("system")
	if flip("scale") {
		s.Proficiency.Scale = 10
	}
	if flip("limits") {
		s.Limits.Queues, s.Limits.QueueMembers = 4, 3
	}
	if flip("pilot") {
		s.Scope.Groups = rapid.SampledFrom([][]string{{"group 200", "Group 201"}, {"Group 203", "Nowhere"}}).Draw(t, "groups")
	}
	if flip("switches") {
		s.Scope.Switches = []string{"sip"}
	}
	return s
}

// referenceMembers tells who serves the queue, person by person and group by group, the way RULES 3 and 4 say it. users
// are the persons that are users; linked says whether a group lists the queue, sure whether all agents are known.
func (w *world) referenceMembers(s rules.Settings, queue int64, users map[int64]bool) (members []int64, linked, sure bool) {
	sure = true
	for _, g := range w.Groups {
		if g.State == model.CfgDeleted || !slices.Contains(w.GroupDNs, model.GroupDN{Group: g.DBID, DN: queue}) {
			continue
		}
		linked = true
		if g.State == model.CfgDisabled {
			continue
		}
		sure = sure && !(g.HasScript && w.terms[g.DBID].holds == nil)
		for _, p := range w.Persons {
			if users[p.DBID] && p.IsAgent && p.State == model.CfgEnabled && w.referenceInGroup(s, g, p) && !slices.Contains(members, p.DBID) {
				members = append(members, p.DBID)
			}
		}
	}
	slices.Sort(members)
	return members, linked, sure
}

func (w *world) referenceInGroup(s rules.Settings, g model.Group, p model.Person) bool {
	explicit := slices.Contains(w.GroupAgents, model.GroupAgent{Group: g.DBID, Person: p.DBID})
	if !g.HasScript {
		return explicit
	}
	expression := w.terms[g.DBID].holds
	return expression != nil && expression(w.referenceLevels(p.DBID), s.Members.AbsentZero, false) || explicit && s.Members.Union
}

func (w *world) referenceLevels(person int64) map[string]int {
	levels := map[string]int{}
	for _, l := range w.Levels {
		for _, k := range w.Skills {
			if l.Person == person && l.Skill == k.DBID && k.State != model.CfgDeleted {
				levels[strings.TrimSpace(k.Name)] = l.Level
			}
		}
	}
	return levels
}

// referenceAssignments tells a person's skills and languages by folded name.
func (w *world) referenceAssignments(s rules.Settings, person int64) (skills, languages map[string]float64) {
	skills, languages = map[string]float64{}, map[string]float64{}
	english := w.Values[0].State != model.CfgDeleted
	for name, level := range w.referenceLevels(person) {
		if name == "" {
			continue
		}
		name = strings.ToLower(name)
		top := 5.0
		if s.Proficiency.Scale > 0 {
			top = float64(s.Proficiency.Scale)
		}
		exact := 5 * min(max(float64(level), 0), top) / top
		if name == "english" && english {
			languages[name] = max(languages[name], float64(int(exact+0.5)))
		} else {
			skills[name] = max(skills[name], float64(int(exact*10+0.5))/10)
		}
	}
	return skills, languages
}
