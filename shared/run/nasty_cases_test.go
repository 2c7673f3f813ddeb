package run_test

import (
	"slices"
	"strings"
	"unicode/utf8"

	"excs/shared/engage/engagetest"
	"excs/shared/model"
)

func nastyQueues() map[engagetest.Case]check {
	byPlace := func(n *nasty, p engagetest.Planted) {
		for _, dbid := range p.DBIDs {
			if got := n.queueOf(dbid).Name; got != n.place(dbid) {
				n.t.Errorf("the queue is called %q, want %q", got, n.place(dbid))
			}
		}
	}
	byAlias := func(n *nasty, p engagetest.Planted) {
		d, _ := n.site.DN(p.DBIDs[0])
		wantQueue(strings.TrimSpace(d.Alias))(n, p)
	}
	linked := wantGroup("AG_Links", "Linked")
	return map[engagetest.Case]check{
		engagetest.AliasMissing:        byPlace,
		engagetest.AliasBlank:          byPlace,
		engagetest.NumberOnTwoSwitches: byPlace,
		engagetest.QueueSwitchDangling: byPlace,
		engagetest.QueueDisabled:       wantQueue("VQ_Disabled"),
		engagetest.QueueNameless: func(n *nasty, p engagetest.Planted) {
			wantQueue("DN "+decimal(p.DBIDs[0]))(n, p)
		},
		engagetest.QueueNeverLinked: func(n *nasty, p engagetest.Planted) {
			n.queueOf(p.DBIDs[0])
			if row := n.row(membersKey(p.DBIDs[0])); row.Version > 0 {
				n.t.Errorf("its members are controlled: %+v", row)
			}
		},
		engagetest.OtherQueueTypes: func(n *nasty, p engagetest.Planted) {
			for _, dbid := range p.DBIDs {
				n.queueOf(dbid)
			}
		},
		engagetest.NotAQueue: func(n *nasty, p engagetest.Planted) { n.noQueue(p.DBIDs[0]) },
		engagetest.LinkDanglingGroup: func(n *nasty, p engagetest.Planted) {
			linked(n, p)
			n.dropped(model.TableGroupDN, 2)
		},
		engagetest.LinkDanglingDN:     linked,
		engagetest.LinkOfForeignGroup: linked,
		engagetest.LinkOfPlaceGroup:   linked,
		engagetest.QueueOfSeveralGroups: func(n *nasty, _ engagetest.Planted) {
			n.wantMembers("VQ_of_two_groups", "Nasty Linked", "Nasty ShareOne", "Nasty ShareTwo")
		},
		engagetest.AliasesEqualFolded: func(n *nasty, p engagetest.Planted) {
			for _, dbid := range p.DBIDs {
				d, _ := n.site.DN(dbid)
				if got, want := n.queueOf(dbid).Name, strings.TrimSpace(d.Alias)+" ("+n.place(dbid)+")"; got != want {
					n.t.Errorf("the queue is called %q, want %q", got, want)
				}
			}
		},
		engagetest.AliasesLongEqual: func(n *nasty, p engagetest.Planted) {
			for _, dbid := range p.DBIDs {
				got := n.queueOf(dbid).Name
				if utf8.RuneCountInString(got) != 256 || !strings.HasSuffix(got, " ("+n.place(dbid)+")") {
					n.t.Errorf("%d characters: %q", utf8.RuneCountInString(got), got)
				}
			}
		},
		engagetest.AliasTrailingSpaces: wantQueue("VQ_Padded_EN"),
		engagetest.AliasLong:           byAlias,
		engagetest.AliasAccented:       byAlias,
		engagetest.AliasCJK:            byAlias,
		engagetest.AliasQuotes:         byAlias,
		engagetest.AliasForbidden:      wantQueue("_VQ _ Sales_"),
		engagetest.AliasBrokenEncoding: func(n *nasty, p engagetest.Planted) { n.rejected(queueKey(p.DBIDs[0]), "set encoding") },
	}
}

// wantName checks the name of the first Person's user.
func wantName(name string) check {
	return func(n *nasty, p engagetest.Planted) {
		if got := n.userOf(p.DBIDs[0]).Name; got != name {
			n.t.Errorf("the user is called %q, want %q", got, name)
		}
	}
}

