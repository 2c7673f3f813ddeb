package main

import (
	"bytes"
	"context"
	"database/sql"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"excs/shared/engage/engagetest/pgtest"
)

var cluster = pgtest.New()

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m, cluster)) }

// jumping is a clock that goes on by itself and jumps where the demo waits.
func jumping() clock {
	var mu sync.Mutex
	var ahead time.Duration
	now := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return time.Now().Add(ahead)
	}
	return clock{now: now, wait: func(ctx context.Context, d time.Duration) error {
		mu.Lock()
		ahead += d
		mu.Unlock()
		return ctx.Err()
	}}
}

// play runs the demo with a jumping clock and gives what it wrote.
func play(t *testing.T, env map[string]string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := demo(t.Context(), args, func(name string) string { return env[name] }, &out, jumping())
	return out.String(), err
}

// masked takes away what differs from run to run: times, the progress lines, and counts of calls and units, which depend
// on which objects of a batch came first (TestTinyDemo bounds them).
func masked(text string) string {
	for _, m := range []struct{ find, put string }{
		{`(?m)^  [^\n]* \(\d+\.\d s\)\n`, ""},
		{`\d+\.\d s\b`, "#.# s"},
		{`(?m)^( +(?:source|skill|language|wrapupcode|queue|user|members)(?: +\d+){6}) .*$`, "$1 #"},
		{`(all of them together:) .*`, "$1 #"},
		{`counted \d+ calls\. (.* takes) .*`, "counted # calls. $1 #."},
		{`[\d.]+ read and [\d.]+ write units`, "# read and # write units"},
		{`(?m)^hash .*$`, "hash #"},
		{`(?m)[ \t]+$`, ""},
	} {
		text = regexp.MustCompile(m.find).ReplaceAllString(text, m.put)
	}
	// Workers run side by side, so how many calls a repair and its dependants take differs a little.
	text = regexp.MustCompile(`\(\d+ reads, \d+ writes\)`).ReplaceAllString(text, "(# reads, # writes)")
	return text
}

// open opens a database of the cluster for the test's own look at it.
func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// says fails the test unless err is one line with the text; it gives the line as main prints it.
func says(t *testing.T, err error, text string) string {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", text)
	}
	line := oneLine(err)
	if !strings.Contains(line, text) || strings.Contains(line, "\n") {
		t.Errorf("error %q, want %q in it", line, text)
	}
	return line
}
