package exorgtest

import (
	"maps"
	"net/http"
	"sync"
	"time"
)

// Totals are sums over the counted requests.
type Totals struct {
	Calls     int // all of them
	Reads     int // GET, searches and audit queries
	Writes    int // everything else but tokens; a request that is turned away at the door (401) is none
	Tokens    int // POST /oauth/token
	Throttled int // answered 429
	Failed    int // answered 4xx or 5xx, 429 too, or not at all
}

// Entry is one request of the log. Bodies of the token endpoint and passwords are left out.
type Entry struct {
	Time          time.Time
	Client        string // id of the OAuth client; "" before it is known
	Method        string
	Route         string // pattern; "" when the path is none of the API
	Path, Query   string
	Body          string
	Status        int // 0: the connection was closed without an answer
	CorrelationID string
}

// ledger counts requests and keeps the last of them.
type ledger struct {
	mu     sync.Mutex
	limit  int
	calls  map[string]int
	totals Totals
	log    []Entry
}

func (l *ledger) add(o *route, e Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	name := e.Method + " " + e.Path
	if o != nil {
		name = o.name()
	}
	l.calls[name]++
	l.totals.Calls++
	switch {
	case o == nil:
	case o.pattern == tokenPath:
		l.totals.Tokens++
	case o.writes() && e.Status == http.StatusUnauthorized:
	case o.writes():
		l.totals.Writes++
	default:
		l.totals.Reads++
	}
	if e.Status == http.StatusTooManyRequests {
		l.totals.Throttled++
	}
	if e.Status == 0 || e.Status >= http.StatusBadRequest {
		l.totals.Failed++
	}
	l.remember(e)
}

func (l *ledger) remember(e Entry) {
	if l.limit <= 0 {
		return
	}
	l.log = append(l.log, e)
	if over := len(l.log) - l.limit; over > l.limit/4 {
		l.log = append([]Entry(nil), l.log[over:]...)
	}
}

func (l *ledger) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls, l.totals, l.log = map[string]int{}, Totals{}, nil
}

// Calls returns how often each operation was called, by "METHOD pattern" as "POST /api/v2/users"; failed and throttled calls count.
func (o *Org) Calls() map[string]int {
	o.ledger.mu.Lock()
	defer o.ledger.mu.Unlock()
	return maps.Clone(o.ledger.calls)
}

// Totals returns the sums over all counted calls.
func (o *Org) Totals() Totals {
	o.ledger.mu.Lock()
	defer o.ledger.mu.Unlock()
	return o.ledger.totals
}

// ResetCounters sets counters and request log to nothing.
func (o *Org) ResetCounters() { o.ledger.reset() }

// Requests returns the request log, oldest first; WithLog bounds it.
func (o *Org) Requests() []Entry {
	o.ledger.mu.Lock()
	defer o.ledger.mu.Unlock()
	first := max(len(o.ledger.log)-o.ledger.limit, 0)
	return append([]Entry(nil), o.ledger.log[first:]...)
}
