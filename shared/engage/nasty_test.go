package engage_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"excs/shared/engage/engagetest"
	"excs/shared/model"
)

// seen is a snapshot that can be asked by DBID.
type seen struct {
	*model.Snapshot
	site *engagetest.NastySite
}

func (s seen) person(dbid int64) (model.Person, bool) {
	return lookup(s.Persons, dbid, func(p model.Person) int64 { return p.DBID })
}

func (s seen) skill(dbid int64) (model.Skill, bool) {
	return lookup(s.Skills, dbid, func(k model.Skill) int64 { return k.DBID })
}

func (s seen) dn(dbid int64) (model.DN, bool) {
	return lookup(s.DNs, dbid, func(d model.DN) int64 { return d.DBID })
}

func (s seen) group(dbid int64) (model.Group, bool) {
	return lookup(s.Groups, dbid, func(g model.Group) int64 { return g.DBID })
}

func (s seen) value(dbid int64) (model.AttributeValue, bool) {
	return lookup(s.Values, dbid, func(v model.AttributeValue) int64 { return v.DBID })
}

func (s seen) linked(group, dn int64) bool {
	return slices.Contains(s.GroupDNs, model.GroupDN{Group: group, DN: dn})
}

func (s seen) member(group, person int64) bool {
	return slices.Contains(s.GroupAgents, model.GroupAgent{Group: group, Person: person})
}

func (s seen) level(person, skill int64) (int, bool) {
	l, ok := lookup(s.Levels, skill, func(l model.SkillLevel) int64 {
		if l.Person != person {
			return -1
		}
		return l.Skill
	})
	return l.Level, ok
}

// lookup finds a row by its DBID, and shows that rows are in DBID order where they have one.
func lookup[T any](rows []T, dbid int64, of func(T) int64) (row T, ok bool) {
	i := slices.IndexFunc(rows, func(r T) bool { return of(r) == dbid })
	if i < 0 {
		return row, false
	}
	return rows[i], true
}

