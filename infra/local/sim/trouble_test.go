package sim

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// weather is how likely things go wrong, in thousandths of the calls unless it says otherwise.
type weather struct {
	table, queue, org, login, engage int
	kill                             int
	lostAnswers, lostEvents          int // percent
	duplicates                       int // percent of the messages
	overlap, reorder                 bool
	skew                             time.Duration
	sweeps                           time.Duration
	out                              map[dependency]time.Time // away until then
}

// drawWeather draws what a life has to stand.
func (l *life) drawWeather() {
	some := func(kind trouble, most int) int {
		if !enabled(kind) || l.rng.IntN(3) == 0 {
			return 0
		}
		return 1 + l.rng.IntN(most)
	}
	l.weather = weather{
		table: some(troubleTable, 50), queue: some(troubleQueue, 60), org: some(troubleOrg, 150), login: some(troubleOrg, 100), engage: some(troubleEngage, 150),
		kill: some(troubleKill, 15), lostAnswers: some(troubleQueue, 15), lostEvents: some(troubleEvents, 50), duplicates: some(troubleDuplicates, 10),
		overlap: enabled(troubleOverlap) && l.rng.IntN(2) == 0, reorder: enabled(troubleQueue) && l.rng.IntN(2) == 0,
		sweeps: time.Duration(10+l.rng.IntN(50)) * time.Minute, out: map[dependency]time.Time{},
	}
	if enabled(troubleSkew) && l.rng.IntN(2) == 0 {
		l.weather.skew = time.Duration(1+l.rng.IntN(30)) * time.Second
	}
}

// calm ends all trouble.
func (l *life) calm() {
	l.weather = weather{sweeps: l.weather.sweeps, out: map[dependency]time.Time{}}
	l.view = nil
	l.paused = false
	clear(l.processes)
}

func (l *life) struckBy(kind string) string {
	l.struck[kind]++
	return "  ← " + kind
}

// judge decides what becomes of a call.
func (l *life) judge(t *ticket) (v verdict, what string) {
	if l.rng.IntN(1000) < l.weather.kill && enabled(killOf(t.who.name)) {
		if l.rng.IntN(2) == 0 {
			return verdict{die: true}, "  ← dies before"
		}
		v.dies, what = true, "  ← dies after"
	}
	if until, away := l.weather.out[t.call.on]; away && time.Now().Before(until) {
		return l.away(t, v)
	}
	switch t.call.on {
	case dependsOnTable:
		return l.judgeTable(v, what)
	case dependsOnQueue:
		return l.judgeQueue(v, what)
	case dependsOnEngage:
		return l.judgeEngage(t, v, what)
	default:
		return l.judgeOrg(t, v, what)
	}
}

func (l *life) away(t *ticket, v verdict) (verdict, string) {
	switch t.call.on {
	case dependsOnTable:
		v.table = mapping.FaultBefore
	case dependsOnQueue, dependsOnEngage:
		v.before = &model.Error{Code: model.CodeUnavailable, Op: t.call.op, Err: errAway}
	default:
		kinds := []exorgtest.Fault{{Kind: exorgtest.Answer, Status: 503}, {Kind: exorgtest.Reset}, {Kind: exorgtest.Answer, Status: 502}}
		v.org = &kinds[l.rng.IntN(len(kinds))]
	}
	l.struck["outage of "+string(t.call.on)]++
	return v, "  ← away"
}

var (
	errAway = errors.New("it is away (the simulation)")
	errLost = errors.New("the answer was lost (the simulation)")
)

func (l *life) judgeTable(v verdict, what string) (verdict, string) {
	if l.rng.IntN(1000) >= l.weather.table {
		return v, what
	}
	switch l.rng.IntN(3) {
	case 0:
		v.table, what = mapping.FaultBefore, l.struckBy("table: the request is lost")
	case 1:
		v.table, what = mapping.FaultAfter, l.struckBy("table: the answer is lost")
	default:
		v.table, what = mapping.FaultThrottle, l.struckBy("table: throttled")
	}
	return v, what
}

func (l *life) judgeQueue(v verdict, what string) (verdict, string) {
	if l.rng.IntN(1000) >= l.weather.queue {
		return v, what
	}
	if l.rng.IntN(2) == 0 {
		v.before, what = &model.Error{Code: model.CodeUnavailable, Op: "queue", Err: errAway}, l.struckBy("queue: the request is lost")
	} else {
		v.after, what = &model.Error{Code: model.CodeUnavailable, Op: "queue", Err: errLost}, l.struckBy("queue: the answer is lost")
	}
	return v, what
}

func (l *life) judgeEngage(t *ticket, v verdict, what string) (verdict, string) {
	if t.call.op == "end" && l.rng.IntN(10) == 0 { // a slow read: edits and later runs come in between
		v.slow = time.Duration(l.rng.IntN(200)) * time.Second
	}
	if l.rng.IntN(1000) >= l.weather.engage {
		return v, what
	}
	if t.call.op == "begin" || l.rng.IntN(2) == 0 {
		v.before, what = &model.Error{Code: model.CodeUnavailable, Op: "read Engage", Err: errAway}, l.struckBy("engage: away")
	} else {
		v.after, what = errHalf, l.struckBy("engage: half read")
	}
	return v, what
}

var errHalf = errors.New("only half of the rows arrive")

