package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The aws CLI itself, where there is one, against a server that answers as STS and Lambda do: payloads arrive as they are,
// with either major version, and an invocation that fails is made once.
func TestTheRealCLI(t *testing.T) {
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("there is no aws CLI on this machine")
	}
	invoked := []string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		switch {
		case strings.Contains(string(body), "Action=GetCallerIdentity"):
			w.Header().Set("Content-Type", "text/xml")
			fmt.Fprint(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>`+
				`<Arn>arn:aws:iam::123456789012:user/jane</Arn><UserId>U</UserId><Account>123456789012</Account>`+
				`</GetCallerIdentityResult></GetCallerIdentityResponse>`)
		case strings.Contains(r.URL.Path, "excs-broken-"):
			invoked = append(invoked, string(body))
			w.WriteHeader(http.StatusServiceUnavailable)
		case strings.Contains(r.URL.Path, "excs-prod-"):
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
			fmt.Fprint(w, `{"errorMessage":"plan: log in: 401","errorType":"denied"}`)
		default:
			invoked = append(invoked, r.URL.Path+" "+string(body))
			fmt.Fprint(w, `"paused\n"`)
		}
	}))
	t.Cleanup(server.Close)
	config := filepath.Join(t.TempDir(), "config")
	write(t, config, "[default]\n")
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "default",
		"AWS_CONFIG_FILE": config, "AWS_SHARED_CREDENTIALS_FILE": t.TempDir() + "/none",
	} {
		t.Setenv(name, value)
	}
	got := inAWS(t, "pause", "-note", `Zürich "today"`)
	want(t, got, told{exitDone, "paused\n", "account 123456789012, region eu-central-1, stage dev: pause of excs-dev-sync\n"})
	want(t, invoked, []string{`/2015-03-31/functions/excs-dev-sync/invocations {"action":"pause","note":"Zürich \"today\"","who":"jane","format":"text"}`})
	if got := inAWS(t, "plan", "-stage", "prod"); got.Status != exitRefused || !strings.Contains(got.Err, "plan failed (denied): plan: log in: 401") {
		t.Errorf("%+v", got)
	}
	invoked = nil
	if got := inAWS(t, "sync", "-stage", "broken", "-yes"); got.Status != exitFailed || !strings.Contains(got.Err, "may have been started all the same") {
		t.Errorf("%+v", got)
	}
	want(t, len(invoked), 1)
}
