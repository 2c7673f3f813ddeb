package wiring

import (
	"log/slog"
	"strings"
	"testing"

	"excs/shared/rules"
)

// A function works by its deployment's settings or by none: a process that lives on after a deployment must not go on by the old ones.
func TestOutdatedSettings(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	const settings = `{"tenant":101,"email":{"domain":"agents.example"}}`
	tests := []struct {
		name, hash string
		outdated   bool
	}{
		{"those of the deployment", rules.TextHash(settings), false},
		{"no hash, as in local runs", "", false},
		{"those of another deployment", rules.TextHash(strings.Replace(settings, "101", "102", 1)), true},
		{"the same but for white space", rules.TextHash(settings + "\n"), rules.TextHash(settings+"\n") != rules.TextHash(settings)},
	}
	for _, test := range tests {
		env := map[string]string{VarTable: "excs-mapping", VarSettings: settings, VarSettingsHash: test.hash}
		parts, err := Open(t.Context(), func(name string) string { return env[name] }, slog.New(slog.DiscardHandler), VarTable, VarSettings)
		if err != nil {
			t.Fatal(err)
		}
		why := parts.Base().Outdated()
		if (why != "") != test.outdated || test.outdated && !strings.Contains(why, test.hash) {
			t.Errorf("%s: %q", test.name, why)
		}
	}
}
