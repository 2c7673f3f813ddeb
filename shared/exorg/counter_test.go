package exorg_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/exorg"
	"excs/shared/exorg/internal/script"
	"excs/shared/model"
)

const aSkill = `{"id":"s1","name":"Billing"}`

// counted reads a skill once for each of the scripts and gives what was counted.
func counted(t *testing.T, token script.Reply, reads int, replies ...script.Reply) exorg.Usage {
	t.Helper()
	s, clk := script.Start(t, replies...), newClock()
	if token != nil {
		s.Token(token)
	}
	cfg := config(t, s.URL, clk)
	cfg.Counter = &exorg.Counter{}
	c := exorg.New(cfg)
	for range reads {
		if _, err := c.Skill(t.Context(), "s1"); err == nil && len(replies) == 0 {
			t.Fatal("a read without an answer succeeded")
		}
	}
	return cfg.Counter.Take()
}

// Every request is counted, also one that is repeated; what asks to wait and what is refused is counted beside.
func TestUsageCounts(t *testing.T) {
	t.Parallel()
	denied := script.Status(http.StatusForbidden, "missing.permissions", "no")
	unauthorized := script.Status(http.StatusUnauthorized, "bad.credentials", "no")
	for _, test := range []struct {
		name    string
		token   script.Reply
		reads   int
		replies []script.Reply
		want    exorg.Usage
	}{
		{"two reads that succeed", nil, 2, []script.Reply{script.OK(aSkill), script.OK(aSkill)}, exorg.Usage{Calls: 2}},
		{"a read that is repeated after a fault", nil, 1, []script.Reply{script.Status(http.StatusBadGateway, "", ""), script.OK(aSkill)}, exorg.Usage{Calls: 2}},
		{"a read whose connection breaks", nil, 1, []script.Reply{script.Reset(), script.OK(aSkill)}, exorg.Usage{Calls: 2}},
		{"a read that is throttled", nil, 1, []script.Reply{script.Status(http.StatusTooManyRequests, "", "", "Retry-After", "60")}, exorg.Usage{Calls: 1, Throttled: 1}},
		{"a permission that is missing", nil, 1, []script.Reply{denied}, exorg.Usage{Calls: 1, Denied: 1}},
		{"a token that had expired is renewed and is no refusal", nil, 1, []script.Reply{unauthorized, script.OK(aSkill)}, exorg.Usage{Calls: 2}},
		{"a client that is refused twice", nil, 1, []script.Reply{unauthorized, unauthorized}, exorg.Usage{Calls: 2, Denied: 1}},
		{"credentials that the token endpoint refuses", script.JSON(http.StatusBadRequest, `{"error":"invalid_client"}`), 2, nil, exorg.Usage{Denied: 2}},
		{"the token endpoint's rate limit", script.JSON(http.StatusBadRequest, `{"error":"invalid_request","description":"rate limit exceeded"}`), 1, nil, exorg.Usage{Throttled: 1}},
		{"an object that is not there is no refusal", nil, 1, []script.Reply{script.Status(http.StatusNotFound, "not.found", "no")}, exorg.Usage{Calls: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(test.want, counted(t, test.token, test.reads, test.replies...)); d != "" {
				t.Error(d)
			}
		})
	}
}

// A request for slots that nobody has is counted as refused, and nothing is sent.
func TestARefusedRequestIsCounted(t *testing.T) {
	t.Parallel()
	s, clk := script.Start(t), newClock()
	cfg := config(t, s.URL, clk)
	p := newPurse()
	p.wait["client-1"] = time.Minute
	cfg.Budget, cfg.Counter = p, &exorg.Counter{}
	c := exorg.New(cfg)
	if _, err := c.Skill(t.Context(), "s1"); !exorg.IsThrottled(err) {
		t.Fatal(err)
	}
	if _, _, err := c.Reserve(t.Context(), 3, model.RankPeople); !exorg.IsThrottled(err) {
		t.Fatal(err)
	}
	if u := cfg.Counter.Take(); u != (exorg.Usage{Refused: 2}) {
		t.Errorf("counted %+v", u)
	}
}

// A call that is not sent costs nothing of the limit, so it is not counted.
func TestACallThatIsNotSentIsNotCounted(t *testing.T) {
	t.Parallel()
	s, clk := script.Start(t, script.OK(aSkill)), newClock()
	cfg := config(t, s.URL, clk)
	cfg.Counter = &exorg.Counter{}
	c := exorg.New(cfg)
	if _, err := c.Skill(t.Context(), "s1"); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Skill(gone, "s1"); err == nil {
		t.Fatal("a call under an ended context succeeded")
	}
	if u := cfg.Counter.Take(); u != (exorg.Usage{Calls: 1}) {
		t.Errorf("counted %+v", u)
	}
}

// Whoever takes the counts takes each call once, and clients of one configuration share the counter.
func TestCountsAreTakenOnce(t *testing.T) {
	t.Parallel()
	const calls = 40
	replies := make([]script.Reply, calls)
	for i := range replies {
		replies[i] = script.OK(aSkill)
	}
	s, clk := script.Start(t, replies...), newClock()
	cfg := config(t, s.URL, clk)
	cfg.Counter = &exorg.Counter{}
	taken := make(chan int, calls)
	var work sync.WaitGroup
	for _, c := range []*exorg.Client{exorg.New(cfg), exorg.New(cfg)} {
		work.Go(func() {
			for range calls / 2 {
				if _, err := c.Skill(t.Context(), "s1"); err != nil {
					t.Error(err)
				}
				taken <- cfg.Counter.Take().Calls
			}
		})
	}
	work.Wait()
	close(taken)
	sum := cfg.Counter.Take().Calls
	for n := range taken {
		sum += n
	}
	if sum != calls {
		t.Errorf("%d calls were told of, %d were made", sum, calls)
	}
}

// A trace tells of the calls under its context alone, with the EX Org's id of the last of them.
func TestTrace(t *testing.T) {
	t.Parallel()
	id := func(n string) script.Reply { return script.JSON(http.StatusOK, aSkill, "ININ-Correlation-Id", n) }
	c, _, _ := played(t, id("c-1"), id("c-2"), script.OK(aSkill), id("c-4"))
	ctx, trace := exorg.WithTrace(t.Context())
	if trace.Calls() != 0 || trace.CorrelationID() != "" {
		t.Errorf("before any call: %d calls, id %q", trace.Calls(), trace.CorrelationID())
	}
	for range 3 { // the third answer has no id
		if _, err := c.Skill(ctx, "s1"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Skill(t.Context(), "s1"); err != nil { // under no trace
		t.Fatal(err)
	}
	if trace.Calls() != 3 || trace.CorrelationID() != "c-2" {
		t.Errorf("%d calls, id %q", trace.Calls(), trace.CorrelationID())
	}
	var none *exorg.Trace
	if none.Calls() != 0 || none.CorrelationID() != "" {
		t.Error("a trace that is not there tells something")
	}
}
