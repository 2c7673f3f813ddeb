package openapi_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"excs/shared/exorg/exorgtest"
	"excs/shared/exorg/exorgtest/openapi"
)

func load(t *testing.T) *openapi.Validator {
	t.Helper()
	path, err := openapi.Find()
	if err != nil {
		t.Skip(err)
	}
	v, err := openapi.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestFind(t *testing.T) {
	t.Run("the environment wins", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "x.json")
		if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv(openapi.Variable, path)
		if got, err := openapi.Find(); err != nil || got != path {
			t.Errorf("found %q, %v", got, err)
		}
	})
	t.Run("an absent document is named with its path", func(t *testing.T) {
		t.Setenv(openapi.Variable, "nowhere.json")
		if _, err := openapi.Find(); err == nil || !strings.Contains(err.Error(), "nowhere.json") || !strings.Contains(err.Error(), openapi.Variable) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a test that needs it is skipped without it, one that does not goes on", func(t *testing.T) {
		t.Setenv(openapi.Variable, "nowhere.json")
		skipped := true
		t.Run("inner", func(t *testing.T) {
			openapi.Need(t)
			skipped = false
		})
		if !skipped {
			t.Error("it ran")
		}
		org := exorgtest.New(openapi.IfThere(t))
		if got := org.Violations(); len(got) != 0 {
			t.Errorf("violations %v", got)
		}
	})
	t.Run("a document that is none is an error", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "x.json")
		if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openapi.With(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v", err)
		}
	})
}

// TestEveryOperationIsServed sends a request to every operation of the document: the organisation must know them all.
func TestEveryOperationIsServed(t *testing.T) {
	v := load(t)
	org := exorgtest.New()
	token := login(t, org)
	for _, op := range v.Operations() {
		method, path, _ := strings.Cut(op, " ")
		r, err := http.NewRequestWithContext(t.Context(), method, "http://exorg.invalid"+strings.NewReplacer("{", "", "}", "").Replace(path), strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		resp, err := org.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if org.Calls()[op] == 0 {
			t.Errorf("%s is not served: %d", op, resp.StatusCode)
		}
	}
	if n := len(v.Operations()); n != 69 {
		t.Errorf("the document has %d operations", n)
	}
}

func login(t *testing.T, org *exorgtest.Org) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://exorg.invalid/oauth/token", strings.NewReader("grant_type=client_credentials"))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(exorgtest.DefaultClientID, exorgtest.DefaultClientSecret)
	resp, err := org.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var buf strings.Builder
	if _, err := io.Copy(&buf, resp.Body); err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(buf.String(), `"access_token":"`)
	token, _, _ := strings.Cut(rest, `"`)
	return token
}

func TestJudge(t *testing.T) {
	v := load(t)
	exchange := func(method, url, route, body string, status int, answer string) *exorgtest.Exchange {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://exorg.invalid"+url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer x")
		r.Header.Set("Content-Type", "application/json")
		params := map[string]string{"userId": "u", "skillId": "s"}
		return &exorgtest.Exchange{
			Request: r, Route: route, Params: params, Body: []byte(body), Status: status,
			Header: http.Header{"Content-Type": {"application/json"}}, Answer: []byte(answer),
		}
	}
	const user = `{"id":"u","version":1}`
	for _, tc := range []struct {
		name string
		x    *exorgtest.Exchange
		want string // text of the only violation; "" none
		side bool   // of the answer
	}{
		{"a good exchange", exchange("PATCH", "/api/v2/users/u", "/api/v2/users/{userId}", `{"version":1}`, 200, user), "", false},
		{"a request without a required property", exchange("PATCH", "/api/v2/users/u", "/api/v2/users/{userId}", `{"title":"x"}`, 200, user), "version", false},
		{"a request with a wrong parameter", exchange("GET", "/api/v2/users?state=gone", "/api/v2/users", "", 200, `{}`), "state", false},
		{"an answer without a required property", exchange("PATCH", "/api/v2/users/u", "/api/v2/users/{userId}", `{"version":1}`, 200, `{"id":"u"}`), "version", true},
		{"an error of the wrong shape", exchange("GET", "/api/v2/users/u", "/api/v2/users/{userId}", "", 404, `{"status":"404"}`), "status", true},
		{"an operation that is none", exchange("GET", "/api/v2/nowhere", "", "", 404, `{}`), "no such operation", false},
		{"an operation that only the facts name", exchange("PATCH", "/api/v2/routing/skills/s", "/api/v2/routing/skills/{skillId}", `{}`, 200, `{}`), "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := v.Judge(tc.x)
			if tc.want == "" {
				if len(got) != 0 {
					t.Errorf("violations %v", got)
				}
				return
			}
			if len(got) != 1 || !strings.Contains(got[0].String(), tc.want) || got[0].Answer != tc.side {
				t.Errorf("violations %v", got)
			}
		})
	}
	t.Run("a request without a token", func(t *testing.T) {
		x := exchange("GET", "/api/v2/users/u", "/api/v2/users/{userId}", "", 200, user)
		x.Request.Header.Del("Authorization")
		if got := v.Judge(x); len(got) != 1 || got[0].Answer {
			t.Errorf("violations %v", got)
		}
	})
}
