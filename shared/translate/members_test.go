package translate_test

import (
	"strings"
	"testing"

	"excs/shared/model"
	"excs/shared/rules"
)

// "Members: agent groups that list the queue among their Origination DNs; a group's agents are its explicit agents or,
// for a virtual agent group, everyone its skill expression accepts."
func TestMembers(t *testing.T) {
	s := newSite().person(1).person(2).person(3).person(4).skill(50, "English").skill(51, "Sales").
		level(2, 50, 5).level(3, 50, 4).level(3, 51, 1).level(4, 51, 0).
		dn(7, "A").dn(8, "B").dn(9, "C").
		group(20, 1, 2).virtual(21, `Skill("English")>=5 | SkillExists("Sales")`).
		link(20, 7, 9).link(21, 8, 9)
	for _, preset := range rules.Presets() {
		r := once(t, s, rules.Default(tenant, preset), nil)
		r.members("members/7", 1, 2)
		r.members("members/8", 2, 3, 4)
		r.members("members/9", 1, 2, 3, 4)
	}
}

// "Disabled: a Person is member of no queue; an agent group contributes nobody." And: a Person that is no agent, gone, or
// rejected is no member.
func TestMembersWhoDoNotCount(t *testing.T) {
	s := newSite().person(1).person(2, disabled).person(3, deleted).person(4, noAgent).person(5, noAddress).
		dn(7, "A").dn(8, "B").group(20, 1, 2, 3, 4, 5, 99).group(21, 1).link(20, 7).link(21, 8)
	s.Groups[1].State = model.CfgDisabled
	r := once(t, s, settings(func(s *rules.Settings) { s.Users.Who = rules.WhoAll }), nil)
	r.members("members/7", 1)
	r.members("members/8")
	s.virtual(22, `~SkillExists("English")`).dn(9, "C").link(22, 9)
	all := settings(func(s *rules.Settings) { s.Users.Who = rules.WhoAll })
	once(t, s, all, nil).members("members/9", 1)
	s.Groups[0].State = model.CfgDeleted
	once(t, s, settings(), nil).absent("members/7")
}

// "While an expression stands, explicit agents do not count (setting union counts both)"; a blank expression is none.
func TestMembersExplicitBesideExpression(t *testing.T) {
	s := newSite().person(1).person(2).skill(50, "English").level(2, 50, 5).dn(7, "A").dn(8, "B").
		virtual(20, `Skill("English")>=5`, 1).virtual(21, "  ", 1).link(20, 7).link(21, 8)
	r := once(t, s, settings(), nil)
	r.members("members/7", 2)
	r.members("members/8", 1)
	once(t, s, settings(func(s *rules.Settings) { s.Members.Union = true }), nil).members("members/7", 1, 2)
}

// "An agent without the skill: any comparison with its level is false (setting absentSkill: zero; the level is 0)."
// Expressions see Engage's own levels and exact names.
func TestMembersExpressionSettings(t *testing.T) {
	s := newSite().person(1).person(2).person(3).skill(50, "English").skill(51, "english").skill(52, "Gone", model.CfgDeleted).
		level(1, 50, 9).level(2, 51, 9).level(3, 52, 9).
		dn(7, "A").dn(8, "B").dn(9, "C").virtual(20, `Skill("English")!=5`).virtual(21, `Skill("English")>8`).virtual(22, `SkillExists("Gone")`).
		link(20, 7).link(21, 8).link(22, 9)
	r := once(t, s, settings(), nil)
	r.members("members/7", 1)
	r.members("members/8", 1)
	r.members("members/9")
	r.noted(1, "held by nobody: Gone")
	once(t, s, settings(func(s *rules.Settings) { s.Members.AbsentZero = true }), nil).members("members/7", 1, 2, 3)
}

// "Expression that does not parse: the group's agents are unknown: nobody leaves a queue on its account, other groups'
// agents are added, reported with the position."
func TestMembersUnknownExpression(t *testing.T) {
	s := newSite().person(1).person(2).skill(50, "English").dn(7, "A").dn(8, "B").
		virtual(20, `Skill("English" >= 5`, 2).group(21, 1).link(20, 7, 8).link(21, 7)
	r := once(t, s, settings(), nil)
	r.members("members/7", 1)
	r.members("members/8")
	for _, k := range []string{"members/7", "members/8"} {
		if !r.object(k).AddOnly {
			t.Errorf("%s is not marked as perhaps incomplete", k)
		}
	}
	r.noted(1, "Agent group 20 'Group 20': skill expression, line 1, column 17")
	union := once(t, s, settings(func(s *rules.Settings) { s.Members.Union = true }), nil)
	union.members("members/8", 2)
	equal(t, "AddOnly", union.object("members/8").AddOnly, true)

	s.Groups[0].State = model.CfgDisabled
	off := once(t, s, settings(), nil)
	equal(t, "AddOnly of a disabled group", off.object("members/7").AddOnly, false)
	off.noted(0, "skill expression")
}

