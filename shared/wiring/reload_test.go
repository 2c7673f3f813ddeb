package wiring_test

import (
	"testing"

	"excs/shared/model"
	"excs/shared/wiring"
)

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
