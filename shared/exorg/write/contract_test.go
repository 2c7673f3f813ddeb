package write_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/exorg/exorgtest/openapi"
	"excs/shared/exorg/internal/script"
	"excs/shared/exorg/write"
	"excs/shared/model"
)

// document reads the OpenAPI document, or skips the test and says where it was sought.
func document(t *testing.T) *openapi3.T {
	t.Helper()
	path, err := openapi.Find()
	if err != nil {
		t.Skip(err)
	}
	return must[*openapi3.T](t)(openapi3.NewLoader().LoadFromFile(path))
}

// everything makes every call that the client and the writer can make.
func everything(t *testing.T, b bench) {
	ctx := t.Context()
	must[exorg.Me](t)(b.read.Me(ctx))
	home := must[exorg.Division](t)(b.read.HomeDivision(ctx)).ID

	ann := b.newUser(t, "Ann")
	ann = must[exorg.User](t)(b.PatchUser(ctx, ann.ID, ann.Version, write.UserFields{Name: ptr("Ann Lee"), Email: ptr("lee@example.org")}))
	must[exorg.User](t)(b.SetUserState(ctx, ann.ID, ann.Version, model.StateInactive))
	id := exorg.ExternalID{Authority: "engage", Key: "101"}
	done(t, b.AddExternalID(ctx, ann.ID, id))
	must[exorg.User](t)(b.read.UserByExternalKey(ctx, id.Authority, id.Key))
	must[[]exorg.ExternalID](t)(b.read.ExternalIDs(ctx, ann.ID))
	done(t, b.RemoveExternalID(ctx, ann.ID, id))
	done(t, b.MoveUsers(ctx, home, []string{ann.ID}))
	must[exorg.User](t)(b.read.User(ctx, ann.ID))
	must[[]exorg.User](t)(b.read.FindUsersByEmail(ctx, "lee@example.org"))
	for _, err := range b.read.Users(ctx, exorg.UsersQuery{States: []string{"active", "inactive", "deleted"}, Skills: true, Languages: true}) {
		done(t, err)
	}

	skill, language := must[exorg.Skill](t)(b.CreateSkill(ctx, "Billing")).ID, must[exorg.Language](t)(b.CreateLanguage(ctx, "German")).ID
	must[exorg.Skill](t)(b.read.Skill(ctx, skill))
	must[exorg.Language](t)(b.read.Language(ctx, language))
	must[[]exorg.Skill](t)(b.read.SkillsByName(ctx, "billing"))
	must[[]exorg.Language](t)(b.read.LanguagesByName(ctx, "german"))
	done(t, b.ReplaceSkills(ctx, ann.ID, []write.Level{{ID: skill, Level: 35}}))
	done(t, b.ReplaceSkills(ctx, ann.ID, nil))
	done(t, b.AddSkills(ctx, ann.ID, []write.Level{{ID: skill, Level: 50}}))
	done(t, b.AddLanguages(ctx, ann.ID, []write.Level{{ID: language, Level: 25}}))
	must[[]exorg.Assignment](t)(b.read.UserSkills(ctx, ann.ID))
	must[[]exorg.Assignment](t)(b.read.UserLanguages(ctx, ann.ID))
	done(t, b.RemoveSkill(ctx, ann.ID, skill))
	done(t, b.RemoveLanguage(ctx, ann.ID, language))

	code := must[exorg.WrapUpCode](t)(b.CreateWrapUpCode(ctx, "Sold")).ID
	must[exorg.WrapUpCode](t)(b.RenameWrapUpCode(ctx, code, "Sold 2"))
	must[[]exorg.WrapUpCode](t)(b.read.WrapUpCodesByName(ctx, "sold 2"))
	source := must[exorg.Source](t)(b.CreateSource(ctx, "EXCS")).ID
	must[exorg.Source](t)(b.UpdateSource(ctx, source, "EXCS 2"))
	must[[]exorg.Source](t)(b.read.SourcesByName(ctx, "excs 2"))

	q := must[exorg.Queue](t)(b.CreateQueue(ctx, write.NewQueue{Name: "Sales", PeerID: "7", DivisionID: home}))
	must[[]exorg.Queue](t)(b.read.QueuesByName(ctx, "sales"))
	must[[]exorg.Queue](t)(b.read.QueuesByPeerID(ctx, "7"))
	done(t, b.AddMembers(ctx, q.ID, []string{ann.ID}))
	must[[]string](t)(b.read.Members(ctx, q.ID))
	done(t, b.RemoveMembers(ctx, q.ID, []string{ann.ID}))
	done(t, b.AddQueueWrapUpCodes(ctx, q.ID, []string{code}))
	must[[]string](t)(b.read.QueueWrapUpCodes(ctx, q.ID))
	fresh := must[exorg.Queue](t)(b.read.Queue(ctx, q.ID))
	fresh = must[exorg.Queue](t)(b.UpdateQueue(ctx, fresh, write.QueueFields{Name: ptr("Sales 2"), PeerID: ptr("8")}))
	done(t, b.DeleteQueue(ctx, q.ID))
	must[exorg.Queue](t)(b.CreateQueue(ctx, write.NewQueue{Name: "Sales 3", PeerID: "9", Base: fresh.Raw}))
}

