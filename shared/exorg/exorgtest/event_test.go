package exorgtest_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/exorg/exorgtest"
)

// body reads the audit record out of an EventBridge event.
func body(t *testing.T, e exorgtest.Event) object {
	t.Helper()
	var envelope object
	do(t, json.Unmarshal(e.Envelope, &envelope))
	return envelope["detail"].(object)["eventBody"].(object)
}

// told lists events as "Entity Action id property…".
func told(t *testing.T, events []exorgtest.Event) []string {
	t.Helper()
	out := []string{}
	for _, e := range events {
		b := body(t, e)
		words := []string{b["serviceName"].(string), b["entityType"].(string), b["action"].(string)}
		for _, p := range b["propertyChanges"].([]any) {
			words = append(words, p.(object)["property"].(string))
		}
		out = append(out, strings.Join(words, " "))
	}
	return out
}

func TestEventsTellWhatTheAuditServiceTells(t *testing.T) {
	c := newCaller(t)
	u := c.newUser("ada@example.com")
	q, w, s, l := c.newQueue("Q", ""), c.newCode("Done"), c.newSkill("S"), c.newLanguage("L")
	c.must(200, "POST", "/presence/sources", object{"name": "EXCS"})
	seen := len(c.org.Changes())
	c.must(200, "PATCH", "/users/"+u, object{"version": 1, "state": "inactive"})
	do(t, c.org.SetUserSkill(u, s, 1))
	do(t, c.org.SetUserLanguage(u, l, 1))
	do(t, c.org.AddExternalID(u, exorgtest.ExternalID{Authority: "a", Key: "k"}))
	c.must(204, "POST", "/routing/queues/"+q+"/members", []object{{"id": u}})
	do(t, c.org.SetMember(q, u, 2, false))
	c.must(204, "POST", "/routing/queues/"+q+"/members?delete=true", []object{{"id": u}})
	do(t, c.org.AssignCodes(q, w))
	do(t, c.org.UnassignCode(q, w))
	do(t, c.org.EditQueue(q, func(raw map[string]any) { raw["description"] = "by hand" }))
	do(t, c.org.EditCode(w, func(raw map[string]any) { raw["name"] = "Finished" }))
	do(t, c.org.DeleteSkill(s))
	do(t, c.org.DeleteLanguage(l))
	do(t, c.org.DeleteCode(w))
	do(t, c.org.DeleteQueue(q))
	do(t, c.org.TouchUser(u))
	do(t, c.org.DeleteUser(u))
	member := "QueueMember/" + q + ":" + u
	want := []string{
		"Directory User Update state version",
		"ContactCenter Queue MemberAdd " + member,
		"ContactCenter Queue MemberUpdate " + member + ":joined",
		"ContactCenter Queue MemberRemove " + member,
		"ContactCenter Queue WrapupCodeAdd wrapupCode",
		"ContactCenter Queue WrapupCodeRemove wrapupCode",
		"ContactCenter Queue Update description",
		"ContactCenter WrapupCode Update name",
		"ContactCenter WrapupCode Delete",
		"ContactCenter Queue Delete",
		"Directory User Update version",
		"Directory User Delete state version",
	}
	if diff := cmp.Diff(want, told(t, c.org.EventsSince(seen))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Directory User Create", "ContactCenter Queue Create", "ContactCenter WrapupCode Create"}, cut3(told(t, c.org.Events())[:3])); diff != "" {
		t.Error(diff)
	}
}

// cut3 keeps service, entity and action.
func cut3(events []string) []string {
	out := []string{}
	for _, e := range events {
		out = append(out, strings.Join(strings.Fields(e)[:3], " "))
	}
	return out
}

