package run_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/rules"
)

// A Person who was deleted and comes back under a new DBID: the same employee id is the same user, the same address is if
// nothing contradicts it, and somebody else with a recycled address is rejected with a reason that names the orphan.
func TestStoryRehire(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		how  engagetest.Rehiring
		// later: the Person comes back in a later run than the one that saw it gone.
		later, same bool
	}{
		{"same employee, at once", engagetest.SameEmployee, false, true},
		{"same employee, later", engagetest.SameEmployee, true, true},
		{"same employee with another address", engagetest.SameEmployeeNewEmail, true, true},
		{"same address, no employee id", engagetest.SameEmail, true, true},
		{"same address, no employee id, at once", engagetest.SameEmail, false, true},
		{"recycled address of another employee", engagetest.RecycledEmail, true, false},
		{"recycled address of another employee, at once", engagetest.RecycledEmail, false, false},
	} {
		for _, preset := range rules.Presets() {
			t.Run(string(preset)+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				h := lot{preset: preset}.build(t).settled()
				former := h.person("Ann")
				before := h.user(mail("Ann"))
				h.do(h.Fire(h.ctx, former.DBID))
				if c.later {
					h.run()
					h.pass(time.Hour)
					h.run()
				}
				again, err := h.Rehire(h.ctx, former, c.how)
				h.do(err)
				h.do(h.AddLevel(h.ctx, again.DBID, h.engageSkill("Sales").DBID, 2))
				h.run()
				h.pass(time.Hour)
				h.run()
				if c.same {
					h.sameAgain(again, before.ID)
				} else {
					h.refusedStranger(again, former, before)
				}
				h.onePerKey()
				h.pass(time.Hour)
				h.quiet(2)
			})
		}
	}
}

func (h *house) sameAgain(again engagetest.Person, id string) {
	h.t.Helper()
	u, ok := h.org.UserByExternalID("engage", decimal(again.DBID))
	if !ok || u.ID != id || u.State != "active" || fold(u.Email) != fold(again.Email) || len(u.External) != 1 {
		h.t.Errorf("the user is %+v, want %s, active, %s", u, id, again.Email)
	}
	h.wantAbilities(again.Email, "Sales=2")
	if n := len(h.org.Users()); n != 4 {
		h.t.Errorf("%d users, want 4", n)
	}
}

// refusedStranger: nobody gets another's user; the list names it, and the old user is as it was.
func (h *house) refusedStranger(again, former engagetest.Person, before exorgtest.User) {
	h.t.Helper()
	l, ok := h.listed(userKey(again.DBID))
	if !ok || l.State != "rejected" || !strings.Contains(l.Reason, userKey(former.DBID).String()) {
		h.t.Errorf("listed: %+v, want it rejected, naming %s", l, userKey(former.DBID))
	}
	h.wantOrphan(userKey(former.DBID))
	u := h.user(mail("Ann"))
	if u.ID != before.ID || u.Name != before.Name || !slices.Equal(u.External, before.External) {
		h.t.Errorf("the former Person's user was written to: %+v", u)
	}
}

// Two queues change their aliases: both keep their ids, settings and members, and no name is in the way.
func TestStorySwapOfAliases(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	a, b := h.queue("ACD"), h.queue("Virtual")
	am, bm := h.members("ACD"), h.members("Virtual")
	h.do(h.SwapAliases(h.ctx, h.dn("ACD").DBID, h.dn("Virtual").DBID))
	h.run()
	h.pass(10 * time.Minute)
	h.run()
	if h.queue("Virtual").ID != a.ID || h.queue("ACD").ID != b.ID {
		t.Error("the names did not change hands")
	}
	h.wantMembers("Virtual", am...)
	h.wantMembers("ACD", bm...)
	h.wantNone(mapping.StateQuarantined)
	h.equal()
	h.quiet(2)
}