func nastyPersons() map[engagetest.Case]check {
	byTemplate := func(n *nasty, p engagetest.Planted) {
		person, _ := n.site.Person(p.DBIDs[0])
		if got := n.userOf(p.DBIDs[0]).Email; fold(got) != fold(person.EmployeeID+"@"+domain) {
			n.t.Errorf("the address is %s", got)
		}
	}
	return map[engagetest.Case]check{
		engagetest.PersonWithoutEmail: byTemplate,
		engagetest.PersonBlankEmail:   byTemplate,
		engagetest.PersonPlaceholder:  byTemplate,
		engagetest.UserNameIsEmail: func(n *nasty, p engagetest.Planted) {
			person, _ := n.site.Person(p.DBIDs[0])
			if got := n.userOf(p.DBIDs[0]).Email; got != person.UserName {
				n.t.Errorf("the address is %s, want %s", got, person.UserName)
			}
		},
		engagetest.DuplicateEmail: func(n *nasty, p engagetest.Planted) {
			n.userOf(p.DBIDs[0])
			n.noUser(p.DBIDs[1])
			n.rejected(userKey(p.DBIDs[1]), decimal(p.DBIDs[0]))
		},
		engagetest.EmployeeTwice: func(n *nasty, p engagetest.Planted) {
			if n.userOf(p.DBIDs[0]).ID == n.userOf(p.DBIDs[1]).ID {
				n.t.Error("two living Persons share a user")
			}
		},
		engagetest.EmployeeRecreated: func(n *nasty, p engagetest.Planted) {
			n.noUser(p.DBIDs[0])
			n.userOf(p.DBIDs[1])
		},
		engagetest.PersonDisabled: func(n *nasty, p engagetest.Planted) {
			u := n.userOf(p.DBIDs[0])
			if u.State != "inactive" || len(n.org.QueuesOf(u.ID)) > 0 {
				n.t.Errorf("%s, in %d queues", u.State, len(n.org.QueuesOf(u.ID)))
			}
		},
		engagetest.PersonDeletedState: func(n *nasty, p engagetest.Planted) { n.noUser(p.DBIDs[0]) },
		engagetest.PersonNotAgent:     func(n *nasty, p engagetest.Planted) { n.noUser(p.DBIDs[0]) },
		engagetest.PersonNameless: func(n *nasty, p engagetest.Planted) {
			person, _ := n.site.Person(p.DBIDs[0])
			wantName(person.UserName)(n, p)
		},
		engagetest.PersonWithNothing: func(n *nasty, p engagetest.Planted) { wantName("Person "+decimal(p.DBIDs[0]))(n, p) },
		engagetest.PersonSpaces: func(n *nasty, p engagetest.Planted) {
			wantName("Padded Person")(n, p)
			if u := n.userOf(p.DBIDs[0]); u.Email != strings.TrimSpace(u.Email) {
				n.t.Errorf("the address is %q", u.Email)
			}
		},
		engagetest.PersonLongName: func(n *nasty, p engagetest.Planted) {
			if got := n.userOf(p.DBIDs[0]).Name; utf8.RuneCountInString(got) != 129 {
				n.t.Errorf("the name has %d characters", utf8.RuneCountInString(got))
			}
		},
		engagetest.PersonAccented:       wantName("Žofia Müller-Lüdenscheidt"),
		engagetest.PersonCJK:            wantName("美咲 山田"),
		engagetest.PersonBrokenEncoding: func(n *nasty, p engagetest.Planted) { n.rejected(userKey(p.DBIDs[0]), "set encoding") },
	}
}

