package telemetry_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"excs/shared/telemetry"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares a text that people read with its file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s is out of date: run go test ./shared/telemetry -update and read what changed; it should be:\n%s", path, got)
	}
}

// The reference of metrics and alarms, which the README links to, is generated and kept up to date.
func TestReference(t *testing.T) {
	t.Parallel()
	golden(t, "metrics.md", telemetry.Reference())
}