// A chain of renames, each to the name that the next gives up, and a rename in case only.
func TestStoryChainOfRenames(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	ids := map[int64]string{}
	for _, alias := range []string{"ACD", "Entry", "Virtual", "Routing"} {
		ids[h.dn(alias).DBID] = h.queue(alias).ID
	}
	acd, entry, virtual, routing := h.dn("ACD").DBID, h.dn("Entry").DBID, h.dn("Virtual").DBID, h.dn("Routing").DBID
	h.do(h.SetAlias(h.ctx, acd, "Entry "))
	h.do(h.SetAlias(h.ctx, entry, "Virtual"))
	h.do(h.SetAlias(h.ctx, virtual, "Fresh"))
	h.do(h.SetAlias(h.ctx, routing, "ROUTING"))
	for range 3 {
		h.run()
		h.pass(10 * time.Minute)
	}
	h.wantNone(mapping.StateQuarantined)
	for dbid, id := range ids {
		q, ok := h.org.Queue(id)
		if !ok || q.PeerID != decimal(dbid) {
			t.Errorf("the queue of DN %d is %+v", dbid, q)
		}
	}
	if h.queue("ROUTING").ID != ids[routing] || h.queue("Virtual").ID != ids[entry] || h.queue("Fresh").ID != ids[virtual] {
		t.Errorf("the names are %v", h.names())
	}
	h.quiet(2)
}

// Two skills change their names: EX skills can not be renamed, so each user keeps what its skill is called now.
func TestStorySwapOfSkillNames(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	billing, sales := h.skill("Billing").ID, h.skill("Sales").ID
	h.do(h.SwapSkillNames(h.ctx, h.engageSkill("Billing").DBID, h.engageSkill("Sales").DBID))
	for range 3 {
		h.run()
		h.pass(10 * time.Minute)
	}
	h.wantNone(mapping.StateQuarantined)
	h.wantAbilities(mail("Ann"), "Sales=5", "English=4")
	h.wantAbilities(mail("Bob"), "Billing=3")
	h.wantAbilities(mail("Cy"), "Sales=3", "Billing=5", "German=2")
	for _, id := range []string{billing, sales} {
		if s, _ := h.org.Skill(id); s.State == "deleted" {
			t.Errorf("the skill %s was deleted", s.Name)
		}
	}
	h.onePerKey()
	h.quiet(2)
}

// A skill is renamed and later renamed back: the orphan of its first name is taken over, not made again.
func TestStorySkillRenamedAndBack(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	billing, dbid := h.skill("Billing").ID, h.engageSkill("Billing").DBID
	h.do(h.RenameSkill(h.ctx, dbid, "Invoices"))
	h.run()
	h.pass(10 * time.Minute)
	h.do(h.RenameSkill(h.ctx, dbid, "Billing"))
	for range 3 {
		h.run()
		h.pass(10 * time.Minute)
	}
	if h.skill("Billing").ID != billing {
		t.Error("the skill of the first name was not taken over")
	}
	h.wantAbilities(mail("Ann"), "Billing=5", "English=4")
	h.wantOrphanOf(model.KindSkill, h.skill("Invoices").ID)
	h.onePerKey()
	h.quiet(2)
}

// A skill becomes a language: the language is made and assigned, the skill leaves the users and is an orphan.
func TestStorySkillBecomesALanguage(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	old := h.skill("Sales").ID
	_, err := h.MakeLanguage(h.ctx, h.engageSkill("Sales").DBID)
	h.do(err)
	for range 3 {
		h.run()
		h.pass(10 * time.Minute)
	}
	h.language("Sales")
	u := h.user(mail("Bob"))
	if len(u.Skills) != 0 || len(u.Languages) != 1 {
		t.Errorf("skills %v, languages %v", u.Skills, u.Languages)
	}
	h.wantOrphanOf(model.KindSkill, old)
	h.equal()
	h.quiet(2)
}

// A Person moves from one group to another: out of one queue, into the other.
func TestStoryPersonMoves(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	h.do(h.MoveMember(h.ctx, h.person("Ann").DBID, h.group("Front").DBID, h.group("Back").DBID))
	h.run()
	h.wantMembers("ACD", "Bob Agent")
	h.wantMembers("Entry", "Ann Agent", "Bob Agent", "Cy Agent")
	h.wantMembers("Virtual", "Ann Agent", "Bob Agent", "Cy Agent")
	h.quiet(2)
}

