package apply_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"excs/shared/apply"
	"excs/shared/excstest"
	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/exorg/exorgtest/openapi"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/rules"
)

func TestMain(m *testing.M) {
	excstest.Tries(checks)
	goleak.VerifyTestMain(m)
}

var contract = openapi.Once()

// teller is what a bench needs of a test or of one run of a property.
type teller interface {
	Helper()
	Context() context.Context
	Log(args ...any)
	Logf(format string, args ...any)
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Failed() bool
}

// bench is one worker with everything around it: the table's twin, the queues' twins, a simulated EX Org. It lives in a
// synctest bubble, so that hours pass in no time.
type bench struct {
	teller
	org      *exorgtest.Org
	wire     *wire
	table    *mapping.Memory
	work     *queue.Memory
	dead     *queue.Memory
	settings rules.Settings
	census   census
	client   *exorg.Client
	worker   *apply.Worker
	log      *bytes.Buffer
	logger   *slog.Logger // one for all processes: it writes line by line
	run      int64
	tokens   *atomic.Int64
	keys     map[model.Key]bool
	queueErr func(op string) error // faults of the work queue
	deadErr  func(op string) error // faults of the dead-letter queue
	watch    bool                  // 429 may happen
}

// in runs a test in a bubble on a fresh bench.
func in(t *testing.T, f func(b *bench), opts ...exorgtest.Option) {
	t.Helper()
	judge := contract(t)
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, append([]exorgtest.Option{judge, exorgtest.WithStrictBodies(true)}, opts...)...)
		f(b)
		b.checkContract()
	})
}

func newBench(t teller, opts ...exorgtest.Option) *bench {
	t.Helper()
	org := exorgtest.New(opts...)
	b := &bench{
		teller: t, org: org, wire: &wire{next: org.Client().Transport}, settings: rules.Default(1, rules.Preset202307),
		log: &bytes.Buffer{}, census: census{}, tokens: &atomic.Int64{}, keys: map[model.Key]bool{},
	}
	b.logger = slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	b.table = mapping.NewMemory(mapping.MemoryOptions{Tenant: "1", Options: mapping.Options{Clock: time.Now, Stamps: b.token}})
	b.dead = queue.NewMemory(queue.MemoryConfig{Now: time.Now, Faults: func(op string) error { return ask(b.deadErr, op) }})
	b.work = queue.NewMemory(queue.MemoryConfig{Now: time.Now, Faults: func(op string) error { return ask(b.queueErr, op) }})
	b.client = exorg.New(exorg.Config{
		APIURL: "http://ex.org", LoginURL: "http://ex.org", HTTP: &http.Client{Transport: b.wire},
		Clients: []exorg.Credentials{exorg.NewCredentials(exorgtest.DefaultClientID, exorgtest.DefaultClientSecret)},
		Random:  func() float64 { return 0.5 },
	})
	b.worker = b.process(b.table, b.client)
	return b
}

func ask(f func(string) error, op string) error {
	if f == nil {
		return nil
	}
	return f(op)
}

// process makes a worker as a fresh process would: it remembers nothing.
func (b *bench) process(table *mapping.Memory, client *exorg.Client) *apply.Worker {
	return apply.New(apply.Config{
		Rows: table, Orphans: table, Lists: lists{table}, Window: table, Documents: table, Census: &b.census,
		Org: exorg.NewReader(client, b.settings.Users.Authority), Writer: apply.NewPen(client, b.settings.Users.Authority),
		Work: b.work, Dead: b.dead, Settings: b.settings, Now: time.Now, NewToken: b.token, Log: b.logger,
	})
}

// set changes the settings; the worker starts anew with them.
func (b *bench) set(change func(s *rules.Settings)) {
	change(&b.settings)
	b.worker = b.process(b.table, b.client)
}

func (b *bench) token() string { return "t" + strconv.FormatInt(b.tokens.Add(1), 10) }

// census counts what is mapped; a nil one is a site so small that the guard does not count.
type census map[model.Kind]int

func (c *census) Census(context.Context) (map[model.Kind]int, error) { return *c, nil }

// lists reads all rows of a kind through the index, as the wiring does.
type lists struct{ table *mapping.Memory }

func (l lists) Rows(ctx context.Context, kind model.Kind) ([]mapping.Row, error) {
	keys, err := l.table.Keys(ctx, kind)
	if err != nil {
		return nil, err
	}
	rows, err := l.table.GetMany(ctx, keys)
	if err != nil {
		return nil, err
	}
	var all []mapping.Row
	for _, key := range keys {
		if row, ok := rows[key]; ok {
			all = append(all, row)
		}
	}
	return all, nil
}

func (b *bench) checkContract() {
	b.Helper()
	for _, v := range b.org.Violations() {
		b.Errorf("against the API's contract: %s", v)
	}
	if n := b.org.Totals().Throttled; n > 0 && !b.watch {
		b.Errorf("the EX Org answered 429 %d times", n)
	}
}

func (b *bench) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func must[T any](b *bench) func(T, error) T {
	return func(v T, err error) T {
		b.Helper()
		b.ok(err)
		return v
	}
}

func present(o model.Object) mapping.Wish {
	return mapping.Wish{Key: o.Key, Goal: mapping.GoalPresent, Desired: o, Cause: model.CauseEngage}
}

func goal(o model.Object, g mapping.Goal) mapping.Wish {
	w := present(o)
	w.Goal = g
	return w
}

