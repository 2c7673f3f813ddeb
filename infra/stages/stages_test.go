package stages

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func config(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "cdk.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// The stage that every command works in is the one of the repository's own cdk.json.
func TestReadTheRepositorysOwn(t *testing.T) {
	dev, err := Read("../..", "dev")
	if err != nil || dev.Stack() != "excs-dev" || !dev.Development || dev.Toolkit != "CDKToolkit" {
		t.Errorf("%+v, %v", dev, err)
	}
	if _, err := Read("../..", "prd"); err == nil || !strings.Contains(err.Error(), "it has dev, local") {
		t.Errorf("an unknown stage: %v", err)
	}
}

func TestReadFaults(t *testing.T) {
	if _, err := Read(t.TempDir(), "dev"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "root of the repository") {
		t.Errorf("no cdk.json: %v", err)
	}
	if _, err := Read(config(t, "{"), "dev"); err == nil || !strings.Contains(err.Error(), "read cdk.json") {
		t.Errorf("a broken cdk.json: %v", err)
	}
}

// The stage's region stands above everything; who names another one is told so, and a profile's is only a default.
func TestRegionOf(t *testing.T) {
	tests := []struct {
		stage, asked, shell, older, profile string
		want, fault                         string
	}{
		{stage: "eu-central-1", profile: "us-east-1", want: "eu-central-1"},
		{stage: "eu-central-1", asked: "eu-central-1", shell: "eu-central-1", want: "eu-central-1"},
		{stage: "eu-central-1", asked: "us-east-1", fault: "REGION is us-east-1"},
		{stage: "eu-central-1", shell: "us-east-1", fault: "AWS_REGION is us-east-1"},
		{stage: "eu-central-1", older: "us-east-1", fault: "AWS_DEFAULT_REGION is us-east-1"},
		{asked: "us-east-1", shell: "us-east-2", want: "us-east-1"},
		{shell: "us-east-2", older: "us-east-1", want: "us-east-2"},
		{older: "us-east-1", profile: "us-east-2", want: "us-east-1"},
		{profile: "us-east-2", want: "us-east-2"},
		{fault: "no AWS region is known"},
	}
	for _, test := range tests {
		env := map[string]string{"AWS_REGION": test.shell, "AWS_DEFAULT_REGION": test.older}
		got, err := Stage{Name: "x", Region: test.stage}.RegionOf(test.asked, func(k string) string { return env[k] }, func() string { return test.profile })
		if got != test.want || (err != nil) != (test.fault != "") || err != nil && !strings.Contains(err.Error(), test.fault) {
			t.Errorf("%+v: %q, %v", test, got, err)
		}
	}
}

func TestYes(t *testing.T) {
	for value, want := range map[string]bool{"": false, "1": true, "true": true, "TRUE": true, "yes": true} {
		if got, err := Yes(value); got != want || err != nil {
			t.Errorf("YES=%s: %v, %v", value, got, err)
		}
	}
	for _, value := range []string{"0", "no", "false", "n", "y", "2", "ja"} {
		if got, err := Yes(value); got || err == nil {
			t.Errorf("YES=%s is taken for %v", value, got)
		}
	}
}

// The terminal's own device counts as one, a pipe and a file do not.
func TestIsTerminal(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close(); _ = w.Close() })
	file, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	if IsTerminal(r) || IsTerminal(file) || IsTerminal(nil) {
		t.Error("what is no terminal is taken for one")
	}
}
