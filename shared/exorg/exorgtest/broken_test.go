package exorgtest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBrokenBodies: a body that is no JSON, or JSON of the wrong type, is 400 at every write and changes nothing.
func TestBrokenBodies(t *testing.T) {
	c := newCaller(t)
	c.sloppy = true
	u, s, l := c.newUser("a@x.de"), c.newSkill("S"), c.newLanguage("L")
	q, w := c.newQueue("Q", ""), c.newCode("W")
	src := made(t)(c.org.AddSource(object{"name": "X"}))
	do(t, c.org.AddMembers(q, u))
	before := c.org.Changes()
	for path, bodies := range map[string][]string{
		"POST /users":                                  {`[`, `{"name":5}`, `null`},
		"PATCH /users/" + u:                            {`[`, `{"version":"1"}`, `{"version":1,"name":7}`, `{"version":1,"name":" "}`, `{"version":1.5}`, `{"version":1,"email":7}`, `{"version":1,"state":"gone"}`, `{"version":1,"addresses":7}`},
		"PUT /users/" + u + "/state":                   {`[`, `{}`, `{"state":"active","version":"1"}`, `{"state":"active","stateChangeReason":1}`},
		"POST /users/search":                           {`[`},
		"POST /users/" + u + "/externalid":             {`[`, `{}`, `{"authorityName":"a"}`},
		"POST /users/" + u + "/routingskills":          {`[`, `{"id":"` + s + `"}`},
		"PUT /users/" + u + "/routingskills/bulk":      {`{`, `{}`, `[{"id":5}]`},
		"PATCH /users/" + u + "/routinglanguages/bulk": {`{`, `[{"proficiency":1}]`},
		"PATCH /users/" + u + "/routinglanguages/" + l: {`[`, `{"proficiency":"high"}`},
		"POST /routing/skills":                         {`[`, `{}`},
		"PATCH /routing/skills/" + s:                   {`[`, `{"divisionId":5}`, `{"divisionId":"nowhere"}`},
		"POST /routing/languages":                      {`[`, `{"name":""}`},
		"POST /routing/queues":                         {`[`, `{"name":"x","peerId":7}`, `{"name":"x","division":"home"}`, `{"name":"x","division":{"id":"nowhere"}}`, `{"name":"x","sourceQueueId":"nowhere"}`},
		"PUT /routing/queues/" + q:                     {`[`, `{}`},
		"POST /routing/queues/" + q + "/members":       {`{`, `[{}]`},
		"PATCH /routing/queues/" + q + "/members":      {`{`, `[]`, `[{"id":"` + u + `","joined":"yes"}]`},
		"PATCH /routing/queues/" + q + "/members/" + u: {`[`, `{"ringNumber":"1"}`, `{"joined":"yes"}`},
		"POST /routing/queues/" + q + "/wrapupcodes":   {`{`, `[{}]`},
		"POST /routing/wrapupcodes":                    {`[`, `{}`, `{"name":"x","division":{"id":"nowhere"}}`},
		"PUT /routing/wrapupcodes/" + w:                {`[`, `{"name":"x","description":1}`},
		"POST /presence/sources":                       {`[`, `{"name":"x","type":"Other"}`, `{"name":"x","deactivated":"no"}`},
		"PUT /presence/sources/" + src:                 {`[`, `{}`},
		"PUT /presence/users/" + u + "/primarysource":  {`[`, `{"sourceId":1}`},
		"POST /authorization/divisions/x/objects/USER": {`{`, `[]`},
		"POST /audits/query":                           {`[`, `{}`},
		"POST /audits/query/realtime":                  {`[`, `{"interval":"2026-01-02T00:00:00Z/2026-01-01T00:00:00Z"}`},
	} {
		method, target, _ := strings.Cut(path, " ")
		for _, body := range bodies {
			r, err := http.NewRequestWithContext(t.Context(), method, c.base+"/api/v2"+target, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+c.token)
			r.Header.Set("Content-Type", "application/json; charset=UTF-8")
			if a := c.send(r); a.status != 400 {
				t.Errorf("%s %s: status %d", path, body, a.status)
			}
		}
	}
	if diff := cmp.Diff(before, c.org.Changes()); diff != "" {
		t.Errorf("something was changed: %s", diff)
	}
}

// TestAbsent: what is not there is 404 at every operation on one object.
func TestAbsent(t *testing.T) {
	c := newCaller(t)
	u, q := c.newUser("a@x.de"), c.newQueue("Q", "")
	for path, body := range map[string]any{
		"GET /users/x/state": nil, "PUT /users/x/state": object{"state": "active"}, "GET /users/x/externalid": nil,
		"GET /users/x/externalid/a": nil, "GET /users/" + u + "/externalid/a": nil, "GET /users/x/queues": nil,
		"POST /users/x/routingskills": object{"id": "s", "proficiency": 1}, "DELETE /users/x/routingskills/s": nil,
		"PUT /users/x/routingskills/bulk": []object{}, "PATCH /routing/skills/x": object{"divisionId": "d"},
		"GET /routing/queues/x/members": nil, "PATCH /routing/queues/x/members": []object{{"id": u}},
		"PATCH /routing/queues/x/members/" + u: object{"joined": true}, "DELETE /routing/queues/x/members/" + u: nil,
		"PATCH /routing/queues/" + q + "/members/x": object{"joined": true}, "DELETE /routing/queues/" + q + "/members/x": nil,
		"GET /routing/queues/x/wrapupcodes": nil, "POST /routing/queues/x/wrapupcodes": []object{{"id": "w"}},
		"DELETE /routing/queues/x/wrapupcodes/w": nil, "PUT /routing/wrapupcodes/x": object{"name": "n"},
		"GET /presence/sources/x": nil, "PUT /presence/sources/x": object{"name": "n"}, "DELETE /presence/sources/x": nil,
		"GET /presence/users/x/primarysource": nil, "PUT /presence/users/x/primarysource": object{"sourceId": "s"},
		"POST /authorization/divisions/x/objects/USER": []string{u},
	} {
		method, target, _ := strings.Cut(path, " ")
		if a := c.call(method, target, body); a.status != 404 {
			t.Errorf("%s: status %d: %s", path, a.status, a.text)
		}
	}
}