func (l *life) judgeOrg(t *ticket, v verdict, what string) (verdict, string) {
	rate := l.weather.org
	if t.call.on == dependsOnLogin {
		rate = l.weather.login
	}
	if l.rng.IntN(1000) >= rate {
		return v, what
	}
	f, kind := l.orgFault(t)
	v.org = &f
	if kind == "slow" {
		v.org, v.slow = nil, time.Duration(20+l.rng.IntN(60))*time.Second
	}
	return v, l.struckBy(string(t.call.on) + ": " + kind)
}

func (l *life) orgFault(t *ticket) (exorgtest.Fault, string) {
	status := []int{500, 502, 503, 504}[l.rng.IntN(4)]
	kinds := []string{"5xx", "reset", "429", "429 with a time", "truncated", "slow"}
	if t.call.writes {
		kinds = append(kinds, "5xx after the write", "reset after the write", "5xx after the write")
	} else {
		kinds = append(kinds, "page repeats a row", "page skips a row", "list is shuffled")
	}
	kind := kinds[l.rng.IntN(len(kinds))]
	switch kind {
	case "5xx":
		return exorgtest.Fault{Kind: exorgtest.Answer, Status: status}, kind
	case "reset":
		return exorgtest.Fault{Kind: exorgtest.Reset}, kind
	case "429":
		return exorgtest.Fault{Kind: exorgtest.Answer, Status: http.StatusTooManyRequests}, kind
	case "429 with a time":
		return exorgtest.Fault{Kind: exorgtest.Answer, Status: http.StatusTooManyRequests, RetryAfter: time.Duration(1+l.rng.IntN(60)) * time.Second}, kind
	case "truncated":
		return exorgtest.Fault{Kind: exorgtest.Truncate}, kind
	case "5xx after the write":
		return exorgtest.Fault{Kind: exorgtest.AnswerAfter, Status: status}, kind
	case "reset after the write":
		return exorgtest.Fault{Kind: exorgtest.ResetAfter}, kind
	case "page repeats a row":
		return exorgtest.Fault{Kind: exorgtest.PageRepeat}, kind
	case "page skips a row":
		return exorgtest.Fault{Kind: exorgtest.PageSkip}, kind
	case "list is shuffled":
		return exorgtest.Fault{Kind: exorgtest.Shuffle}, kind
	default:
		return exorgtest.Fault{}, kind
	}
}

// tableTurn, queueTurn, the transport and read are where the twins ask for their turns.

func (l *life) tableTurn(ctx context.Context, op, items string) mapping.Fault {
	return l.gate.pass(ctx, call{on: dependsOnTable, op: op, what: items, writes: !strings.HasSuffix(op, " read")}).table
}

func (l *life) queueTurn(ctx context.Context, op string, keys []model.Key) (before, after error) {
	names := make([]string, 0, len(keys))
	for _, k := range keys {
		names = append(names, k.String())
	}
	v := l.gate.pass(ctx, call{on: dependsOnQueue, op: op, what: strings.Join(names, " "), writes: true})
	return v.before, v.after
}

// refuse keeps some messages of a batch off the queue, and doubles others.
func (l *life) refuse(m queue.Message) error {
	if l.weather.queue > 0 && l.rng.IntN(200) < l.weather.queue {
		l.struck["queue: one message of a batch is refused"]++
		return errAway
	}
	return nil
}

// transport is the way to the EX Org.
type transport struct {
	l     *life
	inner http.RoundTripper
}

func (l *life) client() *http.Client {
	return &http.Client{Transport: transport{l: l, inner: l.org.Client().Transport}}
}

// RoundTrip takes a turn and makes the request, with the fault that the verdict gives it.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	c := call{on: dependsOnOrg, op: r.Method, what: r.URL.RequestURI(), writes: r.Method != http.MethodGet}
	if r.URL.Path == "/oauth/token" {
		c.on, c.writes = dependsOnLogin, false
	}
	v := t.l.gate.pass(r.Context(), c)
	if v.org != nil {
		defer t.l.org.Fail(*v.org).Disarm()
	}
	t.l.oracle.requested(r)
	resp, err := t.inner.RoundTrip(r)
	if v.slow > 0 {
		timer := time.NewTimer(v.slow)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return resp, err
}

// read is a read of Engage: the transaction sees what is there when it begins.
func (l *life) read(ctx context.Context) (*model.Snapshot, model.Counts, error) {
	if v := l.gate.pass(ctx, call{on: dependsOnEngage, op: "begin"}); v.before != nil {
		return nil, nil, v.before
	}
	site := l.editor.Site()
	if l.view != nil {
		site = l.view
	}
	snapshot, counts := snapshotOf(site, l.config.Settings)
	v := l.gate.pass(ctx, call{on: dependsOnEngage, op: "end"})
	if v.slow > 0 {
		timer := time.NewTimer(v.slow)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	switch {
	case v.before != nil:
		return nil, nil, v.before
	case v.after != nil:
		half(snapshot)
	}
	return snapshot, counts, ctx.Err()
}

// half leaves the last rows of a read away, as a connection that ends does: what was counted tells.
func half(s *model.Snapshot) {
	s.Persons = s.Persons[:len(s.Persons)/2]
	s.GroupDNs = s.GroupDNs[:len(s.GroupDNs)/2]
	s.Read[model.TablePerson], s.Read[model.TableGroupDN] = len(s.Persons), len(s.GroupDNs)
}

var _ = engagetest.StateEnabled
