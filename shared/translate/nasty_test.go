package translate_test

import (
	"strings"
	"testing"

	"excs/shared/engage/engagetest"
	"excs/shared/model"
	"excs/shared/rules"
	"excs/shared/translate"
)

// nasty is the translated site of the nasty cases (FACTS E12).
type nasty struct {
	outcome
	site *engagetest.NastySite
	snap *model.Snapshot
}

func newNasty(t *testing.T, alter ...func(*rules.Settings)) nasty {
	site := engagetest.Nasty()
	s := rules.Default(site.Tenant, rules.Preset202307)
	for _, f := range alter {
		f(&s)
	}
	snap := snapshotOf(site.Site)
	return nasty{outcome{translate.Translate(prove(t, snap), s, nil), t}, site, snap}
}

func (n nasty) key(kind model.Kind, c engagetest.Case, i int) string {
	return model.Key{Kind: kind, DBID: n.site.Case(c).DBIDs[i]}.String()
}

// queueOf gives the one queue of a planted group.
func (n nasty) membersOf(c engagetest.Case) []int64 {
	n.t.Helper()
	group := n.site.Case(c).DBIDs[0]
	for _, l := range n.snap.GroupDNs {
		if l.Group == group {
			return n.object(model.Key{Kind: model.KindMembers, DBID: l.DN}.String()).Members
		}
	}
	n.t.Fatalf("group %d has no queue", group)
	return nil
}

// Queues of FACTS E12: no alias, equal after trimming and folding, 255 characters, forbidden characters …
func TestNastyQueues(t *testing.T) {
	n := newNasty(t)
	for c, want := range map[engagetest.Case]string{
		engagetest.AliasForbidden:      "_VQ _ Sales_",
		engagetest.AliasAccented:       "VQ_Réclamations_Zürich_Łódź",
		engagetest.AliasCJK:            "客服中心_銷售",
		engagetest.AliasQuotes:         `VQ_O'Brien's "Desk"\Back`,
		engagetest.AliasTrailingSpaces: "VQ_Padded_EN",
		engagetest.QueueDisabled:       "VQ_Disabled",
		engagetest.OtherQueueTypes:     "ACD_Nasty",
	} {
		n.names(map[string]string{n.key(model.KindQueue, c, 0): want})
	}
	for _, c := range []engagetest.Case{engagetest.AliasMissing, engagetest.AliasBlank, engagetest.NumberOnTwoSwitches} {
		if name := n.object(n.key(model.KindQueue, c, 0)).Name; !strings.Contains(name, "@") {
			t.Errorf("%s: %q is not number@switch", c, name)
		}
	}
	equal(t, "nameless", n.object(n.key(model.KindQueue, engagetest.QueueNameless, 0)).Name, "DN "+strings.TrimPrefix(n.key(model.KindQueue, engagetest.QueueNameless, 0), "queue/"))
	for i := range 2 {
		for _, c := range []engagetest.Case{engagetest.AliasesEqualFolded, engagetest.AliasesLongEqual} {
			name := n.object(n.key(model.KindQueue, c, i)).Name
			if !strings.HasSuffix(name, ")") || len([]rune(name)) > 256 {
				t.Errorf("%s: %q", c, name)
			}
		}
	}
	n.absent(strings.Replace(n.key(model.KindQueue, engagetest.QueueNeverLinked, 0), "queue", "members", 1))
	n.absent(n.key(model.KindQueue, engagetest.NotAQueue, 0))
}

// Persons of FACTS E12.
func TestNastyPersons(t *testing.T) {
	n := newNasty(t)
	equal(t, "disabled", n.object(n.key(model.KindUser, engagetest.PersonDisabled, 0)).State, model.StateInactive)
	n.absent(n.key(model.KindUser, engagetest.PersonDeletedState, 0), n.key(model.KindUser, engagetest.PersonNotAgent, 0))
	for _, c := range []engagetest.Case{engagetest.PersonWithoutEmail, engagetest.PersonBlankEmail, engagetest.PersonPlaceholder} {
		n.rejected(n.key(model.KindUser, c, 0))
	}
	n.object(n.key(model.KindUser, engagetest.DuplicateEmail, 0))
	n.rejected(n.key(model.KindUser, engagetest.DuplicateEmail, 1))
	nothing := n.key(model.KindUser, engagetest.PersonWithNothing, 0)
	n.names(map[string]string{nothing: "Person " + strings.TrimPrefix(nothing, "user/"), n.key(model.KindUser, engagetest.PersonSpaces, 0): "Padded Person"})
	equal(t, "step", n.object(n.key(model.KindUser, engagetest.UserNameIsEmail, 0)).Identity.AddressStep, 2)
	n.object(n.key(model.KindUser, engagetest.EmployeeTwice, 0))
	n.object(n.key(model.KindUser, engagetest.EmployeeTwice, 1))

	templated := newNasty(t, template)
	equal(t, "step", templated.object(templated.key(model.KindUser, engagetest.PersonPlaceholder, 0)).Identity.AddressStep, 3)
}

