package exorgtest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxBody is request.bytes.max.
const maxBody = 512000

// Org is a simulated EX Org. It is an http.Handler that serves the login host (POST /oauth/token) and the API host
// (/api/v2/...) on one base address. All methods may be called at any time by any goroutine.
type Org struct {
	cfg    *config
	world  *world
	gate   *gate
	router *router
	ledger *ledger
	trap   *trap
	judge  *judge
}

// New returns an organisation with a home division and nothing in it, and with no lag, limit or fault unless an option says so.
func New(opts ...Option) *Org {
	cfg := defaults()
	for _, o := range opts {
		o(cfg)
	}
	org := &Org{
		cfg: cfg, world: newWorld(cfg), gate: newGate(cfg), trap: &trap{},
		ledger: &ledger{limit: cfg.logSize, calls: map[string]int{}},
	}
	all := append(routes(), &route{method: http.MethodPost, pattern: tokenPath})
	org.router = newRouter(all)
	org.judge = &judge{validator: cfg.validator}
	return org
}

// ID returns the id of the organisation.
func (o *Org) ID() string { return o.world.orgID }

// Name returns the name of the organisation.
func (o *Org) Name() string { return o.cfg.name }

// HomeDivision returns the id of the home division.
func (o *Org) HomeDivision() string { return o.world.home }

// Fail arms a fault.
func (o *Org) Fail(f Fault) *Armed { return o.trap.arm(f) }

// Heal disarms all faults.
func (o *Org) Heal() { o.trap.clear() }

// visit is one request from its arrival to its answer.
type visit struct {
	org    *Org
	r      *http.Request
	route  *route
	params map[string]string
	body   []byte
	now    time.Time
	trace  string
	client *client
	rate   rate
	faults []*Armed
}

// answer is what goes back.
type answer struct {
	status     int
	body       any // nil: none
	retryAfter int
	reset      bool // close the connection instead
	truncate   bool
}

// ServeHTTP answers a request as an EX Org does.
func (o *Org) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := &visit{org: o, r: r, now: o.cfg.clock(), trace: o.world.dice.uuid()}
	a := v.answer(r.Context())
	v.log(a)
	if a.reset {
		hangUp(w)
		return
	}
	v.write(w, a)
}

// answer goes through the gates in the order in which the platform has them, then does the work.
func (v *visit) answer(ctx context.Context) answer {
	body, err := io.ReadAll(io.LimitReader(v.r.Body, maxBody+1))
	if err != nil {
		return answer{reset: true}
	}
	v.body = body
	var known bool
	v.route, v.params, known = v.org.router.find(v.r.Method, v.r.URL.EscapedPath())
	pattern := ""
	if v.route != nil {
		pattern = v.route.pattern
	}
	v.faults = v.org.trap.strike(v.r.Method, pattern, v.r.URL.RequestURI(), body)
	if pattern == tokenPath {
		return v.withFaults(ctx, v.token)
	}
	v.client, v.rate = v.org.gate.enter(v.r, v.now)
	if e := v.doorstep(known); e != nil {
		return v.withFaults(ctx, func() answer { return v.refused(e) })
	}
	return v.withFaults(ctx, v.work)
}

// doorstep refuses what never reaches an operation.
func (v *visit) doorstep(known bool) *refusal {
	switch {
	case v.client == nil:
		return &refusal{status: http.StatusUnauthorized, code: "bad.credentials", message: "Invalid login credentials."}
	case v.rate.count > v.rate.allowed:
		return tooManyRequests(max(v.rate.reset, 1))
	case v.route == nil && known:
		return &refusal{status: http.StatusMethodNotAllowed, code: "method.not.allowed", message: "The method is not allowed here."}
	case v.route == nil:
		return &refusal{status: http.StatusNotFound, code: "not.found", message: "The requested resource was not found."}
	case len(v.body) > maxBody:
		return &refusal{status: http.StatusRequestEntityTooLarge, code: "request.entity.too.large", message: "The request is over the size limit."}
	case len(v.body) > 0 && !strings.HasPrefix(v.r.Header.Get("Content-Type"), "application/json"):
		return &refusal{status: http.StatusUnsupportedMediaType, code: "unsupported.media.type", message: "The content type must be application/json."}
	case !v.org.gate.allowed(v.client, v.route.permissions):
		return missingPermission(v.route.permissions[0])
	}
	return nil
}

