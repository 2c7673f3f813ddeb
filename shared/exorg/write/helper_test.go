package write_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/exorg/internal/script"
	"excs/shared/exorg/write"
	"excs/shared/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a simulated organisation with a reader and a writer.
type bench struct {
	*write.Writer
	read *exorg.Client
	org  *exorgtest.Org
	url  string
}

func newBench(t *testing.T, opts ...exorgtest.Option) bench {
	t.Helper()
	org, url := exorgtest.Start(t, opts...)
	c := client(t, url)
	return bench{write.New(c), c, org, url}
}

func client(t *testing.T, url string) *exorg.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return exorg.New(exorg.Config{
		APIURL: url, LoginURL: url, HTTP: &http.Client{Transport: transport},
		Clients: []exorg.Credentials{exorg.NewCredentials(exorgtest.DefaultClientID, exorgtest.DefaultClientSecret)},
	})
}

// played is a writer to a scripted server.
func played(t *testing.T, replies ...script.Reply) (*write.Writer, *script.Server) {
	t.Helper()
	s := script.Start(t, replies...)
	return write.New(client(t, s.URL)), s
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func done(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, want model.Code) {
	t.Helper()
	if got := model.CodeOf(err); got != want {
		t.Fatalf("code is %q, want %q; error: %v", got, want, err)
	}
}

func (b bench) newUser(t *testing.T, name string) exorg.User {
	t.Helper()
	return must[exorg.User](t)(b.CreateUser(t.Context(), write.NewUser{
		Name: name, Email: strings.ToLower(name) + "@example.org", DivisionID: b.org.HomeDivision(), State: model.StateActive,
	}))
}

// calls says which writes went to the organisation, in order and with the size of a list: "PUT /api/v2/users/{userId}/routingskills/bulk".
func (b bench) calls() string {
	var out []string
	for _, r := range b.org.Requests() {
		if r.Method != http.MethodGet && !strings.HasPrefix(r.Route, "/oauth") && !strings.HasSuffix(r.Route, "/search") {
			size := strings.Count(r.Body, `"id"`)
			out = append(out, fmt.Sprintf("%s %s %d", r.Method, strings.TrimPrefix(r.Route, "/api/v2"), size))
		}
	}
	return strings.Join(out, "\n")
}

func ptr(s string) *string { return &s }
