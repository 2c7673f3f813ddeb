package run_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/model"
	"excs/shared/rules"
)

// rule is one row of the tables of RULES 1, as a story on the desk: the world is settled, then do is done.
type rule struct {
	name     string
	settings func(*rules.Settings)
	do       func(h *house)
}

// tryRules runs rules under a preset, each in a house of its own.
func tryRules(t *testing.T, preset rules.Preset, list []rule) {
	t.Helper()
	t.Run(string(preset), func(t *testing.T) {
		t.Parallel()
		for _, r := range list {
			t.Run(r.name, func(t *testing.T) {
				t.Parallel()
				h := lot{preset: preset, settings: r.settings}.build(t)
				h.run()
				h.pass(10 * time.Minute)
				r.do(h)
				if !t.Failed() {
					h.quiet(1)
				}
			})
		}
	})
}

// Every row of the first table: what becomes what.
func TestRulesWhatBecomesWhat(t *testing.T) {
	t.Parallel()
	tryRules(t, rules.Preset202307, slices.Concat(whatBecomesWhat(), []rule{
		{name: "ACD Queue, Routing Queue, Virtual Queue, Routing Point: queues", do: func(h *house) {
			for _, alias := range []string{"ACD", "Entry", "Virtual", "Routing", "Loose"} {
				if q := h.queue(alias); q.PeerID != decimal(h.dn(alias).DBID) {
					h.t.Errorf("peer id of %s: %s, want %d", alias, q.PeerID, h.dn(alias).DBID)
				}
			}
			if n := len(h.org.Queues()); n != 5 {
				h.t.Errorf("%d queues, want 5", n)
			}
		}},
	}))
	tryRules(t, rules.PresetCurrent, slices.Concat(whatBecomesWhat(), []rule{
		{name: "Virtual Queue: a queue; ACD Queue, Routing Queue, Routing Point: none", do: func(h *house) {
			if q := h.queue("Virtual"); q.PeerID != decimal(h.dn("Virtual").DBID) {
				h.t.Errorf("peer id: %s", q.PeerID)
			}
			if n := len(h.org.Queues()); n != 2 {
				h.t.Errorf("%d queues, want Virtual and Loose: %v", n, h.org.Queues())
			}
		}},
	}))
}

func whatBecomesWhat() []rule {
	return []rule{
		{name: "Person: a user", do: func(h *house) {
			u := h.user(mail("Ann"))
			want := exorgtest.ExternalID{Authority: "engage", Key: decimal(h.person("Ann").DBID)}
			if u.Name != "Ann Agent" || u.State != "active" || !slices.Equal(u.External, []exorgtest.ExternalID{want}) {
				h.t.Errorf("the user is %+v", u)
			}
			if h.user(mail("Dora")).State != "inactive" {
				h.t.Error("a disabled Person is an inactive user")
			}
			if n := len(h.org.Users()); n != 4 {
				h.t.Errorf("%d users, want 4", n)
			}
		}},
		{name: "Person that is no agent: no user", do: func(h *house) {
			p, err := h.Hire(h.ctx, engagetest.Newcomer{First: "Boss", NotAgent: true})
			h.do(err)
			h.run()
			if _, ok := h.org.UserByEmail(p.Email); ok {
				h.t.Error("a Person that is no agent has a user")
			}
		}},
		{name: "Skill: a skill, with its levels", do: func(h *house) {
			h.skill("Billing")
			h.skill("Sales")
			if n := len(h.org.Skills()); n != 2 {
				h.t.Errorf("%d skills, want 2", n)
			}
			h.wantAbilities(mail("Cy"), "Billing=3", "Sales=5", "German=2")
			h.wantAbilities(mail("Dora"), "Billing=5")
		}},
		{name: "Skill that is a language: a language, with its levels", do: func(h *house) {
			h.language("English")
			h.language("German")
			if n := len(h.org.Languages()); n != 2 {
				h.t.Errorf("%d languages, want 2", n)
			}
			h.wantAbilities(mail("Ann"), "Billing=5", "English=4")
		}},
		{name: "agents of the groups that list a queue: its members", do: func(h *house) {
			h.wantMembers("Virtual", "Ann Agent", "Bob Agent", "Cy Agent")
			if h.Settings.Preset == rules.Preset202307 {
				h.wantMembers("ACD", "Ann Agent", "Bob Agent")
				h.wantMembers("Entry", "Bob Agent", "Cy Agent")
				h.wantMembers("Routing", "Ann Agent")
			}
			h.wantMembers("Loose")
		}},
		{name: "Business Attribute value: a wrap-up code", do: func(h *house) {
			h.code("Resolved")
			h.code("Callback")
			if n := len(h.org.Codes()); n != 2 {
				h.t.Errorf("%d codes, want 2", n)
			}
		}},
		{name: "the Source: one presence source", do: func(h *house) {
			if s := h.org.Sources(); len(s) != 1 || s[0].Name != "EXCS" || s[0].Deactivated {
				h.t.Errorf("sources: %+v", s)
			}
		}},
		{name: "Division: every user is in the Home Division", do: func(h *house) {
			for _, u := range h.org.Users() {
				if u.DivisionID != h.org.HomeDivision() {
					h.t.Errorf("%s is in division %s", u.Email, u.DivisionID)
				}
			}
		}},
		{name: "secondary presence: not supported", do: func(h *house) {
			for call := range h.org.Calls() {
				if strings.Contains(call, "presence") && !strings.Contains(call, "/presence/sources") {
					h.t.Errorf("EXCS called %s", call)
				}
			}
		}},
	}
}

