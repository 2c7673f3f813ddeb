package notice_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/model"
	"excs/shared/notice"
)

// The sample that FACTS X14 gives of a real event, put together anew around an object of the given type.
const realEnvelope = `{"version":"0","id":"e9938ff0","detail-type":"v2.audits.entitytype.{id}.entityid.{id}",
 "source":"aws.partner/genesys.com/cloud/23faea37/quickstart-test","account":"490606849374",
 "time":"2021-05-31T09:49:26Z","region":"us-east-1","resources":[],
 "detail":{"topicName":"v2.audits.entitytype.OAuthClient.entityid.46a10c81","version":"2",
  "eventBody":{"id":"128b506d","userId":"d7ff136e","userHomeOrgId":"23faea37","username":{"id":""},
   "clientId":{"id":"46a10c81"},"serviceName":"PeoplePermissions","eventTime":"2021-05-31T09:49:25.000Z",
   "action":"Delete","entityType":"OAuthClient","entity":{"id":"46a10c81","name":"My OAuth Client"},
   "propertyChanges":[{"property":"deleted_on","newValues":["2021-05-31T09:44:53Z"]},
                      {"property":"scopes","oldValues":["users"]}]},
  "metadata":{"CorrelationId":"8f725aa1-archival"},"timestamp":"2021-05-31T09:49:26.031Z"}}`

// A captured event is understood whole, although its entity type is none of EXCS's kinds.
func TestParseRealEnvelope(t *testing.T) {
	want := notice.Notice{
		ID: "128b506d", Entity: "OAuthClient", EXID: "46a10c81", Action: notice.ActionDelete, Name: "My OAuth Client", Who: "d7ff136e",
		At: time.Date(2021, 5, 31, 9, 49, 25, 0, time.UTC), Properties: []string{"deleted_on", "scopes"},
	}
	got := parse(t, realEnvelope)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if r := got.Noise(); r != notice.ReasonForeign {
		t.Errorf("noise %q", r)
	}
}

