package exorgtest

import (
	"fmt"
	"net/http"
	"sync"
)

// Exchange is a request and its answer, as a Validator sees them.
type Exchange struct {
	Request *http.Request     // its body has been read: see Body
	Route   string            // pattern, as /api/v2/users/{userId}; "" when the API has no such operation
	Params  map[string]string // of the path, percent-decoded
	Body    []byte
	Status  int
	Header  http.Header // of the answer
	Answer  []byte
}

// Violation is a breach of the API's published contract.
type Violation struct {
	Answer    bool   // by the organisation's answer; else by the client's request
	Operation string // as "POST /api/v2/users"
	Text      string
}

// String tells who broke what.
func (v Violation) String() string {
	side := "request"
	if v.Answer {
		side = "answer"
	}
	return fmt.Sprintf("%s of %s: %s", side, v.Operation, v.Text)
}

// Validator judges exchanges by the API's published contract; package openapi has one.
type Validator interface {
	Judge(x *Exchange) []Violation
}

// WithValidator lets v judge every request and every answer; what it finds is in Org.Violations. By default nobody judges.
func WithValidator(v Validator) Option { return func(c *config) { c.validator = v } }

// judge collects what the validator finds.
type judge struct {
	mu        sync.Mutex
	validator Validator
	found     []Violation
}

// review is called with every answer before it is sent.
func (j *judge) review(v *visit, status int, h http.Header, answer []byte) {
	if j.validator == nil || (v.route != nil && v.route.pattern == tokenPath) {
		return
	}
	x := &Exchange{Request: v.r, Params: v.params, Body: v.body, Status: status, Header: h, Answer: answer}
	if v.route != nil {
		x.Route = v.route.pattern
	}
	found := j.validator.Judge(x)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.found = append(j.found, found...)
}

// Violations returns the breaches of the contract so far; none without WithValidator.
func (o *Org) Violations() []Violation {
	o.judge.mu.Lock()
	defer o.judge.mu.Unlock()
	return append([]Violation(nil), o.judge.found...)
}
