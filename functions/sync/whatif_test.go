package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"excs/functions/internal/stage"
	"excs/shared/model"
	"excs/shared/rules"
	"excs/shared/run"
)

// A plan under other settings shows what they would change and which of them differ, and writes nothing.
func TestPlanUnderOtherSettings(t *testing.T) {
	s, _ := stage.Tiny(t)
	h := onStage(s)
	text, err := json.Marshal(s.Settings)
	if err != nil {
		t.Fatal(err)
	}
	h.Settings = string(text)
	h.PlanUnder = func(ctx context.Context, other rules.Settings, req run.Request) (run.Report, error) {
		c := s.Runner.Config
		c.Settings = other
		return run.New(c).Plan(ctx, req)
	}
	must(t, h, `{"action":"sync"}`)
	s.Converge(t)
	under := func(change string) string {
		return strings.Replace(h.Settings, `"name":"EXCS"`, change, 1)
	}
	s.Reset()
	got := must(t, h, `{"action":"plan","format":"text","settings":`+under(`"name":"Presence of Engage"`)+`}`)
	s.NothingWritten(t)
	for _, want := range []string{`Settings that differ: source.name: "Presence of Engage", before "EXCS"`, "~ source/101 ", "settings that are not deployed: nothing was written"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in:\n%s", want, got)
		}
	}
	for payload, want := range map[string]string{
		`{"action":"plan","settings":` + h.Settings + `}`:                    "these are the deployed settings",
		`{"action":"plan","settings":{"tenant":7}}`:                          "the settings are of tenant 7, this stack serves tenant 101",
		`{"action":"plan","settings":{"tenant":101,"fights":"many"}}`:        "fights",
		`{"action":"plan","settings":` + h.Settings + `,"preset":"current"}`: "settings or a preset, not both",
		`{"action":"plan","preset":"2019-01"}`:                               "preset",
		`{"action":"sync","preset":"current"}`:                               "sync takes no preset",
		`{"action":"plan","preset":"` + string(s.Settings.Preset) + `"}`:     "these are the deployed settings",
		`{"action":"verify","settings":{"tenant":101}}`:                      "verify takes no settings",
	} {
		if _, err := ask(t, h, payload); model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", payload, err)
		}
	}
}

// Under another preset everything else is as it was deployed.
func TestPlanUnderAnotherPreset(t *testing.T) {
	var got rules.Settings
	h := &Handler{
		Log: quiet(), Settings: `{"tenant":101,"email":{"domain":"agents.example"},"fights":3}`,
		PlanUnder: func(_ context.Context, s rules.Settings, _ run.Request) (run.Report, error) {
			got = s
			return run.Report{}, nil
		},
	}
	must(t, h, `{"action":"plan","preset":"current"}`)
	if got.Preset != rules.PresetCurrent || got.Fights != 3 || got.Email.Domain != "agents.example" || got.Tenant != 101 {
		t.Errorf("planned was under %+v", got)
	}
}
