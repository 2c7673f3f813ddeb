package events_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every sample is one JSON object, named after a function that exists, and told in the README; the README tells of no
// other.
func TestSamples(t *testing.T) {
	files, err := filepath.Glob("*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	told := strings.Count(string(readme), ".json`") - 1 // the pattern in the first line
	if told != len(files) {
		t.Errorf("the README tells of %d samples, there are %d", told, len(files))
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var object map[string]json.RawMessage
		if err := json.Unmarshal(body, &object); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		function, _, _ := strings.Cut(file, "-")
		if _, err := os.Stat(filepath.Join("..", "functions", function, "main.go")); err != nil {
			t.Errorf("%s is of no function: %v", file, err)
		}
		if !strings.Contains(string(readme), "`"+file+"`") {
			t.Errorf("the README does not tell of %s", file)
		}
	}
}
