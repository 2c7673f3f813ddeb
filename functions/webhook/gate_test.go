package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"excs/shared/excstest"
	"excs/shared/model"
)

// A secret that is too short, none at all, or one that no header can carry is refused at the start, with an error that says
// what to do and shows no part of it.
func TestGateRefusesSecrets(t *testing.T) {
	cases := []struct{ name, text, reason string }{
		{"short", `{"secrets":["` + oldSecret + `","hunter2hunter2hunter2hu"]}`, "secret 2 of 2 has 23 bytes: it needs 24 or more"},
		{"empty", `{"secrets":["","` + oldSecret + `"]}`, "secret 1 of 2 has 0 bytes"},
		{"none", `{"secrets":[]}`, "it holds no secret"},
		{"another form", `{"password":"hunter2hunter2hunter2hunter2"}`, "it holds no secret"},
		{"no list", `{"secrets":"hunter2hunter2hunter2hunter2"}`, "it is not JSON of the form"},
		{"no JSON", `hunter2hunter2hunter2hunter2`, "it is not JSON of the form"},
		{"a space", `{"secrets":["hunter2 hunter2 hunter2 hunter2"]}`, "a character that a header can not carry"},
		{"a line break", `{"secrets":["hunter2hunter2hunter2hunter2\n"]}`, "a character that a header can not carry"},
		{"not ASCII", `{"secrets":["hünter2hünter2hünter2hünter2"]}`, "a character that a header can not carry"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := NewGate(t.Context(), func(context.Context) (string, error) { return c.text, nil }, time.Now, quiet())
			if model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), c.reason) || !strings.Contains(err.Error(), VarWebhookSecret) {
				t.Errorf("error %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
}

// Any of the secrets opens the gate, a part of one, one with something around it or none does not.
func TestGateAdmits(t *testing.T) {
	g := bothSecrets(t)
	single := gate(t, `{"secret":"`+oldSecret+`","note":"as Secrets Manager generates it"}`)
	if !g.Admits(t.Context(), oldSecret) || !g.Admits(t.Context(), newSecret) || !single.Admits(t.Context(), oldSecret) {
		t.Error("a valid secret is refused")
	}
	for _, given := range []string{"", oldSecret[1:], oldSecret[:24], oldSecret + "x", " " + oldSecret, oldSecret + "," + newSecret, strings.ToUpper(oldSecret), strings.Repeat("x", 1<<20)} {
		if g.Admits(t.Context(), given) {
			t.Errorf("admits %.40q", given)
		}
	}
	if single.Admits(t.Context(), newSecret) || Closed().Admits(t.Context(), "") || Closed().Admits(t.Context(), oldSecret) {
		t.Error("a gate without that secret is open")
	}
}

// A secret is admitted by the whole of its hash: one that differs from a valid hash in a single bit, wherever, is refused.
func TestGateComparesTheWholeHash(t *testing.T) {
	g := gate(t, `{"secret":"`+oldSecret+`"}`)
	valid := g.hashes[0]
	for i := range valid {
		g.hashes[0] = valid
		g.hashes[0][i] ^= 1 << (i % 8)
		if g.Admits(t.Context(), oldSecret) {
			t.Errorf("byte %d of the hash is not compared", i)
		}
	}
	if g.hashes[0] = valid; !g.Admits(t.Context(), oldSecret) {
		t.Error("the valid secret is refused")
	}
}

// A secret that is added is taken within five minutes, one that is taken away is refused by then; a passing fault or a
// faulty text changes nothing.
func TestGateRotation(t *testing.T) {
	c := excstest.NewClock()
	text, fault, loads := `{"secrets":["`+oldSecret+`"]}`, error(nil), 0
	load := func(context.Context) (string, error) { loads++; return text, fault }
	g, err := NewGate(t.Context(), load, c.Now, quiet())
	if err != nil {
		t.Fatal(err)
	}
	admits := func(secret string, want bool) {
		t.Helper()
		if got := g.Admits(t.Context(), secret); got != want {
			t.Errorf("admits %s: %v", secret, got)
		}
	}
	text = `{"secrets":["` + oldSecret + `","` + newSecret + `"]}`
	admits(newSecret, false)
	c.Pass(5 * time.Minute)
	admits(newSecret, true)
	admits(oldSecret, true)
	fault = model.Errorf(model.CodeUnavailable, "read", "down")
	c.Pass(5 * time.Minute)
	admits(oldSecret, true)
	fault, text = nil, `{"secrets":["short"]}`
	c.Pass(5 * time.Minute)
	admits(newSecret, true)
	text = `{"secrets":["` + newSecret + `"]}`
	c.Pass(5 * time.Minute)
	admits(oldSecret, false)
	admits(newSecret, true)
	if loads != 5 {
		t.Errorf("the secrets were read %d times", loads)
	}
	for range 1000 { // a flood of forged requests reads nothing
		g.Admits(t.Context(), "forged")
	}
	if loads != 5 {
		t.Errorf("the secrets were read %d times", loads)
	}
}
