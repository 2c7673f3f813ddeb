package main

import (
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"excs/functions/internal/stage"
	"excs/shared/engage/engagetest"
	"excs/shared/excstest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/rules"
	"excs/shared/run"
	"excs/shared/telemetry"
	"excs/shared/telemetry/telemetrytest"
	"excs/shared/wiring"
)

// strict are settings whose guard lets one user go.
func strict() rules.Settings {
	settings := stage.Settings()
	settings.Guard.ActiveFrom = 1
	settings.Guard.Removals.Count, settings.Guard.Removals.Share = 1, 0
	return settings
}

// More removals than the guard allows are counted as held, in every run until they are approved, and the alarm's line names
// them.
func TestMetricsOfTheGuard(t *testing.T) {
	site, reader := stage.SQLite(t, stage.Site())
	s := stage.New(t, strict(), wiring.ReadFor(reader, strict()))
	w := watch(t, s)
	w.run()
	s.Converge(t)
	fired := 0
	for _, p := range site.Site().Persons {
		if p.Tenant == site.Site().Tenant && p.Agent && p.State == engagetest.StateEnabled && fired < 7 {
			if err := site.SetPersonState(t.Context(), p.DBID, engagetest.StateDisabled); err != nil {
				t.Fatal(err)
			}
			fired++
		}
	}
	var then string
	for range 2 {
		got, said := w.run()
		w.want(got, map[string]float64{"guardTrips": 1})
		if got.Last("held") < float64(fired) { // member lists may wait with them
			t.Errorf("held is %v", got["held"])
		}
		a := alarms(t, said)[telemetry.AlarmGuardTripped]
		then = a.Then
		if a.Count != fired || len(a.Keys) != 5 || !strings.HasPrefix(a.Keys[0], "user/") || a.Command != "make plan STAGE=test" {
			t.Errorf("alarm %+v", a)
		}
		s.Clock.Pass(time.Minute)
	}
	// What the line says to paste approves just that.
	hash, ok := strings.CutPrefix(strings.TrimSuffix(then, " STAGE=test"), "make approve HASH=")
	if !ok {
		t.Fatalf("the line says %q", then)
	}
	if d, err := s.Runner.Approve(t.Context(), hash, nil, run.By{}); err != nil || len(d.Changes) < fired { // and the memberships that go with them
		t.Fatalf("approved %+v, %v", d, err)
	}
	got, said := w.run()
	w.want(got, map[string]float64{"guardTrips": 0})
	if a := alarms(t, said); len(a) > 0 {
		t.Errorf("alarms %v", a)
	}
}

// The age of the oldest unconverged object grows until it converges, however often it changes between waiting and pending;
// after an hour the alarm's line says which it is.
func TestMetricsOfTheOldestUnconverged(t *testing.T) {
	s, editor := stage.Tiny(t)
	w := watch(t, s)
	w.run()
	s.Converge(t)
	person := editor.Site().Persons[0].DBID
	if err := editor.RenamePerson(t.Context(), person, "Ada", "Lovelace"); err != nil {
		t.Fatal(err)
	}
	w.run()
	s.Org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Method: http.MethodPatch, Route: "/api/v2/users/{userId}", Status: http.StatusBadGateway, Times: 4})
	began, key := s.Clock.Now(), model.Key{Kind: model.KindUser, DBID: person}
	var got telemetrytest.Readings
	var said []string
	for range 8 {
		if _, err := s.Drain(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if row, err := s.Table.Get(t.Context(), key); err != nil || row.State == mapping.StateConverged {
			break
		}
		s.Clock.Pass(20 * time.Minute)
		got, said = w.run()
		if age := got.Last("oldestUnconverged"); age != math.Floor(s.Clock.Now().Sub(began).Seconds()) {
			t.Errorf("after %s the oldest is %v s old", s.Clock.Now().Sub(began), age)
		}
		a, alarmed := alarms(t, said)[telemetry.AlarmUnconverged]
		if alarmed != (got.Last("oldestUnconverged") >= 3600) || alarmed && (a.Count != 1 || !slices.Equal(a.Keys, []string{key.String()}) || a.Command != "make list STAGE=test") {
			t.Errorf("alarm %+v at %v s", a, got["oldestUnconverged"])
		}
	}
	if got.Last("oldestUnconverged") < 3600 {
		t.Fatalf("the story ended at %v s", got["oldestUnconverged"])
	}
	s.Converge(t)
	got, _ = w.run()
	w.want(got, map[string]float64{"oldestUnconverged": 0})
}

// What an operator paused is not late, however long it waits, nor is what waits for it.
func TestWhatIsPausedIsNotLate(t *testing.T) {
	s, editor := stage.Tiny(t)
	w := watch(t, s)
	w.run()
	s.Converge(t)
	person := editor.Site().Persons[0].DBID
	if err := editor.RenamePerson(t.Context(), person, "Ada", "Lovelace"); err != nil {
		t.Fatal(err)
	}
	w.run()
	s.LoseMessages(t)
	s.Clock.Pass(2 * time.Hour)
	late, said := w.run()
	if _, alarmed := alarms(t, said)[telemetry.AlarmUnconverged]; late.Last("oldestUnconverged") < 7200 || !alarmed {
		t.Fatalf("the oldest is %v s old", late["oldestUnconverged"])
	}
	scope := mapping.Scope{Key: model.Key{Kind: model.KindUser, DBID: person}}
	if _, err := s.Table.Pause(t.Context(), []mapping.Pause{{Scope: scope, Since: s.Clock.Now(), Who: "jane", Note: "leave her alone"}}); err != nil {
		t.Fatal(err)
	}
	paused, said := w.run()
	w.want(paused, map[string]float64{"oldestUnconverged": 0})
	if _, alarmed := alarms(t, said)[telemetry.AlarmUnconverged]; alarmed {
		t.Error("the alarm tells of a paused object")
	}
}

// A restored Engage is told until it is accepted.
func TestMetricsOfASourceThatWentBack(t *testing.T) {
	s, editor := stage.Tiny(t)
	w := watch(t, s)
	backup := editor.Site().Clone()
	for _, name := range []string{"Ada", "Grace", "Jean"} {
		if _, err := editor.Hire(t.Context(), engagetest.Newcomer{First: name, Last: "Agent", Email: name + "@agents.example"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := editor.Fire(t.Context(), editor.Site().Persons[0].DBID); err != nil {
		t.Fatal(err)
	}
	w.run()
	s.Converge(t)
	if err := editor.RestoreBackup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got, said := w.run()
		w.want(got, map[string]float64{"wentBack": 1, "proofFailures": 0})
		if a, told := alarms(t, said)[telemetry.AlarmWentBack]; !told || a.Command != "make plan STAGE=test" {
			t.Errorf("alarm %+v", a)
		}
		s.Clock.Pass(20 * time.Minute)
	}
}

// Refused credentials are counted, once however many calls they fail, and the alarm says so.
func TestMetricsOfRefusedCredentials(t *testing.T) {
	_, reader := stage.SQLite(t, stage.Site())
	s := stage.New(t, stage.Settings(), wiring.ReadFor(reader, stage.Settings()), func(c *excstest.Config) { c.Secret = stage.Secret("wrong") })
	w := watch(t, s)
	got, said := w.run()
	if got.Last("authFailures") == 0 {
		t.Errorf("authFailures is %v", got["authFailures"])
	}
	if a := alarms(t, said)[telemetry.AlarmAuthFailed]; a.Count != int(got.Last("authFailures")) || a.Runbook != "Authentication failed" {
		t.Errorf("alarm %+v", a)
	}
}