func TestSkillEventsAreAnOption(t *testing.T) {
	c := newCaller(t, exorgtest.WithSkillAudit(true))
	do(t, c.org.DeleteSkill(c.newSkill("S")))
	c.newLanguage("L")
	want := []string{"Routing RoutingSkill Create name", "Routing RoutingSkill Delete state", "Routing RoutingLanguage Create name"}
	if diff := cmp.Diff(want, told(t, c.org.Events())); diff != "" {
		t.Error(diff)
	}
}

func TestEventEnvelope(t *testing.T) {
	clock := newHandClock()
	c := newCaller(t, clock.option(), exorgtest.WithEventLag(4*time.Minute+30*time.Second))
	q, u := c.newQueue("Sales", ""), c.newUser("ada@example.com")
	clock.move(10 * time.Minute)
	seen := len(c.org.Changes())
	c.must(204, "POST", "/routing/queues/"+q+"/members", []object{{"id": u}})
	if got := c.org.EventsSince(seen); len(got) != 0 {
		t.Errorf("delivered at once: %d", len(got))
	}
	clock.move(4*time.Minute + 30*time.Second)
	events := c.org.EventsSince(seen)
	if len(events) != 1 {
		t.Fatalf("%d events", len(events))
	}
	var got object
	do(t, json.Unmarshal(events[0].Envelope, &got))
	detail, b := got["detail"].(object), body(t, events[0])
	for name, pair := range map[string][2]any{
		"version":     {got["version"], "0"},
		"detail-type": {got["detail-type"], "v2.audits.entitytype.{id}.entityid.{id}"}, // the template, never the object
		"source":      {got["source"], "aws.partner/genesys.com/cloud/" + c.org.ID() + "/excs"},
		"time":        {got["time"], "2026-01-05T09:14:30Z"},
		"topicName":   {detail["topicName"], "v2.audits.entitytype.Queue.entityid." + q},
		"eventTime":   {b["eventTime"], "2026-01-05T09:10:00.000Z"},
		"userId":      {b["userId"], exorgtest.DefaultClientID}, // the API client's id stands where a user's would
		"clientId":    {b["clientId"].(object)["id"], ""},
		"org":         {b["userHomeOrgId"], c.org.ID()},
		"level":       {b["level"], "USER"},
		"entity":      {b["entity"].(object)["name"], "Sales"},
		"new":         {b["propertyChanges"].([]any)[0].(object)["newValues"].([]any)[0], "<queue member added>"},
		"old":         {b["propertyChanges"].([]any)[0].(object)["oldValues"], nil},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %v, want %v", name, pair[0], pair[1])
		}
	}
	if got["id"] == b["id"] || got["id"] == "" {
		t.Errorf("ids %v and %v", got["id"], b["id"])
	}
	again := c.org.EventsSince(seen)
	if string(again[0].Envelope) != string(events[0].Envelope) {
		t.Error("rendered again, the event is another one")
	}
}

func TestEventsTellWhoDidIt(t *testing.T) {
	c := newCaller(t, exorgtest.WithClientInEvents(true))
	u := c.newUser("ada@example.com")
	do(t, c.org.EditUser(u, func(raw map[string]any) { raw["title"] = "by hand" }))
	do(t, c.org.TouchUser(u))
	events := c.org.Events()
	first, second, third := body(t, events[0]), body(t, events[1]), body(t, events[2])
	if first["clientId"].(object)["id"] != exorgtest.DefaultClientID {
		t.Errorf("client %v", first["clientId"])
	}
	if second["userId"] != c.org.AdminID() || second["clientId"].(object)["id"] != "" {
		t.Errorf("administrator %v, client %v", second["userId"], second["clientId"])
	}
	if third["level"] != "SYSTEM" {
		t.Errorf("level %v", third["level"])
	}
	if second["entity"].(object)["name"] != "" {
		t.Error("a user's event carries the name")
	}
}

