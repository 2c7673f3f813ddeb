package functions_test

import (
	"encoding/json"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/infra/local/aws/runtime"
	"excs/shared/telemetry/telemetrytest"
)

// functions are the bootstraps with what each can not do without.
var functions = map[string][]string{
	"snapshot":  {"EXCS_TABLE", "EXCS_QUEUE_URL", "EXCS_DLQ_URL", "EXCS_SETTINGS", "EXCS_ENGAGE_SECRET", "EXCS_EXORG_SECRET"},
	"sync":      {"EXCS_TABLE", "EXCS_QUEUE_URL", "EXCS_DLQ_URL", "EXCS_SETTINGS", "EXCS_ENGAGE_SECRET", "EXCS_EXORG_SECRET"},
	"apply":     {"EXCS_TABLE", "EXCS_QUEUE_URL", "EXCS_DLQ_URL", "EXCS_SETTINGS", "EXCS_EXORG_SECRET"},
	"webhook":   {"EXCS_TABLE", "EXCS_QUEUE_URL", "EXCS_SETTINGS", "EXCS_EXORG_SECRET"},
	"replay":    {"EXCS_TABLE", "EXCS_QUEUE_URL", "EXCS_DLQ_URL", "EXCS_SETTINGS"},
	"dashboard": {"EXCS_TABLE", "EXCS_QUEUE_URL", "EXCS_DLQ_URL", "EXCS_SETTINGS", "EXCS_SYNC_ARN", "EXCS_REPLAY_ARN"},
}

// Every function of the module is here.
func TestAllFunctions(t *testing.T) {
	if d := cmp.Diff(folders, slices.Sorted(maps.Keys(functions))); d != "" {
		t.Error(d)
	}
}

const password = "pa55word"

func good() map[string]string {
	return map[string]string{
		"EXCS_TABLE": "excs-mapping", "EXCS_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/excs-work.fifo",
		"EXCS_DLQ_URL":       "https://sqs.eu-central-1.amazonaws.com/123456789012/excs-dead.fifo",
		"EXCS_SETTINGS":      `{"tenant":101,"email":{"domain":"agents.example"}}`,
		"EXCS_ENGAGE_SECRET": `{"driver":"postgres","dsn":"postgres://excs:` + password + `@127.0.0.1:1/genesys"}`,
		"EXCS_SYNC_ARN":      "arn:aws:lambda:eu-central-1:123456789012:function:excs-prod-sync",
		"EXCS_REPLAY_ARN":    "arn:aws:lambda:eu-central-1:123456789012:function:excs-prod-replay",
		"EXCS_EXORG_SECRET":  `{"region":"mypurecloud.de","clientId":"excs","clientSecret":"` + password + `"}`,
	}
}

// refuses fails the test unless the process ended by itself with status 1 and one JSON line that says why.
func refuses(t *testing.T, function string, env map[string]string, says ...string) {
	t.Helper()
	l := start(t, function, env)
	r := l.invoke(t, `{}`)
	lines := l.stop(t)
	if f := r.Failure(); f.Type != runtime.TypeExit || !strings.HasSuffix(f.Message, "exit status 1") || len(lines) != 1 {
		t.Fatalf("%s ended with %+v and %d lines, want status 1 and 1: %s", function, f, len(lines), strings.Join(lines, "\n"))
	}
	var line struct{ Level, Message, Function, Code, Error string }
	if err := json.Unmarshal([]byte(lines[0]), &line); err != nil {
		t.Fatalf("%v: %s", err, lines[0])
	}
	if line.Level != "ERROR" || line.Message != function+" can not start" || line.Function != function || line.Code != "invalid" {
		t.Errorf("line %s", lines[0])
	}
	for _, s := range says {
		if !strings.Contains(line.Error, s) {
			t.Errorf("%s says %q, want %q in it", function, line.Error, s)
		}
	}
	silent(t, lines)
	if calls := l.cloud.called(); len(calls) > 0 {
		t.Errorf("AWS was called: %v", calls)
	}
}

// A bootstrap without its environment says in one line what all is missing, and ends with status 1.
func TestWithoutEnvironment(t *testing.T) {
	for function, need := range functions {
		t.Run(function, func(t *testing.T) {
			t.Parallel()
			refuses(t, function, map[string]string{}, "set "+strings.Join(need, ", ")+" (")
		})
	}
}