// Each nasty case of the facts that concerns reading, in both DBMSs that can run here.
func TestNastyCases(t *testing.T) {
	absent := func(find func(s seen, dbid int64) bool) func(t *testing.T, s seen, dbids []int64) {
		return func(t *testing.T, s seen, dbids []int64) {
			for _, d := range dbids {
				if find(s, d) {
					t.Errorf("%d is in the snapshot", d)
				}
			}
		}
	}
	alias := func(want func(string) bool) func(t *testing.T, s seen, dbids []int64) {
		return func(t *testing.T, s seen, dbids []int64) {
			for _, dbid := range dbids {
				if d, ok := s.dn(dbid); !ok || !want(d.Alias) {
					t.Errorf("the alias of %d is %q", dbid, d.Alias)
				}
			}
		}
	}
	is := func(want string) func(string) bool { return func(got string) bool { return got == want } }
	level := func(want int) func(t *testing.T, s seen, pair []int64) {
		return func(t *testing.T, s seen, pair []int64) {
			if got, ok := s.level(pair[0], pair[1]); !ok || got != want {
				t.Errorf("the level is %d (%v), want %d", got, ok, want)
			}
		}
	}
	noLevel := func(t *testing.T, s seen, pair []int64) {
		if _, ok := s.level(pair[0], pair[1]); ok {
			t.Error("the level is in the snapshot")
		}
	}
	noMember := func(t *testing.T, s seen, pair []int64) {
		if s.member(pair[0], pair[1]) {
			t.Error("the member is in the snapshot")
		}
	}
	noLink := func(t *testing.T, s seen, pair []int64) {
		if s.linked(pair[0], pair[1]) {
			t.Error("the link is in the snapshot")
		}
	}
	const rows = `(SkillExists("` // how the expression of three parts begins
	joined := func(t *testing.T, s seen, dbids []int64) {
		g, _ := s.group(dbids[0])
		if !strings.HasPrefix(g.Script, rows) || !strings.HasSuffix(g.Script, `Skill("Nasty Rows")>=5) & SkillExists("Nasty Rows")`) {
			t.Errorf("the expression is %q", g.Script)
		}
	}
	script := func(want string) func(t *testing.T, s seen, dbids []int64) {
		return func(t *testing.T, s seen, dbids []int64) {
			if g, _ := s.group(dbids[0]); !g.HasScript || g.Script != want {
				t.Errorf("the expression is %q (%v), want %q", g.Script, g.HasScript, want)
			}
		}
	}
	person := func(check func(p model.Person) bool) func(t *testing.T, s seen, dbids []int64) {
		return func(t *testing.T, s seen, dbids []int64) {
			if p, ok := s.person(dbids[0]); !ok || !check(p) {
				t.Errorf("the person is %+v (%v)", p, ok)
			}
		}
	}
	checks := map[engagetest.Case]func(t *testing.T, s seen, dbids []int64){
		engagetest.AliasMissing:        alias(is("")),
		engagetest.AliasBlank:          alias(is("")),
		engagetest.AliasTrailingSpaces: alias(is("VQ_Padded_EN")),
		engagetest.AliasLong:           alias(func(a string) bool { return len(a) == 255 }),
		engagetest.AliasAccented:       alias(is("VQ_Réclamations_Zürich_Łódź")),
		engagetest.AliasCJK:            alias(is("客服中心_銷售")),
		engagetest.AliasQuotes:         alias(is(`VQ_O'Brien's "Desk"\Back`)),
		engagetest.AliasBrokenEncoding: alias(func(s string) bool { return !model.IsText(s) && strings.HasPrefix(s, "VQ_M") }),
		engagetest.AliasForbidden:      alias(is("*VQ * Sales*")),
		engagetest.NumberOnTwoSwitches: func(t *testing.T, s seen, dbids []int64) {
			a, _ := s.dn(dbids[0])
			b, _ := s.dn(dbids[1])
			if a.Number != "7777" || b.Number != "7777" || a.Switch == "" || b.Switch == "" || a.Switch == b.Switch {
				t.Errorf("the DNs are %+v and %+v", a, b)
			}
		},
		engagetest.QueueSwitchDangling: func(t *testing.T, s seen, dbids []int64) {
			if d, ok := s.dn(dbids[0]); !ok || d.Switch != "" || d.SwitchDBID == 0 {
				t.Errorf("the DN is %+v", d)
			}
		},
		engagetest.QueueDisabled: func(t *testing.T, s seen, dbids []int64) {
			if d, _ := s.dn(dbids[0]); d.State != model.CfgDisabled {
				t.Errorf("the state is %d", d.State)
			}
		},
		engagetest.QueueNameless:      alias(is("")),
		engagetest.NotAQueue:          absent(func(s seen, d int64) bool { _, ok := s.dn(d); return ok }),
		engagetest.LinkDanglingGroup:  noLink,
		engagetest.LinkDanglingDN:     noLink,
		engagetest.LinkOfForeignGroup: noLink,
		engagetest.LinkOfPlaceGroup:   noLink,
		engagetest.PersonBlankEmail:   person(func(p model.Person) bool { return p.Email == "" }),
		engagetest.PersonWithoutEmail: person(func(p model.Person) bool { return p.Email == "" }),
		engagetest.PersonPlaceholder:  person(func(p model.Person) bool { return p.Email == "n/a" }), // the rules decide what is none
		engagetest.PersonDisabled:     person(func(p model.Person) bool { return p.State == model.CfgDisabled }),
		engagetest.PersonDeletedState: absent(func(s seen, d int64) bool { _, ok := s.person(d); return ok }),
		engagetest.PersonNotAgent:     absent(func(s seen, d int64) bool { _, ok := s.person(d); return ok }),
		engagetest.PersonSpaces: person(func(p model.Person) bool {
			return p.FirstName == "Padded" && p.LastName == "Person" && p.Email == strings.TrimSpace(p.Email)
		}),
		engagetest.PersonBrokenEncoding: person(func(p model.Person) bool { return !model.IsText(p.FirstName) && !model.IsText(p.LastName) }),
		engagetest.PersonCJK:            person(func(p model.Person) bool { return p.FirstName == "美咲" && p.LastName == "山田" }),
		engagetest.ForeignPersons:       absent(func(s seen, d int64) bool { _, ok := s.person(d); return ok }),
		engagetest.SkillTrailingSpaces: func(t *testing.T, s seen, dbids []int64) {
			if k, _ := s.skill(dbids[0]); k.Name != "Nasty Padded" {
				t.Errorf("the skill is %q", k.Name)
			}
		},
		engagetest.SkillNameless: func(t *testing.T, s seen, dbids []int64) {
			if k, ok := s.skill(dbids[0]); !ok || k.Name != "" {
				t.Errorf("the skill is %+v (%v)", k, ok)
			}
		},
		engagetest.ForeignSkills:        absent(func(s seen, d int64) bool { _, ok := s.skill(d); return ok }),
		engagetest.LevelZero:            level(0),
		engagetest.LevelNegative:        level(-3),
		engagetest.LevelAboveTen:        level(99),
		engagetest.LevelNull:            level(0),
		engagetest.LevelOfDeletedSkill:  noLevel,
		engagetest.LevelOfDeletedPerson: noLevel,
		engagetest.LevelOfForeignSkill:  noLevel,
		engagetest.LevelOfNonAgent:      noLevel,
		engagetest.MemberNotAgent:       noMember,
		engagetest.MemberForeign:        noMember,
		engagetest.MemberDangling:       noMember,
		engagetest.MemberDisabled: func(t *testing.T, s seen, pair []int64) {
			if !s.member(pair[0], pair[1]) {
				t.Error("the disabled person is no member: the rules decide that, not the reader")
			}
		},
		engagetest.GroupDisabled: func(t *testing.T, s seen, dbids []int64) {
			if g, _ := s.group(dbids[0]); g.State != model.CfgDisabled {
				t.Errorf("the state is %d", g.State)
			}
		},
		engagetest.GroupEmpty: func(t *testing.T, s seen, dbids []int64) {
			if g, ok := s.group(dbids[0]); !ok || g.HasScript {
				t.Errorf("the group is %+v (%v)", g, ok)
			}
		},
		engagetest.ForeignGroups:        absent(func(s seen, d int64) bool { _, ok := s.group(d); return ok }),
		engagetest.ScriptThreeParts:     joined,
		engagetest.ScriptPartsUnordered: joined,
		engagetest.ScriptEmpty:          script(""),
		engagetest.ScriptOtherCase:      script(`Skill("Nasty Rows")>=5`),
		engagetest.ScriptRootZero:       script(`Skill("Nasty Rows")>=5`),
		engagetest.ScriptRootNull:       script(`Skill("Nasty Rows")>=5`),
		engagetest.WrapUpNoDisplay: func(t *testing.T, s seen, dbids []int64) {
			if v, _ := s.value(dbids[0]); v.Name != "Nasty_No_Display" || v.DisplayName != "" {
				t.Errorf("the value is %+v", v)
			}
		},
		engagetest.WrapUpBlankDisplay: func(t *testing.T, s seen, dbids []int64) {
			if v, _ := s.value(dbids[0]); v.Name != "Nasty_Blank_Display" || v.DisplayName != "" {
				t.Errorf("the value is %+v", v)
			}
		},
		engagetest.WrapUpDisabled: func(t *testing.T, s seen, dbids []int64) {
			if v, _ := s.value(dbids[0]); v.State != model.CfgDisabled || v.Attribute != engagetest.WrapUpAttribute {
				t.Errorf("the value is %+v", v)
			}
		},
		engagetest.ValueDangling:  absent(func(s seen, d int64) bool { _, ok := s.value(d); return ok }),
		engagetest.ForeignWrapUps: absent(func(s seen, d int64) bool { _, ok := s.value(d); return ok }),
		engagetest.ForeignQueues:  absent(func(s seen, d int64) bool { _, ok := s.dn(d); return ok }),
	}
	onBoth(t, nasty, func(t *testing.T, p place) {
		site := engagetest.Nasty()
		s := seen{read(t, open(t, p.secret), standard()), site}
		for c, check := range checks {
			t.Run(string(c), func(t *testing.T) { check(t, s, site.Case(c).DBIDs) })
		}
		if !slices.IsSortedFunc(s.Persons, func(a, b model.Person) int { return cmp.Compare(a.DBID, b.DBID) }) ||
			!slices.IsSortedFunc(s.DNs, func(a, b model.DN) int { return cmp.Compare(a.DBID, b.DBID) }) {
			t.Error("rows are not in DBID order")
		}
		for _, n := range s.Notes {
			for _, secret := range []string{"made-up", "client"} {
				if strings.Contains(n.Text, secret) {
					t.Errorf("a note shows what the annex of hybrid_integration holds: %s", n.Text)
				}
			}
		}
	})
}
