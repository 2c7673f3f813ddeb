package stack

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"excs/infra/local/aws/runtime"
	"excs/infra/local/aws/template"
)

// authNone is the authorisation of a function URL that everybody may call.
const authNone = "NONE"

func (s *Stack) makeURL(_ context.Context, r template.Resource) (template.Made, error) {
	var p struct {
		AuthType, InvokeMode, Qualifier string
		TargetFunctionArn               string //nolint:revive,staticcheck // CloudFormation's name
	}
	if err := s.values.Properties(r, &p); err != nil {
		return template.Made{}, err
	}
	f, err := s.functionAt(p.TargetFunctionArn)
	if err != nil {
		return template.Made{}, err
	}
	if p.AuthType != authNone || p.InvokeMode != "" && p.InvokeMode != "BUFFERED" {
		return template.Made{}, fmt.Errorf("a function URL with the authorisation %s and the mode %s is not known here", p.AuthType, p.InvokeMode)
	}
	front, err := s.listen(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serveURL(w, r, f) }))
	if err != nil {
		return template.Made{}, err
	}
	return template.Made{Ref: f.ARN(), Attributes: map[string]string{"FunctionArn": f.ARN(), "FunctionUrl": front.url + "/"}}, nil
}

// serveURL is a function URL in buffered mode.
func (s *Stack) serveURL(w http.ResponseWriter, r *http.Request, f *function) {
	if !s.permitsURL(f.Name()) {
		s.problem("the URL of %s turns everybody away: both permissions are needed, to call the URL and to invoke the function through it", f.Name())
		urlError(w, http.StatusForbidden, "Forbidden. For troubleshooting Function URL authorization issues, see its documentation.")
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, runtime.PayloadLimit+1))
	if err != nil {
		return // the caller is gone
	}
	event, err := json.Marshal(urlEvent(r, body))
	if err != nil {
		urlError(w, http.StatusInternalServerError, err.Error())
		return
	}
	result, err := f.Invoke(event)
	switch {
	case errors.Is(err, runtime.ErrThrottled):
		urlError(w, http.StatusTooManyRequests, "Too Many Requests")
	case errors.Is(err, runtime.ErrTooLarge):
		urlError(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
	case err != nil || result.FunctionError != "":
		urlError(w, http.StatusBadGateway, "Internal Server Error")
	default:
		urlAnswer(w, result.Payload)
	}
}

func urlError(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"Message": text}) // a caller that is gone needs no answer
}

// urlEvent is a request as the function gets it: names of headers in lower case, several values in one.
func urlEvent(r *http.Request, body []byte) events.LambdaFunctionURLRequest {
	now := time.Now()
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	e := events.LambdaFunctionURLRequest{
		Version: "2.0", RawPath: r.URL.EscapedPath(), RawQueryString: r.URL.RawQuery, Headers: map[string]string{},
		QueryStringParameters: map[string]string{}, Body: string(body),
	}
	for name, values := range r.Header {
		if strings.EqualFold(name, "Cookie") {
			e.Cookies = strings.Split(strings.Join(values, "; "), "; ")
			continue
		}
		e.Headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	e.Headers["host"], e.Headers["x-forwarded-for"], e.Headers["x-forwarded-proto"] = r.Host, host, "https"
	for name, values := range r.URL.Query() {
		e.QueryStringParameters[name] = strings.Join(values, ",")
	}
	if len(body) > 0 && !isText(r.Header.Get("Content-Type"), body) {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	e.RequestContext = events.LambdaFunctionURLRequestContext{
		AccountID: "anonymous", RequestID: fmt.Sprintf("%x", now.UnixNano()), DomainName: r.Host,
		Time: now.UTC().Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: now.UnixMilli(),
		HTTP: events.LambdaFunctionURLRequestContextHTTPDescription{
			Method: r.Method, Path: r.URL.Path, Protocol: r.Proto, SourceIP: host, UserAgent: r.UserAgent(),
		},
	}
	return e
}

// isText says whether Lambda hands a body over as it is.
func isText(contentType string, body []byte) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil || !utf8.Valid(body) {
		return false
	}
	return strings.HasPrefix(kind, "text/") || kind == "application/json" || kind == "application/xml" || kind == "application/javascript" || strings.HasSuffix(kind, "+json")
}

// urlAnswer turns the function's answer into a response. What has no status code is taken as the body of a 200.
func urlAnswer(w http.ResponseWriter, payload []byte) {
	var a events.LambdaFunctionURLResponse
	if json.Unmarshal(payload, &a) != nil || a.StatusCode == 0 {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(payload) // a caller that is gone needs no answer
		return
	}
	for name, value := range a.Headers {
		w.Header().Set(name, value)
	}
	for _, c := range a.Cookies {
		w.Header().Add("Set-Cookie", c)
	}
	body := []byte(a.Body)
	if a.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(a.Body)
		if err != nil {
			urlError(w, http.StatusBadGateway, "Internal Server Error")
			return
		}
		body = decoded
	}
	w.WriteHeader(a.StatusCode)
	_, _ = w.Write(body) // a caller that is gone needs no answer
}