// Faulty settings end the start with one line that names what is wrong, in every function. A faulty secret does not: an operator
// corrects it while the function runs. The start is quick, every answer says what is wrong, and a worker lets its messages go: their
// rows are pending, and messages that came back would end as dead letters.
func TestFaultyConfiguration(t *testing.T) {
	tests := []struct {
		name, variable, value string
		says                  []string
	}{
		{"settings that are no JSON", "EXCS_SETTINGS", `{"tenant":101,`, []string{"read the settings"}},
		{"settings with several faults", "EXCS_SETTINGS", `{"tenant":0,"colour":"red"}`, []string{"read the settings", "tenant", "colour"}},
		{"settings that are a path", "EXCS_SETTINGS", "settings.json", []string{"read EXCS_SETTINGS: it holds neither JSON nor an ARN nor ssm: and a name"}},
		{"an EX Org secret without a client", "EXCS_EXORG_SECRET", `{"region":"mypurecloud.de"}`, []string{"EXCS_EXORG_SECRET", "clientId"}},
		{"an EX Org secret of an unknown region", "EXCS_EXORG_SECRET", `{"region":"nowhere.example","clientId":"a","clientSecret":"` + password + `"}`,
			[]string{"EXCS_EXORG_SECRET", "region"}},
		{"an Engage secret with the wrong key", "EXCS_ENGAGE_SECRET", `{"driver":"postgres","DSNs":"` + password + `"}`, []string{"parse the Engage secret", "DSNs"}},
		{"an Engage DSN of another database", "EXCS_ENGAGE_SECRET", `{"driver":"postgres","dsn":"mysql://excs:` + password + `@db"}`, []string{"not one of PostgreSQL"}},
		{"SQLite, which is for local runs", "EXCS_ENGAGE_SECRET", `{"driver":"sqlite","dsn":"engage.db"}`, []string{"built without the database driver sqlite"}},
		{"a webhook secret that can be guessed", "EXCS_WEBHOOK_SECRET", `{"secret":"` + password + `"}`, []string{"EXCS_WEBHOOK_SECRET", "it needs 24 or more"}},
	}
	for _, test := range tests {
		for _, function := range slices.Sorted(maps.Keys(functions)) {
			if !slices.Contains(functions[function], test.variable) && (function != "webhook" || test.variable != "EXCS_WEBHOOK_SECRET") {
				continue
			}
			t.Run(test.name+"/"+function, func(t *testing.T) {
				t.Parallel()
				env := good()
				env[test.variable] = test.value
				if test.variable == "EXCS_SETTINGS" {
					refuses(t, function, env, test.says...)
				} else {
					saysOfSecret(t, function, env, test.says...)
				}
			})
		}
	}
}

// work is what each function that reads secrets is given.
var work = map[string]string{
	"snapshot": `{}`, "sync": `{"action":"plan"}`, "webhook": `{"detail":{}}`,
	"apply": `{"Records":[{"messageId":"m1","receiptHandle":"r1","body":"{}","attributes":{}}]}`,
}

// saysOfSecret fails the test unless the function starts and says in its answer, or where it has none in its log, what is wrong with
// the secret.
func saysOfSecret(t *testing.T, function string, env map[string]string, says ...string) {
	t.Helper()
	l := start(t, function, env)
	for range 2 { // the second invocation looks for a corrected secret
		r := l.invoke(t, work[function])
		f := r.Failure()
		if function == "apply" {
			if string(r.Payload) != `{"batchItemFailures":[]}` {
				t.Errorf("answer %s, %+v", r.Payload, f)
			}
			continue
		}
		if f.Type != "invalid" {
			t.Errorf("%s answers %s, %+v", function, r.Payload, f)
		}
		for _, s := range says {
			if !strings.Contains(f.Message, s) {
				t.Errorf("%s answers %q, want %q in it", function, f.Message, s)
			}
		}
	}
	if n := l.Figures().ColdStarts; n != 1 {
		t.Errorf("%d processes were needed", n)
	}
	lines := l.stop(t)
	silent(t, lines)
	for _, s := range says {
		if !strings.Contains(strings.Join(lines, "\n"), strings.ReplaceAll(s, `"`, `\"`)) {
			t.Errorf("the log of %s does not say %q: %s", function, s, lines)
		}
	}
	onlyReads(t, l.cloud.called())
}

// onlyReads fails the test if AWS was called to send a message or to change a row. A run puts its lease and what it has to say of itself.
func onlyReads(t *testing.T, calls []string) {
	t.Helper()
	for _, call := range calls {
		_, operation, _ := strings.Cut(call, ".")
		if operation != "PutItem" && !strings.HasPrefix(operation, "Get") && !strings.HasPrefix(operation, "Query") && !strings.HasPrefix(operation, "Describe") && !strings.HasPrefix(operation, "BatchGet") {
			t.Errorf("%s was called", call)
		}
	}
}