// Each row is one event body; what is not named in it stays zero.
func TestParse(t *testing.T) {
	at := time.Date(2026, 7, 30, 12, 0, 0, 0, time.UTC)
	cases := []struct {
		name, body string
		want       notice.Notice
	}{
		{
			"a queue member is removed, new form",
			`{"id":"a1","serviceName":"ContactCenter","level":"USER","eventTime":"2026-07-30T12:00:00Z","action":"MemberRemove",
			 "entityType":"Queue","entity":{"id":"QUEUE","name":"Sales"},"userId":"ADMIN","clientId":{"id":""},
			 "propertyChanges":[{"property":"QueueMember/QUEUE:USER","oldValues":["<queue member deleted>"],"newValues":[]}]}`,
			notice.Notice{ID: "a1", Entity: "Queue", Kind: model.KindQueue, EXID: "QUEUE", Action: notice.ActionMembers, Memberships: true, Members: []string{"USER"}, Name: "Sales", Who: "ADMIN", At: at},
		},
		{
			"queue members change, old form",
			`{"id":"a1","action":"Update","entityType":"Queue","entity":{"id":"QUEUE"},
			 "propertyChanges":[{"property":"queueId:QUEUE:members","oldValues":["queueMember:U2"],"newValues":["queueMember:U1","queueMember:U2"]}]}`,
			notice.Notice{ID: "a1", Entity: "Queue", Kind: model.KindQueue, EXID: "QUEUE", Action: notice.ActionMembers, Memberships: true, Members: []string{"U1", "U2"}},
		},
		{
			"the queue of a membership stands in the property only",
			`{"action":"MemberAdd","entityType":"Queue","propertyChanges":[{"property":"QueueMember/Q1:U1","newValues":["<queue member added>"]}]}`,
			notice.Notice{Entity: "Queue", Kind: model.KindQueue, EXID: "Q1", Action: notice.ActionMembers, Memberships: true, Members: []string{"U1"}},
		},
		{
			"an agent joins a queue",
			`{"action":"MemberUpdate","entityType":"Queue","entity":{"id":"Q1"},"propertyChanges":[{"property":"QueueMember/Q1:U1:joined","oldValues":["false"],"newValues":["true"]}]}`,
			notice.Notice{Entity: "Queue", Kind: model.KindQueue, EXID: "Q1", Action: notice.ActionMembers, Memberships: true, Aside: true, Members: []string{"U1"}},
		},
		{
			"a user is deactivated",
			`{"id":"a2","action":"Update","entityType":"User","entity":{"id":"USER","name":""},
			 "propertyChanges":[{"property":"version","oldValues":["12"],"newValues":["13"]},{"property":"state","oldValues":["active"],"newValues":["inactive"]}]}`,
			notice.Notice{ID: "a2", Entity: "User", Kind: model.KindUser, EXID: "USER", Action: notice.ActionUpdate, Properties: []string{"version", "state"}},
		},
		{
			"a skill is taken from a user: an update, not a deletion of the user",
			`{"action":"Delete","entityType":"UserSkill","entity":{"id":"USER"},"propertyChanges":[{"property":"version"}]}`,
			notice.Notice{Entity: "UserSkill", Kind: model.KindUser, EXID: "USER", Action: notice.ActionUpdate},
		},
		{
			"a record of the query API has other names",
			`{"id":"q1","user":{"id":"ADMIN"},"client":{"id":"CLIENT"},"eventDate":"2026-07-30T12:00:00Z","action":"Delete","entityType":"WrapupCode","entity":{"id":"C1","name":"Callback"}}`,
			notice.Notice{ID: "q1", Entity: "WrapupCode", Kind: model.KindWrapUpCode, EXID: "C1", Action: notice.ActionDelete, Name: "Callback", Who: "ADMIN", At: at},
		},
		{
			"the client made the change when no user did",
			`{"user":{"id":""},"client":{"id":"CLIENT"},"entityType":"RoutingLanguage","entity":{"id":"L1"},"action":"create"}`,
			notice.Notice{Entity: "RoutingLanguage", Kind: model.KindLanguage, EXID: "L1", Action: notice.ActionCreate, Who: "CLIENT"},
		},
		{
			"an unknown action and one that is missing are updates",
			`{"entityType":"RoutingSkill","entity":"S1","action":"Rearrange"}`,
			notice.Notice{Entity: "RoutingSkill", Kind: model.KindSkill, EXID: "S1", Action: notice.ActionUpdate},
		},
		{
			"wrap-up codes of a queue",
			`{"entityType":"Queue","entity":{"id":"Q1"},"action":"WrapupCodeAdd"}`,
			notice.Notice{Entity: "Queue", Kind: model.KindQueue, EXID: "Q1", Action: notice.ActionCodes},
		},
		{
			"odd values do not hide the rest",
			`{"id":7,"entityType":"User","entity":{"id":"U1","name":{"first":"A"}},"action":["Update"],"userId":null,"eventTime":"yesterday",
			 "propertyChanges":{"property":"email","oldValues":null,"newValues":"a@b.example"}}`,
			notice.Notice{Entity: "User", Kind: model.KindUser, EXID: "U1", Action: notice.ActionUpdate, Properties: []string{"email"}},
		},
		{
			"texts that hold JSON are opened",
			`{"entityType":"User","entity":"{\"id\":\"U1\"}","clientId":"{\"id\":\"CLIENT\"}","propertyChanges":"[{\"property\":\"email\",\"newValues\":[\"x\"]}]"}`,
			notice.Notice{Entity: "User", Kind: model.KindUser, EXID: "U1", Action: notice.ActionUpdate, Who: "CLIENT", Properties: []string{"email"}},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, parse(t, c.body)); d != "" {
				t.Error(d)
			}
		})
	}
}

// The entity comes from the event body; the concrete topic name fills in what the body lacks, the template never does.
func TestTopic(t *testing.T) {
	cases := []struct{ name, event, entity, id string }{
		{"body before topic", `{"detail":{"topicName":"v2.audits.entitytype.Queue.entityid.Q9","eventBody":{"entityType":"User","entity":{"id":"U1"}}}}`, "User", "U1"},
		{"topic for the whole body", `{"detail":{"topicName":"v2.audits.entitytype.Queue.entityid.Q9","eventBody":null}}`, "Queue", "Q9"},
		{"topic for the id", `{"topicName":"v2.audits.entitytype.Queue.entityid.Q9","eventBody":{"entityType":"Queue","action":"Delete"}}`, "Queue", "Q9"},
		{"topic for the type", `{"topicName":"v2.audits.entitytype.User.entityid.U9","eventBody":{"entity":{"id":"U9"}}}`, "User", "U9"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			n := parse(t, c.event)
			if n.Entity != c.entity || n.EXID != c.id {
				t.Errorf("%s %s", n.Entity, n.EXID)
			}
		})
	}
}

