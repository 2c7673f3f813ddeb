package wiring_test

import (
	"context"
	"testing"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/wiring"
)

// A replay is told why each of the keys that are paused is, and of no other.
func TestPauses(t *testing.T) {
	table := mapping.NewMemory(mapping.MemoryOptions{})
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	user, other, list := model.Key{Kind: model.KindUser, DBID: 1}, model.Key{Kind: model.KindUser, DBID: 2}, model.Key{Kind: model.KindMembers, DBID: 7}
	_, err := table.Pause(t.Context(), []mapping.Pause{
		{Scope: mapping.Scope{Key: user}, Since: at, Who: "jane", Note: "compromised"}, {Scope: mapping.Scope{Kind: model.KindQueue}, Since: at},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := wiring.Pauses{Table: table}.Paused(t.Context(), []model.Key{user, other, list})
	if err != nil || len(got) != 2 || got[user] != "user/1 is paused since 2026-03-02T08:00:00Z by jane: compromised" || got[list] == "" {
		t.Errorf("paused are %v, %v", got, err)
	}
	table.SetFault(func(string) mapping.Fault { return mapping.FaultBefore })
	if _, err := (wiring.Pauses{Table: table}).Paused(context.WithoutCancel(t.Context()), []model.Key{user}); model.CodeOf(err) != model.CodeUnavailable {
		t.Errorf("error %v", err)
	}
}

// A client whose OAuth client is refused reads the secret again, from where it came: a rotation needs no new process.
func TestEXOrgSecretIsReadAgain(t *testing.T) {
	const arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:exorg"
	c := startCloud(t)
	secret := func(value string) {
		c.put(map[string]string{arn: `{"region":"mypurecloud.de","clientId":"id-1","clientSecret":"` + value + `"}`})
	}
	secret("first")
	env := full()
	env[wiring.VarExorgSecret] = arn
	p, err := wiring.Open(t.Context(), lookup(env), quiet(), wiring.VarTable, wiring.VarQueueURL, wiring.VarSettings, wiring.VarExorgSecret)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := p.EXOrgConfig(t.Context(), wiring.Writing)
	if err != nil {
		t.Fatal(err)
	}
	before := len(c.targets())
	secret("second")
	again, err := cfg.Reload(t.Context())
	if err != nil || len(again) != 1 || again[0].ID != "id-1" {
		t.Fatalf("%v, %v", again, err)
	}
	if n := len(c.targets()); n != before+1 {
		t.Errorf("%d calls for it", n-before)
	}
	c.put(map[string]string{arn: "not set yet"})
	if _, err := cfg.Reload(t.Context()); model.CodeOf(err) != model.CodeInvalid {
		t.Errorf("error %v", err)
	}
}