// A stack is deployed before its secrets are set. Its functions start, and no scheduled run, message or event is a fault until then; who
// asks for a plan is told which secret is missing.
func TestSecretsLaterThanTheStack(t *testing.T) {
	for function, variables := range map[string][]string{
		"snapshot": {"EXCS_ENGAGE_SECRET", "EXCS_EXORG_SECRET"}, "sync": {"EXCS_ENGAGE_SECRET", "EXCS_EXORG_SECRET"},
		"apply": {"EXCS_EXORG_SECRET"}, "webhook": {"EXCS_EXORG_SECRET", "EXCS_WEBHOOK_SECRET"},
	} {
		for _, variable := range variables {
			t.Run(function+" without "+variable, func(t *testing.T) {
				t.Parallel()
				env := good()
				env[variable] = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:excs-prod/x-AbCdEf"
				l := start(t, function, env)
				r := l.invoke(t, work[function])
				says := "read " + variable + ": the secret is not set yet"
				switch function {
				case "sync":
					if f := r.Failure(); f.Type != "invalid" || !strings.Contains(f.Message, says) {
						t.Errorf("%+v", f)
					}
					if r := l.invoke(t, `{"action":"doctor","format":"text"}`); r.Err() != nil || !strings.Contains(string(r.Payload), says) {
						t.Errorf("the doctor answers %s, %v", r.Payload, r.Err())
					}
				case "snapshot":
					if r.Err() != nil || !strings.Contains(string(r.Payload), `"notConfigured":"not configured: `+says) {
						t.Errorf("%s, %v", r.Payload, r.Err())
					}
				default:
					if r.Err() != nil {
						t.Error(r.Err())
					}
				}
				said := strings.Join(l.stop(t), "\n") + "\n"
				if !strings.Contains(said, says) {
					t.Errorf("the log does not say so: %s", said)
				}
				if function == "sync" {
					return
				}
				if strings.Contains(said, `"level":"ERROR"`) {
					t.Errorf("an error is logged, which an alarm counts: %s", said)
				}
				if function == "snapshot" && !strings.Contains(said, `"snapshots":1`) {
					t.Errorf("no heartbeat was measured, so the alarm for a missing snapshot would rise: %s", said)
				}
				onlyReads(t, l.cloud.called())
			})
		}
	}
}

// With a good environment each bootstrap starts, with every database that a customer may have, and asks Lambda for work;
// nothing is called before there is any.
func TestStarts(t *testing.T) {
	secrets := map[string]string{
		"postgres":  "postgres://excs@db.example/genesys",
		"sqlserver": "sqlserver://excs@db.example?database=genesys",
		"oracle":    "oracle://excs@db.example:1521/genesys",
	}
	for function, need := range functions {
		for driver, dsn := range secrets {
			if !slices.Contains(need, "EXCS_ENGAGE_SECRET") && driver != "postgres" {
				continue
			}
			t.Run(function+" with "+driver, func(t *testing.T) {
				t.Parallel()
				env := good()
				env["EXCS_ENGAGE_SECRET"] = `{"driver":"` + driver + `","dsn":"` + dsn + `"}`
				l := start(t, function, env)
				if _, err := l.Warm(); err != nil {
					t.Error(err)
				}
				if lines := l.stop(t); len(lines) > 0 {
					t.Errorf("it wrote %q", lines)
				}
				if calls := l.cloud.called(); len(calls) > 0 {
					t.Errorf("AWS was called: %v", calls)
				}
			})
		}
	}
}

// Invocations that fail are answered by the real bootstrap with a code and one line; nothing is written, and the process
// serves the next one.
func TestInvocations(t *testing.T) {
	env := good()
	env["EXCS_ENGAGE_SECRET"] = `{"driver":"postgres","dsn":"postgres://excs:` + password + `@` + closedPort(t) + `/genesys?sslmode=disable"}`
	l := start(t, "sync", env)
	tests := []struct{ name, payload, code, says string }{
		{"an unknown action", `{"action":"nonsense"}`, "invalid", `unknown action "nonsense": use one of plan, sync, verify, explain, approve, discard, release, link, forget, pause, resume, list, history, report, doctor, status`},
		{"an unknown field", `{"action":"plan","all":true}`, "invalid", `unknown field "all"`},
		{"a plan of an Engage that does not answer", `{"action":"plan"}`, "unavailable", "check host, port and network"},
		{"and again", `{"action":"plan"}`, "unavailable", "plan: "},
	}
	for i, test := range tests {
		f := l.invoke(t, test.payload).Failure()
		if f.Type != test.code || !strings.Contains(f.Message, test.says) || strings.Contains(f.Message, "\n") {
			t.Errorf("%s: %+v, want %s with %q", test.name, f, test.code, test.says)
		}
		if calls := l.cloud.called(); i < 2 && len(calls) > 0 {
			t.Errorf("%s: AWS was called: %v", test.name, calls)
		}
	}
	if n := l.Figures().ColdStarts; n != 1 {
		t.Errorf("%d processes were needed", n)
	}
	silent(t, l.stop(t))
	for _, call := range l.cloud.called() {
		if call != "DynamoDB_20120810.GetItem" && call != "DynamoDB_20120810.Query" && call != "DynamoDB_20120810.DescribeTable" {
			t.Errorf("%s was called: only reads were expected", call)
		}
	}
}

