package exorg_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/exorg/internal/script"
	"excs/shared/model"
)

// vault holds the EX Org secret as it is now, and counts how often it is read.
type vault struct {
	reads atomic.Int64
	holds []exorg.Credentials
	fails error
	// opens is called when the secret is read: the token endpoint takes what it holds now.
	opens func()
}

func (v *vault) reload(context.Context) ([]exorg.Credentials, error) {
	v.reads.Add(1)
	if v.opens != nil {
		v.opens()
	}
	return v.holds, v.fails
}

// rotating is a client whose token is refused, and that reads the vault then.
func rotating(t *testing.T, refusal string, v *vault) (*exorg.Client, *script.Server, *clock) {
	t.Helper()
	s, clk := script.Start(t, oks(4)...), newClock()
	cfg := config(t, s.URL, clk)
	cfg.Reload = v.reload
	s.Token(script.JSON(400, refusal))
	return exorg.New(cfg), s, clk
}

const refusedClient = `{"error":"invalid_client","description":"client not found"}`

// A rotated secret is read again at the first refusal, once, and the call goes on: nothing waits for the end of the process.
func TestARotatedSecretIsReadAgain(t *testing.T) {
	tests := []struct {
		name string
		now  []exorg.Credentials
	}{
		{"the client's secret is another", []exorg.Credentials{exorg.NewCredentials("client-1", "new")}},
		{"the client is another", []exorg.Credentials{exorg.NewCredentials("client-9", "new")}},
		{"there are two clients now, and it is the second", []exorg.Credentials{exorg.NewCredentials("client-0", "x"), exorg.NewCredentials("client-1", "new")}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := &vault{holds: test.now}
			c, s, _ := rotating(t, refusedClient, v)
			v.opens = func() { s.Token(script.OK(`{"access_token":"fresh","expires_in":300}`)) }
			mustRead(t, c)
			mustRead(t, c)
			if got := bearers(s); got != "fresh fresh" || v.reads.Load() != 1 {
				t.Errorf("tokens %q, the secret was read %d times", got, v.reads.Load())
			}
		})
	}
}

// A secret that did not change, that can not be read, or that lacks the client leaves the refusal as it is, and is asked once a
// minute at most.
func TestASecretThatIsNoHelp(t *testing.T) {
	tests := map[string]*vault{
		"the same secret":             {holds: []exorg.Credentials{exorg.NewCredentials("client-1", "secret-1")}},
		"a secret that can't be read": {fails: errors.New("denied")},
		"a secret without clients":    {},
	}
	for name, v := range tests {
		t.Run(name, func(t *testing.T) {
			c, _, clk := rotating(t, refusedClient, v)
			for range 3 {
				err := read(t, c)
				if model.CodeOf(err) != model.CodeDenied || !exorg.IsCredentials(err) {
					t.Fatalf("error %v", err)
				}
			}
			if n := v.reads.Load(); n != 1 {
				t.Errorf("the secret was read %d times within a minute", n)
			}
			clk.Advance(time.Minute)
			_ = read(t, c)
			if n := v.reads.Load(); n != 2 {
				t.Errorf("the secret was read %d times in two", n)
			}
		})
	}
}

// Only refused credentials are worth a look at the secret.
func TestOtherRefusalsDoNotReadTheSecret(t *testing.T) {
	v := &vault{holds: []exorg.Credentials{exorg.NewCredentials("client-1", "new")}}
	c, _, _ := rotating(t, `{"error":"invalid_request","description":"rate limit exceeded"}`, v)
	err := read(t, c)
	if model.CodeOf(err) != model.CodeThrottled || v.reads.Load() != 0 {
		t.Errorf("error %v, the secret was read %d times", err, v.reads.Load())
	}
	if strings.Contains(err.Error(), "new") {
		t.Error("the error shows a secret")
	}
}

// Against an organisation: the old secret is refused, the one read again is taken.
func TestAgainstAnOrgTheNewSecretIsUsed(t *testing.T) {
	org := exorgtest.New()
	v := &vault{holds: []exorg.Credentials{exorg.NewCredentials(exorgtest.DefaultClientID, exorgtest.DefaultClientSecret)}}
	c := exorg.New(exorg.Config{
		APIURL: "http://org", LoginURL: "http://org", HTTP: org.Client(), Reload: v.reload,
		Clients: []exorg.Credentials{exorg.NewCredentials(exorgtest.DefaultClientID, "rotated away")},
	})
	for range 3 {
		if _, err := c.Me(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := v.reads.Load(); n != 1 {
		t.Errorf("the secret was read %d times", n)
	}
}
