package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"excs/infra/local/aws/stack"
	"excs/infra/local/scene"
	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
)

// Arguments that can not be meant are refused in one line.
func TestParse(t *testing.T) {
	o, logs, err := parse([]string{"-tier", "tiny", "-logs", "x"}, io.Discard)
	if err != nil || o.Tier != engagetest.Tiny || logs != "x" {
		t.Errorf("%+v, %v", o, err)
	}
	if o, _, err := parse(nil, io.Discard); err != nil || o.Tier != engagetest.Medium {
		t.Errorf("the default is %+v, %v", o, err)
	}
	for _, args := range [][]string{{"-tier", "huge"}, {"tiny"}, {"-nonsense"}} {
		if err := e2e(t.Context(), args, io.Discard); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
	var help strings.Builder
	if err := e2e(t.Context(), []string{"-help"}, &help); err != nil || !strings.Contains(help.String(), "-tier") {
		t.Errorf("help is %q, %v", help.String(), err)
	}
}

// parts is a template taken apart.
type parts struct {
	Resources map[string]struct {
		Type       string         `json:"Type"`
		Properties map[string]any `json:"Properties"`
	} `json:"Resources"`
}

// of gives the properties of the first resource of a type that fits, by logical id.
func of(t *testing.T, text []byte, kind string, fits func(properties map[string]any) bool) (id string, properties map[string]any) {
	t.Helper()
	var p parts
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for id, r := range p.Resources {
		if r.Type == kind && fits(r.Properties) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		t.Fatalf("the template has no such %s", kind)
	}
	slices.Sort(ids)
	return ids[0], p.Resources[ids[0]].Properties
}

// changed gives the template with a resource replaced (nil: removed).
func changed(t *testing.T, text []byte, id string, properties map[string]any) []byte {
	t.Helper()
	var whole map[string]any
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	resources := whole["Resources"].(map[string]any)
	if properties == nil {
		delete(resources, id)
	} else {
		resources[id].(map[string]any)["Properties"] = properties
	}
	out, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What is wrong with a deployment and would stay silent in AWS ends the story with an error that names it. The last of
// these is found at the end only: the whole story before it holds.
func TestFaultyDeployments(t *testing.T) {
	if testing.Short() {
		t.Skip("the story takes longer than -short allows")
	}
	root, err := scene.Root()
	if err != nil {
		t.Fatal(err)
	}
	good, err := scene.Synthesize(t.Context(), root, scene.Overrides{
		Settings:    map[string]any{"tenant": engagetest.MainTenant, "requests": map[string]any{"perMinute": 100000}},
		EventSource: "aws.partner/genesys.com/cloud/" + orgID(t) + "/excs",
	})
	if err != nil {
		t.Fatal(err)
	}
	programs := t.TempDir()
	names, err := scene.Functions(root)
	if err == nil {
		err = stack.Build(t.Context(), root, programs, names...)
	}
	if err != nil {
		t.Fatal(err)
	}
	whichever := func(map[string]any) bool { return true }
	for _, tc := range []struct {
		name, says string
		template   func() []byte
	}{
		{"the worker may not write rows", "section 2 (First sync)", func() []byte {
			id, p := of(t, good, "AWS::IAM::Role", func(p map[string]any) bool { return strings.Contains(p["Description"].(string), "-apply ") })
			text, _ := json.Marshal(p)
			_ = json.Unmarshal([]byte(strings.Replace(string(text), `"dynamodb:PutItem",`, ``, 1)), &p)
			return changed(t, good, id, p)
		}},
		{"nothing lets the rule invoke the webhook", "no permission of excs-local-webhook lets the rule invoke it", func() []byte {
			id, _ := of(t, good, "AWS::Lambda::Permission", func(p map[string]any) bool { return p["Principal"] == "events.amazonaws.com" })
			return changed(t, good, id, nil)
		}},
		{"an alarm looks at a metric that is misspelt", "looks at convergd", func() []byte {
			id, p := of(t, good, "AWS::CloudWatch::Alarm", func(p map[string]any) bool { return p["Namespace"] == "EXCS" })
			p["MetricName"] = "convergd"
			return changed(t, good, id, p)
		}},
		{"a resource that nobody knows", "the resource type AWS::Lambda::Mystery", func() []byte {
			id, _ := of(t, good, "AWS::SNS::Topic", whichever)
			return []byte(strings.Replace(string(good), `"`+id+`": {`, `"Mystery": {"Type": "AWS::Lambda::Mystery"}, "`+id+`": {`, 1))
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "template.json")
			if err := os.WriteFile(path, tc.template(), 0o600); err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			err := e2e(t.Context(), []string{"-tier", "tiny", "-template", path, "-programs", programs}, &out)
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("it ended with %v, want %q in it:\n%s", err, tc.says, out.String())
			}
		})
	}
}

// orgID is that of every simulated organisation with the usual seed.
func orgID(t *testing.T) string {
	t.Helper()
	return exorgtest.New().ID()
}

// A widget is read as CloudWatch reads it: an action with what it calls, what it posts and what it asks.
func TestFirstText(t *testing.T) {
	if got := firstText("<style>.a{}</style><b>A &amp; B</b>\n <i>c</i>"); got != "A & B c" {
		t.Errorf("got %q", got)
	}
}
