package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"excs/shared/model"
)

// open is a town whose webhook takes requests, with the audit event of a user whose state somebody changed.
func open(t testing.TB) (w *town, event string) {
	w = synced(t)
	w.webhook.Gate = bothSecrets(t)
	w.news()
	if err := w.org.DeactivateUser(w.exID(w.firstUser())); err != nil {
		t.Fatal(err)
	}
	news := w.news()
	return w, string(news[len(news)-1].Envelope)
}

// exID is the EX object of a key.
func (t *town) exID(k model.Key) string {
	t.tb.Helper()
	row, err := t.Table.Get(t.tb.Context(), k)
	if err != nil {
		t.tb.Fatal(err)
	}
	return row.EXID
}

// firstUser is the first user of the table.
func (t *town) firstUser() model.Key {
	t.tb.Helper()
	keys, err := t.Table.Keys(t.tb.Context(), model.KindUser)
	if err != nil || len(keys) == 0 {
		t.tb.Fatal(keys, err)
	}
	return keys[0]
}

// messages counts what is on the work queue.
func (t *town) messages() int {
	t.tb.Helper()
	waiting, inFlight, err := t.Work.Depth(t.tb.Context())
	if err != nil {
		t.tb.Fatal(err)
	}
	return waiting + inFlight
}

// bodyOfEvent takes the event's body out of its envelope.
func bodyOfEvent(t testing.TB, envelope string) string {
	t.Helper()
	var e struct {
		Detail struct{ EventBody json.RawMessage }
	}
	if err := json.Unmarshal([]byte(envelope), &e); err != nil {
		t.Fatal(err)
	}
	return string(e.Detail.EventBody)
}

// Every shape in which a relay may pass an event on leads to a message, under any of the valid secrets; the worker then
// puts things right.
func TestRequestsAreHeard(t *testing.T) {
	shapes := map[string]func(t *testing.T, event string) events.LambdaFunctionURLRequest{
		"envelope": func(_ *testing.T, event string) events.LambdaFunctionURLRequest { return post(oldSecret, event) },
		"body alone": func(t *testing.T, event string) events.LambdaFunctionURLRequest {
			return post(newSecret, bodyOfEvent(t, event))
		},
		"base64": func(_ *testing.T, event string) events.LambdaFunctionURLRequest {
			r := post(newSecret, base64.StdEncoding.EncodeToString([]byte(event)))
			r.IsBase64Encoded = true
			return r
		},
		"an array with noise and a broken one": func(_ *testing.T, event string) events.LambdaFunctionURLRequest {
			return post(oldSecret, `[{"entityType":"Flow","action":"Update"},`+event+`,{"entityType":"User"}]`)
		},
		"in quotes": func(_ *testing.T, event string) events.LambdaFunctionURLRequest {
			quoted, _ := json.Marshal(event)
			return post(oldSecret, string(quoted))
		},
		"another path, a header in capitals": func(_ *testing.T, event string) events.LambdaFunctionURLRequest {
			r := post("", event)
			r.RawPath, r.Headers = "/some/where", map[string]string{"X-EXCS-Secret": oldSecret}
			return r
		},
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			w, event := open(t)
			response := serve(t, w.webhook, shape(t, event))
			if response.StatusCode != http.StatusAccepted || w.messages() != 1 || !strings.Contains(response.Body, `"sent":1`) {
				t.Fatalf("%d %s, %d messages", response.StatusCode, response.Body, w.messages())
			}
			w.settle()
			if u, _ := w.org.User(w.exID(w.firstUser())); u.State != "active" {
				t.Errorf("not put right: %+v", u)
			}
		})
	}
}

