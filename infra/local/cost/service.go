package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"excs/shared/apply"
	"excs/shared/engage/engagetest"
	"excs/shared/excstest"
	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/listen"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/rules"
	"excs/shared/run"
	"excs/shared/telemetry"
	"excs/shared/verify"
	"excs/shared/wiring"
)

// service is the whole of EXCS on one site, with a counter at each of its doors.
type service struct {
	*excstest.Service
	clock *clock
	org   *exorgtest.Org
	site  *site

	// instruments write the metrics of the functions, which are lines of their logs.
	snapshot, apply, webhook, sync *telemetry.Instruments

	queue   queueCounter
	logs    atomic.Int64 // bytes
	batches int
	heard   int // events that were passed on
	mu      sync.Mutex
	changes []exorgtest.Change // of the EX Org, not heard of yet
	allowed atomic.Int64       // calls a minute that the EX Org tells
}

// queueCounter counts requests of SQS, which takes ten messages each.
type queueCounter struct {
	mu                     sync.Mutex
	sends, messages, other int
	deletes                int
}

// newService starts the service on a site. Nothing has run in it yet.
func newService(s *site) *service {
	v := &service{clock: newClock(), site: s}
	v.org = exorgtest.New(exorgtest.WithClock(v.clock.now), exorgtest.WithLog(0), exorgtest.WithHistory(0))
	v.org.OnChange(func(c exorgtest.Change) {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.changes = append(v.changes, c)
	})
	settings := rules.Default(engagetest.MainTenant, rules.Preset202307)
	settings.Email.Domain = "agents.example"
	log := telemetry.New(countingWriter{&v.logs}, telemetry.Options{Function: "apply", Tenant: strconv.FormatInt(settings.Tenant, 10)})
	v.Service = excstest.New(excstest.Config{
		Settings: settings, Read: wiring.ReadFor(s.reader, settings),
		Secret: exorg.Secret{
			APIURL: "http://api.example", LoginURL: "http://login.example",
			Clients: []exorg.Credentials{exorg.NewCredentials(exorgtest.DefaultClientID, exorgtest.DefaultClientSecret)},
		},
		HTTP: &http.Client{Transport: v.door(v.org.Client().Transport)},
		Now:  v.clock.now, Sleep: v.clock.sleep,
		Table: mapping.MemoryOptions{Fault: func(string) mapping.Fault { v.clock.call(tableCall); return mapping.FaultNone }},
		// Nothing comes back by itself: a message is worked on within its visibility, however the clock jumps.
		Queue: queue.MemoryConfig{Visibility: 12 * time.Hour, Faults: v.queueOp, Refuse: v.queueMessage},
		Log:   log,
	})
	v.allowed.Store(allowedCalls)
	v.snapshot, v.apply = v.instruments(telemetry.FunctionSnapshot, log), v.instruments(telemetry.FunctionApply, log)
	v.webhook, v.sync = v.instruments(telemetry.FunctionWebhook, log), v.instruments(telemetry.FunctionSync, log)
	return v
}

// instruments makes those of a function as shared/wiring does, with this clock.
func (v *service) instruments(function string, log *slog.Logger) *telemetry.Instruments {
	return &telemetry.Instruments{
		Meter: telemetry.NewMeter(telemetry.MeterOptions{
			W: countingWriter{&v.logs}, Function: function, Stack: "excs-prod", Tenant: strconv.FormatInt(v.Settings.Tenant, 10), Now: v.clock.now,
		}),
		Usage: wiring.UsageOf(v.Counter), Budget: wiring.BudgetOf(v.Table, []string{exorgtest.DefaultClientID}, v.clock.now), Dead: deadLetters{v}, Log: log,
	}
}

// deadLetters is the dead-letter queue, counted as the work queue is.
type deadLetters struct{ v *service }

// Depth counts the letters.
func (d deadLetters) Depth(ctx context.Context) (waiting, inFlight int, err error) {
	if err := d.v.queueOp("depth"); err != nil {
		return 0, 0, err
	}
	return d.v.Dead.Depth(ctx)
}

// countingWriter counts bytes.
type countingWriter struct{ n *atomic.Int64 }

func (w countingWriter) Write(p []byte) (int, error) {
	w.n.Add(int64(len(p)))
	return len(p), nil
}

var _ io.Writer = countingWriter{}

// door is the way to the EX Org: a call takes its time, and the answer tells the limit.
func (v *service) door(to http.RoundTripper) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		v.clock.call(exOrgCall)
		answer, err := to.RoundTrip(r)
		if err != nil {
			return nil, fmt.Errorf("call the simulated EX Org: %w", err)
		}
		answer.Header.Set("inin-ratelimit-allowed", strconv.FormatInt(v.allowed.Load(), 10))
		return answer, nil
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip calls the function.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// queueOp counts an operation of the work queue. Receives and deletes are Lambda's, and take none of a function's time.
func (v *service) queueOp(op string) error {
	v.queue.mu.Lock()
	defer v.queue.mu.Unlock()
	switch op {
	case "receive":
		return nil
	case "delete":
		v.queue.deletes++
		return nil
	case "send":
		v.queue.sends++
	default:
		v.queue.other++
	}
	v.clock.call(queueCall)
	return nil
}

// queueMessage counts a message; none is refused.
func (v *service) queueMessage(queue.Message) error {
	v.queue.mu.Lock()
	defer v.queue.mu.Unlock()
	v.queue.messages++
	return nil
}

