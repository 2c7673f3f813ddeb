package exorg_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"excs/shared/exorg"
	"excs/shared/model"
)

func TestParseSecret(t *testing.T) {
	tests := []struct {
		name, text, api, login string
		clients                []string
	}{
		{"the region's domain gives both hosts", `{"region":"mypurecloud.de","clientId":"a","clientSecret":"s"}`,
			"https://api.mypurecloud.de", "https://login.mypurecloud.de", []string{"a"}},
		{"the AWS name of the region does as well", `{"region":" EU-Central-1 ","clientId":"a","clientSecret":"s"}`,
			"https://api.mypurecloud.de", "https://login.mypurecloud.de", []string{"a"}},
		{"apiUrl and loginUrl override the region", `{"region":"mypurecloud.de","apiUrl":"https://proxy/api/","loginUrl":"https://proxy/login","clientId":"a","clientSecret":"s"}`,
			"https://proxy/api", "https://proxy/login", []string{"a"}},
		{"apiUrl alone leaves the region's login host", `{"region":"usw2.pure.cloud","apiUrl":"https://proxy","clientId":"a","clientSecret":"s"}`,
			"https://proxy", "https://login.usw2.pure.cloud", []string{"a"}},
		{"full paths are reduced to their roots", `{"apiUrl":"https://x/api/v2/","loginUrl":"https://y/oauth/token","clientId":"a","clientSecret":"s"}`,
			"https://x", "https://y", []string{"a"}},
		{"plain http is allowed on this machine", `{"apiUrl":"http://127.0.0.1:8080","loginUrl":"http://localhost:8080","clientId":"a","clientSecret":"s"}`,
			"http://127.0.0.1:8080", "http://localhost:8080", []string{"a"}},
		{"a list of clients", `{"region":"mypurecloud.ie","clients":[{"clientId":"a","clientSecret":"s"},{"clientId":"b","clientSecret":"t"}]}`,
			"https://api.mypurecloud.ie", "https://login.mypurecloud.ie", []string{"a", "b"}},
		{"one client and a list", `{"region":"mypurecloud.ie","clientId":"c","clientSecret":"u","clients":[{"clientId":"a","clientSecret":"s"}]}`,
			"https://api.mypurecloud.ie", "https://login.mypurecloud.ie", []string{"c", "a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := exorg.ParseSecret([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if s.APIURL != tt.api || s.LoginURL != tt.login {
				t.Errorf("addresses are %s and %s, want %s and %s", s.APIURL, s.LoginURL, tt.api, tt.login)
			}
			var ids []string
			for _, c := range s.Clients {
				ids = append(ids, c.ID)
			}
			if fmt.Sprint(ids) != fmt.Sprint(tt.clients) {
				t.Errorf("clients are %v, want %v", ids, tt.clients)
			}
			if cfg := s.Config(); cfg.APIURL != tt.api || cfg.LoginURL != tt.login || len(cfg.Clients) != len(tt.clients) {
				t.Errorf("Config gives %s, %s and %d clients", cfg.APIURL, cfg.LoginURL, len(cfg.Clients))
			}
		})
	}
}

func TestParseSecretErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nothing", ` `, "it is empty"},
		{"no JSON", `hunter2`, "not valid JSON"},
		{"a list", `["hunter2"]`, "not a JSON object"},
		{"text behind", `{"region":"mypurecloud.de","clientId":"a","clientSecret":"s"} hunter2`, "text after"},
		{"a number for a text", `{"region":"mypurecloud.de","clientId":"a","clientSecret":12345}`, `key "clientSecret" must be a string`},
		{"a text for the list", `{"region":"mypurecloud.de","clients":"hunter2"}`, `key "clients" must be a list`},
		{"a misspelt key", `{"region":"mypurecloud.de","clientKey":"hunter2"}`, `key "clientKey" is unknown: the keys are region`},
		{"an unknown region", `{"region":"mypurecloud.dd","clientId":"a","clientSecret":"hunter2"}`, `region "mypurecloud.dd" is unknown: use one of mypurecloud.com`},
		{"no region", `{"clientId":"a","clientSecret":"hunter2"}`, "there is no region"},
		{"apiUrl without loginUrl and region", `{"apiUrl":"https://x","clientId":"a","clientSecret":"hunter2"}`, "both apiUrl and loginUrl"},
		{"no client", `{"region":"mypurecloud.de"}`, "there is no OAuth client"},
		{"a client without secret", `{"region":"mypurecloud.de","clientId":"a"}`, "clientSecret of OAuth client 1 is missing"},
		{"a client without id", `{"region":"mypurecloud.de","clients":[{"clientId":"a","clientSecret":"s"},{"clientSecret":"hunter2"}]}`, "clientId of OAuth client 2 is missing"},
		{"a client twice", `{"region":"mypurecloud.de","clients":[{"clientId":"a","clientSecret":"s"},{"clientId":"a","clientSecret":"hunter2"}]}`, "OAuth client 2 has the clientId of an earlier one"},
		{"http to another machine", `{"apiUrl":"http://api.example.org","loginUrl":"https://y","clientId":"a","clientSecret":"hunter2"}`, "apiUrl must start with https://"},
		{"another scheme", `{"apiUrl":"https://x","loginUrl":"ftp://y","clientId":"a","clientSecret":"hunter2"}`, "loginUrl must start with https://"},
		{"no address at all", `{"apiUrl":"https://x","loginUrl":"login","clientId":"a","clientSecret":"hunter2"}`, "loginUrl is not an address"},
		{"a password in the address", `{"apiUrl":"https://me:hunter2@x","loginUrl":"https://y","clientId":"a","clientSecret":"s"}`, "apiUrl must be a plain address"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := exorg.ParseSecret([]byte(tt.text))
			wantCode(t, err, model.CodeInvalid)
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %q, want it to say %q", err, tt.want)
			}
			for _, secret := range []string{"hunter2", "12345"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error shows a value: %q", err)
				}
			}
		})
	}
}

func TestEveryRegionOfTheTableParses(t *testing.T) {
	if n := len(exorg.Regions()); n != 18 {
		t.Errorf("%d regions, the vendor's table has 18", n)
	}
	for _, r := range exorg.Regions() {
		s, err := exorg.ParseSecret([]byte(`{"region":"` + r + `","clientId":"a","clientSecret":"s"}`))
		if err != nil || s.APIURL != "https://api."+r || s.LoginURL != "https://login."+r {
			t.Errorf("%s gives %s, %s, %v", r, s.APIURL, s.LoginURL, err)
		}
	}
}

// No way of printing that people use shows a client secret, however deep the value lies.
func TestSecretIsNeverPrinted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hidden := "S" + rapid.StringMatching(`[a-zA-Z0-9_\-]{12,40}`).Draw(t, "secret") + "E"
		text, err := json.Marshal(map[string]string{"region": "mypurecloud.de", "clientId": "the-client", "clientSecret": hidden})
		if err != nil {
			t.Fatal(err)
		}
		s, err := exorg.ParseSecret(text)
		if err != nil {
			t.Fatal(err)
		}
		type holder struct {
			Secret exorg.Secret
			inner  exorg.Credentials
			config exorg.Config
		}
		h := holder{s, s.Clients[0], s.Config()}
		client := exorg.New(s.Config())
		for _, v := range []any{s, &s, s.Clients[0], &s.Clients[0], s.Clients, h, &h, s.Config(), client} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
				if out := fmt.Sprintf(verb, v); strings.Contains(out, hidden) || strings.Contains(out, fmt.Sprintf("%x", hidden)) {
					t.Fatalf("%s of %T shows the secret", verb, v)
				}
			}
		}
		var b strings.Builder
		log := slog.New(slog.NewJSONHandler(&b, nil))
		log.Info("x", "secret", s, "clients", s.Clients, "client", s.Clients[0], "pointer", &s)
		slog.New(slog.NewTextHandler(&b, nil)).Info("x", "secret", s, "clients", s.Clients, "holder", h)
		raw, err := json.Marshal(struct {
			A exorg.Secret
			B []exorg.Credentials
		}{s, s.Clients})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String()+string(raw), hidden) {
			t.Fatal("a log line or JSON shows the secret")
		}
		if !strings.Contains(string(raw), "redacted") {
			t.Fatalf("JSON does not say that something is left out: %s", raw)
		}
	})
}