// Skills and wrap-up codes of FACTS E12.
func TestNastySkillsAndCodes(t *testing.T) {
	n := newNasty(t)
	n.object(n.key(model.KindLanguage, engagetest.SkillLikeLanguage, 0))
	n.absent(n.key(model.KindSkill, engagetest.SkillLikeLanguage, 0))
	n.names(map[string]string{
		n.key(model.KindSkill, engagetest.SkillsEqualFolded, 1): "Nasty Escalation",
		n.key(model.KindSkill, engagetest.SkillForbidden, 0):    "Nasty *",
		n.key(model.KindSkill, engagetest.SkillDisabled, 0):     "Nasty Disabled",
	})
	n.rejected(n.key(model.KindSkill, engagetest.SkillNameless, 0))
	twins := n.site.Case(engagetest.LevelsOfEqualSkills).DBIDs
	var level model.Proficiency = -1
	for _, a := range n.object(model.Key{Kind: model.KindUser, DBID: twins[0]}.String()).Skills {
		if a.DBID == n.site.Case(engagetest.SkillsEqualFolded).DBIDs[0] {
			level = a.Level
		}
	}
	equal(t, "the level of two skills that are one", level, 40)

	for i := range 2 {
		if name := n.object(n.key(model.KindWrapUpCode, engagetest.WrapUpsSameDisplay, i)).Name; !strings.HasSuffix(name, ")") {
			t.Errorf("two wrap-ups with the same display name: %q", name)
		}
	}
	equal(t, "equal in both names but for case", n.object(n.key(model.KindWrapUpCode, engagetest.WrapUpsEqualFolded, 0)).Name,
		n.object(n.key(model.KindWrapUpCode, engagetest.WrapUpsEqualFolded, 1)).Name)
	n.object(n.key(model.KindWrapUpCode, engagetest.WrapUpNoDisplay, 0))
	n.object(n.key(model.KindWrapUpCode, engagetest.WrapUpDisabled, 0))
}

// Groups and expressions of FACTS E12.
func TestNastyGroups(t *testing.T) {
	n := newNasty(t)
	for _, c := range []engagetest.Case{
		engagetest.MemberNotAgent, engagetest.MemberForeign, engagetest.MemberDangling, engagetest.MemberDisabled,
		engagetest.ScriptLoggedIn, engagetest.ScriptUnknownSkill, engagetest.ScriptExplicitAgents, engagetest.ScriptPaddedSkill, engagetest.ScriptBelow,
		engagetest.ScriptEmpty, engagetest.ScriptThreeParts, engagetest.ScriptPartsUnordered, engagetest.ScriptOtherCase, engagetest.ScriptRootZero, engagetest.ScriptRootNull,
	} {
		if m := n.membersOf(c); len(m) != 1 {
			t.Errorf("%s: members %v, want one", c, m)
		}
	}
	for _, c := range []engagetest.Case{engagetest.GroupDisabled, engagetest.GroupEmpty, engagetest.ScriptSyntaxError} {
		if m := n.membersOf(c); len(m) != 0 {
			t.Errorf("%s: members %v, want none", c, m)
		}
	}
	both := strings.Replace(n.key(model.KindQueue, engagetest.QueueOfSeveralGroups, 0), "queue", "members", 1)
	equal(t, "members of a queue of two groups", len(n.object(both).Members), 3)
	n.noted(1, "LoggedIn")
	n.noted(1, "its agents are unknown")
}

// A generated site of every preset converges in a few passes and then reads no row.
func TestGeneratedSites(t *testing.T) {
	site := engagetest.New(engagetest.Small, 7)
	p := prove(t, snapshotOf(site))
	for _, preset := range rules.Presets() {
		s := rules.Default(site.Tenant, preset)
		template(&s)
		rows := table{}
		r, _, _ := rows.converge(t, p, s, nil)
		rows = rows.after(r)
		_, _, hints := rows.converge(t, p, s, nil)
		again, reads, _ := rows.converge(t, p, s, hints)
		equal(t, "rows read", reads, 0)
		same(t, "objects", again.Objects, r.Objects)
		equal(t, "suspects", len(again.Suspects), 0)
	}
}

// The zero Proven proves nothing, and nothing comes of it.
func TestNothingProven(t *testing.T) {
	same(t, "result", translate.Translate(model.Proven{}, settings(), nil), translate.Result{})
}
