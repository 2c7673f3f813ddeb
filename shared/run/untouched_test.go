package run_test

import (
	"slices"
	"testing"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/rules"
)

// What Engage does not control is the same before and after creates, updates, renames, repairs and runs without changes,
// down to the last property of the JSON.
func TestUntouched(t *testing.T) {
	t.Parallel()
	for _, preset := range rules.Presets() {
		t.Run(string(preset), func(t *testing.T) {
			t.Parallel()
			h := lot{preset: preset}.build(t).settled()
			a := h.administered()
			before := a.photograph()

			h.turnEverything()
			h.compare(before, a.photograph(), map[string][]string{
				"Ann": {"name", "email", "primaryContactInfo", "skills", "languages"}, "Virtual": {"name"}, "Resolved": {"name"},
			})
			if u := h.user("ann.new@northwind.example"); u.Name != "Anna Agent" {
				t.Errorf("the edits did not arrive: %+v", u)
			}
			before = a.photograph()

			h.spoilEverything(a)
			h.look(
				userKey(h.person("Anna").DBID), userKey(h.person("Cy").DBID), queueKey(h.dn("Real").DBID), membersKey(h.dn("Real").DBID),
				codeKey(h.wrapUp("Resolved").DBID), skillKey(h.engageSkill("Billing").DBID), languageKey(h.engageSkill("English").DBID), sourceKey())
			h.compare(before, a.photograph(), nil)
			h.quiet(5)
			h.compare(before, a.photograph(), nil)
		})
	}
}

// administered are objects that an administrator has filled in, by what the desk calls them.
type administered struct {
	h       *house
	objects map[string]object
	queue   string
}

type object struct {
	kind exorgtest.Kind
	id   string
}

// photograph takes every object's whole JSON, and the queue's members with ring number and joined.
func (a administered) photograph() map[string]map[string]any {
	a.h.t.Helper()
	shots := map[string]map[string]any{}
	for name, o := range a.objects {
		raw, ok := a.h.org.Raw(o.kind, o.id)
		if !ok {
			a.h.t.Fatalf("%s %s is gone", o.kind, name)
		}
		shots[name] = raw
	}
	seats := map[string]any{}
	for _, m := range a.h.org.Members(a.queue) {
		seats[m.UserID] = m
	}
	shots["members of Virtual"] = seats
	return shots
}

func (h *house) compare(before, after map[string]map[string]any, but map[string][]string) {
	h.t.Helper()
	for name := range before {
		if d := rawDiff(before[name], after[name], but[name]...); d != "" {
			h.t.Errorf("%s changed (-before +after):\n%s", name, d)
		}
	}
}

// administered fills every writable property of the desk's objects that Engage does not control.
func (h *house) administered() administered {
	h.t.Helper()
	ann, cy, boss := h.user(mail("Ann")).ID, h.user(mail("Cy")).ID, h.stranger("Boss")
	q, code, spare := h.queue("Virtual").ID, h.code("Resolved").ID, h.code("Callback").ID
	h.do(h.org.EditUser(ann, fillUser(boss)))
	h.do(h.org.SetRoles(ann, "employee", "supervisor", "tea maker"))
	h.do(h.org.EditQueue(q, fillQueue))
	h.do(h.org.AssignCodes(q, code, spare))
	guest, group := h.stranger("Guest"), h.stranger("Grouped")
	h.do(h.org.AddMembers(q, guest))
	h.do(h.org.AddGroupMembers(q, group, cy))
	h.do(h.org.SetMember(q, ann, 3, false))
	h.do(h.org.EditCode(code, func(raw map[string]any) { raw["description"] = "when all is well" }))
	division, err := h.org.AddDivision("Elsewhere")
	h.do(err)
	h.do(h.org.MoveSkill(h.skill("Billing").ID, division))
	h.do(h.org.MoveQueue(q, division))
	h.do(h.org.EditSource(h.org.Sources()[0].ID, func(raw map[string]any) { raw["description"] = "from Engage" }))
	// EXCS reads the queue with all that was done to it.
	h.look(queueKey(h.dn("Virtual").DBID), membersKey(h.dn("Virtual").DBID))
	return administered{h: h, queue: q, objects: map[string]object{
		"Ann": {exorgtest.KindUser, ann}, "Cy": {exorgtest.KindUser, cy}, "Boss": {exorgtest.KindUser, boss}, "Guest": {exorgtest.KindUser, guest},
		"Virtual": {exorgtest.KindQueue, q}, "Resolved": {exorgtest.KindCode, code}, "Callback": {exorgtest.KindCode, spare},
		"Billing": {exorgtest.KindSkill, h.skill("Billing").ID}, "English": {exorgtest.KindLanguage, h.language("English").ID},
		"EXCS": {exorgtest.KindSource, h.org.Sources()[0].ID},
	}}
}

