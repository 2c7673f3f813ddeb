package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// told is what a command left behind.
type told struct {
	Status   int
	Out, Err string
}

// lookupIn looks variables up in an environment.
func lookupIn(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, set := env[name]
		return value, set
	}
}

// typedWith runs a command line under an environment; in is what the operator types when asked, nil where nobody can be.
func typedWith(t *testing.T, env map[string]string, in *string, args ...string) told {
	t.Helper()
	var out, errs bytes.Buffer
	c := console{lookup: lookupIn(env), in: strings.NewReader(""), out: &out, err: &errs}
	if in != nil {
		c.in, c.terminal = strings.NewReader(*in), true
	}
	status := c.run(t.Context(), args)
	return told{status, out.String(), errs.String()}
}

// inAWS runs a command line where REGION is set and nobody can be asked.
func inAWS(t *testing.T, args ...string) told {
	t.Helper()
	return typedWith(t, map[string]string{"REGION": "eu-central-1"}, nil, args...)
}

// fakeAWS is an aws CLI that keeps what it is called with and answers from files. It is the only one that the test sees.
type fakeAWS struct {
	t   *testing.T
	dir string
}

// fakeScript is the executable. Each call is a line of calls: its arguments, then the variables that matter. The last
// argument of an invocation is the file for the answer; the argument before --cli-read-timeout is the payload's.
const fakeScript = `#!/bin/sh
dir='%DIR%'
echo "$* [$AWS_REGION $AWS_DEFAULT_REGION $AWS_MAX_ATTEMPTS $AWS_PROFILE]" >> "$dir/calls"
if [ -f "$dir/$2.fails" ]; then cat "$dir/$2.fails" >&2; exit 254; fi
if [ "$1 $2" = 'lambda invoke' ]; then
  for last; do
    case "$last" in fileb://*) cat "${last#fileb://}" > "$dir/payload";; esac
  done
  cat "$dir/answer" > "$last"
fi
cat "$dir/$2.says"
`

func newFakeAWS(t *testing.T) *fakeAWS {
	t.Helper()
	f := &fakeAWS{t, t.TempDir()}
	f.put("aws", strings.ReplaceAll(fakeScript, "%DIR%", f.dir), 0o700)
	f.says("get-caller-identity", `{"UserId":"A:jane","Account":"123456789012","Arn":"arn:aws:sts::123456789012:assumed-role/Operator/jane@example.com"}`)
	f.answers(`"done\n"`)
	t.Setenv("PATH", f.dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_MAX_ATTEMPTS"} {
		t.Setenv(name, "")
	}
	return f
}

func (f *fakeAWS) put(name, text string, mode os.FileMode) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text), mode); err != nil {
		f.t.Fatal(err)
	}
}

// says sets the standard output of a sub-command, fails makes it fail with a text.
func (f *fakeAWS) says(command, text string)  { f.put(command+".says", text, 0o600) }
func (f *fakeAWS) fails(command, text string) { f.put(command+".fails", text, 0o600) }

// answers sets the function's answer; breaks makes it an error.
func (f *fakeAWS) answers(body string) {
	f.put("answer", body, 0o600)
	f.says("invoke", `{"StatusCode":200,"ExecutedVersion":"$LATEST"}`)
}

func (f *fakeAWS) breaks(body string) {
	f.put("answer", body, 0o600)
	f.says("invoke", `{"StatusCode":200,"FunctionError":"Unhandled","ExecutedVersion":"$LATEST"}`)
}

func (f *fakeAWS) read(name string) string {
	f.t.Helper()
	text, err := os.ReadFile(filepath.Join(f.dir, name))
	if os.IsNotExist(err) {
		return ""
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return string(text)
}

// calls gives the calls that were made, with the names of temporary folders taken out.
func (f *fakeAWS) calls() []string {
	var calls []string
	for line := range strings.Lines(f.read("calls")) {
		words := strings.Fields(line)
		for i, w := range words {
			if at := strings.Index(w, "excs-operate-"); at >= 0 {
				_, name, _ := strings.Cut(w[at:], string(filepath.Separator))
				scheme, _, remote := strings.Cut(w, "://")
				words[i] = name
				if remote {
					words[i] = scheme + "://" + name
				}
			}
		}
		calls = append(calls, strings.Join(words, " "))
	}
	return calls
}

// sent gives the payload of the last invocation.
func (f *fakeAWS) sent() map[string]any {
	f.t.Helper()
	text := f.read("payload")
	if text == "" {
		return nil
	}
	var p map[string]any
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		f.t.Fatalf("the payload %q: %v", text, err)
	}
	return p
}

func want(t *testing.T, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// golden compares a text with testdata/<name>.golden.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wanted, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want(t, got, string(wanted))
}

// The CLI is asked who we are, then invokes once, with the payload as bytes and both variables of the region.
func TestAnActionIsOneInvocationAfterOneLookAtWhoActs(t *testing.T) {
	f := newFakeAWS(t)
	t.Setenv("AWS_PROFILE", "centre")
	got := inAWS(t, "plan", "-kinds", "user, queue")
	want(t, got, told{exitDone, "done\n", "account 123456789012, region eu-central-1, stage dev: plan of excs-dev-sync\n"})
	want(t, f.calls(), []string{
		"sts get-caller-identity --output json [eu-central-1 eu-central-1 1 centre]",
		"lambda invoke --function-name excs-dev-sync --payload fileb://payload.json --cli-read-timeout 930 --output json answer.json [eu-central-1 eu-central-1 1 centre]",
	})
	want(t, f.sent(), map[string]any{"action": "plan", "kinds": []any{"user", "queue"}, "format": "text"})
}

// Neither payload nor answer, which may hold names, stays on the machine.
func TestNothingIsLeftInTheTemporaryFolder(t *testing.T) {
	newFakeAWS(t)
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	if got := inAWS(t, "list"); got.Status != exitDone {
		t.Fatal(got)
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	want(t, len(left), 0)
}

// An interrupted command says that the function goes on, and ends the CLI.
func TestAnInterruptedCommandSaysThatTheFunctionGoesOn(t *testing.T) {
	f := newFakeAWS(t)
	f.put("aws", "#!/bin/sh\nif [ $1 = lambda ]; then touch '"+f.dir+"/invoked'; exec sleep 600; fi\ncat '"+f.dir+"/get-caller-identity.says'\n", 0o700)
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(filepath.Join(f.dir, "invoked")); err == nil {
				stop()
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	var out, errs bytes.Buffer
	c := console{lookup: lookupIn(map[string]string{"REGION": "eu-central-1"}), in: strings.NewReader(""), out: &out, err: &errs}
	want(t, c.run(ctx, []string{"sync"}), exitFailed)
	if !strings.HasSuffix(errs.String(), "operate: interrupted. A function that was invoked goes on by itself: make status tells.\n") {
		t.Error(errs.String())
	}
}