// A queue that is created again with the same number and switch takes over the EX queue: id, settings and members stay.
func TestStoryQueueRecreated(t *testing.T) {
	t.Parallel()
	for _, preset := range rules.Presets() {
		for _, relink := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/relinked %v", preset, relink), func(t *testing.T) {
				t.Parallel()
				h := lot{preset: preset}.build(t).settled()
				old, q := h.dn("Virtual").DBID, h.queue("Virtual")
				h.do(h.org.EditQueue(q.ID, func(raw map[string]any) { raw["description"] = "the administrator's" }))
				d, err := h.RecreateQueue(h.ctx, old, relink)
				h.do(err)
				for range 3 {
					h.run()
					h.pass(10 * time.Minute)
				}
				after := h.queue("Virtual")
				if after.ID != q.ID || after.PeerID != decimal(d.DBID) || after.Settings["description"] != "the administrator's" {
					t.Errorf("the queue is %+v", after)
				}
				if relink {
					h.wantMembers("Virtual", "Ann Agent", "Bob Agent", "Cy Agent")
				} else {
					h.wantMembers("Virtual")
				}
				if n := h.deleted(); n > 0 {
					t.Errorf("%d queues were deleted on the way", n)
				}
				if row := h.row(queueKey(old)); row.Version > 0 {
					t.Errorf("the old row is still there: %s, %s", row.Goal, row.State)
				}
				h.onePerKey()
				h.quiet(2)
			})
		}
	}
}

// A queue that was deleted in one run and is created again later is made anew on the base of what EXCS had seen of it.
func TestStoryQueueRecreatedLater(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	d := h.dn("Virtual")
	h.do(h.org.EditQueue(h.queue("Virtual").ID, func(raw map[string]any) { raw["description"] = "the administrator's" }))
	h.look(queueKey(d.DBID))
	h.do(h.DeleteQueue(h.ctx, d.DBID))
	h.run()
	h.pass(10 * time.Minute)
	_, err := h.Editor.AddQueue(h.ctx, engagetest.NewQueue{Alias: d.Alias, Number: d.Number, Switch: d.Switch, Groups: []int64{h.group("Back").DBID}})
	h.do(err)
	h.run()
	h.wantMembers("Virtual", "Bob Agent", "Cy Agent")
	h.onePerKey()
	h.pass(10 * time.Minute)
	h.quiet(2)
}

// The last link of a queue goes: it is emptied, once a second read agrees where it has many members, and stays.
func TestStoryLastLinkRemoved(t *testing.T) {
	t.Parallel()
	for _, preset := range rules.Presets() {
		t.Run(string(preset), func(t *testing.T) {
			t.Parallel()
			h := lot{preset: preset}.build(t).settled()
			guest := h.stranger("Guest")
			h.do(h.org.AddMembers(h.queue("Virtual").ID, guest))
			for _, g := range []string{"Front", "Back"} {
				h.do(h.Unlink(h.ctx, h.group(g).DBID, h.dn("Virtual").DBID))
			}
			h.run()
			if preset == rules.PresetCurrent {
				// It was the only link that counts there: an empty link table is believed when it is read again later.
				h.wantMembers("Virtual", "Ann Agent", "Bob Agent", "Cy Agent", "Guest")
				h.pass(16 * time.Minute)
				h.run()
			}
			h.wantMembers("Virtual", "Guest")
			// It stays under control: a member that comes by hand is taken out again.
			h.do(h.org.AddMembers(h.queue("Virtual").ID, h.user(mail("Ann")).ID))
			h.look(membersKey(h.dn("Virtual").DBID))
			h.wantMembers("Virtual", "Guest")
			h.do(h.Link(h.ctx, h.group("Back").DBID, h.dn("Virtual").DBID))
			h.run()
			h.wantMembers("Virtual", "Bob Agent", "Cy Agent", "Guest")
			h.quiet(2)
		})
	}
}

