package scene

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver pgx
	"golang.org/x/sync/errgroup"

	"excs/infra/local/aws/runtime"
	"excs/infra/local/aws/stack"
	"excs/shared/engage/engagetest"
	"excs/shared/engage/engagetest/pgtest"
	"excs/shared/exorg/exorgtest"
)

// Options of a scene.
type Options struct {
	// Root is the folder of the module.
	Root string
	// Tier and Seed of the generated site.
	Tier engagetest.Tier
	Seed uint64
	// Rate is how many requests a minute the EX Org allows each OAuth client; 0: no limit, and settings that ask for none.
	Rate int
	// Template is the path of a synthesized template; "": it is synthesized now. Programs is the folder of functions compiled
	// for this machine; "": they are compiled now.
	Template, Programs string
	// Settings are put over those of the stage in cdk.json.
	Settings map[string]any
	// Ticking, RetryDelay, Line and Done are those of stack.Config.
	Ticking    bool
	RetryDelay func(tries int) time.Duration
	Line       func(function string, line []byte)
	Done       func(runtime.Report)
	// Step is told what takes its time, and how long it took; nil: nobody. Steps run side by side.
	Step func(what string, took time.Duration)
}

// Scene is a set-up that runs.
type Scene struct {
	Stack  *stack.Stack
	Org    *exorgtest.Org
	Editor *engagetest.Editor
	// OrgURL is where the EX Org answers.
	OrgURL string

	dir      string
	dsn      string // of the user that reads
	adminDSN string
	mu       sync.Mutex
	closers  []func() error
}

