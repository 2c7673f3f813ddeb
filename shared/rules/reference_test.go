package rules_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"excs/shared/rules"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The reference of the settings, which the README links to, is generated and kept up to date.
func TestReference(t *testing.T) {
	path := filepath.Join("testdata", "settings.md")
	if *update {
		if err := os.WriteFile(path, []byte(rules.Reference()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != rules.Reference() {
		t.Errorf("%s is out of date: run go test ./shared/rules -run TestReference -update", path)
	}
}
