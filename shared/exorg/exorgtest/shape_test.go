package exorgtest_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/exorg/exorgtest"
	"excs/shared/exorg/exorgtest/openapi"
)

var update = flag.Bool("update", false, "write bodies.json anew from the published document")

const bodiesFile = "bodies.json"

// TestBodiesAreThePublishedOnes holds the compiled-in shapes of request bodies against the API's published document.
func TestBodiesAreThePublishedOnes(t *testing.T) {
	path, err := openapi.Find()
	if err != nil {
		t.Skip(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := published(t, raw)
	if *update {
		if err := os.WriteFile(bodiesFile, want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(bodiesFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what %s says: run the test with -update", bodiesFile, path)
	}
}

// published reduces the document to the types and enums of its request bodies.
func published(t *testing.T, raw []byte) []byte {
	t.Helper()
	var in struct {
		Paths      map[string]map[string]object `json:"paths"`
		Components struct {
			Schemas map[string]object `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		t.Fatal(err)
	}
	r := &reducer{schemas: in.Components.Schemas, shapes: object{}}
	operations := object{}
	for path, item := range in.Paths {
		for method, op := range item {
			body, _ := op["requestBody"].(object)
			content, _ := body["content"].(object)
			media, _ := content["application/json"].(object)
			if schema, ok := media["schema"].(object); ok {
				operations[strings.ToUpper(method)+" "+path] = r.shape(schema)
			}
		}
	}
	out, err := json.MarshalIndent(object{"operations": operations, "shapes": r.shapes}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

type reducer struct {
	schemas map[string]object
	shapes  object
}

// shape keeps what says which values are taken; what is read-only is ignored by the platform, so it takes anything.
func (r *reducer) shape(s object) object {
	out := object{}
	if ref, ok := s["$ref"].(string); ok {
		name := ref[strings.LastIndex(ref, "/")+1:]
		if _, done := r.shapes[name]; !done {
			r.shapes[name] = object{} // ends a circle
			r.shapes[name] = r.shape(r.schemas[name])
		}
		out["ref"] = name
		return out
	}
	if s["readOnly"] == true {
		return out
	}
	for _, k := range []string{"type", "enum"} {
		if s[k] != nil {
			out[k] = s[k]
		}
	}
	if items, ok := s["items"].(object); ok {
		out["items"] = r.shape(items)
	}
	if values, ok := s["additionalProperties"].(object); ok {
		out["values"] = r.shape(values)
	}
	if properties, ok := s["properties"].(object); ok {
		fields := object{}
		for name, p := range properties {
			if f := r.shape(p.(object)); len(f) > 0 {
				fields[name] = f
			}
		}
		out["fields"] = fields
	}
	return out
}

// A value outside an enum or of a wrong type, anywhere in a body, is 400 and changes nothing; the same body with good values is taken.
func TestBodiesAreTyped(t *testing.T) {
	c := newCaller(t)
	c.sloppy = true
	u, q, s := c.newUser("a@x.de"), c.newQueue("Q", ""), c.newSkill("S")
	before := len(c.org.Changes())
	for _, tc := range []struct {
		method, path string
		body         any
		want         string
	}{
		{"PUT", "/routing/queues/" + q, object{"name": "Q", "scoringMethod": "Random"}, "Allowable values are: TimestampAndPriority, PriorityOnly"},
		{"PUT", "/routing/queues/" + q, object{"name": "Q", "acwSettings": object{"wrapupPrompt": "NEVER"}}, "[WrapupPrompt]"},
		{"PUT", "/routing/queues/" + q, object{"name": "Q", "mediaSettings": object{"callback": object{"mode": "Nobody"}}}, "[Mode]. Allowable values are: AgentFirst, CustomerFirst"},
		{"PUT", "/routing/queues/" + q, object{"name": "Q", "mediaSettings": object{"call": object{"alertingTimeoutSeconds": "8"}}}, "[AlertingTimeoutSeconds]"},
		{"PUT", "/routing/queues/" + q, object{"name": "Q", "acwSettings": object{"timeoutMs": 1.5}}, "[TimeoutMs]"},
		{"PUT", "/routing/queues/" + q, object{"name": "Q", "routingRules": object{}}, "[RoutingRules]"},
		{"PUT", "/routing/queues/" + q, object{"name": "Q", "bullseye": object{"rings": []object{{"expansionCriteria": []object{{"type": "MOON"}}}}}}, "TIMEOUT_SECONDS"},
		{"POST", "/routing/queues", object{"name": "R", "memberGroups": []object{{"id": "g", "type": "CLUB"}}}, "TEAM"},
		{"POST", "/routing/queues", object{"name": "R", "autoAnswerOnly": "yes"}, "[AutoAnswerOnly]"},
		{"PATCH", "/users/" + u, object{"version": 1, "state": "sleeping"}, "Allowable values are"},
		{"PATCH", "/users/" + u, object{"version": 1, "title": 5}, "[Title]"},
		{"POST", "/users", object{"name": "B", "email": "b@x.de", "state": "sleeping"}, "Allowable values are"},
		{"PUT", "/users/" + u + "/routingskills/bulk", []object{{"id": s, "proficiency": "3"}}, "[Proficiency]"},
		{"POST", "/presence/sources", object{"name": "x", "type": "Other"}, "Allowable values are: System, User"},
		{"POST", "/routing/wrapupcodes", object{"name": "x", "division": "home"}, "[Division]"},
	} {
		a := c.must(400, tc.method, tc.path, tc.body)
		if !strings.Contains(a.str("message"), tc.want) {
			t.Errorf("%s %s: message %q, want %q", tc.method, tc.path, a.str("message"), tc.want)
		}
	}
	if n := len(c.org.Changes()); n != before {
		t.Errorf("%d changes", n-before)
	}
	c.must(200, "PUT", "/routing/queues/"+q, object{"name": "Q", "mediaSettings": object{"callback": object{"mode": "CustomerFirst"}}, "description": nil})
	c.must(200, "PATCH", "/users/"+u, object{"version": 1, "title": "Dr."})
	loose := newCaller(t, exorgtest.WithValidator(nil), exorgtest.WithUncheckedBodies(true))
	loose.sloppy = true
	loose.must(200, "POST", "/routing/queues", object{"name": "R", "scoringMethod": "Random"})
}

// The first conditional group routing rule means the queue itself: a GET names it, a PUT or POST that names it is refused, and whoever leaves it
// out changes nothing.
func TestFirstGroupRoutingRule(t *testing.T) {
	c := newCaller(t)
	rule := func(queue string) object {
		r := object{"metric": "ServiceLevel", "operator": "LessThan", "conditionValue": 50, "groups": []object{}}
		if queue != "" {
			r["queue"] = object{"id": queue}
		}
		return r
	}
	body := func(queues ...string) object {
		var rules []object
		for _, q := range queues {
			rules = append(rules, rule(q))
		}
		return object{"name": "Q", "conditionalGroupRouting": object{"rules": rules}}
	}
	other := c.newQueue("Other", "")
	c.must(400, "POST", "/routing/queues", body(other))
	id := c.must(200, "POST", "/routing/queues", body("", other)).id()
	queueOf := func(n int) any {
		routing, _ := c.get("/routing/queues/" + id).object["conditionalGroupRouting"].(object)
		return routing["rules"].([]any)[n].(object)["queue"].(object)["id"]
	}
	if queueOf(0) != id || queueOf(1) != other {
		t.Errorf("rules of %v and %v", queueOf(0), queueOf(1))
	}
	before, _ := c.org.Queue(id)
	c.must(400, "PUT", "/routing/queues/"+id, body(id, other))
	c.must(200, "PUT", "/routing/queues/"+id, body("", other))
	do(t, c.org.EditQueue(id, func(raw map[string]any) { raw["description"] = nil })) // a person's edit of all that a GET gives
	after, _ := c.org.Queue(id)
	if diff := cmp.Diff(before.Settings, after.Settings); diff != "" || queueOf(0) != id {
		t.Error(diff)
	}
}

func TestQueueReferences(t *testing.T) {
	for _, checked := range []bool{false, true} {
		c := newCaller(t, exorgtest.WithQueueReferencesChecked(checked))
		want := 200
		if checked {
			want = 400
		}
		there := c.newQueue("There", "")
		c.must(200, "POST", "/routing/queues", object{"name": "A", "directRouting": object{"backupQueueId": there}})
		c.must(want, "POST", "/routing/queues", object{"name": "B", "directRouting": object{"backupQueueId": "nowhere"}})
		c.must(want, "POST", "/routing/queues", object{"name": "C", "conditionalGroupActivation": object{"rules": []object{
			{"conditions": []object{{"simpleMetric": object{"metric": "ServiceLevel", "queue": object{"id": "nowhere"}}}}},
		}}})
	}
}

func TestNoDirectRoutingUnlessSetUp(t *testing.T) {
	c := newCaller(t)
	if _, has := c.get("/routing/queues/" + c.newQueue("Q", "")).object["directRouting"]; has {
		t.Error("a queue that nobody set up has direct routing")
	}
}

// What hangs on a new object can be listed as soon as the object is made, and lags by itself.
func TestListsOfANewObject(t *testing.T) {
	for name, lag := range map[string]exorgtest.Option{"as the object": exorgtest.WithReadLag(time.Minute), "by themselves": exorgtest.WithSideLag(time.Minute)} {
		t.Run("lag "+name, func(t *testing.T) {
			clock := newHandClock()
			c := newCaller(t, clock.option(), lag)
			s, code := c.newSkill("S"), c.newCode("Done")
			u := c.must(200, "POST", "/users", object{"name": "A", "email": "a@x.de", "divisionId": c.org.HomeDivision(), "state": "active"}).id()
			q := c.must(200, "POST", "/routing/queues", object{"name": "Q"}).id()
			c.must(200, "PUT", "/users/"+u+"/routingskills/bulk", []object{{"id": s, "proficiency": 3}})
			c.must(204, "POST", "/routing/queues/"+q+"/members", []object{{"id": u}})
			c.must(200, "POST", "/routing/queues/"+q+"/wrapupcodes", []object{{"id": code}})
			lists := []string{"/users/" + u + "/routingskills", "/users/" + u + "/routinglanguages", "/routing/queues/" + q + "/members", "/routing/queues/" + q + "/wrapupcodes"}
			for want := range 2 {
				for _, path := range lists {
					if n := len(c.get(path).entities()); n != want && !strings.HasSuffix(path, "languages") {
						t.Errorf("%s: %d entries, want %d", path, n, want)
					}
				}
				c.must(200, "GET", "/users/"+u+"/externalid", nil)
				clock.move(time.Minute)
			}
			c.must(404, "GET", "/users/nobody/routingskills", nil)
			c.must(404, "GET", "/routing/queues/nowhere/members", nil)
			do(t, c.org.DeleteQueue(q))
			clock.move(time.Minute)
			c.must(404, "GET", "/routing/queues/"+q+"/members", nil)
		})
	}
}

// A ragged lag shows any state between now and the lag, and never an older one.
func TestRaggedLag(t *testing.T) {
	clock := newHandClock()
	c := newCaller(t, clock.option(), exorgtest.WithSideLag(20*time.Second), exorgtest.WithRaggedLag(true))
	u, s := c.newUser("a@x.de"), c.newSkill("S")
	clock.move(time.Minute)
	do(t, c.org.SetUserSkill(u, s, 3))
	clock.move(10 * time.Second)
	seen := map[int]int{}
	for range 200 {
		seen[len(c.get("/users/"+u+"/routingskills").entities())]++
	}
	if seen[0] < 20 || seen[1] < 20 {
		t.Errorf("after 10 of 20 s: %v", seen)
	}
	clock.move(10 * time.Second)
	for range 200 {
		if len(c.get("/users/"+u+"/routingskills").entities()) != 1 {
			t.Fatal("a state older than the lag")
		}
	}
}

func TestLanguagesAreListedBy100(t *testing.T) {
	c := newCaller(t)
	c.newLanguage("L")
	c.get("/routing/languages?pageSize=100")
	c.must(400, "GET", "/routing/languages?pageSize=101", nil)
	c.get("/routing/skills?pageSize=500")
}