// stranger adds a user that Engage does not know and that EXCS must leave alone.
func (h *house) stranger(name string) string {
	h.t.Helper()
	id, err := h.org.AddUser(map[string]any{"name": name, "email": name + "@elsewhere.example", "title": "a stranger"})
	h.do(err)
	h.guardian.keepOff(id, "a user that Engage does not know")
	return id
}

func fillUser(boss string) func(raw map[string]any) {
	return func(raw map[string]any) {
		raw["title"], raw["department"], raw["preferredName"] = "Head of Tea", "Kitchen", "Annie"
		raw["addresses"] = []any{
			map[string]any{"address": "+44 20 7946 0000", "mediaType": "PHONE", "type": "WORK"},
			map[string]any{"address": "ann@home.example", "mediaType": "EMAIL", "type": "HOME"},
		}
		raw["manager"] = map[string]any{"id": boss}
		raw["chat"] = map[string]any{"jabberId": "ann@chat.example"}
		raw["profileSkills"] = []any{"tea", "biscuits"}
		raw["certifications"] = []any{"kettle, grade 3"}
		raw["acdAutoAnswer"] = true
		raw["biography"] = map[string]any{"biography": "Ann likes tea."}
		raw["employerInfo"] = map[string]any{"employeeId": "77", "employeeType": "Full-time"}
	}
}

func fillQueue(raw map[string]any) {
	flow := func(name string) map[string]any { return map[string]any{"id": "flow-" + name, "name": name} }
	for k, v := range map[string]any{
		"description":   "the administrator's",
		"mediaSettings": map[string]any{"call": map[string]any{"alertingTimeoutSeconds": 11, "serviceLevel": map[string]any{"percentage": 0.7, "durationMs": 15000}}},
		"acwSettings":   map[string]any{"wrapupPrompt": "MANDATORY_TIMEOUT", "timeoutMs": 45000},
		"routingRules":  []any{map[string]any{"operator": "MEETS_THRESHOLD", "threshold": 3, "waitSeconds": 20}},
		"bullseye":      map[string]any{"rings": []any{map[string]any{"expansionCriteria": []any{map[string]any{"type": "TIMEOUT_SECONDS", "threshold": 5}}}}},
		"scoringMethod": "PriorityOnly", "skillEvaluationMethod": "BEST", "lastAgentRoutingMode": "AnyAgent",
		"queueFlow": flow("in-queue"), "emailInQueueFlow": flow("mail"), "messageInQueueFlow": flow("message"),
		"whisperPrompt": flow("whisper"), "onHoldPrompt": flow("hold"),
		"autoAnswerOnly": true, "enableTranscription": true, "enableAudioMonitoring": true, "enableManualAssignment": true, "suppressInQueueCallRecording": false,
		"callingPartyName": "Northwind", "callingPartyNumber": "+442079460000",
		"defaultScripts":       map[string]any{"CALL": map[string]any{"id": "script-1", "name": "Greeting"}},
		"outboundEmailAddress": map[string]any{"domain": map[string]any{"id": "mail.example"}},
		"agentOwnedRouting":    map[string]any{"enableAgentOwnedCallbacks": true, "maxOwnedCallbackHours": 2, "maxOwnedCallbackDelayHours": 1},
	} {
		raw[k] = v
	}
}

