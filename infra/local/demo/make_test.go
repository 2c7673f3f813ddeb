package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// make runs the target demo as people do.
func makeDemo(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command("make", append([]string{"--no-print-directory", "-C", filepath.Join("..", "..", ".."), "demo"}, args...)...)
	cmd.Env = append(os.Environ(), "MAKEFLAGS=", "MAKELEVEL=")
	said, err := cmd.CombinedOutput()
	return string(said), err
}

// The DSN and the EX Org secret reach the demo through the environment: no command that make starts has them in its
// arguments, where every process list would show them.
func TestMakePassesSecretsByEnvironment(t *testing.T) {
	dsn, secret := "ENGAGE_DSN=mysql://excs:"+hidden+"@db/genesys", `EXCS_EXORG_SECRET={"clientSecret":"`+hidden+`"}`
	commands, err := makeDemo(t, dsn, secret, "TIER=tiny", "RATE=300", "TENANT=101", "FILL=1", "-n")
	if err != nil {
		t.Fatal(err, commands)
	}
	if want := "infra/preflight/preflight.sh go\ngo run ./infra/local/demo -tier 'tiny' -rate '300' -fill -tenant '101'"; strings.TrimSpace(commands) != want {
		t.Errorf("make runs %q, want %q", strings.TrimSpace(commands), want)
	}
	said, err := makeDemo(t, dsn)
	if err == nil || !strings.Contains(said, "demo: ENGAGE_DSN: begin it with postgres://, sqlserver:// or oracle://\n") {
		t.Errorf("%v, and it said %q", err, said)
	}
	said, err = makeDemo(t, secret)
	if err == nil || !strings.Contains(said, "demo: EXCS_EXORG_SECRET: read the EX Org secret: ") || strings.Contains(said, hidden) {
		t.Errorf("%v, and it said %q", err, said)
	}
}
