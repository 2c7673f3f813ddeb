package exorgtest

import (
	"strings"
	"sync"
	"time"
)

// FaultKind is what goes wrong.
type FaultKind int

// The faults. "Before" means that nothing was done; "after" means that the write happened although the answer says otherwise.
const (
	// Answer answers Status (default 503) before anything is done.
	Answer FaultKind = iota
	// AnswerAfter does the work, then answers Status (default 503).
	AnswerAfter
	// Reset closes the connection before anything is done.
	Reset
	// ResetAfter does the work, then closes the connection without an answer.
	ResetAfter
	// Delay waits for Delay, then goes on as usual.
	Delay
	// Truncate does the work and answers half of the body.
	Truncate
	// PageRepeat shows the last row of the page before again, on every page but the first.
	PageRepeat
	// PageSkip leaves a row out between two pages.
	PageSkip
	// Shuffle changes the order of a list.
	Shuffle
)

// Fault is something that goes wrong with the requests that it matches; an empty condition matches all of them.
type Fault struct {
	Kind   FaultKind
	Method string // GET, POST, …
	Route  string // pattern, as /api/v2/users/{userId} or /oauth/token
	Path   string // text within path and query
	Body   string // text within the request body
	Skip   int    // lets so many matches pass first
	Every  int    // then strikes at every n-th match; 0 and 1: at each
	Times  int    // strikes so often; 0: always

	Status     int           // of Answer and AnswerAfter; default 503
	Code       string        // of the error body; default by status
	Message    string        // of the error body; default by status
	RetryAfter time.Duration // header Retry-After in whole seconds; 0: none
	Delay      time.Duration // of Delay
}

// Armed is a fault that lies in wait.
type Armed struct {
	fault Fault
	owner *trap

	seen, struck int
}

// Struck returns how often the fault has happened.
func (a *Armed) Struck() int {
	a.owner.mu.Lock()
	defer a.owner.mu.Unlock()
	return a.struck
}

// Disarm takes the fault away.
func (a *Armed) Disarm() {
	a.owner.mu.Lock()
	defer a.owner.mu.Unlock()
	rest := make([]*Armed, 0, len(a.owner.armed))
	for _, o := range a.owner.armed {
		if o != a {
			rest = append(rest, o)
		}
	}
	a.owner.armed = rest
}

// trap holds the armed faults.
type trap struct {
	mu    sync.Mutex
	armed []*Armed
}

func (t *trap) arm(f Fault) *Armed {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := &Armed{fault: f, owner: t}
	t.armed = append(t.armed[:len(t.armed):len(t.armed)], a)
	return a
}

func (t *trap) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.armed = nil
}

// strike returns the faults that happen to this request.
func (t *trap) strike(method, route, pathAndQuery string, body []byte) []*Armed {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []*Armed
	for _, a := range t.armed {
		if a.fault.matches(method, route, pathAndQuery, body) && a.due() {
			out = append(out, a)
		}
	}
	return out
}

func (f *Fault) matches(method, route, pathAndQuery string, body []byte) bool {
	return (f.Method == "" || f.Method == method) &&
		(f.Route == "" || f.Route == route) &&
		(f.Path == "" || strings.Contains(pathAndQuery, f.Path)) &&
		(f.Body == "" || strings.Contains(string(body), f.Body))
}

// due counts a match and says whether it strikes.
func (a *Armed) due() bool {
	f := &a.fault
	a.seen++
	n := a.seen - f.Skip
	if n <= 0 || (f.Times > 0 && a.struck >= f.Times) || (f.Every > 1 && n%f.Every != 0) {
		return false
	}
	a.struck++
	return true
}

// refusal is the answer of a fault.
func (f *Fault) refusal() *refusal {
	e := &refusal{status: f.Status, code: f.Code, message: f.Message, retryAfter: int(f.RetryAfter.Seconds())}
	if e.status == 0 {
		e.status = 503
	}
	if e.status == 429 && e.code == "" {
		throttled := tooManyRequests(max(e.retryAfter, 1))
		e.code, e.params = throttled.code, throttled.params
		if e.retryAfter == 0 {
			e.code = "too.many.requests"
		}
		if e.message == "" {
			e.message = throttled.message
		}
	}
	code, message := faultWords(e.status)
	if e.code == "" {
		e.code = code
	}
	if e.message == "" {
		e.message = message
	}
	return e
}

func faultWords(status int) (code, message string) {
	switch status {
	case 401:
		return "bad.credentials", "Invalid login credentials."
	case 403:
		return "missing.any.permissions", "Unable to perform the requested action. You are missing the following permission(s): unknown"
	case 404:
		return "not.found", "The requested resource was not found."
	case 409:
		return "general.conflict", "The request conflicts with the state of another object."
	case 408, 504:
		return "request.timeout", "The request timed out."
	case 400:
		return "bad.request", "The request could not be understood by the server due to malformed syntax."
	}
	return "internal.server.error", "The server encountered an unexpected condition which prevented it from fulfilling the request."
}

// sequence is a list whatever its type.
type sequence struct {
	n    int
	swap func(i, j int)
}

// shifted returns where the page begins when the fault is one of paging.
func (a *Armed) shifted(c *call, rows sequence, p page, first int) int {
	switch a.fault.Kind {
	case PageRepeat:
		if p.number > 1 {
			return max(first-1, 0)
		}
	case PageSkip:
		if p.number > 1 {
			return first + 1
		}
	case Shuffle:
		c.w.dice.shuffle(rows.n, rows.swap)
	}
	return first
}
