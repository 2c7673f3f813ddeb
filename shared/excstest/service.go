package excstest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
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

// Config is what a Service is made of.
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
	// Now and Sleep are the clock of everything in the service; nil: the wall clock. Tests in a synctest bubble leave them.
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
	// Table and Queue change the twins: lag, faults. Dead and MaxReceive of Queue are set by New.
	Table mapping.MemoryOptions
	Queue queue.MemoryConfig
	// VerifyFresh is how long after EXCS wrote an object a sweep believes no read of it; 0: the sweep's own default.
	VerifyFresh time.Duration
	// MaxReceive is the redrive limit of the work queue; 0: 20.
	MaxReceive int
	// Beside is a service whose table, queues and counter the new one uses, as another process of the same tenant: Table, Queue
	// and MaxReceive are then not looked at. Now may be another clock.
	Beside *Service
	// Holder names the process in the lease; "": test. NewToken gives ids that are never used twice; nil: a counter.
	Holder   string
	NewToken func() string
	// Random spreads the client's waits; nil: the client's own.
	Random func() float64
	Log    *slog.Logger
}

// Service is one tenant with everything that serves it.
type Service struct {
	Settings rules.Settings
	Table    *mapping.Memory
	Work     *queue.Memory
	Dead     *queue.Memory
	Client   *exorg.Client
	// Counter counts the calls of every client of the service.
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

// New makes a service; nothing has run in it yet.
func New(c Config) *Service {
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
		c.Holder = "test"
	}
	s := &Service{Settings: c.Settings, now: c.Now}
	if c.NewToken == nil {
		c.NewToken = s.newToken
	}
	s.stores(c)
	writing := s.client(c, c.Secret, c.HTTP, wiring.Writing)
	reading := writing
	if len(c.ReadSecret.Clients) > 0 {
		reading = s.client(c, c.ReadSecret, c.ReadHTTP, wiring.Reading)
	}
	s.Client = exorg.New(writing)
	s.connect(c, reading)
	return s
}

func (s *Service) client(c Config, secret exorg.Secret, line *http.Client, access wiring.Access) exorg.Config {
	client := wiring.ClientConfig(secret, s.Table, c.Log, access)
	client.HTTP, client.Now, client.Sleep, client.Counter = line, c.Now, c.Sleep, s.Counter
	if c.Random != nil {
		client.Random = c.Random
	}
	return client
}

// stores makes the twins, or shares those of the service beside.
func (s *Service) stores(c Config) {
	if b := c.Beside; b != nil {
		s.Table, s.Work, s.Dead, s.Counter = b.Table.RestartAt(c.Now), b.Work, b.Dead, b.Counter
		return
	}
	c.Table.Clock = c.Now
	c.Table.Tenant = strconv.FormatInt(c.Settings.Tenant, 10)
	if c.Table.Allowed == 0 {
		c.Table.Allowed = c.Settings.Requests.PerMinute
	}
	if c.Table.ID == "" {
		c.Table.ID = TableName // a test repeats itself
	}
	s.Table = mapping.NewMemory(c.Table)
	s.Dead = queue.NewMemory(queue.MemoryConfig{Now: c.Now})
	c.Queue.Now, c.Queue.MaxReceive, c.Queue.Dead = c.Now, c.MaxReceive, s.Dead
	s.Work = queue.NewMemory(c.Queue)
	s.Counter = &exorg.Counter{}
}