// Every kind of new object, and every controlled field that changes in Engage.
func TestRulesNewAndModified(t *testing.T) {
	t.Parallel()
	for _, preset := range rules.Presets() {
		tryRules(t, preset, slices.Concat(newInEngage(), modifiedInEngage()))
	}
}

func newInEngage() []rule {
	return []rule{
		{name: "new Person: the user is created, with skills, languages and memberships", do: func(h *house) {
			_, err := h.Hire(h.ctx, engagetest.Newcomer{
				First: "Eve", Last: "Agent", Email: mail("Eve"), Groups: []int64{h.group("Front").DBID},
				Levels: map[int64]int{h.engageSkill("Sales").DBID: 2, h.engageSkill("English").DBID: 9},
			})
			h.do(err)
			h.run()
			h.wantAbilities(mail("Eve"), "Sales=2", "English=5")
			h.wantMembers("Virtual", "Ann Agent", "Bob Agent", "Cy Agent", "Eve Agent")
			h.equal()
		}},
		{name: "new Skill: the skill is created", do: func(h *house) {
			_, err := h.Editor.AddSkill(h.ctx, "Chess")
			h.do(err)
			h.run()
			h.skill("Chess")
		}},
		{name: "new language: the language is created", do: func(h *house) {
			_, err := h.AddValue(h.ctx, engagetest.LanguageAttribute, "Polish", "Polish")
			h.do(err)
			_, err = h.Editor.AddSkill(h.ctx, "polish")
			h.do(err)
			h.run()
			h.language("polish")
		}},
		{name: "new queue: the queue is created, with its members", do: func(h *house) {
			_, err := h.Editor.AddQueue(h.ctx, engagetest.NewQueue{Alias: "Fresh", Groups: []int64{h.group("Back").DBID}})
			h.do(err)
			h.run()
			h.wantMembers("Fresh", "Bob Agent", "Cy Agent")
		}},
		{name: "new value: the wrap-up code is created", do: func(h *house) {
			_, err := h.AddWrapUp(h.ctx, "Lost", "Lost")
			h.do(err)
			h.run()
			h.code("Lost")
		}},
	}
}