// Two Persons change their addresses: both keep their users, whatever the EX Org thinks of an address in use.
func TestStorySwapOfAddresses(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	ann, bob := h.user(mail("Ann")).ID, h.user(mail("Bob")).ID
	h.do(h.SwapEmails(h.ctx, h.person("Ann").DBID, h.person("Bob").DBID))
	for range 4 {
		h.run()
		h.pass(15 * time.Minute)
	}
	h.wantNone(mapping.StateQuarantined, mapping.StateHeld)
	if h.user(mail("Ann")).ID != bob || h.user(mail("Bob")).ID != ann {
		t.Error("the addresses did not change hands, or the users did")
	}
	h.onePerKey()
	h.equal()
	h.quiet(2)
}

// Two queues of one alias: both get a suffix; it stays with the one that is left.
func TestStoryCollidingAliases(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	d, err := h.Editor.AddQueue(h.ctx, engagetest.NewQueue{Alias: "virtual", Number: "4711", Groups: []int64{h.group("Back").DBID}})
	h.do(err)
	h.run()
	suffixed := "virtual (4711@" + h.Editor.Site().Switches[0].Name + ")"
	if h.queue("Virtual").PeerID != decimal(h.dn("Virtual").DBID) || h.queue(suffixed).PeerID != decimal(d.DBID) {
		t.Errorf("who was there first keeps the name: %v", h.names())
	}
	h.pass(10 * time.Minute)
	h.do(h.DeleteQueue(h.ctx, h.dn("Virtual").DBID))
	h.run()
	h.queue(suffixed) // a suffix stays until the alias changes
	h.pass(10 * time.Minute)
	h.do(h.SetAlias(h.ctx, d.DBID, "Sole"))
	h.run()
	h.queue("Sole")
	h.pass(10 * time.Minute)
	h.quiet(2)
}

// A group whose expression breaks: nobody leaves on its account, other groups' agents are added; mended, it counts again.
func TestStoryExpressionBreaks(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	experts := h.group("Experts").DBID
	h.do(h.SetScript(h.ctx, experts, `Skill("Billing")>=`))
	h.do(h.Link(h.ctx, h.group("Back").DBID, h.dn("Routing").DBID))
	h.run()
	h.wantMembers("Routing", "Ann Agent", "Bob Agent", "Cy Agent")
	h.pass(10 * time.Minute)
	h.do(h.SetScript(h.ctx, experts, `Skill("Billing")>=3`))
	h.do(h.Unlink(h.ctx, h.group("Back").DBID, h.dn("Routing").DBID))
	h.run()
	h.wantMembers("Routing", "Ann Agent", "Cy Agent")
	h.pass(10 * time.Minute)
	h.quiet(2)
}

// One object that the EX Org refuses for good does not hold up the others, and is visible with its reason (P7).
func TestStoryOneBadObject(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	h.org.Fail(exorgtest.Fault{Method: "POST", Route: "/api/v2/routing/skills", Body: "Cursed", Status: 400, Code: "bad.request"})
	cursed, err := h.Editor.AddSkill(h.ctx, "Cursed")
	h.do(err)
	_, err = h.Editor.AddSkill(h.ctx, "Chess")
	h.do(err)
	eve, err := h.Hire(h.ctx, engagetest.Newcomer{First: "Eve", Last: "Agent", Email: mail("Eve"), Groups: []int64{h.group("Back").DBID},
		Levels: map[int64]int{cursed.DBID: 3, h.engageSkill("Sales").DBID: 4}})
	h.do(err)
	h.sync()
	for range 40 {
		_, err := h.Drain(h.ctx, nil)
		h.do(err)
		h.pass(30 * time.Second)
		_, err = h.Runner.Requeue(h.ctx)
		h.do(err)
	}
	h.skill("Chess")
	h.wantAbilities(eve.Email, "Sales=4")
	h.wantMembers("Virtual", "Ann Agent", "Bob Agent", "Cy Agent", "Eve Agent")
	l, ok := h.listed(skillKey(cursed.DBID))
	if !ok || l.State != string(mapping.StateQuarantined) || l.Reason == "" {
		t.Errorf("listed: %+v", l)
	}
	waiting, _, err := h.Dead.Depth(h.ctx)
	h.do(err)
	if waiting == 0 {
		t.Error("no dead letter says so")
	}
}