// connect makes everything; reading is the client of all but the worker.
func (s *Service) connect(c Config, reading exorg.Config) {
	reader := s.Client
	if len(c.ReadSecret.Clients) > 0 {
		reader = exorg.New(reading)
	}
	platform := exorg.NewReader(reader, c.Settings.Users.Authority)
	runs := run.Config{
		Read: c.Read, Table: s.Table, TableName: TableName, Queue: s.Work, Org: platform, Identity: reader, Settings: c.Settings,
		Outdated: c.Outdated, Holder: c.Holder, Now: c.Now, NewToken: c.NewToken, Log: c.Log,
	}
	s.Runner = run.New(runs)
	s.Listener = listen.New(listen.Config{
		Table: s.Table, Lists: mapping.Lists{Table: s.Table}, Org: platform, Work: s.Work, Settings: c.Settings, Now: c.Now, NewToken: c.NewToken, Log: c.Log,
	})
	s.Sweeper = verify.New(verify.Config{
		Table: s.Table, Lists: mapping.Lists{Table: s.Table}, Queue: s.Work, Org: verify.Open(reading, c.Settings, c.Settings.Verify.Share), Settings: c.Settings,
		Absence: c.Settings.Verify.Absence, Round: c.Settings.Verify.Round, Fresh: c.VerifyFresh, Now: c.Now, Sleep: c.Sleep, NewToken: c.NewToken, Log: c.Log,
	})
	s.Explainer = explain.New(explain.Config{
		Read: c.Read, Plan: explain.PlanWith(runs), Table: s.Table, Org: platform, Settings: c.Settings, Now: c.Now,
	})
	s.Replayer = replay.New(replay.Config{
		Letters: s.Dead, Work: s.Work, Rows: s.Table, Pauses: replay.TablePauses{Table: s.Table}, PerMinute: c.Settings.Requests.PerMinute, Now: c.Now, Log: c.Log,
	})
	g := c.Settings.Guard
	s.Worker = apply.New(apply.Config{
		Rows: s.Table, Orphans: s.Table, Lists: mapping.Lists{Table: s.Table}, Window: s.Table, Documents: s.Table,
		Census: run.NewCensus(s.Table, max(g.RemovalWindow, g.UpdateWindow), c.Now),
		Org:    exorg.NewReader(s.Client, c.Settings.Users.Authority), Writer: apply.NewPen(s.Client, c.Settings.Users.Authority),
		Sides: sides.NewGate(s.Table, c.Outdated, c.Now, c.Log),
		Work:  s.Work, Dead: s.Dead, Settings: c.Settings, Now: c.Now, NewToken: c.NewToken, Log: c.Log,
	})
}

// newToken counts, so that a test repeats itself.
func (s *Service) newToken() string { return strconv.FormatInt(s.token.Add(1), 36) }

// Sync makes one whole run, as the schedule does.
func (s *Service) Sync(ctx context.Context) (run.Report, error) {
	return s.Runner.Sync(ctx, run.Request{Cause: model.CauseEngage})
}

// Hear takes notifications in, as the webhook function does, and says what became of them.
func (s *Service) Hear(ctx context.Context, bodies ...[]byte) (listen.Report, error) {
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
	return s.Listener.Hear(ctx, notices)
}

// Drained counts the answers to the messages of a Drain.
type Drained struct {
	Messages, Failed int
}

// Drain works on the queue as Lambda's poller does, batch by batch, until nothing is visible. progress, if any, is told
// after every batch.
func (s *Service) Drain(ctx context.Context, progress func(Drained)) (Drained, error) {
	var d Drained
	for {
		if err := ctx.Err(); err != nil {
			return d, fmt.Errorf("drain the work queue: %w", err)
		}
		batch, err := s.Work.Receive(ctx, queue.BatchSize, 0)
		if err != nil {
			return d, err
		}
		if len(batch) == 0 {
			return d, nil
		}
		failed, err := s.answer(ctx, batch)
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
func (s *Service) answer(ctx context.Context, batch []queue.Received) (failed int, err error) {
	var done []queue.Received
	for i, a := range s.Worker.Batch(ctx, batch) {
		if !a.Failed {
			done = append(done, batch[i])
			continue
		}
		failed++
		if a.Again > 0 {
			if err := s.Work.SetVisibility(ctx, batch[i:i+1], a.Again); err != nil {
				return failed, err
			}
		}
	}
	return failed, s.Work.Delete(ctx, done)
}

// Settle lets time pass and the schedule run until nothing is left that would change by itself, as the service does over
// the minutes after a change. pass advances the clock (virtual or real); rounds bounds the runs.
func (s *Service) Settle(ctx context.Context, rounds int, pass func(time.Duration)) error {
	for range rounds {
		if _, err := s.Drain(ctx, nil); err != nil {
			return err
		}
		waiting, inFlight, err := s.Work.Depth(ctx)
		if err != nil {
			return err
		}
		items, err := s.Table.List(ctx, []mapping.State{mapping.StatePending, mapping.StateWaiting}, nil)
		if err != nil {
			return err
		}
		if len(items)+waiting+inFlight == 0 {
			return nil
		}
		pass(time.Minute)
		if _, err := s.Sync(ctx); err != nil && model.CodeOf(err) != model.CodeUnavailable {
			return err
		}
	}
	items, err := s.Table.List(ctx, []mapping.State{mapping.StatePending, mapping.StateWaiting}, nil)
	if err != nil {
		return err
	}
	var open []string
	for _, i := range items[:min(len(items), 10)] {
		open = append(open, fmt.Sprintf("%s is %s: %s", i.Key, i.State, i.Reason))
	}
	return model.Errorf(model.CodeInternal, "settle", "not settled after %d runs: %s", rounds, strings.Join(open, "; "))
}
