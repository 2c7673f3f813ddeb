package world

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"excs/shared/apply"
	"excs/shared/exorg"
	"excs/shared/explain"
	"excs/shared/listen"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/notice"
	"excs/shared/queue"
	"excs/shared/replay"
	"excs/shared/rules"
	"excs/shared/run"
	"excs/shared/sides"
	"excs/shared/verify"
	"excs/shared/wiring"
)

// TableName is the name of the mapping table's twin.
const TableName = "world-mapping"

// Config is what a World is made of.
type Config struct {
	Settings rules.Settings
	// Read reads Engage.
	Read func(ctx context.Context) (*model.Snapshot, model.Counts, error)
	// Secret names the EX Org; HTTP reaches it (nil: over the network).
	Secret exorg.Secret
	HTTP   *http.Client
	// ReadSecret and ReadHTTP are those of the functions that only read; without clients they use Secret and HTTP, and may write.
	ReadSecret exorg.Secret
	ReadHTTP   *http.Client
	// Outdated says why nothing must be done by these settings, as in a function that has others than its deployment.
	Outdated string
	// Now and Sleep are the clock of everything in the world; nil: the wall clock. Tests in a synctest bubble leave them.
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
	// Table and Queue change the twins: lag, faults. Dead and MaxReceive of Queue are set by the world.
	Table mapping.MemoryOptions
	Queue queue.MemoryConfig
	// VerifyFresh is how long after EXCS wrote an object a sweep believes no read of it; 0: the sweep's own default.
	VerifyFresh time.Duration
	// MaxReceive is the redrive limit of the work queue; 0: 20.
	MaxReceive int
	// Beside is a world whose table, queues and counter the new one uses, as another process of the same tenant: Table, Queue
	// and MaxReceive are then not looked at. Now may be another clock.
	Beside *World
	// Holder names the process in the lease; "": world. NewToken gives ids that are never used twice; nil: a counter.
	Holder   string
	NewToken func() string
	// Random spreads the client's waits; nil: the client's own.
	Random func() float64
	Log    *slog.Logger
}

// World is one tenant with everything that serves it.
type World struct {
	Settings rules.Settings
	Table    *mapping.Memory
	Work     *queue.Memory
	Dead     *queue.Memory
	Client   *exorg.Client
	// Counter counts the calls of every client of the world.
	Counter *exorg.Counter
	Runner  *run.Runner
	Worker  *apply.Worker
	// Listener hears notifications; Sweeper and Explainer are what the actions verify and explain use.
	Listener  *listen.Listener
	Replayer  *replay.Replayer
	Sweeper   *verify.Sweeper
	Explainer *explain.Explainer

	now   func() time.Time
	token atomic.Int64
}