// The event's own id is the same in every delivery; the envelope's is only better than none.
func TestID(t *testing.T) {
	for event, want := range map[string]string{
		`{"id":"envelope","detail":{"eventBody":{"id":"event","entityType":"User","entity":{"id":"U1"}}}}`: "event",
		`{"id":"envelope","detail":{"eventBody":{"entityType":"User","entity":{"id":"U1"}}}}`:              "envelope",
		`{"eventBody":{"entityType":"User","entity":{"id":"U1"}}}`:                                         "",
	} {
		if n := parse(t, event); n.ID != want {
			t.Errorf("id %q of %s", n.ID, event)
		}
	}
}

// What can not be understood is invalid, with a reason that says what is missing and quotes no value.
func TestParseRefuses(t *testing.T) {
	cases := []struct{ name, event, reason string }{
		{"no object", `["a"]`, "not a JSON object"},
		{"cut off", `{"detail":{"eventBody":`, "not a JSON object"},
		{"a detail that is a text", `{"detail":"SECRETVALUE"}`, "its detail"},
		{"a body that is a number", `{"detail":{"eventBody":17}}`, "its eventBody"},
		{"nothing in it", `{}`, "no entityType"},
		{"another topic", `{"detail":{"topicName":"v2.routing.queues.SECRETVALUE.users","eventBody":{"id":"x"}}}`, "no entityType"},
		{"the template is no topic", `{"topicName":"v2.audits.entitytype.{id}.entityid.{id}","eventBody":{}}`, "no entityType"},
		{"no id", `{"entityType":"User","entity":{"name":"SECRETVALUE"}}`, "no usable entity.id"},
		{"an id that is a path", `{"entityType":"User","entity":{"id":"../SECRETVALUE"}}`, "no usable entity.id"},
		{"an id that is too long", `{"entityType":"User","entity":{"id":"` + strings.Repeat("a", 65) + `"}}`, "no usable entity.id"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := notice.Parse([]byte(c.event))
			if model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), c.reason) {
				t.Errorf("error %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "SECRETVALUE") {
				t.Errorf("the reason shows a value: %v", err)
			}
		})
	}
}

// One event, an array of events and either in quotes are taken apart; anything else says why not.
func TestSplit(t *testing.T) {
	for body, want := range map[string]int{
		`{"a":1}`:               1,
		` [{"a":1},{"b":2}] `:   2,
		`"{\"a\":1}"`:           1,
		`"[{\"a\":1},{}]"`:      2,
		`[{"a":1},"text",null]`: 3,
	} {
		parts, err := notice.Split([]byte(body))
		if err != nil || len(parts) != want {
			t.Errorf("%d parts of %s: %v", len(parts), body, err)
		}
	}
	for body, reason := range map[string]string{
		``: "empty", "  \n": "empty", `{"a":1`: "cut off", `[]`: "no event", `17`: "neither", `null`: "neither", `"text"`: "neither",
		`"[1,"`: "neither", `{"a":1}{"b":2}`: "not JSON",
	} {
		_, err := notice.Split([]byte(body))
		if model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), reason) {
			t.Errorf("%q: %v", body, err)
		}
	}
}

// A name is looked up in memory and in logs it never stands, but it must not grow without bounds, nor break a rune.
func TestBounds(t *testing.T) {
	long := strings.Repeat("é", 5000)
	n := parse(t, `{"id":"`+long+`","entityType":"Queue","entity":{"id":"Q1","name":"`+long+`"},"propertyChanges":[{"property":"`+long+`"}]}`)
	for what, text := range map[string]string{"name": n.Name, "id": n.ID, "property": n.Properties[0]} {
		if len(text) > 1024 || strings.Trim(text, "é") != "" || text == "" {
			t.Errorf("%s of %d bytes: %.20q…", what, len(text), text)
		}
	}
	if n := parse(t, `{"entityType":"User","entity":{"id":"U1"},"userId":"`+long+`","clientId":"a\nb"}`); n.Who != "" {
		t.Errorf("who %q", n.Who)
	}
}
