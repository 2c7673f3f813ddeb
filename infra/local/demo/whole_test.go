package main

import (
	"context"
	"errors"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/excstest"
	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs (run with -update to accept):\n%s", path, d)
	}
}

// perObject reads the last column of a table's lines.
func perObject(t *testing.T, table string) map[string]float64 {
	t.Helper()
	each := map[string]float64{}
	for _, m := range regexp.MustCompile(`(?m)^ +(\w+)(?: +\d+){7} +([\d.]+)\s*$`).FindAllStringSubmatch(table, -1) {
		n, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		each[m[1]] = n
	}
	return each
}

// The whole demo of the tiny tier, as people see it, with the times masked; and what its objects may cost at most. In so
// small a site the users and the member lists that wait for them are in one batch, so a list may be looked at twice.
func TestTinyDemo(t *testing.T) {
	out, err := play(t, nil, "-tier", "tiny")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "tiny.golden", masked(out))
	first, _, _ := strings.Cut(out, "2. A morning in Engage")
	each := perObject(t, first)
	for kind, most := range map[string]float64{"source": 1, "skill": 1, "language": 1, "wrapupcode": 1, "queue": 1, "user": 4, "members": 4} {
		if each[kind] == 0 || each[kind] > most {
			t.Errorf("%s: %.2f calls per object, want at most %.0f", kind, each[kind], most)
		}
	}
	if !strings.Contains(out, "0 changes, 0 calls to the EX Org, ") {
		t.Errorf("the run without changes is not free:\n%s", out)
	}
}

// With a rate limit the demo names it and comes to the same end.
func TestRateLimit(t *testing.T) {
	out, err := play(t, nil, "-tier", "tiny", "-rate", "120")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "its rate limit is 120 requests a minute\n") {
		t.Error(out)
	}
	if !strings.Contains(out, "0 changes, 0 calls to the EX Org, ") {
		t.Errorf("it did not come to its end:\n%s", out)
	}
}

// An interrupted demo says so in one line and leaves no file behind.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := jumping()
	waited := c.wait
	c.wait = func(ctx context.Context, d time.Duration) error {
		cancel()
		return waited(ctx, d)
	}
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	err := demo(ctx, []string{"-tier", "tiny"}, func(string) string { return "" }, &strings.Builder{}, c)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	says(t, err, "canceled")
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// The generated site goes with the demo.
func TestNoFileIsLeft(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	if _, err := play(t, nil, "-tier", "tiny"); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// Objects that do not get on end the demo with one of them and why, however often they are tried again.
func TestStuck(t *testing.T) {
	c := jumping()
	o, err := parse([]string{"-tier", "tiny"}, func(string) string { return "" }, &strings.Builder{})
	if err != nil {
		t.Fatal(err)
	}
	src, err := openSource(t.Context(), o, &strings.Builder{}, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.close() })
	org := exorgtest.New(exorgtest.WithClock(c.now))
	secret := exorg.Secret{
		APIURL: "http://api.example", LoginURL: "http://login.example",
		Clients: []exorg.Credentials{exorg.NewCredentials(exorgtest.DefaultClientID, exorgtest.DefaultClientSecret)},
	}
	s := &stage{o: o, out: &strings.Builder{}, org: org, src: src, clock: c, world: excstest.New(excstest.Config{
		Settings: src.settings, Read: src.read, Secret: secret, HTTP: org.Client(), Now: c.now, Sleep: c.wait,
	})}
	if _, _, err := s.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	// From now on the EX Org asks everybody to wait, again and again.
	org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Status: http.StatusTooManyRequests, RetryAfter: 2 * time.Minute})
	if _, err := src.edits.edit(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, _, err = s.run(t.Context())
	says(t, err, "objects do not get on, this one waits: the EX Org")
}