// Whoever does not know a secret learns nothing: one answer for every path, method, body and encoding, and nothing queued.
func TestForgedRequests(t *testing.T) {
	w, event := open(t)
	forged := map[string]events.LambdaFunctionURLRequest{
		"no header": {Body: event}, "empty": post("", event), "wrong": post("x"+oldSecret, event), "part": post(oldSecret[:20], event),
		"both": post(oldSecret+","+newSecret, event), "too long": post("wrong", strings.Repeat("x", 1<<20)), "no JSON": post("wrong", "{"),
	}
	other := post("wrong", event)
	other.RawPath, other.IsBase64Encoded = "/status", true
	other.RequestContext.HTTP.Method = http.MethodGet
	forged["another method and path"] = other
	inQuery := post("", event)
	inQuery.RawQueryString, inQuery.QueryStringParameters = SecretHeader+"="+oldSecret, map[string]string{SecretHeader: oldSecret}
	forged["in the query"] = inQuery
	inCookie := post("", event)
	inCookie.Cookies = []string{SecretHeader + "=" + oldSecret}
	forged["in a cookie"] = inCookie

	want := events.LambdaFunctionURLResponse{StatusCode: http.StatusUnauthorized, Headers: map[string]string{"content-type": "application/json", "cache-control": "no-store"}}
	for name, r := range forged {
		if d := cmp.Diff(want, serve(t, w.webhook, r)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	w.webhook.Gate = Closed()
	if d := cmp.Diff(want, serve(t, w.webhook, post(oldSecret, event))); d != "" {
		t.Errorf("without a secret: %s", d)
	}
	if w.messages() != 0 {
		t.Errorf("%d messages queued", w.messages())
	}
	if r := w.tell(json.RawMessage(event)); r.Sent != 1 {
		t.Errorf("without a secret EventBridge is heard all the same: %+v", r)
	}
}

// What a sender with a secret did wrong is told to it.
func TestBadRequests(t *testing.T) {
	w, event := open(t)
	encoded := func(body string) events.LambdaFunctionURLRequest {
		r := post(oldSecret, body)
		r.IsBase64Encoded = true
		return r
	}
	get := post(oldSecret, event)
	get.RequestContext.HTTP.Method = http.MethodGet
	var wide []byte
	for _, u := range utf16.Encode([]rune(event)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(event))
	_ = z.Close()
	base := base64.StdEncoding.EncodeToString
	cases := []struct {
		name   string
		r      events.LambdaFunctionURLRequest
		status int
		reason string
	}{
		{"GET", get, http.StatusMethodNotAllowed, "POST"},
		{"nothing", post(oldSecret, ""), http.StatusBadRequest, "empty"},
		{"no JSON", post(oldSecret, "deleted=1"), http.StatusBadRequest, "not JSON"},
		{"no event", post(oldSecret, `{"hello":"world"}`), http.StatusBadRequest, "no entityType"},
		{"no events", post(oldSecret, `[]`), http.StatusBadRequest, "no event"},
		{"only broken events", post(oldSecret, `[{},{"entityType":"User"}]`), http.StatusBadRequest, "no entityType"},
		{"plain called base64", encoded(event), http.StatusBadRequest, "not valid base64"},
		{"base64 cut off", encoded(base([]byte(event))[:101]), http.StatusBadRequest, "not valid base64"},
		{"base64 called plain", post(oldSecret, base([]byte(event))), http.StatusBadRequest, "not JSON"},
		{"UTF-16", encoded(base(wide)), http.StatusBadRequest, "not JSON"},
		{"packed", encoded(base(packed.Bytes())), http.StatusBadRequest, "not JSON"},
		{"too long", post(oldSecret, event+strings.Repeat(" ", 256<<10)), http.StatusRequestEntityTooLarge, "256 KiB"},
		{"too long in base64", encoded(base([]byte(event + strings.Repeat(" ", 256<<10)))), http.StatusRequestEntityTooLarge, "256 KiB"},
		{"one byte too long in base64", encoded(base([]byte(strings.Repeat(" ", 256<<10+1)))), http.StatusRequestEntityTooLarge, "256 KiB"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			response := serve(t, w.webhook, c.r)
			if response.StatusCode != c.status || !strings.Contains(response.Body, c.reason) {
				t.Errorf("%d %s", response.StatusCode, response.Body)
			}
			if response.StatusCode == http.StatusMethodNotAllowed && response.Headers["allow"] != http.MethodPost {
				t.Errorf("headers %v", response.Headers)
			}
		})
	}
	for n := range len(event) { // truncated anywhere
		if response := serve(t, w.webhook, post(oldSecret, event[:n])); response.StatusCode != http.StatusBadRequest {
			t.Fatalf("%d of %d bytes: %d %s", n, len(event), response.StatusCode, response.Body)
		}
	}
	if w.messages() != 0 {
		t.Errorf("%d messages queued", w.messages())
	}
	full := event + strings.Repeat(" ", 256<<10-len(event))
	if response := serve(t, w.webhook, post(oldSecret, full)); response.StatusCode != http.StatusAccepted {
		t.Errorf("just within the limit: %d %s", response.StatusCode, response.Body)
	}
}

// A request that leads to nothing is 200, one that comes again too; the same event much later is no more than a look.
func TestRequestsWithoutEffect(t *testing.T) {
	w, event := open(t)
	if response := serve(t, w.webhook, post(oldSecret, `{"entityType":"Flow"}`)); response.StatusCode != http.StatusOK || !strings.Contains(response.Body, `"ignored":{"no kind of EXCS":1}`) {
		t.Errorf("%d %s", response.StatusCode, response.Body)
	}
	serve(t, w.webhook, post(oldSecret, event))
	w.settle()
	w.org.ResetCounters()
	for range 5 {
		w.clock.Pass(24 * time.Hour)
		if response := serve(t, w.webhook, post(newSecret, event)); response.StatusCode != http.StatusOK || !strings.Contains(response.Body, `"replayed":1`) {
			t.Errorf("%d %s", response.StatusCode, response.Body)
		}
	}
	w.settle()
	if total := w.org.Totals(); total.Calls != 0 {
		t.Errorf("replays made %d calls: %v", total.Calls, w.org.Calls())
	}
}
