package stage

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// events holds the samples, seen from a function's directory.
const events = "../../events"

// Sample reads a payload of events/.
func Sample(tb testing.TB, name string) json.RawMessage {
	tb.Helper()
	body, err := os.ReadFile(filepath.Join(events, name)) //nolint:gosec // a file of the repository
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

// Samples reads the payloads of events/ whose names begin so, by their names.
func Samples(tb testing.TB, prefix string) map[string][]byte {
	tb.Helper()
	paths, err := filepath.Glob(filepath.Join(events, prefix+"*.json"))
	if err != nil || len(paths) == 0 {
		tb.Fatalf("the samples %s* in %s: %v, %v", prefix, events, paths, err)
	}
	bodies := map[string][]byte{}
	for _, path := range paths {
		bodies[filepath.Base(path)] = Sample(tb, filepath.Base(path))
	}
	return bodies
}

// RoundTrips fails the test if a sample and what was read from it, written again, differ.
func RoundTrips(tb testing.TB, name string, body []byte, read any) {
	tb.Helper()
	again, err := json.Marshal(read)
	if err != nil {
		tb.Fatal(err)
	}
	var want, got any
	if err := json.Unmarshal(body, &want); err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(again, &got); err != nil {
		tb.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		tb.Errorf("%s differs when it is written again (-sample +written):\n%s", name, d)
	}
}
