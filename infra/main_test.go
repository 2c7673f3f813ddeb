package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write makes a folder with a cdk.json and goes there.
func write(t *testing.T, text string) {
	t.Helper()
	dir := t.TempDir()
	if text != "" {
		if err := os.WriteFile(filepath.Join(dir, "cdk.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
}

func environment(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

// Without the CLI the context is that of cdk.json; with it, what the CLI hands over stands above.
func TestReadContext(t *testing.T) {
	write(t, `{"app":"x","context":{"stage":"dev","stages":{"dev":{}}}}`)
	plain, err := readContext(environment(nil))
	if err != nil || plain.value("stage") != "dev" {
		t.Errorf("%v, %v", plain, err)
	}
	long := filepath.Join(t.TempDir(), "long.json")
	if err := os.WriteFile(long, []byte(`{"destroyTable":"excs-prod"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	told, err := readContext(environment(map[string]string{"CDK_CONTEXT_JSON": `{"stage":"prod"}`, "CONTEXT_OVERFLOW_LOCATION_ENV": long}))
	if err != nil || told.value("stage") != "prod" || told.value("destroyTable") != "excs-prod" || told.value("stages") == nil {
		t.Errorf("%v, %v", told, err)
	}
	if got := strings.Join(told.keys(), " "); got != "destroyTable stage stages" {
		t.Errorf("keys %s", got)
	}
}

// What can not be read is told with the file's or the sender's name.
func TestContextFaults(t *testing.T) {
	tests := []struct {
		name, file string
		env        map[string]string
		want       string
	}{
		{"another folder", "", nil, "there is no cdk.json here: run this in the root of the repository"},
		{"a broken file", "{", nil, "read cdk.json: "},
		{"a broken context", "{}", map[string]string{"CDK_CONTEXT_JSON": "{"}, "read the context of the CDK CLI: "},
		{"a long context that is not there", "{}", map[string]string{"CONTEXT_OVERFLOW_LOCATION_ENV": "no such file"}, "read the context that the CDK CLI wrote: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			write(t, test.file)
			if _, err := readContext(environment(test.env)); err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
}

// Functions are compiled unless the CLI says that it wants no code: a stack with empty functions must never be deployed.
func TestBundles(t *testing.T) {
	for name, test := range map[string]struct {
		context settings
		want    bool
	}{
		"without the CLI": {settings{}, true},
		"to deploy":       {settings{"aws:cdk:bundling-stacks": []any{"excs-*"}}, true},
		"to list":         {settings{"aws:cdk:bundling-stacks": []any{}}, false},
	} {
		if got := test.context.bundles(); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Settings that are wrong stop the app before it makes anything.
func TestRunTellsFaults(t *testing.T) {
	write(t, `{"context":{"stages":{"dev":{"settings":{"tenant":1},"concurrency":1}}}}`)
	err := run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "stages.dev.concurrency: found 1") {
		t.Errorf("error %v", err)
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
