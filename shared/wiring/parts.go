package wiring

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"excs/shared/engage"
	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/rules"
	"excs/shared/run"
	"excs/shared/sides"
	"excs/shared/telemetry"
)

// Parts are the adapters of one function, made from its environment.
type Parts struct {
	Settings rules.Settings
	// SettingsText is what the settings were read from.
	SettingsText string
	Table        mapping.Store
	Work         queue.Queue
	Dead         queue.Queue // nil without EXCS_DLQ_URL
	// Log is the function's logger with the tenant on every line.
	Log *slog.Logger

	env      Environment
	resolver Resolver
	closers  []io.Closer
	lambda   string // the function's name in AWS
	version  string // the function's version in AWS
	tenant   string
	outdated string         // why nothing may be done by the settings; "": they are the deployment's
	counter  *exorg.Counter // of all clients of the EX Org
	clients  []string       // their OAuth client ids, once there is one
}

// Open reads the environment and makes the adapters that it names; need lists the variables that the function can not do
// without. It calls AWS for settings and secrets only, and nothing is written. The error is one line that names every
// variable at fault.
func Open(ctx context.Context, getenv func(string) string, log *slog.Logger, need ...string) (*Parts, error) {
	env, err := FromEnv(getenv, need...)
	if err != nil {
		return nil, err
	}
	cfg, err := AWSConfig(os.Getenv) // the SDK's own part of it reads the process's environment too
	if err != nil {
		return nil, err
	}
	p := &Parts{env: env, lambda: getenv(VarFunctionName), version: getenv(VarFunctionVersion), counter: &exorg.Counter{}, resolver: Resolver{Secrets: secretsmanager.NewFromConfig(cfg), Parameters: ssm.NewFromConfig(cfg)}}
	text, err := p.resolver.Resolve(ctx, VarSettings, env.Get(VarSettings))
	if err != nil {
		return nil, err
	}
	if p.Settings, err = rules.Parse([]byte(text)); err != nil {
		return nil, err
	}
	p.SettingsText = text
	p.outdated = outdated(text, getenv(VarSettingsHash))
	p.tenant = strconv.FormatInt(p.Settings.Tenant, 10)
	p.Log = log.With(telemetry.AttrTenant, p.tenant)
	p.Table = mapping.NewDynamo(dynamodb.NewFromConfig(cfg), env.Get(VarTable), p.tenant, mapping.Options{Allowed: p.Settings.Requests.PerMinute})
	client := sqs.NewFromConfig(cfg)
	p.Work = queue.NewSQS(client, env.Get(VarQueueURL))
	if url := env.Get(VarDLQURL); url != "" {
		p.Dead = queue.NewSQS(client, url)
	}
	return p, nil
}

// outdated says why nothing may be planned or written by the settings: they are not those of the deployment. Without a hash in the
// environment, as in local runs, nothing is compared.
func outdated(settings, deployed string) string {
	deployed = strings.TrimSpace(deployed)
	if is := rules.TextHash(settings); deployed != "" && is != deployed {
		return fmt.Sprintf("the settings are not those of this function's deployment (their hash is %s, deployed was %s): nothing is planned or written by them", is, deployed)
	}
	return ""
}

// Resolve gives the text that a further variable's value stands for; see Resolver.
func (p *Parts) Resolve(ctx context.Context, variable, value string) (string, error) {
	return p.resolver.Resolve(ctx, variable, value)
}