// withFaults does the work unless a fault comes before it, and spoils the answer if one comes after it.
func (v *visit) withFaults(ctx context.Context, work func() answer) answer {
	for _, f := range v.faults {
		switch f.fault.Kind {
		case Delay:
			pause(ctx, f.fault.Delay)
		case Reset:
			return answer{reset: true}
		case Answer:
			return v.refused(f.fault.refusal())
		}
	}
	a := work()
	for _, f := range v.faults {
		switch f.fault.Kind {
		case ResetAfter:
			return answer{reset: true}
		case AnswerAfter:
			return v.refused(f.fault.refusal())
		case Truncate:
			a.truncate = true
		}
	}
	return a
}

func (v *visit) refused(e *refusal) answer {
	if v.route != nil && v.route.pattern == tokenPath {
		return answer{status: e.status, body: tokenError(e.code, e.message), retryAfter: e.retryAfter}
	}
	return answer{status: e.status, body: e.body(v.trace), retryAfter: e.retryAfter}
}

func (v *visit) token() answer {
	status, body := v.org.gate.issue(v.r, v.body, v.now, v.org.world.dice.word())
	return answer{status: status, body: body}
}

// work runs the operation inside the world's lock.
func (v *visit) work() answer {
	w := v.org.world
	c := &call{
		act: &act{
			by: Actor{ID: v.client.id, Client: true}, now: v.now, trace: v.trace, blind: v.org.gate.blindTo(v.client),
			may: func(permissions []string) bool { return v.org.gate.allowed(v.client, permissions) },
		},
		w:      w,
		client: v.client,
		path:   v.r.URL.Path, query: v.r.URL.Query(), params: v.params, body: v.body, faults: v.faults,
	}
	if !v.org.cfg.quirks.looseBodies {
		if e := publishedBodies().refuse(v.route.name(), v.body); e != nil {
			return v.refused(e)
		}
	}
	var out reply
	var e *refusal
	do := func() { out, e = v.route.handle(c) }
	if v.route.alone {
		w.write(do)
	} else {
		w.read(do)
	}
	if e != nil {
		return v.refused(e)
	}
	return answer{status: out.status, body: out.body}
}

// write sends the answer with the headers that every answer has.
func (v *visit) write(w http.ResponseWriter, a answer) {
	h := w.Header()
	h.Set("ININ-Correlation-Id", v.trace)
	if v.client != nil {
		h.Set("inin-ratelimit-count", strconv.Itoa(v.rate.count))
		h.Set("inin-ratelimit-allowed", strconv.Itoa(v.rate.allowed))
		h.Set("inin-ratelimit-reset", strconv.Itoa(v.rate.reset))
	}
	if a.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(a.retryAfter))
	}
	var out []byte
	if a.body != nil {
		h.Set("Content-Type", "application/json")
		var err error
		if out, err = json.Marshal(a.body); err != nil {
			a.status, out = http.StatusInternalServerError, []byte(`{"status":500,"code":"internal.server.error","message":"the answer could not be rendered"}`)
		}
	}
	v.org.judge.review(v, a.status, h, out)
	if a.truncate {
		out = out[:len(out)/2]
	}
	w.WriteHeader(a.status)
	if _, err := w.Write(out); err != nil && !errors.Is(err, http.ErrBodyNotAllowed) {
		return // the client is gone; there is nobody to tell
	}
}

func (v *visit) log(a answer) {
	e := Entry{
		Time: v.now, Method: v.r.Method, Path: v.r.URL.Path, Query: v.r.URL.RawQuery, Status: a.status, CorrelationID: v.trace, Body: v.cleanBody(),
	}
	if v.client != nil {
		e.Client = v.client.id
	}
	if v.route != nil {
		e.Route = v.route.pattern
	}
	v.org.ledger.add(v.route, e)
}

// cleanBody is the body without what must not be in a log.
func (v *visit) cleanBody() string {
	if v.route == nil || v.route.pattern == tokenPath {
		return ""
	}
	if !strings.Contains(string(v.body), `"password"`) {
		return string(v.body)
	}
	in, e := readDoc(v.body)
	if e != nil {
		return ""
	}
	in["password"] = "***"
	return asText(in)
}