// New makes a world; nothing has run in it yet.
func New(c Config) *World {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MaxReceive == 0 {
		c.MaxReceive = 20
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Holder == "" {
		c.Holder = "world"
	}
	w := &World{Settings: c.Settings, now: c.Now}
	if c.NewToken == nil {
		c.NewToken = w.newToken
	}
	w.stores(c)
	writing := w.client(c, c.Secret, c.HTTP, wiring.Writing)
	reading := writing
	if len(c.ReadSecret.Clients) > 0 {
		reading = w.client(c, c.ReadSecret, c.ReadHTTP, wiring.Reading)
	}
	w.Client = exorg.New(writing)
	w.connect(c, reading)
	return w
}

func (w *World) client(c Config, secret exorg.Secret, line *http.Client, access wiring.Access) exorg.Config {
	client := wiring.ClientConfig(secret, w.Table, c.Log, access)
	client.HTTP, client.Now, client.Sleep, client.Counter = line, c.Now, c.Sleep, w.Counter
	if c.Random != nil {
		client.Random = c.Random
	}
	return client
}

// stores makes the twins, or shares those of the world beside.
func (w *World) stores(c Config) {
	if b := c.Beside; b != nil {
		w.Table, w.Work, w.Dead, w.Counter = b.Table.RestartAt(c.Now), b.Work, b.Dead, b.Counter
		return
	}
	c.Table.Clock = c.Now
	c.Table.Tenant = strconv.FormatInt(c.Settings.Tenant, 10)
	if c.Table.Allowed == 0 {
		c.Table.Allowed = c.Settings.Requests.PerMinute
	}
	if c.Table.ID == "" {
		c.Table.ID = TableName // a world repeats itself
	}
	w.Table = mapping.NewMemory(c.Table)
	w.Dead = queue.NewMemory(queue.MemoryConfig{Now: c.Now})
	c.Queue.Now, c.Queue.MaxReceive, c.Queue.Dead = c.Now, c.MaxReceive, w.Dead
	w.Work = queue.NewMemory(c.Queue)
	w.Counter = &exorg.Counter{}
}

// connect makes everything; reading is the client of all but the worker.
func (w *World) connect(c Config, reading exorg.Config) {
	reader := w.Client
	if len(c.ReadSecret.Clients) > 0 {
		reader = exorg.New(reading)
	}
	platform := exorg.NewReader(reader, c.Settings.Users.Authority)
	runs := run.Config{
		Read: c.Read, Table: w.Table, TableName: TableName, Queue: w.Work, Org: platform, Identity: reader, Settings: c.Settings,
		Outdated: c.Outdated, Holder: c.Holder, Now: c.Now, NewToken: c.NewToken, Log: c.Log,
	}
	w.Runner = run.New(runs)
	w.Listener = listen.New(listen.Config{
		Table: w.Table, Lists: mapping.Lists{Table: w.Table}, Org: platform, Work: w.Work, Settings: c.Settings, Now: c.Now, NewToken: c.NewToken, Log: c.Log,
	})
	w.Sweeper = verify.New(verify.Config{
		Table: w.Table, Lists: mapping.Lists{Table: w.Table}, Queue: w.Work, Org: verify.Open(reading, c.Settings, c.Settings.Verify.Share), Settings: c.Settings,
		Absence: c.Settings.Verify.Absence, Round: c.Settings.Verify.Round, Fresh: c.VerifyFresh, Now: c.Now, Sleep: c.Sleep, NewToken: c.NewToken, Log: c.Log,
	})
	w.Explainer = explain.New(explain.Config{
		Read: c.Read, Plan: explain.PlanWith(runs), Table: w.Table, Org: platform, Settings: c.Settings, Now: c.Now,
	})
	w.Replayer = replay.New(replay.Config{
		Letters: w.Dead, Work: w.Work, Rows: w.Table, Pauses: replay.TablePauses{Table: w.Table}, PerMinute: c.Settings.Requests.PerMinute, Now: c.Now, Log: c.Log,
	})
	g := c.Settings.Guard
	w.Worker = apply.New(apply.Config{
		Rows: w.Table, Orphans: w.Table, Lists: mapping.Lists{Table: w.Table}, Window: w.Table, Documents: w.Table,
		Census: run.NewCensus(w.Table, max(g.RemovalWindow, g.UpdateWindow), c.Now),
		Org:    exorg.NewReader(w.Client, c.Settings.Users.Authority), Writer: apply.NewPen(w.Client, c.Settings.Users.Authority),
		Sides: sides.NewGate(w.Table, c.Outdated, c.Now, c.Log),
		Work:  w.Work, Dead: w.Dead, Settings: c.Settings, Now: c.Now, NewToken: c.NewToken, Log: c.Log,
	})
}

// newToken counts, so that a world repeats itself.
func (w *World) newToken() string { return strconv.FormatInt(w.token.Add(1), 36) }

// Sync makes one whole run, as the schedule does.
func (w *World) Sync(ctx context.Context) (run.Report, error) {
	return w.Runner.Sync(ctx, run.Request{Cause: model.CauseEngage})
}

// Hear takes notifications in, as the webhook function does, and says what became of them.
func (w *World) Hear(ctx context.Context, bodies ...[]byte) (listen.Report, error) {
	var notices []notice.Notice
	for _, body := range bodies {
		events, err := notice.Split(body)
		if err != nil {
			return listen.Report{}, err
		}
		for _, event := range events {
			n, err := notice.Parse(event)
			if err != nil {
				return listen.Report{}, err
			}
			notices = append(notices, n)
		}
	}
	return w.Listener.Hear(ctx, notices)
}

// Drained counts the answers to the messages of a Drain.
type Drained struct {
	Messages, Failed int
}

// Drain works on the queue as Lambda's poller does, batch by batch, until nothing is visible. progress, if any, is told
// after every batch.
func (w *World) Drain(ctx context.Context, progress func(Drained)) (Drained, error) {
	var d Drained
	for {
		if err := ctx.Err(); err != nil {
			return d, fmt.Errorf("drain the work queue: %w", err)
		}
		batch, err := w.Work.Receive(ctx, queue.BatchSize, 0)
		if err != nil {
			return d, err
		}
		if len(batch) == 0 {
			return d, nil
		}
		failed, err := w.answer(ctx, batch)
		d.Messages += len(batch)
		d.Failed += failed
		if err != nil {
			return d, err
		}
		if progress != nil {
			progress(d)
		}
	}
}

// answer works on one batch and answers it: done messages go, failed ones come back when they asked to.
func (w *World) answer(ctx context.Context, batch []queue.Received) (failed int, err error) {
	var done []queue.Received
	for i, a := range w.Worker.Batch(ctx, batch) {
		if !a.Failed {
			done = append(done, batch[i])
			continue
		}
		failed++
		if a.Again > 0 {
			if err := w.Work.SetVisibility(ctx, batch[i:i+1], a.Again); err != nil {
				return failed, err
			}
		}
	}
	return failed, w.Work.Delete(ctx, done)
}

// Settle lets time pass and the schedule run until nothing is left that would change by itself, as the service does over
// the minutes after a change. pass advances the clock (virtual or real); rounds bounds the runs.
func (w *World) Settle(ctx context.Context, rounds int, pass func(time.Duration)) error {
	for range rounds {
		if _, err := w.Drain(ctx, nil); err != nil {
			return err
		}
		waiting, inFlight, err := w.Work.Depth(ctx)
		if err != nil {
			return err
		}
		items, err := w.Table.List(ctx, []mapping.State{mapping.StatePending, mapping.StateWaiting}, nil)
		if err != nil {
			return err
		}
		if len(items)+waiting+inFlight == 0 {
			return nil
		}
		pass(time.Minute)
		if _, err := w.Sync(ctx); err != nil && model.CodeOf(err) != model.CodeUnavailable {
			return err
		}
	}
	return model.Errorf(model.CodeInternal, "settle", "not settled after %d runs", rounds)
}
