package wiring_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"excs/shared/engage"
	"excs/shared/engage/engagetest"
	"excs/shared/model"
	"excs/shared/rules"
	"excs/shared/wiring"
)

var reading = []string{wiring.VarTable, wiring.VarQueueURL, wiring.VarSettings, wiring.VarEngageSecret, wiring.VarExorgReadSecret}

// Open honours the SDK's endpoint, reads the settings from Parameter Store, and calls nothing else.
func TestOpen(t *testing.T) {
	c := startCloud(t)
	c.parameters["/excs/settings"] = settingsJSON
	env := full()
	env[wiring.VarSettings] = "ssm:/excs/settings"
	log, lines := logged()
	p, err := wiring.Open(t.Context(), lookup(env), log, append(slices.Clone(reading), wiring.VarDLQURL)...)
	if err != nil {
		t.Fatal(err)
	}
	if p.Settings.Tenant != 101 || p.Settings.Requests.PerMinute != 240 || p.Settings.Email.Domain != "agents.example" {
		t.Errorf("settings %+v", p.Settings)
	}
	if p.Table == nil || p.Work == nil || p.Dead == nil {
		t.Errorf("parts %v %v %v", p.Table, p.Work, p.Dead)
	}
	if d := cmp.Diff([]string{"AmazonSSM.GetParameter"}, c.targets()); d != "" {
		t.Error(d)
	}
	p.Log.Info("hello")
	if !strings.Contains(lines.String(), `"tenant":"101"`) {
		t.Errorf("the log does not name the tenant: %s", lines)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// Without EXCS_DLQ_URL there is no dead-letter queue: Dead is nil and no queue without an address.
func TestOpenWithoutDeadLetters(t *testing.T) {
	startCloud(t)
	p, err := wiring.Open(t.Context(), lookup(full()), quiet(), reading...)
	if err != nil {
		t.Fatal(err)
	}
	if p.Dead != nil {
		t.Errorf("a dead-letter queue that was not asked for: %v", p.Dead)
	}
}

// What the table and the queue say goes to the SDK's endpoint too.
func TestAdaptersUseTheEndpoint(t *testing.T) {
	c := startCloud(t)
	p, err := wiring.Open(t.Context(), lookup(full()), quiet(), reading...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Table.Get(t.Context(), model.Key{Kind: model.KindUser, DBID: 1}); err == nil {
		t.Error("a cloud without tables answered")
	}
	if _, _, err := p.Work.Depth(t.Context()); err == nil {
		t.Error("a cloud without queues answered")
	}
	targets := strings.Join(c.targets(), " ")
	if !strings.Contains(targets, "DynamoDB_20120810.GetItem") || !strings.Contains(targets, "AmazonSQS.GetQueueAttributes") {
		t.Errorf("calls %s", targets)
	}
}

// A start that fails is one clear line, and nothing was called that it did not need.
func TestOpenFails(t *testing.T) {
	tests := []struct {
		name  string
		alter func(map[string]string)
		code  model.Code
		says  string
	}{
		{"a variable is missing", func(e map[string]string) { delete(e, wiring.VarTable) }, model.CodeInvalid, "set EXCS_TABLE"},
		{"settings that are no JSON", func(e map[string]string) { e[wiring.VarSettings] = `{"tenant":` }, model.CodeInvalid, "read the settings"},
		{"settings with an unknown key", func(e map[string]string) { e[wiring.VarSettings] = `{"tenant":101,"colour":"red"}` }, model.CodeInvalid, "colour"},
		{"settings without a tenant", func(e map[string]string) { e[wiring.VarSettings] = `{}` }, model.CodeInvalid, "tenant"},
		{"a parameter that is not there", func(e map[string]string) { e[wiring.VarSettings] = "ssm:/nowhere" }, model.CodeNotFound, "read the parameter /nowhere"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := startCloud(t)
			env := full()
			test.alter(env)
			_, err := wiring.Open(t.Context(), lookup(env), quiet(), reading...)
			if model.CodeOf(err) != test.code || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v of code %q, want %s with %q", err, model.CodeOf(err), test.code, test.says)
			}
			for _, target := range c.targets() {
				if target != "AmazonSSM.GetParameter" {
					t.Errorf("%s was called", target)
				}
			}
		})
	}
}

// The Engage secret is read when it is asked for; what is wrong with it is one line without its value.
func TestEngage(t *testing.T) {
	c := startCloud(t)
	open := func(secret string) error {
		env := full()
		env[wiring.VarEngageSecret] = secret
		p, err := wiring.Open(t.Context(), lookup(env), quiet(), reading...)
		if err != nil {
			t.Fatal(err)
		}
		read, err := p.Engage(t.Context())
		if (read == nil) == (err == nil) {
			t.Errorf("read %v with error %v", read != nil, err)
		}
		return errorsOf(err, p.Close())
	}
	if err := open(engageARN); model.CodeOf(err) != model.CodeNotFound {
		t.Errorf("error %v", err)
	}
	c.put(map[string]string{engageARN: `{"generated":"` + dsnPassword + `"}`})
	tests := []struct{ name, secret, says string }{
		{"the JSON of another secret", engageARN, `unknown field "generated"`},
		{"an unknown driver", `{"driver":"mysql","dsn":"` + dsnPassword + `"}`, "mysql"},
		{"a DSN of another database", `{"driver":"postgres","dsn":"oracle://excs:` + dsnPassword + `@db"}`, "not one of PostgreSQL"},
		{"no DSN", `{"driver":"postgres"}`, "dsn is missing"},
		{"broken JSON", `{"driver":"postgres","dsn":"` + dsnPassword, "it is not a JSON object"},
	}
	for _, test := range tests {
		err := open(test.secret)
		if model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.says)
			continue
		}
		noSecrets(t, test.name, err.Error())
	}
	c.put(map[string]string{engageARN: engageJSON})
	if err := open(engageARN); err != nil {
		t.Errorf("a good secret: %v", err)
	}
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// ReadFor asks Engage for what the settings name: the tenant, the DN types, the persons, the attributes.
func TestReadFor(t *testing.T) {
	site := engagetest.New(engagetest.Tiny, 1)
	path := filepath.Join(t.TempDir(), "engage.db")
	db, err := engagetest.OpenSQLite(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := site.Write(t.Context(), db, engagetest.SQLite); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	reader, err := engage.Open(engage.Secret{Driver: "sqlite", DSN: engagetest.SQLiteDSN(path)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	read := func(alter func(*rules.Settings)) *model.Snapshot {
		t.Helper()
		s := rules.Default(engagetest.MainTenant, rules.Preset202307)
		alter(&s)
		snapshot, counted, err := wiring.ReadFor(reader, s)(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if counted[model.TablePerson] != snapshot.Read[model.TablePerson] {
			t.Errorf("counted %v, read %v", counted, snapshot.Read)
		}
		return snapshot
	}
	plain := read(func(*rules.Settings) {})
	everybody := read(func(s *rules.Settings) { s.Users.Who = rules.WhoAll })
	virtual := read(func(s *rules.Settings) { s.Queues.Types = []int{model.DNVirtualQueue} })
	none := read(func(s *rules.Settings) { s.WrapUpCodes.Attributes = nil; s.Languages.Attribute = "" })
	size := engagetest.Tiny.Size()
	if plain.Tenant.DBID != engagetest.MainTenant || len(plain.Persons) >= len(everybody.Persons) || len(everybody.Persons) < size.Persons {
		t.Errorf("tenant %d, %d agents, %d persons", plain.Tenant.DBID, len(plain.Persons), len(everybody.Persons))
	}
	if len(plain.DNs) != size.Queues() || len(virtual.DNs) != size.VirtualQueues {
		t.Errorf("%d DNs of all types, %d Virtual Queues", len(plain.DNs), len(virtual.DNs))
	}
	if plain.Read[model.TableAttrValue] == 0 || none.Read[model.TableAttrValue] != 0 {
		t.Errorf("%d values with attributes, %d without", plain.Read[model.TableAttrValue], none.Read[model.TableAttrValue])
	}
}

// A runner is made of the parts: it reads with what it was given and names the table.
func TestRunner(t *testing.T) {
	startCloud(t)
	p, err := wiring.Open(t.Context(), lookup(full()), quiet(), append(slices.Clone(reading), wiring.VarDLQURL)...)
	if err != nil {
		t.Fatal(err)
	}
	client, err := p.EXOrg(t.Context(), wiring.Reading)
	if err != nil {
		t.Fatal(err)
	}
	called := false
	r := p.Runner(func(context.Context) (*model.Snapshot, model.Counts, error) { called = true; return nil, nil, nil }, client)
	if _, _, err := r.Read(t.Context()); err != nil || !called {
		t.Errorf("the runner does not read with what it was given: %v", err)
	}
	if r.TableName != "excs-mapping" || r.Org == nil || r.Holder == "" || r.Settings.Tenant != 101 || r.Queue != p.Work {
		t.Errorf("runner %+v", r.Config)
	}
	if other := p.Runner(nil, client); other.Holder == r.Holder {
		t.Error("two processes hold the lease under one name")
	}
}

// Tokens are never the same, and fit a FIFO deduplication id.
func TestNewToken(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		token := wiring.NewToken()
		if seen[token] || token == "" || len(token) > 40 || strings.ContainsAny(token, " \n") {
			t.Fatalf("token %q", token)
		}
		seen[token] = true
	}
}
