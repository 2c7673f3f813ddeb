package engagetest_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"excs/shared/engage/engagetest"
)

// agents says of every agent, by its place in the table, whether it belongs.
type agents []bool

// reference computes the members of queues the slow, obvious way: from the rows alone, agent by agent, parsing the stored scripts. It knows
// the syntax that the tiers use and nothing of how they are made.
type reference struct {
	site    *engagetest.Site
	place   map[int64]int          // person → place among the agents
	enabled agents                 // those in state enabled
	levels  map[string]map[int]int // skill name → place → level
	scripts map[int64]string       // group → expression
	members map[int64]agents       // group → explicit agents
}

func newReference(s *engagetest.Site) *reference {
	r := &reference{site: s, place: map[int64]int{}, levels: map[string]map[int]int{}, scripts: map[int64]string{}, members: map[int64]agents{}}
	for _, p := range s.Persons {
		if p.Agent && p.Tenant == s.Tenant {
			r.place[p.DBID] = len(r.place)
			r.enabled = append(r.enabled, p.State == engagetest.StateEnabled)
		}
	}
	names := map[int64]string{}
	for _, k := range s.Skills {
		names[k.DBID] = k.Name
		r.levels[k.Name] = map[int]int{}
	}
	for _, l := range s.Levels {
		r.levels[names[l.Skill]][r.place[l.Person]] = l.Level
	}
	sections := map[int64]int64{}
	for _, p := range s.Props {
		switch {
		case p.Type == engagetest.ObjectAgentGroup && p.Parent == 0 && p.Name == "virtual":
			sections[p.DBID] = p.Object
		case sections[p.Parent] != 0 && p.Name == "script":
			r.scripts[sections[p.Parent]] += p.Value
		}
	}
	for _, m := range s.Members {
		if r.members[m.Group] == nil {
			r.members[m.Group] = r.none()
		}
		r.members[m.Group][r.place[m.Person]] = true
	}
	return r
}

func (r *reference) none() agents { return make(agents, len(r.enabled)) }

// group returns the agents of a group.
func (r *reference) group(t *testing.T, group int64) agents {
	script, ok := r.scripts[group]
	if !ok {
		return r.members[group]
	}
	p := parser{t: t, r: r, tokens: token.FindAllString(script, -1), script: script}
	who := p.or()
	if len(p.tokens) > 0 {
		t.Fatalf("script %q: left over %q", script, p.tokens)
	}
	return who
}

// queues returns the number of members of every queue that a group lists.
func (r *reference) queues(t *testing.T) map[int64]int {
	groups, who, sizes := map[int64]agents{}, map[int64]agents{}, map[int64]int{}
	for _, g := range r.site.Groups {
		groups[g.DBID] = r.group(t, g.DBID)
	}
	for _, l := range r.site.Links {
		if who[l.DN] == nil {
			who[l.DN] = r.none()
		}
		for a, yes := range groups[l.Group] {
			if yes && r.enabled[a] && !who[l.DN][a] {
				who[l.DN][a] = true
				sizes[l.DN]++
			}
		}
	}
	return sizes
}

var token = regexp.MustCompile(`"[^"]*"|>=|<=|!=|[A-Za-z]+|[0-9]+|[=<>&|~()]`)

// parser evaluates an expression while it reads it.
type parser struct {
	t      *testing.T
	r      *reference
	tokens []string
	script string
}

func (p *parser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *parser) take(want string) string {
	got := p.peek()
	if got == "" || (want != "" && got != want) {
		p.t.Fatalf("script %q: got %q, want %q", p.script, got, want)
	}
	p.tokens = p.tokens[1:]
	return got
}

func (p *parser) or() agents {
	who := p.and()
	for p.peek() == "|" {
		p.take("|")
		for a, yes := range p.and() {
			who[a] = who[a] || yes
		}
	}
	return who
}

func (p *parser) and() agents {
	who := p.unary()
	for p.peek() == "&" {
		p.take("&")
		for a, yes := range p.unary() {
			who[a] = who[a] && yes
		}
	}
	return who
}

func (p *parser) unary() agents {
	switch p.peek() {
	case "~":
		p.take("~")
		who := p.unary()
		for a, yes := range who {
			who[a] = !yes
		}
		return who
	case "(":
		p.take("(")
		who := p.or()
		p.take(")")
		return who
	}
	return p.condition()
}

func (p *parser) condition() agents {
	function := p.take("")
	p.take("(")
	levels, ok := p.r.levels[strings.Trim(p.take(""), `"`)]
	if !ok {
		p.t.Fatalf("script %q names a skill that is not there", p.script)
	}
	p.take(")")
	passes := func(int) bool { return true }
	if function == "Skill" {
		op := p.take("")
		n, err := strconv.Atoi(p.take(""))
		if err != nil {
			p.t.Fatalf("script %q: %v", p.script, err)
		}
		passes = func(l int) bool {
			return (op == ">=" && l >= n) || (op == ">" && l > n) || (op == "=" && l == n)
		}
	} else if function != "SkillExists" {
		p.t.Fatalf("script %q: function %s", p.script, function)
	}
	who := p.r.none()
	for a, l := range levels {
		if passes(l) {
			who[a] = true
		}
	}
	return who
}
