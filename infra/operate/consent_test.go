package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writing are command lines that write, showing those that only show although their action may write.
func writing() []string {
	return []string{
		"sync", "approve -hash abc", "release -key user/1", "link -key user/1 -exid abc", "forget -key user/1", "pause -note x", "resume -hash abc", "replay",
		"invoke sync sync-status",
	}
}

func showing() []string {
	return []string{"plan", "verify", "explain -key user/1", "list", "history", "report", "doctor", "status", "discard -hash abc", "resume", "replay -dry-run"}
}

const emptyReport = `{"counts":{},"remaining":0}`

// invoked says whether the function was called.
func (f *fakeAWS) invoked() bool { return strings.Contains(f.read("calls"), "lambda invoke") }

// YES=no must not mean yes: whatever is not a clear yes is refused.
func TestYESIsUnderstoodOrRefused(t *testing.T) {
	t.Chdir("../..")
	for _, value := range []string{"0", "no", "false", "nein"} {
		f := newFakeAWS(t)
		got := typedWith(t, map[string]string{"REGION": "eu-central-1", "STAGE": "prod", "YES": value}, nil, "sync")
		if got.Status != exitUsage || !strings.Contains(got.Err, "YES="+value+" is not understood") || f.invoked() {
			t.Errorf("YES=%s: %+v", value, got)
		}
	}
}

// A stage that names its account and region is reached there or nowhere.
func TestAShellThatPointsElsewhereIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "cdk.json"), []byte(`{"context":{"stages":{"prod":{"account":"111111111111","region":"eu-central-1"}}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for name, tc := range map[string]struct {
		env  map[string]string
		says string
	}{
		"another account": {map[string]string{"STAGE": "prod"}, "are those of account 123456789012, but cdk.json says that stage prod belongs to account 111111111111"},
		"another region":  {map[string]string{"STAGE": "prod", "REGION": "us-east-1"}, "REGION is us-east-1, but cdk.json says that stage prod belongs to eu-central-1"},
	} {
		f := newFakeAWS(t)
		got := typedWith(t, tc.env, nil, "status")
		if got.Status != exitFailed || !strings.Contains(got.Err, tc.says) || f.invoked() {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Beyond the development stage nothing is written unless somebody says so, and what is asked names the stage.
func TestWritesAskForConsent(t *testing.T) {
	t.Chdir("../..")
	prod := map[string]string{"REGION": "eu-central-1", "STAGE": "prod"}
	typed := func(s string) *string { return &s }
	for _, tc := range []struct {
		name   string
		env    map[string]string
		in     *string
		status int
		says   string
	}{
		{"the stage's name lets it pass", nil, typed("prod\n"), exitDone, "writes in stage prod. Write the stage's name to go on:"},
		{"a yes is not enough", nil, typed("y\n"), exitFailed, "nothing was done: the stage's name was not written"},
		{"another stage's name neither", nil, typed("dev\n"), exitFailed, "nothing was done"},
		{"nor an end of the input", nil, typed(""), exitFailed, "nothing was done"},
		{"where nobody can be asked it is refused", nil, nil, exitUsage, "add -yes (YES=1) if that is meant"},
		{"unless it was said before", map[string]string{"YES": "1"}, nil, exitDone, ""},
	} {
		for _, line := range writing() {
			t.Run(tc.name+": "+line, func(t *testing.T) {
				f := newFakeAWS(t)
				f.answers(emptyReport)
				env := map[string]string{}
				for _, vars := range []map[string]string{prod, tc.env} {
					for k, v := range vars {
						env[k] = v
					}
				}
				got := typedWith(t, env, tc.in, strings.Fields(line)...)
				if got.Status != tc.status || !strings.Contains(got.Err, tc.says) {
					t.Errorf("%+v", got)
				}
				if !strings.HasPrefix(got.Err, "account 123456789012, region eu-central-1, stage prod: ") {
					t.Errorf("account, region and stage do not come first: %s", got.Err)
				}
				want(t, f.invoked(), tc.status == exitDone)
			})
		}
	}
}

// What only shows is never asked about; nor is anything in the development stage.
func TestNoConsentIsNeeded(t *testing.T) {
	t.Chdir("../..")
	for stage, lines := range map[string][]string{"prod": showing(), "dev": append(showing(), writing()...)} {
		for _, line := range lines {
			t.Run(stage+": "+line, func(t *testing.T) {
				f := newFakeAWS(t)
				f.answers(emptyReport)
				got := inAWS(t, append(strings.Fields(line), "-stage", stage)...)
				if got.Status != exitDone || !f.invoked() {
					t.Errorf("%+v", got)
				}
			})
		}
	}
}

// Every action that may write stands in one of the lists above.
func TestEveryActionWasTried(t *testing.T) {
	tried := strings.Join(append(writing(), showing()...), "\n")
	for _, a := range actions() {
		if !strings.Contains("\n"+tried, "\n"+a.name) {
			t.Errorf("%s was not tried", a.name)
		}
		if a.writes != strings.Contains("\n"+strings.Join(writing(), "\n"), "\n"+a.name) {
			t.Errorf("%s: writes is %v", a.name, a.writes)
		}
	}
}