func nastySkills() map[engagetest.Case]check {
	named := func(n *nasty, p engagetest.Planted) {
		s, _ := n.site.Skill(p.DBIDs[0])
		n.skill(strings.TrimSpace(s.Name))
	}
	// levels are all that the one Person has on whom the levels are planted.
	levels := func(n *nasty, p engagetest.Planted) {
		u := n.userOf(p.DBIDs[0])
		n.wantAbilities(u.Email, "Nasty Level 0=0", "Nasty Level -3=0", "Nasty Level 99=5", "Nasty Level NULL=0", "Nasty Escalation=4")
	}
	return map[engagetest.Case]check{
		engagetest.SkillLikeLanguage: func(n *nasty, p engagetest.Planted) {
			if row := n.row(languageKey(p.DBIDs[0])); row.EXID != n.language("English").ID {
				n.t.Errorf("the row is %+v", row)
			}
		},
		engagetest.SkillsEqualFolded: func(n *nasty, p engagetest.Planted) {
			id := n.skill("Nasty Escalation").ID
			for _, dbid := range p.DBIDs {
				if row := n.row(skillKey(dbid)); row.EXID != id {
					n.t.Errorf("the row of %d has the EX skill %s, want %s", dbid, row.EXID, id)
				}
			}
		},
		engagetest.SkillTrailingSpaces: named,
		engagetest.SkillForbidden:      named,
		engagetest.SkillAccented:       named,
		engagetest.SkillCJK:            named,
		engagetest.SkillDisabled:       named,
		engagetest.SkillLong: func(n *nasty, p engagetest.Planted) {
			s, _ := n.site.Skill(p.DBIDs[0])
			l, listed := n.listed(skillKey(p.DBIDs[0]))
			there := slices.ContainsFunc(n.org.Skills(), func(e exSkill) bool { return e.Name == s.Name })
			if !there && (!listed || l.Reason == "") {
				n.t.Error("it is neither there nor listed with a reason")
			}
		},
		engagetest.SkillNameless: func(n *nasty, p engagetest.Planted) { n.rejected(skillKey(p.DBIDs[0]), decimal(p.DBIDs[0])) },
		engagetest.LevelZero:     levels,
		engagetest.LevelNegative: levels,
		engagetest.LevelAboveTen: levels,
		engagetest.LevelNull:     levels,
		engagetest.LevelOfDeletedSkill: func(n *nasty, p engagetest.Planted) {
			levels(n, p)
			n.dropped(model.TableSkillLevel, 3)
		},
		engagetest.LevelOfDeletedPerson: func(n *nasty, p engagetest.Planted) { n.noUser(p.DBIDs[0]) },
		engagetest.LevelOfForeignSkill:  levels,
		engagetest.LevelOfNonAgent:      func(n *nasty, p engagetest.Planted) { n.noUser(p.DBIDs[0]) },
		engagetest.LevelsOfEqualSkills:  levels,
	}
}

func nastyGroups() map[engagetest.Case]check {
	nothing := func(n *nasty, _ engagetest.Planted) { wantGroup("VAG_ThreeParts", "Senior")(n, engagetest.Planted{}) }
	return map[engagetest.Case]check{
		engagetest.MemberNotAgent: wantGroup("AG_NotAgent", "Member"),
		engagetest.MemberForeign:  wantGroup("AG_Foreign", "Member"),
		engagetest.MemberDangling: func(n *nasty, p engagetest.Planted) {
			wantGroup("AG_Dangling", "Member")(n, p)
			n.dropped(model.TableGroupAgent, 1)
		},
		engagetest.MemberDisabled: wantGroup("AG_Inactive", "Member"),
		engagetest.GroupDisabled:  wantGroup("AG_Disabled"),
		engagetest.GroupEmpty: func(n *nasty, p engagetest.Planted) {
			wantGroup("AG_Empty")(n, p)
			q := n.queue("VQ_of_AG_Empty")
			if row := n.row(membersKey(number(q.PeerID))); row.Version == 0 {
				n.t.Error("its members are not controlled")
			}
		},
		engagetest.ScriptThreeParts:     wantGroup("VAG_ThreeParts", "Senior"),
		engagetest.ScriptPartsUnordered: wantGroup("VAG_Unordered", "Senior"),
		engagetest.ScriptOtherCase:      wantGroup("VAG_OtherCase", "Senior"),
		engagetest.ScriptRootZero:       wantGroup("VAG_RootZero", "Senior"),
		engagetest.ScriptRootNull:       wantGroup("VAG_RootNull", "Senior"),
		engagetest.ScriptSyntaxError: func(n *nasty, p engagetest.Planted) {
			wantGroup("VAG_Syntax")(n, p)
			n.noted("VAG_Syntax", "unknown")
			if row := n.row(membersKey(number(n.queue("VQ_of_VAG_Syntax").PeerID))); !row.Desired.AddOnly {
				n.t.Error("somebody could leave the queue on its account")
			}
		},
		engagetest.ScriptLoggedIn: func(n *nasty, p engagetest.Planted) {
			wantGroup("VAG_LoggedIn", "Senior")(n, p)
			n.noted("VAG_LoggedIn", "LoggedIn")
		},
		engagetest.ScriptUnknownSkill: func(n *nasty, p engagetest.Planted) {
			wantGroup("VAG_Unknown", "Senior")(n, p)
			n.noted("VAG_Unknown", "No Such Skill")
		},
		engagetest.ScriptExplicitAgents: wantGroup("VAG_Explicit", "Senior"),
		engagetest.ScriptPaddedSkill:    wantGroup("VAG_Padded", "Senior"),
		engagetest.ScriptBelow:          wantGroup("VAG_Below", "Junior"),
		engagetest.ScriptEmpty:          wantGroup("VAG_Empty", "Junior"),
		engagetest.ScriptOfDeletedGroup: func(n *nasty, p engagetest.Planted) {
			nothing(n, p)
			n.dropped(model.TableScript, 1)
		},
		engagetest.OptionDangling: nothing,
	}
}

