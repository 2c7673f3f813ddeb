package engagetest

import (
	"fmt"
	"strings"
)

// switchesAndDNs makes the switches and, mixed by type as years of additions leave them, the DNs.
func (g *generator) switchesAndDNs() {
	cities := []string{"Lisbon", "Leeds", "Gdansk", "Lyon", "Izmir", "Malmo", "Porto", "Bari", "Pune", "Osaka"}
	for i := range g.size.Switches {
		g.site.Switches = append(g.site.Switches, Switch{
			DBID: g.next(&g.site.last.swtch), Tenant: MainTenant, Name: "SIP_Switch_" + cities[i%len(cities)], State: StateEnabled,
		})
	}
	types := g.dnTypes()
	g.rng.Shuffle(len(types), func(i, j int) { types[i], types[j] = types[j], types[i] })
	made := map[DNType]int{} // how many of a type there are; never iterated
	for _, t := range types {
		k := made[t]
		made[t]++
		w := g.site.Switches[k%len(g.site.Switches)]
		g.site.DNs = append(g.site.DNs, DN{
			DBID: g.next(&g.site.last.dn), Tenant: MainTenant, Switch: w.DBID, Type: t,
			Number: fmt.Sprint(firstNumber(t) + k/len(g.site.Switches)), Alias: g.alias(t, k), State: StateEnabled,
		})
	}
}

// dnTypes returns the type of every DN of the tier. Those that are no queues are mostly extensions.
func (g *generator) dnTypes() []DNType {
	var types []DNType
	add := func(t DNType, n int) {
		for range n {
			types = append(types, t)
		}
	}
	add(VirtualQueue, g.size.VirtualQueues)
	add(ACDQueue, g.size.ACDQueues)
	add(RoutingPoint, g.size.RoutingPoints)
	add(RoutingQueue, g.size.RoutingQueues)
	rest := g.size.DNs - len(types)
	add(ACDPosition, rest/10)
	add(VoiceMail, rest/100)
	add(Trunk, rest/50)
	add(TrunkGroup, rest/200)
	add(Extension, g.size.DNs-len(types))
	return types
}

// firstNumber returns the first number of a type on each switch. A number is unique per switch only, so the switches share the numbers.
func firstNumber(t DNType) int { return 100_000 * (1 + int(t)) }

// alias returns the alias of the k-th DN of a type; most extensions have none.
func (g *generator) alias(t DNType, k int) string {
	switch t {
	case VirtualQueue:
		return queueName("VQ", k, g.size.Languages)
	case ACDQueue:
		return queueName("ACD", k, g.size.Languages)
	case RoutingPoint:
		return queueName("RP", k, g.size.Languages)
	case RoutingQueue:
		return queueName("RQ", k, g.size.Languages)
	case TrunkGroup:
		return fmt.Sprint("TG_", k+1)
	}
	return ""
}

// groups makes the agent groups: the tier's share are skill expressions, the others have explicit agents.
func (g *generator) groups() {
	isExpression := make([]bool, g.size.Groups)
	for _, i := range g.rng.Perm(g.size.Groups)[:g.size.Expressions()] {
		isExpression[i] = true
	}
	sizes := g.groupSizes(g.size.Groups - g.size.Expressions())
	explicit := 0
	for i := range g.size.Groups {
		prefix := "AG"
		if isExpression[i] {
			prefix = "VAG"
		}
		group := Group{
			DBID: g.next(&g.site.last.group), Tenant: MainTenant, Type: AgentGroup,
			Name: fmt.Sprintf("%s_%s_%d", prefix, strings.ReplaceAll(skillName(i%60), " ", "_"), i+1), State: StateEnabled,
		}
		g.site.Groups = append(g.site.Groups, group)
		if isExpression[i] {
			g.expressionGroup(group.DBID)
			continue
		}
		g.explicitGroup(group.DBID, sizes[explicit])
		explicit++
	}
}

// groupSizes spreads the tier's memberships over n groups, unevenly.
func (g *generator) groupSizes(n int) []int {
	most := len(g.agents) * 6 / 10
	weights, total := make([]float64, n), 0.0
	for i := range weights {
		weights[i] = 0.3 + g.rng.ExpFloat64()
		total += weights[i]
	}
	sizes, left := make([]int, n), g.size.Memberships
	for i, w := range weights {
		sizes[i] = min(most, int(w/total*float64(g.size.Memberships)))
		left -= sizes[i]
	}
	for left > 0 {
		if i := g.rng.IntN(n); sizes[i] < most {
			sizes[i]++
			left--
		}
	}
	return sizes
}

// explicitGroup gives a group so many agents, in the order of their DBIDs.
func (g *generator) explicitGroup(group int64, size int) {
	members := newBits(len(g.agents))
	for size > 0 {
		if i := g.rng.IntN(len(g.agents)); !members.has(i) {
			members.set(i)
			size--
		}
	}
	for i, person := range g.agents {
		if members.has(i) {
			g.site.Members = append(g.site.Members, Member{group, person})
		}
	}
	g.audience = append(g.audience, members.and(g.enabled))
}