// operations are all that the client and the writer may send; nothing else is in their reach.
func operations() []string {
	return []string{
		"DELETE /api/v2/routing/queues/{queueId}",
		"DELETE /api/v2/users/{userId}/externalid/{authorityName}/{externalKey}",
		"DELETE /api/v2/users/{userId}/routinglanguages/{languageId}",
		"DELETE /api/v2/users/{userId}/routingskills/{skillId}",
		"GET /api/v2/authorization/divisions/home",
		"GET /api/v2/presence/sources",
		"GET /api/v2/presence/sources/{sourceId}",
		"GET /api/v2/routing/languages",
		"GET /api/v2/routing/languages/{languageId}",
		"GET /api/v2/routing/queues",
		"GET /api/v2/routing/queues/{queueId}",
		"GET /api/v2/routing/queues/{queueId}/members",
		"GET /api/v2/routing/queues/{queueId}/wrapupcodes",
		"GET /api/v2/routing/skills",
		"GET /api/v2/routing/skills/{skillId}",
		"GET /api/v2/routing/wrapupcodes",
		"GET /api/v2/routing/wrapupcodes/{codeId}",
		"GET /api/v2/tokens/me",
		"GET /api/v2/users",
		"GET /api/v2/users/externalid/{authorityName}/{externalKey}",
		"GET /api/v2/users/{userId}",
		"GET /api/v2/users/{userId}/externalid",
		"GET /api/v2/users/{userId}/routinglanguages",
		"GET /api/v2/users/{userId}/routingskills",
		"PATCH /api/v2/users/{userId}",
		"PATCH /api/v2/users/{userId}/routinglanguages/bulk",
		"PATCH /api/v2/users/{userId}/routingskills/bulk",
		"POST /api/v2/authorization/divisions/{divisionId}/objects/{objectType}",
		"POST /api/v2/presence/sources",
		"POST /api/v2/routing/languages",
		"POST /api/v2/routing/queues",
		"POST /api/v2/routing/queues/{queueId}/members",
		"POST /api/v2/routing/queues/{queueId}/wrapupcodes",
		"POST /api/v2/routing/skills",
		"POST /api/v2/routing/wrapupcodes",
		"POST /api/v2/users",
		"POST /api/v2/users/search",
		"POST /api/v2/users/{userId}/externalid",
		"POST /oauth/token",
		"PUT /api/v2/presence/sources/{sourceId}",
		"PUT /api/v2/routing/queues/{queueId}",
		"PUT /api/v2/routing/wrapupcodes/{codeId}",
		"PUT /api/v2/users/{userId}/routingskills/bulk",
	}
}

func TestEveryRequestKeepsTheContract(t *testing.T) {
	doc := document(t)
	b := newBench(t, openapi.Need(t), exorgtest.WithStrictBodies(true), exorgtest.WithLog(10000))
	everything(t, b)
	if diff := cmp.Diff(operations(), slices.Sorted(maps.Keys(b.org.Calls()))); diff != "" {
		t.Errorf("the operations sent are not those listed:\n%s", diff)
	}
	for _, v := range b.org.Violations() {
		if !v.Answer {
			t.Error(v)
		}
	}
	for _, r := range b.org.Requests() {
		if r.Route != "/oauth/token" {
			checkKnown(t, doc, r)
		}
	}
}

// checkKnown looks for what validation lets pass: query parameters and properties that the API does not know, and that a misspelling would make.
func checkKnown(t *testing.T, doc *openapi3.T, r exorgtest.Entry) {
	t.Helper()
	op := doc.Paths.Value(r.Route).GetOperation(r.Method)
	query, err := url.ParseQuery(r.Query)
	done(t, err)
	for name := range query {
		if op.Parameters.GetByInAndName("query", name) == nil {
			t.Errorf("%s %s has no parameter %s", r.Method, r.Route, name)
		}
	}
	if r.Body == "" {
		return
	}
	var body any
	done(t, json.Unmarshal([]byte(r.Body), &body))
	checkProperties(t, r.Method+" "+r.Route, op.RequestBody.Value.Content.Get("application/json").Schema.Value, body)
}

