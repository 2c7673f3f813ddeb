package run_test

import (
	"slices"
	"testing"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/rules"
)

// What was deleted in the EX Org comes back with everything controlled that was lost. EXCS is made to look here by an
// operator.
func TestRulesDeletedInTheEXOrg(t *testing.T) {
	t.Parallel()
	for _, preset := range rules.Presets() {
		tryRules(t, preset, deletedInTheEXOrg())
	}
}

func deletedInTheEXOrg() []rule {
	return []rule{
		{name: "user deleted in the EX Org: restored with its id, skills, languages and memberships", do: func(h *house) {
			before := h.user(mail("Ann"))
			h.do(h.org.DeleteUser(before.ID))
			h.look(userKey(h.person("Ann").DBID))
			u := h.user(mail("Ann"))
			if u.ID != before.ID || u.State != "active" || !slices.Equal(u.External, before.External) {
				h.t.Errorf("the user is %+v", u)
			}
			h.wantAbilities(mail("Ann"), "Billing=5", "English=4")
			h.wantMembers("Virtual", "Ann Agent", "Bob Agent", "Cy Agent")
			h.equal()
		}},
		{name: "inactive user deleted in the EX Org: stays deleted, restored once the Person is enabled", do: func(h *house) {
			before, key := h.user(mail("Dora")), userKey(h.person("Dora").DBID)
			h.do(h.org.DeleteUser(before.ID))
			h.look(key)
			h.wantState(before.ID, "deleted")
			if l, _ := h.listed(key); l.Reason != "left deleted: deleted in the EX Org, disabled in Engage" {
				h.t.Errorf("the list says %+v", l)
			}
			h.do(h.SetPersonState(h.ctx, key.DBID, engagetest.StateEnabled))
			h.run()
			h.wantState(before.ID, "active")
			h.wantAbilities(mail("Dora"), "Billing=5")
			h.equal()
		}},
		{name: "queue deleted in the EX Org: re-created with its settings, codes and members", do: recreatedQueue},
		{name: "skill deleted in the EX Org: re-created and given to its users again", do: func(h *house) {
			old := h.skill("Billing").ID
			h.do(h.org.DeleteSkill(old))
			h.look(skillKey(h.engageSkill("Billing").DBID))
			if h.skill("Billing").ID == old {
				h.t.Error("a deleted skill can not come back under its id")
			}
			h.wantAbilities(mail("Ann"), "Billing=5", "English=4")
			h.wantAbilities(mail("Cy"), "Billing=3", "Sales=5", "German=2")
			h.wantAbilities(mail("Dora"), "Billing=5")
		}},
		{name: "language deleted in the EX Org: re-created and given to its users again", do: func(h *house) {
			h.do(h.org.DeleteLanguage(h.language("English").ID))
			h.look(languageKey(h.engageSkill("English").DBID))
			h.language("English")
			h.wantAbilities(mail("Ann"), "Billing=5", "English=4")
		}},
		{name: "wrap-up code deleted in the EX Org: re-created and put back on the queues", do: func(h *house) {
			old, q := h.code("Resolved").ID, h.queue("Virtual").ID
			h.do(h.org.AssignCodes(q, old))
			h.look(queueKey(h.dn("Virtual").DBID)) // EXCS has seen it there
			h.do(h.org.DeleteCode(old))
			h.look(codeKey(h.wrapUp("Resolved").DBID))
			fresh := h.code("Resolved")
			if codes := h.queue("Virtual").Codes; !slices.Equal(codes, []string{fresh.ID}) {
				h.t.Errorf("codes on the queue: %v, want the re-created %s", codes, fresh.ID)
			}
		}},
		{name: "the Source deactivated in the EX Org: active again, with its id", do: func(h *house) {
			old := h.org.Sources()[0]
			h.do(h.org.DeleteSource(old.ID))
			h.look(sourceKey())
			if s := h.org.Sources(); len(s) != 1 || s[0].ID != old.ID || s[0].Deactivated {
				h.t.Errorf("sources: %+v", s)
			}
		}},
	}
}

func recreatedQueue(h *house) {
	before, code := h.queue("Virtual"), h.code("Resolved").ID
	h.do(h.org.EditQueue(before.ID, func(raw map[string]any) {
		raw["description"] = "the administrator's"
		raw["acwSettings"] = map[string]any{"wrapupPrompt": "MANDATORY_TIMEOUT", "timeoutMs": 45000}
	}))
	h.do(h.org.AssignCodes(before.ID, code))
	h.look(queueKey(h.dn("Virtual").DBID)) // EXCS sees it
	want, _ := h.org.Raw(exorgtest.KindQueue, before.ID)
	h.do(h.org.DeleteQueue(before.ID))
	h.look(queueKey(h.dn("Virtual").DBID))
	after := h.queue("Virtual")
	got, _ := h.org.Raw(exorgtest.KindQueue, after.ID)
	if after.ID == before.ID || after.PeerID != before.PeerID {
		h.t.Errorf("the queue is %+v", after)
	}
	if d := rawDiff(want, got, "id", "selfUri", "dateCreated", "createdBy"); d != "" {
		h.t.Errorf("what came back differs from what was seen (-seen +now):\n%s", d)
	}
	if !slices.Equal(after.Codes, []string{code}) {
		h.t.Errorf("codes on the queue: %v", after.Codes)
	}
	h.wantMembers("Virtual", "Ann Agent", "Bob Agent", "Cy Agent")
}