// Close ends the connections that the parts opened.
func (p *Parts) Close() error {
	var errs []error
	for _, c := range p.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// Engage opens the reader of the Configuration Database and gives the read of one run; Close ends it. It does not connect.
// The database driver must be registered by the program.
func (p *Parts) Engage(ctx context.Context) (func(context.Context) (*model.Snapshot, model.Counts, error), error) {
	reader, err := p.EngageReader(ctx)
	if err != nil {
		return nil, err
	}
	return ReadFor(reader, p.Settings), nil
}

// EngageReader opens the reader of the Configuration Database, for a function that reads it under other settings too; Close ends it. It does not
// connect.
func (p *Parts) EngageReader(ctx context.Context) (*engage.Reader, error) {
	text, err := p.resolver.Resolve(ctx, VarEngageSecret, p.env.Get(VarEngageSecret))
	if err != nil {
		return nil, err
	}
	secret, err := engage.ParseSecret([]byte(text))
	if err != nil {
		return nil, err
	}
	reader, err := engage.Open(secret)
	if err != nil {
		return nil, err
	}
	p.closers = append(p.closers, reader)
	return reader, nil
}

// ReadFor gives the read that a tenant's settings ask for.
func ReadFor(reader *engage.Reader, s rules.Settings) func(context.Context) (*model.Snapshot, model.Counts, error) {
	query := QueryFor(s)
	return func(ctx context.Context) (*model.Snapshot, model.Counts, error) { return reader.Read(ctx, query) }
}

// QueryFor says what of Engage a tenant's settings ask for.
func QueryFor(s rules.Settings) engage.Query {
	return engage.Query{
		Tenant: s.Tenant, DNTypes: s.Queues.Types, Attributes: s.WrapUpCodes.Attributes, LanguageAttribute: s.Languages.Attribute,
		AllPersons: s.Users.Who == rules.WhoAll,
	}
}

// Access says what a function does with the EX Org.
type Access int

// Writing takes the secret that may write. Reading takes the one for reading, if there is one, and its requests stand back
// behind people's changes.
const (
	Writing Access = iota
	Reading
)

// readerPatience is how long a request of a function that only reads waits for its slot. Its run has minutes, and one
// refused slot would end it; it asks for one slot at a time, so nobody waits longer for its sake.
const readerPatience = 30 * time.Second

// EXOrg makes the client of the EX Org.
func (p *Parts) EXOrg(ctx context.Context, access Access) (*exorg.Client, error) {
	cfg, err := p.EXOrgConfig(ctx, access)
	if err != nil {
		return nil, err
	}
	return exorg.New(cfg), nil
}

// EXOrgConfig gives the configuration of a client of the EX Org, for a function that needs more than one of them.
func (p *Parts) EXOrgConfig(ctx context.Context, access Access) (exorg.Config, error) {
	variable := VarExorgSecret
	if access == Reading && p.env.Get(VarExorgReadSecret) != "" {
		variable = VarExorgReadSecret
	}
	text, err := p.resolver.Resolve(ctx, variable, p.env.Get(variable))
	if err != nil {
		return exorg.Config{}, err
	}
	secret, err := exorg.ParseSecret([]byte(text))
	if err != nil {
		return exorg.Config{}, fmt.Errorf("%s: %w", variable, err)
	}
	cfg := ClientConfig(secret, p.Table, p.Log, access)
	cfg.Reload = func(ctx context.Context) ([]exorg.Credentials, error) {
		text, err := p.resolver.Resolve(ctx, variable, p.env.Get(variable))
		if err != nil {
			return nil, err
		}
		again, err := exorg.ParseSecret([]byte(text))
		return again.Clients, err
	}
	cfg.Counter, p.clients = p.counter, nil
	for _, c := range cfg.Clients {
		p.clients = append(p.clients, c.ID)
	}
	return cfg, nil
}

// ClientConfig gives the configuration of a client whose tokens and budget are shared through the mapping table.
func ClientConfig(secret exorg.Secret, table mapping.Store, log *slog.Logger, access Access) exorg.Config {
	cfg := secret.Config()
	cfg.Tokens = table
	cfg.Budget = table
	cfg.Guarded = access == Writing
	cfg.Logger = log
	if access == Reading {
		cfg.Rank, cfg.MaxWait = model.RankBulk, readerPatience
	}
	return cfg
}

// RunConfig gives the configuration of runs: they read Engage with read and the EX Org through org.
func (p *Parts) RunConfig(read func(context.Context) (*model.Snapshot, model.Counts, error), org run.Org) run.Config {
	c := run.Config{
		Read: read, Table: p.Table, TableName: p.env.Get(VarTable), Queue: p.Work, Org: org, Clients: p.clients, Settings: p.Settings, Outdated: p.outdated,
		Version: p.version, Holder: NewToken(), Now: time.Now, NewToken: NewToken, Log: p.Log,
	}
	if p.Dead != nil {
		c.Dead = p.Dead
	}
	return c
}

// Runner makes the runner of one process: it reads Engage with read and the EX Org through client.
func (p *Parts) Runner(read func(context.Context) (*model.Snapshot, model.Counts, error), client *exorg.Client) *run.Runner {
	c := p.RunConfig(read, exorg.NewReader(client, p.Settings.Users.Authority))
	c.Identity = client
	return run.New(c)
}

// Sides returns the gate that lets writes through only where the first plan was approved and by the deployment's settings.
func (p *Parts) Sides() *sides.Gate { return sides.NewGate(p.Table, p.outdated, time.Now, p.Log) }

// NewToken gives an id that is never used twice.
func NewToken() string { return rand.Text() }
