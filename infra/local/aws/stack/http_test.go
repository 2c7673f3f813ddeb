package stack_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"excs/infra/local/aws/stack"
)

// answer is a response whose body was read.
type answer struct {
	StatusCode int
	Header     http.Header
}

// ask sends a request and gives the answer with its body.
func ask(t *testing.T, method, url, body string, header ...string) (answer, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			request.Host = header[i+1]
			continue
		}
		request.Header.Add(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header}, string(text)
}

// A function URL hands requests over as Lambda does, and answers as the function says.
func TestFunctionURL(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	url := s.Output("WebhookUrl")
	response, body := ask(t, http.MethodPost, url+"in/here?a=1&b=x%20y&a=2", `{"x":"ü"}`, "Content-Type", "application/json", "X-Test", "one", "X-Test", "two", "Cookie", "c=1; d=2")
	if response.StatusCode != http.StatusAccepted || response.Header.Get("X-Answer") != "yes" {
		t.Fatalf("%d %s", response.StatusCode, body)
	}
	var got events.LambdaFunctionURLRequest
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if got.Version != "2.0" || got.RawPath != "/in/here" || got.RawQueryString != "a=1&b=x%20y&a=2" || got.QueryStringParameters["a"] != "1,2" || got.QueryStringParameters["b"] != "x y" {
		t.Errorf("the path is %q, the query %q %v", got.RawPath, got.RawQueryString, got.QueryStringParameters)
	}
	if got.Body != `{"x":"ü"}` || got.IsBase64Encoded || got.Headers["x-test"] != "one,two" || got.Headers["x-forwarded-proto"] != "https" || strings.Join(got.Cookies, "|") != "c=1|d=2" {
		t.Errorf("body %q, headers %v, cookies %q", got.Body, got.Headers, got.Cookies)
	}
	if h := got.RequestContext.HTTP; h.Method != http.MethodPost || h.Path != "/in/here" || h.SourceIP != "127.0.0.1" || got.RequestContext.TimeEpoch == 0 {
		t.Errorf("the context is %+v", got.RequestContext)
	}
	for _, kind := range []string{"application/octet-stream", ""} {
		_, body = ask(t, http.MethodPost, url, "\xff\x00", "Content-Type", kind)
		if err := json.Unmarshal([]byte(body), &got); err != nil || !got.IsBase64Encoded || got.Body != base64.StdEncoding.EncodeToString([]byte("\xff\x00")) {
			t.Errorf("a body of %q is handed over as %q, %v", kind, got.Body, err)
		}
	}
	for _, tc := range []struct {
		name, path, body string
		status           int
	}{
		{"a failure of the function", "fail", `{"Message":"Internal Server Error"}`, http.StatusBadGateway},
		{"an answer without a status", "plain", `{"a":1}`, http.StatusOK},
		{"an answer that is encoded", "base64", "hi", http.StatusOK},
		{"an answer that is encoded badly", "broken", `{"Message":"Internal Server Error"}`, http.StatusBadGateway},
	} {
		response, body := ask(t, http.MethodGet, url+tc.path, "")
		if response.StatusCode != tc.status || strings.TrimSpace(body) != tc.body {
			t.Errorf("%s: %d %s", tc.name, response.StatusCode, body)
		}
	}
	if response, _ := ask(t, http.MethodPost, url, strings.Repeat("x", 7<<20)); response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("7 MB are answered %d", response.StatusCode)
	}
	if response, _ := ask(t, http.MethodGet, url+"base64", ""); response.Header.Get("Set-Cookie") != "a=1" {
		t.Errorf("the cookie is lost: %v", response.Header)
	}
}

// Without both permissions nobody gets in, as in AWS.
func TestFunctionURLWithoutPermission(t *testing.T) {
	t.Parallel()
	for _, missing := range []string{"UrlPermission", "InvokePermission"} {
		s := start(t, func(template object, _ *stack.Config) { delete(template["Resources"].(object), missing) })
		response, body := ask(t, http.MethodGet, s.Output("WebhookUrl"), "")
		if response.StatusCode != http.StatusForbidden || !strings.Contains(strings.Join(s.Problems(), ""), "both permissions are needed") {
			t.Errorf("without %s: %d %s, problems %q", missing, response.StatusCode, body, s.Problems())
		}
	}
}

