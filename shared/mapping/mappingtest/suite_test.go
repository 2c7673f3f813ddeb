package mappingtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// forgetful is a store that says it wrote tokens and does not.
type forgetful struct{ mapping.Store }

func (forgetful) SaveToken(context.Context, string, string, model.Org, time.Time) error { return nil }

func good(_ *testing.T, o mapping.Options) mapping.Store {
	return mapping.NewMemory(mapping.MemoryOptions{Options: o, Tenant: fmt.Sprint(time.Now().UnixNano())})
}

func bad(t *testing.T, o mapping.Options) mapping.Store { return forgetful{good(t, o)} }

func find(t *testing.T, name string) Check {
	t.Helper()
	for _, c := range Checks() {
		if strings.Contains(c.Name, name) {
			return c
		}
	}
	t.Fatalf("no check is named %q", name)
	return Check{}
}

// A store that breaks one promise fails the checks of that promise and passes the others.
func TestABrokenPromiseIsFound(t *testing.T) {
	if f := Try(t, find(t, "a token is kept per client"), good); len(f) != 0 {
		t.Errorf("the good store fails: %v", f)
	}
	if f := Try(t, find(t, "a token is kept per client"), bad); len(f) == 0 {
		t.Error("the forgetful store passes")
	}
	if f := Try(t, find(t, "a free lease is taken"), bad); len(f) != 0 {
		t.Errorf("the forgetful store fails at leases: %v", f)
	}
}

// A check that panics is a failure of that check and of nothing else.
func TestAPanicIsAFailure(t *testing.T) {
	boom := Check{Name: "boom", run: func(*C) { panic("boom") }}
	if f := Try(t, boom, good); len(f) != 1 || !strings.Contains(f[0], "boom") {
		t.Errorf("failures are %v", f)
	}
}

// runSelf runs one test of this binary in a process of its own, told apart by an environment variable.
func runSelf(t *testing.T, test, mode string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], append(args, "-test.run=^"+test+"$")...)
	cmd.Env = append(os.Environ(), "MAPPINGTEST_MODE="+mode)
	return cmd
}

// An allowance passes a failing check, fails a check that passes, and fails when it names no check.
func TestAllowances(t *testing.T) {
	kept := find(t, "a token is kept per client").Name
	switch os.Getenv("MAPPINGTEST_MODE") {
	case "allowed":
		runChecks(t, tokenChecks(), bad, Allowances{kept: "it forgets"})
		return
	case "passes":
		runChecks(t, tokenChecks(), good, Allowances{kept: "it forgot once"})
		return
	case "unknown":
		runChecks(t, tokenChecks(), good, Allowances{"no such check": "for no reason"})
		return
	}
	for _, c := range []struct {
		mode, says string
		passes     bool
	}{{"allowed", "allowed: it forgets", true}, {"passes", "take its allowance away (it forgot once)", false}, {"unknown", `names no check: "no such check"`, false}} {
		out, err := runSelf(t, "TestAllowances", c.mode, "-test.v").Output()
		if (err == nil) != c.passes || !strings.Contains(string(out), c.says) {
			t.Errorf("%s: passes %v, want %v and %q in\n%.3000s", c.mode, err == nil, c.passes, c.says, out)
		}
	}
}

// The key of a user is what the checks think it is.
func TestBuiltObjectsAreNormal(t *testing.T) {
	for _, o := range []model.Object{User(1), Members(1, 5000)} {
		n := o.Clone()
		n.Normalize()
		if n.Fingerprint() != o.Fingerprint() {
			t.Errorf("%s is not normalised", o.Key)
		}
	}
}