// "LoggedIn(…), negated or not: real-time state: counts as true, noted once per group."
func TestMembersLoggedIn(t *testing.T) {
	s := newSite().person(1).person(2).skill(50, "English").level(2, 50, 5).dn(7, "A").dn(8, "B").
		virtual(20, `LoggedIn("7@SIP") & Skill("English")>=5 & ~LoggedIn("SIP")`).virtual(21, `LoggedIn("SIP")`).link(20, 7, 8).link(21, 8)
	r := once(t, s, settings(), nil)
	r.members("members/7", 2)
	r.members("members/8", 1, 2)
	r.noted(1, "Agent group 20 'Group 20': LoggedIn")
	r.noted(1, "so every agent is a member")
}

// "A queue that no agent group has ever listed has its members ignored, and says so: control starts with the first link;
// losing the last link empties it."
func TestMembersLinks(t *testing.T) {
	s := newSite().person(1).dn(7, "A").group(20, 1)
	r, rows := run(t, s, settings(), table{})
	r.absent("members/7")
	r.noted(1, "Origination DN of no agent group")

	r, rows = run(t, s.clone().link(20, 7), settings(), rows)
	r.members("members/7", 1)
	r, rows = run(t, s, settings(), rows)
	r.members("members/7")
	r.has(r.Sticky, "members/7")
	r.noted(0, "Origination DN of no agent group")
	r, _ = run(t, s.clone().without(model.KindQueue, 7), settings(), rows)
	r.absent("members/7", "queue/7")
}

// Members control: ignored has no members objects at all.
func TestMembersIgnored(t *testing.T) {
	s := newSite().person(1).dn(7, "A").dn(8, "B").group(20, 1).link(20, 7)
	r := once(t, s, settings(func(s *rules.Settings) { s.Members.Control = rules.SetIgnored }), nil)
	r.absent("members/7", "members/8")
	r.noted(0, "Origination")
	once(t, s, settings(func(s *rules.Settings) { s.Members.Control = rules.Additive }), nil).members("members/7", 1)
}

// "Limits (5,000 members a queue): mapped stay, then DBID; the rest is rejected" and named.
func TestMembersLimit(t *testing.T) {
	two := settings(func(s *rules.Settings) { s.Limits.QueueMembers = 2 })
	s := newSite().person(1).person(2).person(3).person(4).dn(7, "A").group(20, 3, 4).link(20, 7)
	_, rows := run(t, s, two, table{})
	grown := s.clone()
	grown.GroupAgents = append(grown.GroupAgents, model.GroupAgent{Group: 20, Person: 1}, model.GroupAgent{Group: 20, Person: 2})

	fresh := once(t, grown, two, nil)
	fresh.members("members/7", 1, 2)
	fresh.has(fresh.Asks, "members/7")
	r, _ := run(t, grown, two, rows)
	r.members("members/7", 3, 4)
	if reason := r.rejected("members/7"); !strings.Contains(reason, "2 members do not fit, the EX Org takes 2 a queue") || !strings.HasSuffix(reason, "Persons 1, 2") {
		t.Errorf("the reason: %s", reason)
	}
	r.has(r.Sticky, "members/7")
}

// A user that keeps its row (its address was taken) still serves its queues.
func TestMembersKeepFrozenUsers(t *testing.T) {
	s := newSite().person(1).person(2).dn(7, "A").group(20, 1, 2).link(20, 7)
	_, rows := run(t, s, settings(), table{})
	r, _ := run(t, s.clone().alterPerson(2, noAddress), settings(), rows)
	r.members("members/7", 1, 2)
	r, _ = run(t, s.clone().alterPerson(2, noAddress), settings(), table{})
	r.members("members/7", 1)
	// Another Person under the DBID, without an address: the row's user is in question, and stays where it is.
	r, _ = run(t, s.clone().alterPerson(2, func(p *model.Person) { p.EmployeeID, p.UserName, p.Email = "X", "x", "" }), settings(), rows)
	r.members("members/7", 1, 2)
}
