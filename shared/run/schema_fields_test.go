package run_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"excs/shared/exorg/exorgtest"
	"excs/shared/model"
)

// contractFile finds the published contract: EXCS_OPENAPI, or beside a folder above this one.
func contractFile(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("EXCS_OPENAPI"); path != "" {
		return path
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		path := filepath.Join(dir, "shared", "facts", "exorg-openapi.json")
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Skip("the published contract shared/facts/exorg-openapi.json is not here, and EXCS_OPENAPI names none")
	return ""
}

// property is a field of a published schema that a client may write.
type property struct {
	Type     string `json:"type"`
	Format   string `json:"format"`
	Enum     []any  `json:"enum"`
	ReadOnly bool   `json:"readOnly"`
	Ref      string `json:"$ref"`
	Items    *struct {
		Type string `json:"type"`
		Ref  string `json:"$ref"`
	} `json:"items"`
}

// writable reads the writable properties of a schema that are no reference to another one.
func writable(t testing.TB, schema string) map[string]property {
	t.Helper()
	body, err := os.ReadFile(contractFile(t))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]property `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	fields := maps.Clone(doc.Components.Schemas[schema].Properties)
	maps.DeleteFunc(fields, func(_ string, p property) bool {
		return p.ReadOnly || p.Ref != "" || p.Items != nil && p.Items.Ref != ""
	})
	if len(fields) == 0 {
		t.Fatalf("the contract has no writable properties of %s", schema)
	}
	return fields
}

// value draws a value that the property takes; nil for a type that this test does not make.
func (p property) value(t *rapid.T, name string) any {
	switch {
	case len(p.Enum) > 0:
		return rapid.SampledFrom(p.Enum).Draw(t, name)
	case p.Type == "boolean":
		return rapid.Bool().Draw(t, name)
	case p.Type == "integer":
		return float64(rapid.IntRange(1, 90).Draw(t, name))
	case p.Type == "number":
		return float64(rapid.IntRange(1, 9).Draw(t, name)) / 2
	case p.Type == "string" && p.Format == "":
		return rapid.StringMatching(`[A-Za-z][A-Za-z ]{0,20}[a-z]`).Draw(t, name)
	case p.Type == "array" && p.Items != nil && p.Items.Type == "string":
		return []any{rapid.StringMatching(`[a-z]{3,9}`).Draw(t, name)}
	default:
		return nil
	}
}

// subject is one object of the desk whose schema is walked.
type subject struct {
	kind       exorgtest.Kind
	schema     string
	controlled []string // what Engage decides, and what is no property of the object's own
	edit       func(*house) func(string, func(map[string]any)) error
	find       func(*house) (id string, key model.Key)
}

func subjects() []subject {
	return []subject{
		{
			kind: exorgtest.KindUser, schema: "UpdateUser", controlled: []string{"name", "email", "state", "version", "username", "manager", "preferredName"},
			edit: func(h *house) func(string, func(map[string]any)) error { return h.org.EditUser },
			find: func(h *house) (string, model.Key) { return h.user(mail("Ann")).ID, userKey(h.person("Ann").DBID) },
		},
		{
			kind: exorgtest.KindQueue, schema: "QueueRequest", controlled: []string{"name", "peerId"},
			edit: func(h *house) func(string, func(map[string]any)) error { return h.org.EditQueue },
			find: func(h *house) (string, model.Key) {
				return h.queue("Virtual").ID, queueKey(h.dn("Virtual").DBID)
			},
		},
		{
			kind: exorgtest.KindCode, schema: "WrapupCodeRequest", controlled: []string{"name"},
			edit: func(h *house) func(string, func(map[string]any)) error { return h.org.EditCode },
			find: func(h *house) (string, model.Key) {
				return h.code("Resolved").ID, codeKey(h.wrapUp("Resolved").DBID)
			},
		},
		{
			kind: exorgtest.KindSource, schema: "Source", controlled: []string{"name", "deactivated", "type"},
			edit: func(h *house) func(string, func(map[string]any)) error { return h.org.EditSource },
			find: func(h *house) (string, model.Key) { return h.org.Sources()[0].ID, sourceKey() },
		},
	}
}

// Any property of the published schemas that Engage does not control may be changed by an administrator: it is still as
// the administrator left it after a look at the object, a drift that is undone, and five further runs.
func TestAnyOtherFieldOfTheSchemaStays(t *testing.T) {
	for _, s := range subjects() {
		t.Run(s.schema, func(t *testing.T) {
			t.Parallel()
			fields := writable(t, s.schema)
			maps.DeleteFunc(fields, func(name string, _ property) bool { return slices.Contains(s.controlled, name) })
			names := slices.Sorted(maps.Keys(fields))
			taken := map[string]bool{}
			h := lot{}.build(t).settled()
			id, key := s.find(h)
			rapid.Check(t, func(rt *rapid.T) {
				for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, min(6, len(names)), rapid.ID).Draw(rt, "fields") {
					v := fields[name].value(rt, name)
					if v == nil {
						continue
					}
					if err := s.edit(h)(id, func(raw map[string]any) { raw[name] = v }); err == nil {
						taken[name] = true
					}
				}
				before, _ := h.org.Raw(s.kind, id)
				if rapid.Bool().Draw(rt, "drift too") && s.kind != exorgtest.KindQueue {
					h.do(s.edit(h)(id, func(raw map[string]any) { raw["name"] = fmt.Sprint("drifted ", len(taken)) }))
				}
				h.look(key)
				for range 5 {
					h.run()
					h.rest()
				}
				after, _ := h.org.Raw(s.kind, id)
				if d := rawDiff(before, after); d != "" {
					rt.Fatalf("it changed (-before +after):\n%s", d)
				}
				h.pass(h.Settings.Guard.UpdateWindow) // the drifts of other draws do not count
			})
			if len(taken) == 0 {
				t.Errorf("no field of %v was taken", names)
			}
			t.Logf("%d of %d fields were changed: %v", len(taken), len(names), slices.Sorted(maps.Keys(taken)))
		})
	}
}
