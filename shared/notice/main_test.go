package notice_test

import (
	"os"
	"path/filepath"
	"testing"

	"excs/shared/notice"
)

// The samples that come with the functions, by name.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("../../events/webhook-*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	byName := map[string][]byte{}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		byName[filepath.Base(file)] = body
	}
	return byName
}

// parse reads an event that must be understood.
func parse(t testing.TB, event string) notice.Notice {
	t.Helper()
	n, err := notice.Parse([]byte(event))
	if err != nil {
		t.Fatalf("%v: %s", err, event)
	}
	return n
}