// turnEverything changes what Engage does control, of the same objects.
func (h *house) turnEverything() {
	h.t.Helper()
	ann := h.person("Ann").DBID
	h.do(h.RenamePerson(h.ctx, ann, "Anna", "Agent"))
	h.do(h.ChangeEmail(h.ctx, ann, "ann.new@northwind.example"))
	h.do(h.ChangeLevel(h.ctx, ann, h.engageSkill("English").DBID, 2))
	h.do(h.AddLevel(h.ctx, ann, h.engageSkill("Sales").DBID, 1))
	h.do(h.SetAlias(h.ctx, h.dn("Virtual").DBID, "Real"))
	h.do(h.RenameValue(h.ctx, h.wrapUp("Resolved").DBID, "Solved"))
	_, err := h.Hire(h.ctx, engagetest.Newcomer{First: "Eve", Last: "Agent", Email: mail("Eve")})
	h.do(err)
	h.run()
	h.equal()
}

// spoilEverything changes in the EX Org what Engage controls.
func (h *house) spoilEverything(a administered) {
	h.t.Helper()
	ann, cy := a.objects["Ann"].id, a.objects["Cy"].id
	h.do(h.org.EditUser(ann, func(raw map[string]any) { raw["name"], raw["email"] = "X", "x@northwind.example" }))
	h.do(h.org.SetUserSkill(ann, h.skill("Billing").ID, 1))
	h.do(h.org.RemoveUserLanguage(ann, h.language("English").ID))
	h.do(h.org.SetUserLanguage(cy, h.language("English").ID, 5))
	h.do(h.org.EditQueue(a.queue, func(raw map[string]any) { raw["name"], raw["peerId"] = "Y", "0" }))
	h.do(h.org.EditCode(a.objects["Resolved"].id, func(raw map[string]any) { raw["name"] = "Z" }))
	h.do(h.org.EditSource(a.objects["EXCS"].id, func(raw map[string]any) { raw["name"] = "S" }))
	h.do(h.org.AddMembers(a.queue, h.user(mail("Eve")).ID, h.user(mail("Dora")).ID))
}

// A user, a queue and a member that Engage does not know are never written to, whatever happens around them.
func TestUntouchedStrangers(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	q, err := h.org.AddQueue(map[string]any{"name": "Strangers", "description": "not Engage's"})
	h.do(err)
	h.guardian.keepOff(q, "a queue that Engage does not know")
	skill, err := h.org.AddSkill("Juggling")
	h.do(err)
	h.guardian.keepOff(skill, "a skill that Engage does not know")
	stranger := h.stranger("Guest")
	h.do(h.org.AddMembers(q, stranger, h.user(mail("Ann")).ID))
	before, _ := h.org.Raw(exorgtest.KindQueue, q)
	user, _ := h.org.Raw(exorgtest.KindUser, stranger)
	h.turnEverything()
	h.look(userKey(h.person("Anna").DBID), sourceKey())
	h.quiet(5)
	after, _ := h.org.Raw(exorgtest.KindQueue, q)
	if d := rawDiff(before, after); d != "" {
		t.Errorf("the queue changed:\n%s", d)
	}
	after, _ = h.org.Raw(exorgtest.KindUser, stranger)
	if d := rawDiff(user, after); d != "" {
		t.Errorf("the user changed:\n%s", d)
	}
	if got := h.members("Strangers"); !slices.Equal(got, []string{"Anna Agent", "Guest"}) {
		t.Errorf("members of a queue that is not Engage's: %v", got)
	}
}