// Open sets the scene up: what does not need one another at the same time.
func Open(ctx context.Context, o Options) (*Scene, error) {
	s := &Scene{}
	if err := s.open(ctx, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Scene) open(ctx context.Context, o Options) error {
	dir, err := os.MkdirTemp("", "excs-local-")
	if err != nil {
		return fmt.Errorf("make a folder for the local run: %w", err)
	}
	s.dir = dir
	s.later(func() error { return os.RemoveAll(dir) })
	if err := s.organisation(o); err != nil { //nolint:contextcheck // it listens until it is closed
		return err
	}
	var text []byte
	group, inner := errgroup.WithContext(ctx)
	group.Go(o.timed("synthesizing the template", func() (err error) {
		text, err = o.template(inner, "aws.partner/genesys.com/cloud/"+s.Org.ID()+"/excs")
		return err
	}))
	programs := o.Programs
	if programs == "" {
		programs = filepath.Join(dir, "programs")
		group.Go(o.timed("compiling the functions for this machine", func() error {
			names, err := Functions(o.Root)
			if err != nil {
				return err
			}
			return stack.Build(inner, o.Root, programs, names...)
		}))
	}
	group.Go(o.timed("writing the site into PostgreSQL", func() error { return s.engage(ctx, o) })) // the server outlives the group
	if err := group.Wait(); err != nil {
		return err
	}
	secrets, err := s.secrets()
	if err != nil {
		return err
	}
	return o.timed("deploying the template", func() error {
		s.Stack, err = stack.Start(ctx, stack.Config{
			Template: text, Name: StackName, Programs: programs, Secrets: secrets,
			Ticking: o.Ticking, RetryDelay: o.RetryDelay, Line: o.Line, Done: o.Done,
		})
		if err == nil {
			s.later(s.Stack.Close)
		}
		return err
	})()
}

func (o Options) timed(what string, do func() error) func() error {
	return func() error {
		begun := time.Now()
		err := do()
		if err == nil && o.Step != nil {
			o.Step(what, time.Since(begun))
		}
		return err
	}
}

func (o Options) template(ctx context.Context, source string) ([]byte, error) {
	if o.Template != "" {
		return os.ReadFile(o.Template)
	}
	return Synthesize(ctx, o.Root, Overrides{Settings: o.settings(), EventSource: source})
}

// unlimited is the request budget when the EX Org has no limit, per minute: the most that the settings take.
const unlimited = 100000

func (o Options) settings() map[string]any {
	requests := map[string]any{"perMinute": unlimited}
	if o.Rate > 0 {
		requests["perMinute"] = o.Rate
	}
	all := map[string]any{"tenant": engagetest.MainTenant, "requests": requests}
	for key, value := range o.Settings {
		all[key] = value
	}
	return all
}

func (s *Scene) later(f func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closers = append(s.closers, f)
}

// Close ends everything, what was started last first.
func (s *Scene) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// The OAuth clients of the EX Org: one that writes, and one that only reads.
const (
	writerID = "excs-writer"
	readerID = "excs-reader"
)

// writes are the permissions that a client lacks that only reads.
func writes() []string {
	return []string{
		"admin", "directory:organization:admin", "directory:user:add", "directory:user:edit", "directory:user:delete",
		"routing:skill:assign", "routing:language:assign", "routing:skill:manage", "routing:skill:create", "routing:skill:update", "routing:skill:delete",
		"routing:queue:add", "routing:queue:edit", "routing:queue:delete", "routing:queueMember:manage",
		"routing:wrapupCode:add", "routing:wrapupCode:edit", "routing:wrapupCode:delete",
		"presence:source:add", "presence:source:edit", "presence:source:delete", "presence:userPrimarySource:edit",
	}
}

func (s *Scene) organisation(o Options) error {
	s.Org = exorgtest.New(
		exorgtest.WithRateLimit(o.Rate), exorgtest.WithLog(0), exorgtest.WithRowCap(0, 10000),
		exorgtest.WithClients(
			exorgtest.Client{ID: writerID, Secret: exorgtest.DefaultClientSecret, Name: "EXCS"},
			exorgtest.Client{ID: readerID, Secret: exorgtest.DefaultClientSecret, Name: "EXCS, reading", Lacks: writes()},
		),
	)
	server, err := s.Org.Start()
	if err != nil {
		return fmt.Errorf("start the EX Org: %w", err)
	}
	s.OrgURL = server.URL
	s.later(server.Close)
	return nil
}

// AdminDSN is the data source name of the Configuration Database for a user who may change it.
func (s *Scene) AdminDSN() string { return s.adminDSN }

// reader is the database user of EXCS: it may read and nothing else.
const reader = "excs_reader"

// engage starts PostgreSQL, writes the site and lets the reader read it.
func (s *Scene) engage(ctx context.Context, o Options) error {
	dsn, stop, err := pgtest.Run(ctx)
	if err != nil {
		return err
	}
	s.later(stop)
	s.adminDSN = dsn
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return fmt.Errorf("open the Configuration Database: %w", err)
	}
	s.later(db.Close)
	site := engagetest.New(o.Tier, o.Seed)
	if err := site.Write(ctx, db, engagetest.PostgreSQL); err != nil {
		return err
	}
	const grants = "CREATE ROLE " + reader + " LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + reader
	if _, err := db.ExecContext(ctx, grants); err != nil {
		return fmt.Errorf("make the user that reads the Configuration Database: %w", err)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return fmt.Errorf("make the Engage secret: %w", err)
	}
	u.User = url.User(reader)
	s.dsn = u.String()
	s.Editor = engagetest.NewEditor(site, db, engagetest.PostgreSQL)
	return nil
}

// secrets are what an operator puts into Secrets Manager.
func (s *Scene) secrets() (map[string]string, error) {
	all := map[string]string{}
	for name, secret := range map[string]map[string]string{
		"engage":     {"driver": "postgres", "dsn": s.dsn},
		"exorg":      s.client(writerID),
		"exorg-read": s.client(readerID),
	} {
		text, err := json.Marshal(secret)
		if err != nil {
			return nil, fmt.Errorf("make the secret %s: %w", name, err)
		}
		all[name] = string(text)
	}
	return all, nil
}

func (s *Scene) client(id string) map[string]string {
	return map[string]string{"clientId": id, "clientSecret": exorgtest.DefaultClientSecret, "apiUrl": s.OrgURL, "loginUrl": s.OrgURL}
}