func modifiedInEngage() []rule {
	return []rule{
		{name: "name of a Person modified: applied", do: func(h *house) {
			h.do(h.RenamePerson(h.ctx, h.person("Ann").DBID, "Anna", "Smith"))
			h.sameUser(mail("Ann"), func() { h.run() })
			if u := h.user(mail("Ann")); u.Name != "Anna Smith" {
				h.t.Errorf("the user is called %s", u.Name)
			}
		}},
		{name: "e-mail of a Person modified: applied to the same user", do: func(h *house) {
			before := h.user(mail("Ann")).ID
			h.do(h.ChangeEmail(h.ctx, h.person("Ann").DBID, "ann.new@northwind.example"))
			h.run()
			if u := h.user("ann.new@northwind.example"); u.ID != before {
				h.t.Error("it is another user")
			}
		}},
		{name: "Person disabled: inactive, member of no queue, keeps its skills; enabled again: all comes back", do: func(h *house) {
			ann := h.person("Ann").DBID
			h.do(h.SetPersonState(h.ctx, ann, engagetest.StateDisabled))
			h.sameUser(mail("Ann"), func() { h.run() })
			if u := h.user(mail("Ann")); u.State != "inactive" {
				h.t.Errorf("the user is %s", u.State)
			}
			h.wantAbilities(mail("Ann"), "Billing=5", "English=4")
			h.wantMembers("Virtual", "Bob Agent", "Cy Agent")
			h.do(h.SetPersonState(h.ctx, ann, engagetest.StateEnabled))
			h.pass(10 * time.Minute)
			h.run()
			if u := h.user(mail("Ann")); u.State != "active" {
				h.t.Errorf("the user is %s", u.State)
			}
			h.wantMembers("Virtual", "Ann Agent", "Bob Agent", "Cy Agent")
		}},
		{name: "skills and levels of a Person modified: applied", do: func(h *house) {
			cy := h.person("Cy").DBID
			h.do(h.ChangeLevel(h.ctx, cy, h.engageSkill("Billing").DBID, 1))
			h.do(h.RemoveLevel(h.ctx, cy, h.engageSkill("Sales").DBID))
			h.do(h.RemoveLevel(h.ctx, cy, h.engageSkill("German").DBID))
			h.do(h.AddLevel(h.ctx, cy, h.engageSkill("English").DBID, 3))
			h.run()
			h.wantAbilities(mail("Cy"), "Billing=1", "English=3")
		}},
		{name: "alias of a queue modified: the same queue is renamed", do: func(h *house) {
			before := h.queue("Virtual").ID
			h.do(h.SetAlias(h.ctx, h.dn("Virtual").DBID, "Real"))
			h.run()
			if q := h.queue("Real"); q.ID != before {
				h.t.Error("it is another queue")
			}
			h.wantMembers("Real", "Ann Agent", "Bob Agent", "Cy Agent")
		}},
		{name: "display name of a value modified: the same wrap-up code is renamed", do: func(h *house) {
			before := h.code("Resolved").ID
			h.do(h.RenameValue(h.ctx, h.wrapUp("Resolved").DBID, "Solved"))
			h.run()
			if c := h.code("Solved"); c.ID != before {
				h.t.Error("it is another code")
			}
		}},
		{name: "name of a Skill modified: a new skill, the assignments moved, the old one an orphan", do: func(h *house) {
			old := h.skill("Billing").ID
			h.do(h.RenameSkill(h.ctx, h.engageSkill("Billing").DBID, "Invoices"))
			h.do(h.SetScript(h.ctx, h.group("Experts").DBID, `Skill("Invoices")>=5`))
			h.run()
			h.wantAbilities(mail("Ann"), "Invoices=5", "English=4")
			h.wantAbilities(mail("Dora"), "Invoices=5")
			if s, _ := h.org.Skill(old); s.State == "deleted" || s.Name != "Billing" {
				h.t.Errorf("the old skill is %+v", s)
			}
			h.wantOrphanOf(model.KindSkill, old)
		}},
		{name: "name of a language modified: a new language, the assignments moved, the old one an orphan", do: func(h *house) {
			old := h.language("German").ID
			_, err := h.AddValue(h.ctx, engagetest.LanguageAttribute, "Deutsch", "Deutsch")
			h.do(err)
			h.do(h.RenameSkill(h.ctx, h.engageSkill("German").DBID, "Deutsch"))
			h.run()
			h.wantAbilities(mail("Cy"), "Billing=3", "Sales=5", "Deutsch=2")
			h.wantOrphanOf(model.KindLanguage, old)
		}},
		{name: "agent groups of a queue modified: its members follow", do: func(h *house) {
			h.do(h.Unlink(h.ctx, h.group("Back").DBID, h.dn("Virtual").DBID))
			h.run()
			h.wantMembers("Virtual", "Ann Agent", "Bob Agent")
			h.do(h.Link(h.ctx, h.group("Back").DBID, h.dn("Virtual").DBID))
			h.run()
			h.wantMembers("Virtual", "Ann Agent", "Bob Agent", "Cy Agent")
		}},
	}
}

// sameUser runs something after which the address must still belong to the same user.
func (h *house) sameUser(email string, do func()) {
	h.t.Helper()
	before := h.user(email).ID
	do()
	if after := h.user(email).ID; after != before {
		h.t.Errorf("%s is another user now", email)
	}
}

// wantOrphanOf checks that an EX object is listed as an orphan, whatever its key.
func (h *house) wantOrphanOf(kind model.Kind, exID string) {
	h.t.Helper()
	list, err := h.Runner.List(h.ctx, []model.Kind{kind})
	h.do(err)
	for _, l := range list {
		if l.EXID == exID && l.State == "orphan" {
			return
		}
	}
	h.t.Errorf("no orphan with the EX id %s is listed: %+v", exID, list)
}

func decimal(n int64) string { return model.Key{DBID: n}.String()[1:] }
