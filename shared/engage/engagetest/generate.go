package engagetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// The tenants of every site. Engage numbers its objects from 101 on; tenant 1 is the Environment of a multi-tenant installation.
const (
	EnvironmentTenant int64 = 1
	MainTenant        int64 = 101
)

// New builds a site of the tier. The same tier and seed give the same site, byte for byte, whatever the schema options.
func New(t Tier, seed uint64, options ...SchemaOption) *Site {
	return generate(t.Size(), rand.NewPCG(seed, uint64(t)), NewSchema(options...))
}

// NewOfSize builds a site of a size that is no tier's. The same size and seed give the same site.
func NewOfSize(size Size, seed uint64) *Site {
	return generate(size, rand.NewPCG(seed, 0), NewSchema())
}

func generate(size Size, source rand.Source, schema Schema) *Site {
	g := &generator{
		size: size,
		rng:  rand.New(source), //nolint:gosec // a repeatable site is the point
		site: &Site{Tenant: MainTenant, Schema: schema, last: firstDBIDs()},
	}
	g.tenants()
	g.persons()
	g.skills()
	g.levels()
	g.switchesAndDNs()
	g.logins()
	g.groups()
	g.links()
	g.attributes()
	g.transaction()
	g.annex()
	return g.site
}

// firstDBIDs returns the state of the sequences after Engage was installed: its own objects hold the lowest DBIDs, and the predefined
// business attributes end at 122, their values before 421 (English).
func firstDBIDs() lastDBIDs {
	return lastDBIDs{
		tenant: MainTenant, swtch: 100, person: 100, skill: 100, login: 100, group: 100, dn: 100, attribute: 122, value: 420, transaction: 100, prop: 100,
	}
}

// generator builds a site. Everything it does in order, from one source of random numbers, so that a seed repeats.
type generator struct {
	size Size
	rng  *rand.Rand
	site *Site

	agents    []int64           // DBIDs of the agents, rising; a bit set numbers them by their place here
	enabled   bits              // the agents that are not disabled
	popular   []float64         // cumulative weights of the skills that are no languages
	holders   map[int64][]grade // skill DBID → the agents that have it; never iterated
	audience  []bits            // who a group brings into a queue, by the place of the group in site.Groups
	usedNames map[string]int    // how often a user name was given; never iterated
}

// grade is the level of an agent, given by its place among the agents.
type grade struct{ agent, level int }

// next gives the next DBID of a sequence. Now and then some are left out: objects that were deleted before.
func (g *generator) next(last *int64) int64 {
	if g.rng.IntN(8) == 0 {
		*last += int64(1 + g.rng.IntN(5))
	}
	return next(last)
}

// tenants makes the Environment and the tenant under test.
func (g *generator) tenants() {
	g.site.Tenants = []Tenant{
		{EnvironmentTenant, "Environment", StateEnabled},
		{MainTenant, "Northwind Contact Centre", StateEnabled},
	}
}

// persons makes the agents and the others, and disables the tier's share of them.
func (g *generator) persons() {
	g.usedNames = make(map[string]int, g.size.Persons)
	firsts, lasts := firstNames(), lastNames()
	for i := range g.size.Persons {
		first, last := firsts[g.rng.IntN(len(firsts))], lasts[g.rng.IntN(len(lasts))]
		user := login(first, last)
		g.usedNames[user]++
		if n := g.usedNames[user]; n > 1 {
			user = fmt.Sprint(user, n)
		}
		g.site.Persons = append(g.site.Persons, Person{
			DBID: g.next(&g.site.last.person), Tenant: MainTenant, EmployeeID: fmt.Sprintf("E%06d", 20011+7*i), UserName: user,
			First: first, Last: last, Email: user + "@northwind.example", Agent: i%20 != 19, State: StateEnabled,
		})
	}
	for _, i := range g.rng.Perm(g.size.Persons)[:g.size.Disabled()] {
		g.site.Persons[i].State = StateDisabled
	}
	for _, p := range g.site.Persons {
		if p.Agent {
			g.agents = append(g.agents, p.DBID)
		}
	}
	g.enabled = newBits(len(g.agents))
	place := 0
	for _, p := range g.site.Persons {
		if !p.Agent {
			continue
		}
		if p.State == StateEnabled {
			g.enabled.set(place)
		}
		place++
	}
}

// skills makes the skills, the languages first.
func (g *generator) skills() {
	names, _ := languages()
	names = names[:g.size.Languages]
	total := 0.0
	for k := range g.size.Skills - g.size.Languages {
		names = append(names, skillName(k))
		// A few skills are everybody's, most are few people's; the offset keeps the first from being in every expression.
		total += 1 / float64(k+g.size.Skills/10)
		g.popular = append(g.popular, total)
	}
	for _, name := range names {
		g.site.Skills = append(g.site.Skills, Skill{DBID: g.next(&g.site.last.skill), Tenant: MainTenant, Name: name, State: StateEnabled})
	}
}