// reading is where all counters stand.
func (v *service) reading() Counts {
	units, totals := v.Table.Units(), v.org.Totals()
	v.queue.mu.Lock()
	defer v.queue.mu.Unlock()
	q := &v.queue
	// A send of n messages is n/10 requests, rounded up.
	sends := float64(q.sends) + max(0, float64(q.messages-q.sends))/queue.BatchSize
	return Counts{
		Reads: units.Reads, Writes: units.Writes, TableCalls: float64(units.Requests),
		Messages: float64(q.messages), QueueCalls: sends + float64(q.other), PollerCalls: float64(v.batches + q.deletes), Batches: float64(v.batches),
		Calls: float64(totals.Reads + totals.Writes), Events: float64(v.heard), LogBytes: float64(v.logs.Load()),
		CPU: processorTime().Seconds(), Elapsed: v.clock.now().Sub(newClock().now()).Seconds(),
	}
}

// counted gives what a piece of work took.
func (v *service) counted(work func() error) (Counts, error) {
	before := v.reading()
	err := work()
	return v.reading().minus(before), err
}

// drain works on the queue until nothing is left that would change by itself, and gives what the workers took: looking
// whether something is left is this program's own doing, in the service it is part of every run.
func (v *service) drain(ctx context.Context) (workers Counts, err error) {
	const rounds = 200
	for range rounds {
		some, err := v.counted(func() error { return v.work(ctx) })
		workers = workers.plus(some)
		if err != nil {
			return workers, err
		}
		left, err := v.left(ctx)
		if err != nil || left == 0 {
			return workers, err
		}
		v.clock.pass(time.Minute)
	}
	return workers, fmt.Errorf("not everything was worked off in %d minutes", rounds)
}

// run makes a run as the function snapshot does.
func (v *service) run(ctx context.Context) (run.Report, error) {
	report, err := v.Sync(ctx)
	run.Measure(ctx, v.snapshot, report, err)
	return report, err
}

// work works on the queue as the function apply does, until nothing is visible.
func (v *service) work(ctx context.Context) error {
	for {
		batch, err := v.Work.Receive(ctx, queue.BatchSize, 0)
		if err != nil || len(batch) == 0 {
			return err
		}
		v.batches++
		answers := v.Worker.Batch(ctx, batch)
		apply.Measure(ctx, v.apply, batch, answers)
		var done []queue.Received
		for i, a := range answers {
			switch {
			case !a.Failed:
				done = append(done, batch[i])
			case a.Again > 0:
				if err := v.Work.SetVisibility(ctx, batch[i:i+1], a.Again); err != nil {
					return err
				}
			}
		}
		if err := v.Work.Delete(ctx, done); err != nil {
			return err
		}
	}
}

// left puts back on the queue what is due, and counts what will still change by itself.
func (v *service) left(ctx context.Context) (int, error) {
	again, err := v.Runner.Requeue(ctx)
	if err != nil {
		return 0, err
	}
	waiting, inFlight, err := v.Work.Depth(ctx)
	if err != nil {
		return 0, err
	}
	items, err := v.Table.List(ctx, []mapping.State{mapping.StatePending, mapping.StateWaiting}, nil)
	return again + waiting + inFlight + len(items), err
}

// echo passes on what the EX Org tells of its changes, event by event as the partner bus does, and works off what follows.
func (v *service) echo(ctx context.Context) (hearing, workers Counts, err error) {
	for changes := v.takeChanges(); len(changes) > 0; changes = v.takeChanges() {
		heard, err := v.counted(func() error { return v.hear(ctx, changes) })
		hearing = hearing.plus(heard)
		if err != nil {
			return hearing, workers, err
		}
		worked, err := v.drain(ctx)
		workers = workers.plus(worked)
		if err != nil {
			return hearing, workers, err
		}
	}
	return hearing, workers, nil
}

func (v *service) hear(ctx context.Context, changes []exorgtest.Change) error {
	for _, c := range changes {
		event, told := v.org.Event(c)
		if !told {
			continue
		}
		v.heard++
		report, err := v.Hear(ctx, event.Envelope)
		listen.Measure(ctx, v.webhook, report, 0)
		if err != nil {
			return fmt.Errorf("hear of %s %s: %w", c.Action, c.Kind, err)
		}
	}
	return nil
}

// memberLists says how long the member list of each queue is, by the DBID of its DN.
func (v *service) memberLists(ctx context.Context) (map[int64]int, error) {
	rows, err := mapping.Lists{Table: v.Table}.Rows(ctx, model.KindMembers)
	if err != nil {
		return nil, fmt.Errorf("read the member lists: %w", err)
	}
	lists := map[int64]int{}
	for _, row := range rows {
		lists[row.Key.DBID] = len(row.Desired.Members)
	}
	return lists, nil
}

// takeChanges gives what the EX Org has to tell.
func (v *service) takeChanges() []exorgtest.Change {
	v.mu.Lock()
	defer v.mu.Unlock()
	changes := v.changes
	v.changes = nil
	return changes
}

// sweep makes one sweep of the schedule, in the time that the function has.
func (v *service) sweep(ctx context.Context) error {
	report, err := v.Sweeper.Sweep(v.clock.until(ctx, syncTimeout), verify.Request{})
	v.sync.Action(ctx, "verify")
	if err != nil {
		return err
	}
	if n := len(report.Findings); n > 0 {
		return fmt.Errorf("the sweep finds %d things in an EX Org that is as it should be, the first of them %s: %s", n, report.Findings[0].Key, report.Findings[0].Fields)
	}
	return nil
}