func nastyOthers() map[engagetest.Case]check {
	codes := func(names ...string) check {
		return func(n *nasty, _ engagetest.Planted) {
			for _, name := range names {
				n.code(name)
			}
		}
	}
	never := func(n *nasty, p engagetest.Planted) {
		for _, dbid := range p.DBIDs {
			for _, k := range model.Kinds() {
				if row := n.row(model.Key{Kind: k, DBID: dbid}); row.Version > 0 && strings.Contains(row.Desired.Name+row.Desired.Email, "oreign") {
					n.t.Errorf("another tenant's object is mapped: %+v", row.Desired)
				}
			}
		}
		for _, name := range n.names() {
			if strings.Contains(name, "Foreign_") || strings.Contains(name, "Foreign Skill") || strings.Contains(name, "contoso") || strings.Contains(name, "VQ_Foreign") || strings.Contains(name, "Foreign Level") {
				n.t.Errorf("another tenant's %s reached the EX Org", name)
			}
		}
	}
	secretless := func(n *nasty, _ engagetest.Planted) {
		if text := n.log.String(); text == "" || strings.Contains(text, "made-up") {
			n.t.Errorf("a value of the vendor's settings is in the log, or there is no log (%d bytes)", len(text))
		}
	}
	return map[engagetest.Case]check{
		engagetest.WrapUpsSameDisplay: codes("Not interested (Sales_NI)", "Not interested (Retention_NI)"),
		engagetest.WrapUpsEqualFolded: func(n *nasty, p engagetest.Planted) {
			a, b := n.row(codeKey(p.DBIDs[0])), n.row(codeKey(p.DBIDs[1]))
			if a.EXID == "" || a.EXID != b.EXID {
				n.t.Errorf("two EX codes: %s and %s", a.EXID, b.EXID)
			}
		},
		engagetest.WrapUpNoDisplay:    codes("Nasty_No_Display"),
		engagetest.WrapUpBlankDisplay: codes("Nasty_Blank_Display"),
		engagetest.WrapUpDisabled:     codes("Nasty disabled"),
		engagetest.WrapUpAccented:     codes("Réclamation traitée – résolue ✓"),
		engagetest.ValueDangling: func(n *nasty, _ engagetest.Planted) {
			if slices.Contains(n.names(), "Nasty dangling") {
				n.t.Error("a value without an attribute became a code")
			}
		},
		engagetest.AttributeMissing: never, // and TestNastyBareTenant
		engagetest.ForeignPersons:   never,
		engagetest.ForeignSkills:    never,
		engagetest.ForeignQueues:    never,
		engagetest.ForeignGroups:    never,
		engagetest.ForeignWrapUps: func(n *nasty, p engagetest.Planted) {
			never(n, p)
			language, _ := n.site.Value(p.DBIDs[1])
			n.skill(language.Name)
		},
		engagetest.HybridMissing:         never, // and TestNastyBareTenant
		engagetest.HybridTwoTenants:      secretless,
		engagetest.HybridUnknownSections: secretless,
		engagetest.HybridRootZero:        secretless,
		engagetest.HybridRootNull:        secretless,
		engagetest.ColumnMissing: func(n *nasty, _ engagetest.Planted) {
			if n.report.Sent == 0 {
				n.t.Error("nothing was sent")
			}
		},
	}
}