// What Engage decides and somebody changed in the EX Org is set back on a look; what Engage does not decide is left.
func TestRulesChangedInTheEXOrg(t *testing.T) {
	t.Parallel()
	for _, preset := range rules.Presets() {
		tryRules(t, preset, slices.Concat(changedUser(), changedObjects(), []rule{uncontrolledParameter()}))
	}
	tryRules(t, rules.Preset202307, []rule{
		{name: "user moved to another division: moved back to the Home Division", do: func(h *house) { movedUser(h, true) }},
		{name: "user moved to another division, setting users.division atCreation: left there", settings: func(s *rules.Settings) { s.Users.Division = rules.AtCreation }, do: func(h *house) { movedUser(h, false) }},
		{name: "member put in by hand that is a user of another queue: taken out", do: extraMember},
		{name: "member put in by hand, setting members additive: stays", settings: func(s *rules.Settings) { s.Members.Control = rules.Additive }, do: func(h *house) {
			h.do(h.org.AddMembers(h.queue("Virtual").ID, h.user(mail("Dora")).ID))
			h.look(membersKey(h.dn("Virtual").DBID))
			h.wantMembers("Virtual", "Ann Agent", "Bob Agent", "Cy Agent", "Dora Agent")
		}},
		{name: "skill added, setting users.skills additive: stays", settings: func(s *rules.Settings) { s.Users.Skills = rules.Additive }, do: func(h *house) {
			h.do(h.org.SetUserSkill(h.user(mail("Ann")).ID, h.skill("Sales").ID, 4))
			h.look(userKey(h.person("Ann").DBID))
			h.wantAbilities(mail("Ann"), "Billing=5", "English=4", "Sales=4")
		}},
		{name: "name changed, setting users.name atCreation: left", settings: func(s *rules.Settings) { s.Users.Name = rules.AtCreation }, do: func(h *house) {
			h.do(h.org.EditUser(h.user(mail("Ann")).ID, func(raw map[string]any) { raw["name"] = "By Hand" }))
			h.look(userKey(h.person("Ann").DBID))
			if u := h.user(mail("Ann")); u.Name != "By Hand" {
				h.t.Errorf("the user is called %s", u.Name)
			}
		}},
	})
	tryRules(t, rules.PresetCurrent, []rule{
		{name: "user moved to another division: left there", do: func(h *house) { movedUser(h, false) }},
		{name: "user moved to another division, setting users.division controlled: moved back", settings: func(s *rules.Settings) { s.Users.Division = rules.Controlled }, do: func(h *house) { movedUser(h, true) }},
	})
}

func changedUser() []rule {
	editAnn := func(h *house, edit func(raw map[string]any)) {
		h.do(h.org.EditUser(h.user(mail("Ann")).ID, edit))
	}
	back := func(h *house) {
		h.look(userKey(h.person("Ann").DBID))
		h.equal()
	}
	return []rule{
		{name: "user's name changed in the EX Org: set back", do: func(h *house) {
			editAnn(h, func(raw map[string]any) { raw["name"] = "Somebody" })
			back(h)
		}},
		{name: "user's e-mail changed in the EX Org: set back", do: func(h *house) {
			editAnn(h, func(raw map[string]any) { raw["email"] = "somebody@northwind.example" })
			back(h)
		}},
		{name: "user deactivated in the EX Org: active again", do: func(h *house) {
			h.do(h.org.DeactivateUser(h.user(mail("Ann")).ID))
			back(h)
		}},
		{name: "user of a disabled Person activated in the EX Org: inactive again", do: func(h *house) {
			h.do(h.org.ActivateUser(h.user(mail("Dora")).ID))
			h.look(userKey(h.person("Dora").DBID))
			h.equal()
		}},
		{name: "skill added to a user in the EX Org: taken away", do: func(h *house) {
			h.do(h.org.SetUserSkill(h.user(mail("Ann")).ID, h.skill("Sales").ID, 4))
			back(h)
		}},
		{name: "skill that Engage does not know added to a user: taken away", do: func(h *house) {
			id, err := h.org.AddSkill("Juggling")
			h.do(err)
			h.do(h.org.SetUserSkill(h.user(mail("Ann")).ID, id, 4))
			back(h)
			h.skill("Juggling")
		}},
		{name: "skill level of a user changed in the EX Org: set back", do: func(h *house) {
			h.do(h.org.SetUserSkill(h.user(mail("Ann")).ID, h.skill("Billing").ID, 1))
			back(h)
		}},
		{name: "skill taken from a user in the EX Org: given back", do: func(h *house) {
			h.do(h.org.RemoveUserSkill(h.user(mail("Ann")).ID, h.skill("Billing").ID))
			back(h)
		}},
		{name: "languages of a user changed in the EX Org: set back", do: func(h *house) {
			ann := h.user(mail("Ann")).ID
			h.do(h.org.RemoveUserLanguage(ann, h.language("English").ID))
			h.do(h.org.SetUserLanguage(ann, h.language("German").ID, 3))
			back(h)
		}},
		{name: "external id of a user changed in the EX Org: set back", do: func(h *house) {
			u := h.user(mail("Ann"))
			h.do(h.org.RemoveExternalID(u.ID, u.External[0]))
			h.do(h.org.AddExternalID(u.ID, exorgtest.ExternalID{Authority: "engage", Key: "by hand"}))
			back(h)
		}},
	}
}

