package apply_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"excs/shared/apply"
	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// shared is the table's budget with the client's word for a rank.
type shared struct {
	mapping.BudgetStore
	mu    sync.Mutex
	ranks map[model.Rank]bool
}

func (s *shared) Reserve(ctx context.Context, client string, n int, rank model.Rank, now time.Time, maxWait time.Duration) (time.Duration, bool, error) {
	s.mu.Lock()
	if s.ranks != nil {
		s.ranks[rank] = true
	}
	s.mu.Unlock()
	return s.BudgetStore.Reserve(ctx, client, n, rank, now, maxWait)
}

// sharing is a process that shares budget and token with others through the table.
func (b *bench) sharing(s *shared) *apply.Worker {
	table := b.table.Restart()
	if s == nil {
		s = &shared{BudgetStore: table}
	}
	client := exorg.New(exorg.Config{
		APIURL: "http://ex.org", LoginURL: "http://ex.org", HTTP: &http.Client{Transport: b.wire}, Budget: s, Tokens: table,
		Clients: []exorg.Credentials{exorg.NewCredentials(exorgtest.DefaultClientID, exorgtest.DefaultClientSecret)},
	})
	return b.process(table, client)
}

// ranks lets the worker's calls be ranked and gives the ranks since it was last asked.
func (b *bench) ranks() func() string {
	s := &shared{BudgetStore: b.table, ranks: map[model.Rank]bool{}}
	b.worker = b.sharing(s)
	return func() string {
		var ranks []model.Rank
		for r := range s.ranks {
			ranks = append(ranks, r)
			delete(s.ranks, r)
		}
		slices.Sort(ranks)
		return fmt.Sprint(ranks)
	}
}

// P10. Two processes under one limit of 300 a minute make a thousand objects without one 429, and use the budget well.
func TestTwoProcessesKeepTheRateLimit(t *testing.T) {
	in(t, func(b *bench) {
		var objects []model.Object
		for i := range int64(300) {
			objects = append(objects, code(i+1, fmt.Sprint("C", i)), queueOf(i+1, fmt.Sprint("Q", i)))
		}
		for i := range int64(150) {
			objects = append(objects, user(i+1, fmt.Sprint("P", i)))
		}
		b.want(objects...)
		began := time.Now()
		var all sync.WaitGroup
		for range 2 {
			w := b.sharing(nil)
			all.Go(func() { b.poll(w, began.Add(30*time.Minute)) })
		}
		all.Wait()
		b.worker = b.sharing(nil)
		b.settle()
		b.true()
		totals := b.org.Totals()
		b.same("answers 429", totals.Throttled, 0)
		b.same("calls", totals.Calls-totals.Tokens, 902) // each process reads the home division
		b.same("tokens", totals.Tokens, 1)
		last := b.lastWrite()
		if took := last.Sub(began); took > 7*time.Minute {
			b.Errorf("902 calls took %s at 300 a minute", took)
		}
	}, exorgtest.WithRateLimit(300), exorgtest.WithLog(3000))
}

// More workers than the limit can feed do not stand in each other's way: what is refused comes back spread out, not together
// to be refused again and left to the next run.
func TestManyProcessesUseTheBudgetAsWell(t *testing.T) {
	in(t, func(b *bench) {
		var objects []model.Object
		for i := range int64(300) {
			objects = append(objects, code(i+1, fmt.Sprint("C", i)), queueOf(i+1, fmt.Sprint("Q", i)))
		}
		b.want(objects...)
		began := time.Now()
		var all sync.WaitGroup
		for range 8 {
			w := b.sharing(nil)
			all.Go(func() { b.poll(w, began.Add(30*time.Minute)) })
		}
		all.Wait()
		b.same("answers 429", b.org.Totals().Throttled, 0)
		if took := b.lastWrite().Sub(began); took > 4*time.Minute {
			b.Errorf("600 calls took %s at 300 a minute", took)
		}
	}, exorgtest.WithRateLimit(300), exorgtest.WithLog(3000))
}

func (b *bench) lastWrite() (last time.Time) {
	for _, r := range b.org.Requests() {
		last = r.Time
	}
	return last
}

// poll works on the queue as Lambda's poller does, with a run every minute, until everything is done.
func (b *bench) poll(w *apply.Worker, until time.Time) {
	next := time.Now().Add(time.Minute)
	for time.Now().Before(until) {
		batch, err := b.work.Receive(b.Context(), queue.BatchSize, 0)
		if err != nil {
			b.Error(err)
			return
		}
		if len(batch) == 0 {
			if b.idleUnder() {
				return
			}
			time.Sleep(time.Second)
		} else {
			b.answer(w, batch)
		}
		if time.Now().After(next) {
			next = next.Add(time.Minute)
			b.requeueUnder()
		}
	}
	b.Errorf("not done by %s", until)
}

// The calls of a new user are reserved together: it is not left half made because others take the budget meanwhile.
func TestANewUserIsPaidForAtOnce(t *testing.T) {
	in(t, func(b *bench) {
		skillsThere(b)
		b.worker = b.sharing(nil)
		b.have(user(10, "First"))
		b.want(ann())
		b.wire.on(http.MethodPost, "/users", func() {
			for range 30 {
				_, _, err := b.table.Reserve(b.Context(), exorgtest.DefaultClientID, 10, model.RankPeople, time.Now(), time.Hour)
				b.ok(err)
			}
		})
		b.drain()
		b.state(ann().Key, mapping.StateConverged)
	}, exorgtest.WithRateLimit(300))
}

// A Retry-After that one process gets binds the others too: nobody calls before it is over.
func TestRetryAfterBindsEveryProcess(t *testing.T) {
	in(t, func(b *bench) {
		b.watch = true
		b.have(code(100, "First"))
		one, other := b.sharing(nil), b.sharing(nil)
		b.org.Fail(exorgtest.Fault{Method: http.MethodPost, Route: "/api/v2/routing/wrapupcodes", Status: http.StatusTooManyRequests, RetryAfter: 25 * time.Second, Times: 1})
		b.want(code(1, "A"), code(2, "B"))
		look := func(w *apply.Worker, o model.Object) apply.Result {
			return must[apply.Result](b)(w.Look(b.Context(), queue.Message{Key: o.Key, Token: b.token(), Cause: model.CauseEngage}))
		}
		until := time.Now().Add(25 * time.Second)
		b.same("told to wait", look(one, code(1, "")).Again, 25*time.Second)
		b.org.ResetCounters()
		if r := look(other, code(2, "")); r.Again == 0 {
			b.Errorf("the other process got %+v", r)
		}
		b.same("calls of the other process", len(b.calls()), 0)
		b.worker = other
		b.settle()
		b.true()
		for _, r := range b.org.Requests() {
			if r.Time.Before(until) {
				b.Errorf("called %s %s before the wait was over", until.Sub(r.Time), r.Route)
			}
		}
	})
}