// levels gives every agent its skills: the total is the tier's mean times the agents, and one agent has the tier's maximum.
func (g *generator) levels() {
	g.holders = make(map[int64][]grade, len(g.site.Skills))
	for place, n := range g.levelCounts() {
		for _, skill := range g.pickSkills(n) {
			level := 1 + g.rng.IntN(4) + g.rng.IntN(7)
			g.site.Levels = append(g.site.Levels, Level{Person: g.agents[place], Skill: skill, Level: level})
			g.holders[skill] = append(g.holders[skill], grade{place, level})
		}
	}
}

// levelCounts says how many skills each agent has.
func (g *generator) levelCounts() []int {
	counts := make([]int, len(g.agents))
	left := g.size.LevelsMean * len(counts)
	for i := range counts {
		counts[i] = min(g.size.LevelsMax, 1+int(g.rng.ExpFloat64()*float64(g.size.LevelsMean-1)))
		left -= counts[i]
	}
	most := g.rng.IntN(len(counts))
	left -= g.size.LevelsMax - counts[most]
	counts[most] = g.size.LevelsMax
	for left != 0 {
		i := g.rng.IntN(len(counts))
		switch {
		case i == most:
		case left > 0 && counts[i] < g.size.LevelsMax:
			counts[i]++
			left--
		case left < 0 && counts[i] > 1:
			counts[i]--
			left++
		}
	}
	return counts
}

// pickSkills picks n skills of one agent, rising by DBID: a language, now and then a second one, and others by how popular they are.
func (g *generator) pickSkills(n int) []int64 {
	picked := make([]bool, len(g.site.Skills))
	take := func(i int) {
		if !picked[i] {
			picked[i] = true
			n--
		}
	}
	take(g.pickLanguage())
	if n > 1 && g.rng.IntN(5) < 2 {
		take(g.pickLanguage())
	}
	for n > 0 {
		take(g.size.Languages + g.pickPopular())
	}
	var out []int64
	for i, yes := range picked {
		if yes {
			out = append(out, g.site.Skills[i].DBID)
		}
	}
	return out
}

// pickLanguage picks the place of a language: the first is spoken by most, the last by few.
func (g *generator) pickLanguage() int {
	f := g.rng.Float64()
	return int(f * f * float64(g.size.Languages))
}

// pickPopular picks the place of a skill among those that are no languages.
func (g *generator) pickPopular() int { return weighted(g.popular, g.rng.Float64()) }

// logins gives every agent a login on a switch.
func (g *generator) logins() {
	for i, person := range g.agents {
		w := g.site.Switches[i%len(g.site.Switches)]
		l := Login{DBID: g.next(&g.site.last.login), Tenant: MainTenant, Switch: w.DBID, Code: fmt.Sprint(400_000 + i), State: StateEnabled}
		g.site.Logins = append(g.site.Logins, l)
		g.site.LoginInfos = append(g.site.LoginInfos, LoginInfo{person, l.DBID})
	}
}

// attributes makes the business attributes and their values: the wrap-up codes, the languages, and others up to the tier's total.
func (g *generator) attributes() {
	const interactionAttribute, custom = 1, 4 // CfgEnumeratorType
	predefined := []struct {
		dbid int64
		name string
	}{
		{101, "MediaType"}, {102, "ServiceType"}, {103, "CustomerSegment"}, {109, "CaseID"}, {110, "BusinessResult"}, {112, "InteractionType"},
		{113, "InteractionSubtype"}, {115, "ScreeningRules"}, {117, "StopProcessingReason"}, {118, LanguageAttribute}, {119, WrapUpAttribute},
		{120, "ReasonCode"},
	}
	for _, a := range predefined {
		g.site.Attributes = append(g.site.Attributes, Attribute{a.dbid, MainTenant, a.name, a.name, interactionAttribute, StateEnabled})
	}
	for _, name := range []string{"Department", "Product", "Region"} {
		dbid := g.next(&g.site.last.attribute)
		g.site.Attributes = append(g.site.Attributes, Attribute{dbid, MainTenant, name, name, custom, StateEnabled})
	}
	names, _ := languages()
	for i, name := range names[:g.size.Languages] {
		g.value(LanguageAttribute, name, name, i == 0)
	}
	for k := range g.size.WrapUps {
		name, display := wrapUpName(k)
		g.value(WrapUpAttribute, name, display, k == 0)
	}
	g.otherValues(g.size.Values - g.size.WrapUps - g.size.Languages)
}

// otherValues makes n values of the attributes that the rules do not look at, taking turns.
func (g *generator) otherValues(n int) {
	var others []string
	for _, a := range g.site.Attributes {
		if a.Name != WrapUpAttribute && a.Name != LanguageAttribute {
			others = append(others, a.Name)
		}
	}
	for k := range n {
		name := skillName(k / len(others))
		g.value(others[k%len(others)], strings.ReplaceAll(name, " ", "_"), name, false)
	}
}

// value makes a value of the named attribute.
func (g *generator) value(attribute, name, display string, isDefault bool) {
	dbid := next(&g.site.last.value)
	if dbid > 421 { // 421 is English, predefined
		dbid = g.next(&g.site.last.value)
	}
	g.site.Values = append(g.site.Values, Value{
		DBID: dbid, Tenant: MainTenant, Attribute: g.site.attribute(attribute), Name: name, DisplayName: display, Default: isDefault, State: StateEnabled,
	})
}