func changedObjects() []rule {
	return []rule{
		{name: "queue's name changed in the EX Org: set back", do: func(h *house) {
			id := h.queue("Virtual").ID
			h.do(h.org.EditQueue(id, func(raw map[string]any) { raw["name"] = "Somewhere" }))
			h.look(queueKey(h.dn("Virtual").DBID))
			if h.queue("Virtual").ID != id {
				h.t.Error("it is another queue")
			}
		}},
		{name: "queue's peer id changed in the EX Org: set back", do: func(h *house) {
			id := h.queue("Virtual").ID
			h.do(h.org.EditQueue(id, func(raw map[string]any) { raw["peerId"] = "99999" }))
			h.look(queueKey(h.dn("Virtual").DBID))
			if q := h.queue("Virtual"); q.ID != id || q.PeerID != decimal(h.dn("Virtual").DBID) {
				h.t.Errorf("the queue is %+v", q)
			}
		}},
		{name: "member taken out in the EX Org: put back", do: func(h *house) {
			h.do(h.org.RemoveMembers(h.queue("Virtual").ID, h.user(mail("Ann")).ID))
			h.look(membersKey(h.dn("Virtual").DBID))
			h.wantMembers("Virtual", "Ann Agent", "Bob Agent", "Cy Agent")
		}},
		{name: "wrap-up code's name changed in the EX Org: set back", do: func(h *house) {
			id := h.code("Resolved").ID
			h.do(h.org.EditCode(id, func(raw map[string]any) { raw["name"] = "Whatever" }))
			h.look(codeKey(h.wrapUp("Resolved").DBID))
			if h.code("Resolved").ID != id {
				h.t.Error("it is another code")
			}
		}},
		{name: "the Source's name changed in the EX Org: set back", do: func(h *house) {
			id := h.org.Sources()[0].ID
			h.do(h.org.EditSource(id, func(raw map[string]any) { raw["name"] = "Whatever" }))
			h.look(sourceKey())
			if s := h.org.Sources(); len(s) != 1 || s[0].Name != "EXCS" || s[0].ID != id {
				h.t.Errorf("sources: %+v", s)
			}
		}},
	}
}

func uncontrolledParameter() rule {
	return rule{name: "a parameter that Engage does not control is added: not touched, by any write", do: func(h *house) {
		ann, q := h.user(mail("Ann")).ID, h.queue("Virtual").ID
		h.do(h.org.EditUser(ann, func(raw map[string]any) { raw["title"] = "Head of Tea" }))
		h.do(h.org.EditQueue(q, func(raw map[string]any) { raw["description"] = "ours" }))
		h.do(h.RenamePerson(h.ctx, h.person("Ann").DBID, "Anna", "Agent"))
		h.do(h.SetAlias(h.ctx, h.dn("Virtual").DBID, "Real"))
		h.run()
		if u := h.user(mail("Ann")); u.Name != "Anna Agent" || u.Extra["title"] != "Head of Tea" {
			h.t.Errorf("the user is %+v", u)
		}
		if got := h.queue("Real"); got.Settings["description"] != "ours" {
			h.t.Errorf("the queue is %+v", got)
		}
	}}
}

func movedUser(h *house, back bool) {
	division, err := h.org.AddDivision("Elsewhere")
	h.do(err)
	h.do(h.org.MoveUser(h.user(mail("Ann")).ID, division))
	h.look(userKey(h.person("Ann").DBID))
	if home := h.user(mail("Ann")).DivisionID == h.org.HomeDivision(); home != back {
		h.t.Errorf("in the Home Division: %v, want %v", home, back)
	}
}

// extraMember puts two users into a queue: one that Engage knows and one that it does not.
func extraMember(h *house) {
	guest, err := h.org.AddUser(map[string]any{"name": "Guest", "email": "guest@elsewhere.example"})
	h.do(err)
	h.guardian.keepOff(guest, "a user that Engage does not know")
	h.do(h.org.AddMembers(h.queue("ACD").ID, guest, h.user(mail("Cy")).ID))
	h.look(membersKey(h.dn("ACD").DBID))
	h.wantMembers("ACD", "Ann Agent", "Bob Agent", "Guest")
	h.do(h.RemoveMember(h.ctx, h.group("Front").DBID, h.person("Bob").DBID))
	h.run()
	h.wantMembers("ACD", "Ann Agent", "Guest")
}