func checkProperties(t *testing.T, where string, s *openapi3.Schema, v any) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			checkProperties(t, where+"[]", s.Items.Value, e)
		}
	case map[string]any:
		for name, e := range v {
			p := s.Properties[name]
			if p == nil && s.AdditionalProperties.Schema != nil {
				p = s.AdditionalProperties.Schema
			}
			if p == nil {
				t.Errorf("%s has no property %s", where, name)
				continue
			}
			checkProperties(t, where+"."+name, p.Value, e)
		}
	}
}

func TestThePutBodiesLeaveOutWhatIsReadOnly(t *testing.T) {
	doc := document(t)
	tests := []struct {
		schema string
		put    func(w *write.Writer, s *script.Server, full []byte) error
	}{
		{"QueueRequest", func(w *write.Writer, s *script.Server, full []byte) error {
			s.Then(script.OK(`{"id":"x"}`))
			_, err := w.UpdateQueue(t.Context(), exorg.Queue{ID: "x", Raw: full}, write.QueueFields{})
			return err
		}},
		{"WrapupCodeRequest", func(w *write.Writer, s *script.Server, full []byte) error {
			s.Then(script.OK(string(full)), script.OK(`{"id":"x"}`))
			_, err := w.RenameWrapUpCode(t.Context(), "x", "x")
			return err
		}},
		{"Source", func(w *write.Writer, s *script.Server, full []byte) error {
			s.Then(script.OK(string(full)), script.OK(`{"id":"x"}`))
			_, err := w.UpdateSource(t.Context(), "x", "x")
			return err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.schema, func(t *testing.T) {
			marked := map[string]bool{}
			full := sample(doc.Components.Schemas[tt.schema], tt.schema, "", map[string]bool{}, marked)
			raw := must[[]byte](t)(json.Marshal(full))
			w, s := played(t)
			done(t, tt.put(w, s, raw))
			requests := s.Requests()
			put := requests[len(requests)-1]
			if put.Method != http.MethodPut {
				t.Fatalf("the last request is %s", put.Method)
			}
			had, has := paths(full), paths(tree(t, put.Body))
			for path := range had {
				// Ids of nested references are marked too, but a reference without its id refers to nothing.
				keep := !underMark(path, marked) || strings.HasSuffix(path, ".id") && path != ".id"
				if strings.HasPrefix(path, ".conditionalGroupRouting.rules.queue") {
					keep = false // the only rule of the sample is the first one, whose queue is given and not taken
				}
				if keep != has[path] {
					t.Errorf("%s: kept is %v, want %v", path, has[path], keep)
				}
			}
			if len(marked) == 0 || len(had) < 5 {
				t.Errorf("the sample has %d fields, %d marked", len(had), len(marked))
			}
		})
	}
}

func underMark(path string, marked map[string]bool) bool {
	for m := range marked {
		if path == m || strings.HasPrefix(path, m+".") {
			return true
		}
	}
	return false
}

// sample makes a value with every property of a schema, and notes the paths that are marked read-only.
func sample(ref *openapi3.SchemaRef, name, path string, open, marked map[string]bool) any {
	if ref.Ref != "" {
		name = ref.Ref
	}
	if open[name] {
		return map[string]any{} // a type within itself
	}
	s := ref.Value
	switch {
	case s.Type.Is("object"):
		if ref.Ref != "" {
			open[name] = true
			defer delete(open, name)
		}
		out := map[string]any{}
		for p, r := range s.Properties {
			if r.Value.ReadOnly {
				marked[path+"."+p] = true
			}
			out[p] = sample(r, name+"."+p, path+"."+p, open, marked)
		}
		if a := s.AdditionalProperties.Schema; a != nil {
			out["key"] = sample(a, name+".key", path+".key", open, marked)
		}
		return out
	case s.Type.Is("array"):
		return []any{sample(s.Items, name+"[]", path, open, marked)}
	case s.Type.Is("boolean"):
		return false
	case s.Type.Is("string"):
		return "x"
	default:
		return 1
	}
}

// paths lists the paths of all properties.
func paths(v any) map[string]bool {
	out := map[string]bool{}
	var walk func(any, string)
	walk = func(v any, path string) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e, path)
			}
		case map[string]any:
			for name, e := range v {
				out[path+"."+name] = true
				walk(e, path+"."+name)
			}
		}
	}
	walk(v, "")
	return out
}
