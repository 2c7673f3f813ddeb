// Package preflight_test tries the script that says what a machine lacks.
package preflight_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// machine is a folder of programs that stands in for PATH; sed and dirname are the script's own.
func machine(t *testing.T, programs map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for _, tool := range []string{"bash", "sed", "dirname"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(dir, tool)); err != nil {
			t.Fatal(err)
		}
	}
	for name, says := range programs {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!"+filepath.Join(dir, "bash")+"\necho '"+says+"'\n"), 0o700); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
	}
	return dir
}

// What is missing or too old is named with the version that is needed and how to get it, all of it at once; a machine that has everything hears
// nothing.
func TestWhatAMachineLacks(t *testing.T) {
	for _, test := range []struct {
		name     string
		programs map[string]string
		says     []string
	}{
		{"everything is there", map[string]string{"go": "go9.9.9", "node": "v22.1.0", "npm": "11.0.0"}, nil},
		{"nothing is there", nil, []string{"Go is missing: EXCS needs Go 1.", "https://go.dev/dl/", "Node.js is missing: this command needs Node.js 20 or later"}},
		{"Go is old", map[string]string{"go": "go1.21.3", "node": "v22.1.0", "npm": "11.0.0"}, []string{"Go 1.21.3 is too old: EXCS needs Go 1."}},
		{"Node.js is old", map[string]string{"go": "go9.9.9", "node": "v18.19.1", "npm": "9.0.0"}, []string{"Node.js 18.19.1 is too old: this command needs Node.js 20"}},
		{"npm is missing", map[string]string{"go": "go9.9.9", "node": "v22.1.0"}, []string{"Node.js is missing"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := machine(t, test.programs)
			cmd := exec.CommandContext(t.Context(), filepath.Join(path, "bash"), "preflight.sh", "go", "node")
			cmd.Env = []string{"PATH=" + path}
			out, err := cmd.CombinedOutput()
			if (err == nil) != (test.says == nil) {
				t.Errorf("it ends with %v", err)
			}
			if test.says == nil && len(out) > 0 {
				t.Errorf("it says %s", out)
			}
			for _, want := range test.says {
				if !strings.Contains(string(out), want) {
					t.Errorf("%q is not in:\n%s", want, out)
				}
			}
		})
	}
}