// An empty batch is answered by the real worker. Each batch is one line of metrics, of the stack that Lambda's name tells.
func TestApplyAnswers(t *testing.T) {
	l := start(t, "apply", good())
	if r := l.invoke(t, `{"Records":[]}`); string(r.Payload) != `{"batchItemFailures":[]}` {
		t.Errorf("answer %s", r.Payload)
	}
	one := `{"Records":[{"messageId":"m1","receiptHandle":"r1","body":"nonsense","attributes":{}}]}`
	if r := l.invoke(t, one); string(r.Payload) != `{"batchItemFailures":[{"itemIdentifier":"m1"}]}` {
		t.Errorf("answer %s", r.Payload)
	}
	said := strings.Join(l.stop(t), "\n") + "\n"
	if !strings.Contains(said, `"id":"m1"`) || strings.Contains(said, password) {
		t.Errorf("it wrote %s", said)
	}
	data, _, err := telemetrytest.Extract(said)
	applied := 0
	for _, d := range data {
		if d.Dimensions["stack"] != "excs-prod" {
			t.Errorf("a metric of the stack %q", d.Dimensions["stack"])
		}
		if d.Name == "applied" {
			applied++
		}
	}
	if err != nil || applied != 2 || strings.Count(said, `"_aws"`) != 2 {
		t.Errorf("%d batches are measured, %v: %s", applied, err, said)
	}
}

// Nobody gets in by HTTPS without the secret, and the real webhook calls nothing for him.
func TestWebhookTurnsAway(t *testing.T) {
	env := good()
	env["EXCS_WEBHOOK_SECRET"] = `{"secret":"` + strings.Repeat(password, 4) + `"}`
	l := start(t, "webhook", env)
	r := l.invoke(t, `{"version":"2.0","rawPath":"/","headers":{"x-excs-secret":"a guess that is long enough"},"requestContext":{"http":{"method":"POST"}},"body":"{}"}`)
	if r.Err() != nil || !strings.Contains(string(r.Payload), `"statusCode":401`) {
		t.Errorf("answer %s", r.Payload)
	}
	if r := l.invoke(t, `{"source":"aws.partner/genesys.com/x","detail":"nonsense"}`); r.Err() != nil || !strings.Contains(string(r.Payload), `"rejected":1`) {
		t.Errorf("answer %s", r.Payload)
	}
	silent(t, l.stop(t))
	if calls := l.cloud.called(); len(calls) > 0 {
		t.Errorf("AWS was called: %v", calls)
	}
}

// The real replay of an empty queue moves nothing but reads whose rows it would set, and a payload that is not understood is refused
// before anything is read.
func TestReplayAnswers(t *testing.T) {
	l := start(t, "replay", good())
	if f := l.invoke(t, `{"kinds":[]}`).Failure(); f.Type != "invalid" || !strings.Contains(f.Message, "kinds is empty") || len(l.cloud.called()) > 0 {
		t.Errorf("%+v, calls %v", f, l.cloud.called())
	}
	if r := l.invoke(t, `{"dryRun":true}`); r.Err() != nil || !strings.Contains(string(r.Payload), `"letters":0`) {
		t.Errorf("answer %s", r.Payload)
	}
	silent(t, l.stop(t))
	for _, call := range l.cloud.called() {
		if call != "AmazonSQS.ReceiveMessage" && call != "AmazonSQS.GetQueueAttributes" && call != "DynamoDB_20120810.GetItem" {
			t.Errorf("%s was called: only looks were expected", call)
		}
	}
}

// The real widget documents itself without a call.
func TestDashboardDescribes(t *testing.T) {
	l := start(t, "dashboard", good())
	if r := l.invoke(t, `{"describe":true}`); r.Err() != nil || !strings.Contains(string(r.Payload), "staleMinutes") || len(l.cloud.called()) > 0 {
		t.Errorf("answer %s, calls %v", r.Payload, l.cloud.called())
	}
}

// closedPort gives an address of this machine on which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