// Pages of other sites that a browser on this machine shows can not use the stack.
func TestForeignPages(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, tc := range []struct {
		name   string
		header []string
	}{
		{"a request from another origin", []string{"Origin", "https://evil.example"}},
		{"a request across sites", []string{"Sec-Fetch-Site", "cross-site"}},
		{"a name that was bent to this machine", []string{"Host", "evil.example"}},
	} {
		if response, _ := ask(t, http.MethodPost, s.LambdaURL()+"/2015-03-31/functions/door/invocations", "{}", tc.header...); response.StatusCode != http.StatusForbidden {
			t.Errorf("%s is answered %d", tc.name, response.StatusCode)
		}
	}
	if said(s, "door", "got") {
		t.Error("the function ran")
	}
}

// Lambda's Invoke API, as the AWS CLI and SDKs speak it.
func TestInvokeAPI(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, tc := range []struct {
		name, function, kind, payload string
		status                        int
		body, failed, code            string
	}{
		{"by its name", s.Name() + "-door", "", `{"Do":"environ","Text":"EXCS_TABLE"}`, 200, `"` + s.Name() + `-mapping"`, "", ""},
		{"by its short name", "door", "RequestResponse", `{"Do":"x"}`, 200, `"done"`, "", ""},
		{"by its ARN, with a version", "arn:aws:lambda:eu-central-1:000000000000:function:" + s.Name() + "-door:$LATEST", "", `{}`, 200, `"done"`, "", ""},
		{"without a payload", "door", "", ``, 200, `"done"`, "", ""},
		{"a failure of the function", "door", "", `{"Do":"fail","Text":"no luck"}`, 200, `{"errorMessage":"no luck","errorType":"errorString"}`, "Unhandled", ""},
		{"without waiting", "door", "Event", `{"Do":"later"}`, 202, ``, "", ""},
		{"only asking", "door", "DryRun", `{}`, 204, ``, "", ""},
		{"a function that is not there", "nobody", "", `{}`, 404, "", "", "ResourceNotFoundException"},
		{"a function that is not there, without waiting", "nobody", "Event", `{}`, 404, "", "", "ResourceNotFoundException"},
		{"a function that is not there, only asking", "nobody", "DryRun", `{}`, 404, "", "", "ResourceNotFoundException"},
		{"no JSON", "door", "", `{`, 400, "", "", "InvalidRequestContentException"},
		{"a way that is none", "door", "Sideways", `{}`, 400, "", "", "InvalidParameterValueException"},
		{"a payload that is too large", "door", "", `"` + strings.Repeat("x", 6291555) + `"`, 413, "", "", "RequestTooLargeException"},
	} {
		response, body := ask(t, http.MethodPost, s.LambdaURL()+"/2015-03-31/functions/"+strings.ReplaceAll(tc.function, ":", "%3A")+"/invocations", tc.payload, "X-Amz-Invocation-Type", tc.kind)
		if response.StatusCode != tc.status || tc.body != "" && body != tc.body || response.Header.Get("X-Amz-Function-Error") != tc.failed || response.Header.Get("X-Amzn-Errortype") != tc.code {
			t.Errorf("%s: %d %.200s %v", tc.name, response.StatusCode, body, response.Header)
		}
	}
	eventually(t, "the event came", func() bool { return said(s, "door", `"Do":"later"`) })
	if _, err := s.Invoke("nobody", nil); err == nil {
		t.Error("a function that is not there ran")
	}
	if err := s.Recycle("door"); err != nil || s.Recycle("nobody") == nil {
		t.Errorf("recycle: %v", err)
	}
	if ask(t, http.MethodPost, s.LambdaURL()+"/2015-03-31/functions/door/invocations", `{}`); s.Figures().Functions["door"].ColdStarts < 2 {
		t.Error("the recycled process went on")
	}
}

// A page of its own can be served beside the stack.
func TestServe(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	url, err := s.Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	if err != nil {
		t.Fatal(err)
	}
	if _, body := ask(t, http.MethodGet, url, ""); body != "hello" {
		t.Errorf("it answers %q", body)
	}
}
