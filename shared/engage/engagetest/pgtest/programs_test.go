package pgtest_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"excs/shared/engage/engagetest/pgtest"
)

// install makes a directory <version>/bin with files of the names, executable or not.
func install(t *testing.T, root, version string, mode os.FileMode, names ...string) string {
	t.Helper()
	bin := filepath.Join(root, version, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	return bin
}

// The newest version counts by number, not by text, and only with both programs.
func TestTheNewestVersionIsFound(t *testing.T) {
	root := t.TempDir()
	install(t, root, "9.6", 0o755, "initdb", "postgres")
	want := install(t, root, "15", 0o755, "initdb", "postgres")
	install(t, root, "16", 0o755, "initdb")
	install(t, root, "17", 0o644, "initdb", "postgres")
	install(t, root, "other", 0o755, "initdb", "postgres")
	initdb, postgres, err := pgtest.FindIn(filepath.Join(root, "*", "bin"))
	if err != nil || initdb != filepath.Join(want, "initdb") || postgres != filepath.Join(want, "postgres") {
		t.Errorf("found %s and %s (%v), want those in %s", initdb, postgres, err, want)
	}
}

// Without a directory of versions the programs in PATH are taken.
func TestProgramsInPATHAreFound(t *testing.T) {
	bin := install(t, t.TempDir(), "any", 0o755, "initdb", "postgres")
	t.Setenv("PATH", bin)
	initdb, _, err := pgtest.FindIn(filepath.Join(t.TempDir(), "*", "bin"))
	if err != nil || initdb != filepath.Join(bin, "initdb") {
		t.Errorf("found %s (%v), want it in %s", initdb, err, bin)
	}
}

// A machine without PostgreSQL is told what to install.
func TestNoProgramsNamesThePackage(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, _, err := pgtest.FindIn(filepath.Join(t.TempDir(), "*", "bin"))
	if !errors.Is(err, pgtest.ErrNotInstalled) || !strings.Contains(err.Error(), "apt-get install postgresql") {
		t.Errorf("got %v", err)
	}
	if _, _, err := pgtest.FindIn("["); err == nil || errors.Is(err, pgtest.ErrNotInstalled) {
		t.Errorf("a pattern that is none gave %v", err)
	}
}