// wish gives rows a desired state and sends their messages, as one run does.
func (b *bench) wish(wishes ...mapping.Wish) {
	b.Helper()
	b.run++
	index := map[model.Key]model.Fingerprint{}
	var messages []queue.Message
	for _, w := range wishes {
		row := must[mapping.Row](b)(b.table.PutDesired(b.Context(), b.run, w))
		index[w.Key] = w.Desired.Fingerprint()
		if w.Goal != mapping.GoalPresent {
			index[w.Key] = 0
		}
		if !w.From.IsZero() {
			index[w.From] = 0
		}
		b.keys[w.Key] = w.Goal == mapping.GoalPresent
		token := b.token()
		if must[bool](b)(b.table.MarkQueued(b.Context(), w.Key, token, time.Now(), 10*time.Minute)) {
			messages = append(messages, queue.Message{Key: w.Key, Version: row.Version, Token: token, Cause: w.Cause, Run: b.run})
		}
	}
	b.ok(b.table.PutIndex(b.Context(), b.run, index))
	b.ok(b.work.Send(b.Context(), messages))
}

// want wishes for objects to be present.
func (b *bench) want(objects ...model.Object) {
	b.Helper()
	wishes := make([]mapping.Wish, 0, len(objects))
	for _, o := range objects {
		wishes = append(wishes, present(o))
	}
	b.wish(wishes...)
}

// have makes objects and waits until they are right.
func (b *bench) have(objects ...model.Object) {
	b.Helper()
	b.want(objects...)
	b.settle()
	for _, o := range objects {
		b.state(o.Key, mapping.StateConverged)
	}
}

// drain works on the queue until nothing is visible.
func (b *bench) drain() {
	b.Helper()
	for range 10000 {
		batch := must[[]queue.Received](b)(b.work.Receive(b.Context(), queue.BatchSize, 0))
		if len(batch) == 0 {
			return
		}
		b.answer(b.worker, batch)
	}
	b.Fatal("the queue does not get empty")
}

// answer works on one batch as the function apply does.
func (b *bench) answer(w *apply.Worker, batch []queue.Received) []apply.Answer {
	b.Helper()
	answers := w.Batch(b.Context(), batch)
	b.reply(b.Context(), batch, answers)
	return answers
}

// reply tells the queue what became of its messages.
func (b *bench) reply(ctx context.Context, batch []queue.Received, answers []apply.Answer) {
	b.Helper()
	for i, a := range answers {
		var err error
		if !a.Failed {
			err = b.work.Delete(ctx, batch[i:i+1])
		} else if a.Again > 0 {
			err = b.work.SetVisibility(ctx, batch[i:i+1], a.Again)
		}
		if err != nil {
			b.Errorf("reply to %s: %v", batch[i].Key, err)
		}
	}
}

// requeue puts due rows back on the queue, as every scheduled run does.
func (b *bench) requeue() {
	b.Helper()
	b.ok(b.tryRequeue())
}

// tryRequeue is a run that may fail.
func (b *bench) tryRequeue() error {
	items, err := b.table.List(b.Context(), []mapping.State{mapping.StatePending, mapping.StateWaiting, mapping.StateInvisible}, nil)
	if err != nil {
		return err
	}
	now := time.Now()
	for _, i := range items {
		if now.Before(i.WaitUntil) || now.Sub(i.QueuedAt) < 10*time.Minute {
			continue
		}
		row, err := b.table.Get(b.Context(), i.Key)
		if err != nil {
			return err
		}
		token := b.token()
		if marked, err := b.table.MarkQueued(b.Context(), i.Key, token, now, 10*time.Minute); err != nil || !marked {
			return err
		}
		if err := b.work.Send(b.Context(), []queue.Message{{Key: i.Key, Version: row.Version, Token: token, Cause: row.Cause}}); err != nil {
			return err
		}
	}
	return nil
}

// settle lets time pass, a run every minute, until nothing is left that would change by itself.
func (b *bench) settle() {
	b.Helper()
	for range 120 {
		b.drain()
		if b.idle() {
			return
		}
		time.Sleep(time.Minute)
		b.requeue()
	}
	var rows []string
	for _, i := range must[[]mapping.Item](b)(b.table.List(b.Context(), mapping.States(), nil)) {
		rows = append(rows, fmt.Sprintf("%s %s: %s", i.Key, i.State, i.Reason))
	}
	b.Fatalf("not settled after two hours:\n%s", strings.Join(rows, "\n"))
}

func (b *bench) idle() bool {
	b.Helper()
	waiting, flying, err := b.work.Depth(b.Context())
	b.ok(err)
	items := must[[]mapping.Item](b)(b.table.List(b.Context(), []mapping.State{mapping.StatePending, mapping.StateWaiting}, nil))
	items = slices.DeleteFunc(items, func(i mapping.Item) bool { return i.Refusing() && time.Until(i.WaitUntil) > 2*time.Minute }) // they rest for long
	return waiting+flying+len(items) == 0
}

// minutes lets time pass with a run every minute.
func (b *bench) minutes(n int) {
	b.Helper()
	for range n {
		b.drain()
		time.Sleep(time.Minute)
		b.requeue()
	}
	b.drain()
}

// look has one object looked at, for a cause, and gives what became of it.
func (b *bench) look(key model.Key, cause model.Cause) apply.Result {
	b.Helper()
	return must[apply.Result](b)(b.worker.Look(b.Context(), queue.Message{Key: key, Token: b.token(), Cause: cause}))
}

// drift has one object looked at because the EX Org changed, and waits until all is right again.
func (b *bench) drift(key model.Key) {
	b.Helper()
	b.look(key, model.CauseDrift)
	b.settle()
}