// expressionGroup gives a group a skill expression that finds a fair number of agents: as many as an explicit group has, give or take.
func (g *generator) expressionGroup(group int64) {
	usual := g.size.Memberships / (g.size.Groups - g.size.Expressions())
	script, who := g.expression()
	for range 40 {
		if n := who.and(g.enabled).count(); n >= max(1, usual/4) && n <= usual*3 {
			break
		}
		script, who = g.expression()
	}
	g.audience = append(g.audience, who.and(g.enabled))
	g.site.addScript(group, 1, splitParts(script))
}

// expression returns a skill expression and the agents that it accepts.
func (g *generator) expression() (string, bits) {
	a, whoA := g.term()
	switch g.rng.IntN(6) {
	case 0, 1:
		return a, whoA
	case 2:
		b, whoB := g.languageTerm()
		return b + " & " + a, whoB.and(whoA)
	case 3:
		b, whoB := g.term()
		return a + " | " + b, whoA.or(whoB)
	case 4:
		b, whoB := g.term()
		c, whoC := g.languageTerm()
		return "(" + a + " | " + b + ") & " + c, whoA.or(whoB).and(whoC)
	default:
		skill := g.site.Skills[g.size.Languages+g.pickPopular()]
		return a + ` & ~SkillExists("` + skill.Name + `")`, whoA.without(g.having(skill, func(int) bool { return true }))
	}
}

// term returns one condition on a skill that is no language.
func (g *generator) term() (string, bits) {
	return g.condition(g.site.Skills[g.size.Languages+g.pickPopular()])
}

// languageTerm returns one condition on a language.
func (g *generator) languageTerm() (string, bits) {
	return g.condition(g.site.Skills[g.pickLanguage()])
}

// condition returns a condition on the skill: mostly a least level, as sites write them.
func (g *generator) condition(s Skill) (string, bits) {
	n := 1 + g.rng.IntN(6)
	switch g.rng.IntN(8) {
	case 0:
		return `SkillExists("` + s.Name + `")`, g.having(s, func(int) bool { return true })
	case 1:
		return fmt.Sprintf(`Skill("%s") > %d`, s.Name, n), g.having(s, func(l int) bool { return l > n })
	case 2:
		return fmt.Sprintf(`Skill("%s")=%d`, s.Name, n), g.having(s, func(l int) bool { return l == n })
	}
	return fmt.Sprintf(`Skill("%s")>=%d`, s.Name, n), g.having(s, func(l int) bool { return l >= n })
}

// having returns the agents whose level of the skill passes.
func (g *generator) having(s Skill, passes func(level int) bool) bits {
	out := newBits(len(g.agents))
	for _, h := range g.holders[s.DBID] {
		if passes(h.level) {
			out.set(h.agent)
		}
	}
	return out
}

// links lists queues among the origination DNs of groups until the queues have the tier's number of members. Nine of ten Virtual Queues have
// groups; of the other queue types one in five has, with one twenty-fifth of the members: so both rule sets find about the same number.
func (g *generator) links() {
	var virtual, others []int64
	for _, d := range g.site.DNs {
		switch {
		case d.Type == VirtualQueue && g.rng.IntN(10) > 0:
			virtual = append(virtual, d.DBID)
		case d.Type.IsQueue() && d.Type != VirtualQueue && g.rng.IntN(5) == 0:
			others = append(others, d.DBID)
		}
	}
	forOthers := 0
	if len(others) > 0 {
		forOthers = g.fill(others, g.size.QueueMembers/25)
	}
	g.fill(virtual, g.size.QueueMembers-forOthers)
}

// fill gives the queues so many members altogether, unevenly, and returns how many they got. What one queue misses or exceeds, the
// next one makes up for.
func (g *generator) fill(queues []int64, members int) int {
	weights, total := make([]float64, len(queues)), 0.0
	for i := range weights {
		weights[i] = 0.4 + g.rng.ExpFloat64()
		total += weights[i]
	}
	most := min(4_000, len(g.agents)*7/10) // an EX Org queue takes 5,000
	got, due := 0, 0.0
	for i, q := range queues {
		due += weights[i] / total * float64(members)
		if want := min(most, int(due)-got); want > 0 {
			got += g.fillQueue(q, want)
		}
	}
	return got
}

// fillQueue links groups to the queue until it has about so many members, and returns how many it has.
func (g *generator) fillQueue(queue int64, want int) int {
	who := newBits(len(g.agents))
	count := 0
	for range 24 {
		if count*100 >= want*85 {
			break
		}
		i := g.rng.IntN(len(g.site.Groups))
		both := who.or(g.audience[i])
		if n := both.count(); n > count && n <= want*13/10+1 {
			who, count = both, n
			g.site.Links = append(g.site.Links, Link{Group: g.site.Groups[i].DBID, DN: queue})
		}
	}
	return count
}
