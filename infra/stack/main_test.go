package stack_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"

	"excs/infra/stack"
)

// jsii's pipe to Node is one for the process: no test here may run beside another.
func TestMain(m *testing.M) {
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// variants are the stages that the tests look at: those of cdk.json, one with everything on, and one for each choice.
func variants(t *testing.T) map[string]map[string]any {
	t.Helper()
	all := cdkJSON(t)["stages"].(map[string]any)
	named := map[string]map[string]any{}
	for name, stage := range all {
		named[name] = map[string]any{"stage": name, "stages": map[string]any{name: stage}}
	}
	everything := map[string]any{
		"settings":    map[string]any{"tenant": 1.0, "email": map[string]any{"domain": "agents.example"}},
		"account":     "123456789012",
		"region":      "eu-central-1",
		"concurrency": 5.0, "snapshot": "rate(5 minutes)", "verify": "cron(0 3 * * ? *)", "timeZone": "Europe/Berlin",
		"webhook": map[string]any{"url": true, "eventSource": "aws.partner/genesys.com/cloud/23faea37-5b0e-4f6c-9d3a-7c1b2e8f4a60/excs"},
		"key":     "customer", "logDays": 365.0, "alarmEmails": []any{"desk@site.example"}, "tags": map[string]any{"costCentre": "4711"},
		"functions": map[string]any{"apply": map[string]any{"timeout": "90s", "memory": 256.0}},
		"vpc": map[string]any{
			"id": "vpc-0123456789abcde0a", "subnets": []any{"subnet-0123456789abcde0a", "subnet-0123456789abcde0b"}, "endpoints": true, "routeTables": []any{"rtb-0123456789abcde0a"},
		},
	}
	add := func(name string, changes map[string]any) {
		stage := map[string]any{"settings": map[string]any{"tenant": 7.0}}
		maps.Copy(stage, changes)
		named[name] = map[string]any{"stage": name, "stages": map[string]any{name: stage}}
	}
	add("prod", nil)
	add("everything", everything)
	add("one-secret", map[string]any{"exorgReadSecret": false, "webhook": map[string]any{"url": true}})
	add("given-secrets", map[string]any{"key": "customer", "keyArn": "arn:aws:kms:eu-central-1:123456789012:key/0123abcd-12ab-34cd-56ef-1234567890ab", "secrets": map[string]any{
		"engage": secretARN("engage"), "exorg": secretARN("exorg"), "exorg-read": secretARN("reader"),
	}})
	add("own-groups", map[string]any{"development": true, "vpc": map[string]any{"id": "vpc-0123456789abcde0a", "subnets": []any{"subnet-0123456789abcde0a"}, "securityGroups": []any{"sg-0123456789abcde0a", "sg-0123456789abcde0b"}}})
	add("bus-only", map[string]any{"webhook": map[string]any{"eventSource": "aws.partner/genesys.com/cloud/23faea37/x"}})
	add("farewell", nil)
	named["farewell"]["destroyTable"] = "excs-farewell"
	return named
}

func secretARN(name string) string {
	return "arn:aws:secretsmanager:eu-central-1:123456789012:secret:" + name + "-AbCdEf"
}

// cdkJSON reads the context of the repository's own cdk.json.
func cdkJSON(t *testing.T) map[string]any {
	t.Helper()
	text, err := os.ReadFile("../../cdk.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Context map[string]any `json:"context"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Context
}

func parse(t *testing.T, context map[string]any) stack.Stage {
	t.Helper()
	s, err := stack.Parse(slices.Sorted(maps.Keys(context)), func(key string) any { return context[key] })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// standIns gives every function a folder with a file in the place of the bootstrap: nothing is compiled here.
func standIns(t *testing.T) stack.Code {
	t.Helper()
	root := t.TempDir()
	for _, name := range stack.FunctionNames() {
		dir := filepath.Join(root, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "bootstrap"), []byte("stand-in for "+name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return func(function string) (string, error) { return filepath.Join(root, function), nil }
}

// newApp makes an app with the flags of cdk.json that writes into a folder of the test.
func newApp(t *testing.T) awscdk.App {
	t.Helper()
	flags := map[string]any{}
	for key, value := range cdkJSON(t) {
		if strings.HasPrefix(key, "@") {
			flags[key] = value
		}
	}
	return awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(t.TempDir()), Context: &flags, AnalyticsReporting: jsii.Bool(false)})
}

func build(t *testing.T, app awscdk.App, stage stack.Stage) *stack.Stack {
	t.Helper()
	s, err := stack.New(app, stage, standIns(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// synthesized is a stage and the template of its stack.
type synthesized struct {
	stage stack.Stage
	template
}

// cache holds the templates of the variants: each is synthesized once in a run of the tests.
var cache = map[string]synthesized{}

func synth(t *testing.T, name string, context map[string]any) synthesized {
	t.Helper()
	if s, ok := cache[name]; ok {
		return s
	}
	stage := parse(t, context)
	s := synthesized{stage, read(t, build(t, newApp(t), stage))}
	cache[name] = s
	return s
}

// each runs a check on every variant.
func each(t *testing.T, f func(t *testing.T, s synthesized)) {
	t.Helper()
	all := variants(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) { f(t, synth(t, name, all[name])) })
	}
}

// of gives one variant.
func of(t *testing.T, name string) synthesized {
	t.Helper()
	return synth(t, name, variants(t)[name])
}

// read takes the template of a stack.
func read(t *testing.T, s *stack.Stack) template {
	t.Helper()
	text, err := json.Marshal(assertions.Template_FromStack(s.Stack, nil).ToJSON())
	if err != nil {
		t.Fatal(err)
	}
	var out template
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	out.text = text
	return out
}