func TestChangesHook(t *testing.T) {
	c := newCaller(t, exorgtest.WithHistory(4))
	var told []exorgtest.Change
	c.org.OnChange(func(ch exorgtest.Change) {
		if _, ok := c.org.Skill(ch.ID); !ok {
			t.Error("told before it was committed")
		}
		told = append(told, ch)
	})
	for _, name := range []string{"1", "2", "3", "4", "5", "6"} {
		c.newSkill(name)
	}
	if len(told) != 6 || told[5].Seq != 6 || told[5].Name != "6" || !told[5].By.Client {
		t.Errorf("told: %+v", told)
	}
	kept := c.org.Changes()
	if len(kept) != 4 || kept[0].Seq != 3 {
		t.Errorf("kept: %+v", kept)
	}
	c.must(409, "POST", "/routing/skills", object{"name": "1"})
	if len(told) != 6 {
		t.Error("a refused call was told as a change")
	}
}

func TestAuditQueries(t *testing.T) {
	clock := newHandClock()
	c := newCaller(t, clock.option())
	q := c.newQueue("Q", "")
	u := c.newUser("ada@example.com")
	clock.move(time.Hour)
	do(t, c.org.DeleteUser(u))
	clock.move(time.Hour)
	day := "2026-01-05T00:00:00Z/2026-01-06T00:00:00Z"
	t.Run("run for themselves and are fetched page by page", func(t *testing.T) {
		a := c.must(202, "POST", "/audits/query", object{"interval": day})
		path := "/audits/query/" + a.id()
		if got := c.get(path).str("state"); got != "Succeeded" {
			t.Errorf("state %q", got)
		}
		first := c.get(path + "/results?pageSize=2")
		second := c.get(path + "/results?pageSize=2&cursor=" + first.str("cursor"))
		got := append(first.column("action"), second.column("action")...)
		if diff := cmp.Diff([]any{"Delete", "Create", "Create"}, got); diff != "" || second.str("cursor") != "" {
			t.Errorf("%s, cursor %q", diff, second.str("cursor"))
		}
		c.must(404, "GET", "/audits/query/none", nil)
	})
	t.Run("are filtered", func(t *testing.T) {
		filter := func(property, value string) []object { return []object{{"property": property, "value": value}} }
		for name, tc := range map[string]struct {
			body object
			want []any
		}{
			"service":  {object{"interval": day, "serviceName": "ContactCenter"}, []any{q}},
			"entity":   {object{"interval": day, "filters": filter("EntityType", "User"), "sort": []object{{"name": "Timestamp", "sortOrder": "ascending"}}}, []any{u, u}},
			"action":   {object{"interval": day, "filters": append(filter("EntityType", "User"), filter("Action", "Delete")...)}, []any{u}},
			"who":      {object{"interval": day, "filters": filter("UserId", c.org.AdminID())}, []any{u}},
			"interval": {object{"interval": "2026-01-05T09:30:00Z/2026-01-05T12:00:00Z"}, []any{u}},
		} {
			got := []any{}
			for _, e := range c.must(200, "POST", "/audits/query/realtime", tc.body).column("entity") {
				got = append(got, e.(object)["id"])
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	})
	t.Run("have bounds", func(t *testing.T) {
		long := "2026-01-01T00:00:00Z/2026-01-31T00:00:01Z"
		c.must(400, "POST", "/audits/query", object{"interval": long})
		c.must(400, "POST", "/audits/query/realtime", object{"interval": "2026-01-01T00:00:00Z/2026-01-15T00:00:01Z"})
		c.must(400, "POST", "/audits/query", object{"interval": "yesterday"})
		c.must(400, "POST", "/audits/query", object{"interval": day, "filters": []object{{"property": "Action", "value": "Delete"}}})
	})
	t.Run("have a service mapping that says what is told", func(t *testing.T) {
		services, _ := c.get("/audits/query/servicemapping").object["services"].([]any)
		if len(services) != 2 {
			t.Errorf("services %v", services)
		}
		if got := c.get("/notifications/availabletopics").entities(); len(got) == 0 {
			t.Error("no topics")
		}
	})
}
