package notice_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"excs/shared/exorg/exorgtest/openapi"
	"excs/shared/model"
	"excs/shared/notice"
)

// Of all fields that the Platform API knows of a kind, exactly these are looked at when they change: what Engage decides,
// and what may hide it. The rest is noise.
func TestFieldsOfTheSchema(t *testing.T) {
	path, err := openapi.Find()
	if err != nil {
		t.Skip(err)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	type schema struct{ Properties map[string]json.RawMessage }
	var document struct {
		Definitions map[string]schema
		Components  struct{ Schemas map[string]schema }
	}
	if err := json.Unmarshal(body, &document); err != nil {
		t.Fatal(err)
	}
	schemas := document.Components.Schemas
	if schemas == nil {
		schemas = document.Definitions
	}
	cases := []struct {
		schema string
		kind   model.Kind
		looked []string
	}{
		// An e-mail address may stand in four places; a user's id never changes.
		{"User", model.KindUser, []string{"addresses", "division", "email", "id", "languages", "name", "primaryContactInfo", "skills", "state", "username"}},
		{"Queue", model.KindQueue, []string{"id", "name", "peerId"}},
		{"WrapupCode", model.KindWrapUpCode, []string{"id", "name"}},
		{"RoutingSkill", model.KindSkill, []string{"id", "name", "state"}},
		{"Language", model.KindLanguage, []string{"id", "name", "state"}},
	}
	for _, c := range cases {
		t.Run(c.schema, func(t *testing.T) {
			var looked []string
			for name := range schemas[c.schema].Properties {
				if n := update(c.kind, name); n.Noise() == "" {
					looked = append(looked, name)
				}
			}
			slices.Sort(looked)
			if !slices.Equal(looked, c.looked) {
				t.Errorf("looked at %v, want %v", looked, c.looked)
			}
		})
	}
}

// A field that counts is looked at in whatever company and order it comes.
func TestOneFieldThatCounts(t *testing.T) {
	company := []string{"version", "presence", "dateLastLogin", "title", "roles"}
	for i := range len(company) + 1 {
		properties := slices.Insert(slices.Clone(company), i, "state")
		if n := update(model.KindUser, properties...); n.Noise() != "" {
			t.Errorf("%v is %s", properties, n.Noise())
		}
	}
	if n := update(model.KindUser, company...); n.Noise() == notice.ReasonVersion || n.Noise() == "" {
		t.Errorf("noise %q", n.Noise())
	}
}
