package openapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"excs/shared/exorg/exorgtest"
)

// Validator judges by one OpenAPI document.
type Validator struct {
	doc *openapi3.T
}

var _ exorgtest.Validator = (*Validator)(nil)

// Load reads and checks the document at path.
func Load(path string) (*Validator, error) {
	doc, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the OpenAPI document %s: %w", path, err)
	}
	doc.Servers = nil // the simulated organisation is at another address
	if err := doc.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("check the OpenAPI document %s: %w", path, err)
	}
	return &Validator{doc: doc}, nil
}

// Operations lists the document's operations as "POST /api/v2/users".
func (v *Validator) Operations() []string {
	var out []string
	for path, item := range v.doc.Paths.Map() {
		for method := range item.Operations() {
			out = append(out, method+" "+path)
		}
	}
	return out
}

// beyond are operations that the facts name and the document leaves out.
func beyond() map[string]bool { return map[string]bool{"PATCH /api/v2/routing/skills/{skillId}": true} }

// Judge returns what the request and the answer of an exchange break.
func (v *Validator) Judge(x *exorgtest.Exchange) []exorgtest.Violation {
	name := x.Request.Method + " " + x.Route
	if x.Route == "" {
		name = x.Request.Method + " " + x.Request.URL.Path
	}
	route := v.route(x)
	if route == nil {
		if beyond()[name] {
			return nil
		}
		return []exorgtest.Violation{{Operation: name, Text: "the document has no such operation"}}
	}
	in := &openapi3filter.RequestValidationInput{
		Request: v.request(x), PathParams: x.Params, Route: route, QueryParams: x.Request.URL.Query(),
		Options: &openapi3filter.Options{
			MultiError: true, SkipSettingDefaults: true, IncludeResponseStatus: true, AuthenticationFunc: bearer,
			// A full-replace PUT sends back what a GET gave, read-only properties too; the document says "should not", the API ignores them.
			ExcludeReadOnlyValidations: true,
		},
	}
	var out []exorgtest.Violation
	if err := openapi3filter.ValidateRequest(x.Request.Context(), in); err != nil {
		out = append(out, exorgtest.Violation{Operation: name, Text: err.Error()})
	}
	answer := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: x.Status, Header: x.Header, Body: io.NopCloser(bytes.NewReader(x.Answer)), Options: in.Options,
	}
	if err := openapi3filter.ValidateResponse(x.Request.Context(), answer); err != nil {
		out = append(out, exorgtest.Violation{Answer: true, Operation: name, Text: fmt.Sprintf("status %d: %v", x.Status, err)})
	}
	return out
}

func (v *Validator) route(x *exorgtest.Exchange) *routers.Route {
	item := v.doc.Paths.Value(x.Route)
	if item == nil || item.GetOperation(x.Request.Method) == nil {
		return nil
	}
	return &routers.Route{Spec: v.doc, Path: x.Route, PathItem: item, Method: x.Request.Method, Operation: item.GetOperation(x.Request.Method)}
}

// request is the request with its body back in place, because validation reads it.
func (v *Validator) request(x *exorgtest.Exchange) *http.Request {
	r := x.Request.Clone(x.Request.Context())
	r.Body = io.NopCloser(bytes.NewReader(x.Body))
	r.ContentLength = int64(len(x.Body))
	return r
}

// bearer is the document's security: a bearer token, whichever.
func bearer(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	if in.RequestValidationInput.Request.Header.Get("Authorization") == "" {
		return errors.New("the request has no Authorization header")
	}
	return nil
}
