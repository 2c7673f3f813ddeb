package scene_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"excs/infra/local/scene"
)

func root(t *testing.T) string {
	t.Helper()
	at, err := scene.Root()
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// The functions are the folders with a program.
func TestFunctions(t *testing.T) {
	names, err := scene.Functions(root(t))
	if err != nil || !slices.Contains(names, "apply") || slices.Contains(names, "internal") || !slices.IsSorted(names) {
		t.Errorf("functions %v, %v", names, err)
	}
	if _, err := scene.Functions(t.TempDir()); err == nil {
		t.Error("a folder without functions has some")
	}
}

// Outside of the module nothing is guessed.
func TestRootOutside(t *testing.T) {
	t.Chdir(t.TempDir())
	if at, err := scene.Root(); err == nil {
		t.Errorf("the module is in %s", at)
	}
}

// What is wrong with cdk.json or the settings is told, and nothing is left behind.
func TestSynthesizeFails(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", t.TempDir())
	write := func(text string) func() {
		return func() {
			if err := os.WriteFile(filepath.Join(dir, "cdk.json"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tc := range []struct {
		name, says string
		root       string
		before     func()
		settings   map[string]any
	}{
		{"no cdk.json", "no such file", t.TempDir(), func() {}, nil},
		{"a cdk.json that is no JSON", "read cdk.json", dir, write(`{`), nil},
		{"no stage for this machine", "cdk.json has no stage local", dir, write(`{"context":{"stages":{"dev":{}}}}`), nil},
		{"settings that the tenant can not have", "tenant", root(t), func() {}, map[string]any{"tenant": -1}},
	} {
		tc.before()
		if _, err := scene.Synthesize(t.Context(), tc.root, scene.Overrides{Settings: tc.settings}); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: the error is %v", tc.name, err)
		}
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || slices.ContainsFunc(left, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), "excs-synth") }) {
		t.Errorf("%v is left, %v", left, err)
	}
}

// A scene that can not be set up leaves nothing behind: its error names the template.
func TestOpenFails(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	if err := os.Chmod(os.TempDir(), 0o777); err != nil { //nolint:gosec // PostgreSQL runs as another user
		t.Fatal(err)
	}
	_, err := scene.Open(t.Context(), scene.Options{Root: root(t), Tier: 1, Template: "/nonexistent/template.json", Programs: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "/nonexistent/template.json") {
		t.Errorf("the error is %v", err)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}
