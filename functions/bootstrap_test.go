package functions_test

import (
	"encoding/json"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// functions are the bootstraps with what each can not do without.
var functions = map[string][]string{
	"snapshot": {"EXCS_TABLE", "EXCS_QUEUE_URL", "EXCS_SETTINGS", "EXCS_ENGAGE_SECRET", "EXCS_EXORG_SECRET"},
	"sync":     {"EXCS_TABLE", "EXCS_QUEUE_URL", "EXCS_SETTINGS", "EXCS_ENGAGE_SECRET", "EXCS_EXORG_SECRET"},
	"apply":    {"EXCS_TABLE", "EXCS_QUEUE_URL", "EXCS_DLQ_URL", "EXCS_SETTINGS", "EXCS_EXORG_SECRET"},
}

const password = "pa55word"

func good() map[string]string {
	return map[string]string{
		"EXCS_TABLE": "excs-mapping", "EXCS_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/excs-work.fifo",
		"EXCS_DLQ_URL":       "https://sqs.eu-central-1.amazonaws.com/123456789012/excs-dead.fifo",
		"EXCS_SETTINGS":      `{"tenant":101,"email":{"domain":"agents.example"}}`,
		"EXCS_ENGAGE_SECRET": `{"driver":"postgres","dsn":"postgres://excs:` + password + `@127.0.0.1:1/genesys"}`,
		"EXCS_EXORG_SECRET":  `{"region":"mypurecloud.de","clientId":"excs","clientSecret":"` + password + `"}`,
	}
}

// refuses fails the test unless the process ended by itself with status 1 and one JSON line that says why.
func refuses(t *testing.T, function string, env map[string]string, says ...string) {
	t.Helper()
	cloud, url := startAWS(t)
	env["AWS_ENDPOINT_URL"] = url
	wait, _ := start(t, function, env)
	e := wait()
	if e.code != 1 || len(e.lines) != 1 {
		t.Fatalf("%s ended with status %d and %d lines, want 1 and 1: %s", function, e.code, len(e.lines), strings.Join(e.lines, "\n"))
	}
	var line struct{ Level, Message, Function, Code, Error string }
	if err := json.Unmarshal([]byte(e.lines[0]), &line); err != nil {
		t.Fatalf("%v: %s", err, e.lines[0])
	}
	if line.Level != "ERROR" || line.Message != function+" can not start" || line.Function != function || line.Code != "invalid" {
		t.Errorf("line %s", e.lines[0])
	}
	for _, s := range says {
		if !strings.Contains(line.Error, s) {
			t.Errorf("%s says %q, want %q in it", function, line.Error, s)
		}
	}
	if strings.Contains(e.lines[0], password) {
		t.Errorf("the line shows a secret: %s", e.lines[0])
	}
	if calls := cloud.called(); len(calls) > 0 {
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

// Faulty settings and secrets end the start with one line that names what is wrong, in every function that reads them.
func TestFaultyConfiguration(t *testing.T) {
	tests := []struct {
		name, variable, value string
		says                  []string
		only                  []string // functions; nil for all
	}{
		{"settings that are no JSON", "EXCS_SETTINGS", `{"tenant":101,`, []string{"read the settings"}, nil},
		{"settings with several faults", "EXCS_SETTINGS", `{"tenant":0,"colour":"red"}`, []string{"read the settings", "tenant", "colour"}, nil},
		{"settings that are a path", "EXCS_SETTINGS", "settings.json", []string{"read EXCS_SETTINGS: it holds neither JSON nor an ARN nor ssm: and a name"}, nil},
		{"an EX Org secret without a client", "EXCS_EXORG_SECRET", `{"region":"mypurecloud.de"}`, []string{"EXCS_EXORG_SECRET", "clientId"}, nil},
		{"an EX Org secret of an unknown region", "EXCS_EXORG_SECRET", `{"region":"nowhere.example","clientId":"a","clientSecret":"` + password + `"}`,
			[]string{"EXCS_EXORG_SECRET", "region"}, nil},
		{"an Engage secret with the wrong key", "EXCS_ENGAGE_SECRET", `{"driver":"postgres","DSNs":"` + password + `"}`, []string{"parse the Engage secret", "DSNs"}, []string{"snapshot", "sync"}},
		{"an Engage DSN of another database", "EXCS_ENGAGE_SECRET", `{"driver":"postgres","dsn":"mysql://excs:` + password + `@db"}`, []string{"not one of PostgreSQL"}, []string{"snapshot", "sync"}},
		{"SQLite, which is for local runs", "EXCS_ENGAGE_SECRET", `{"driver":"sqlite","dsn":"engage.db"}`, []string{"built without the database driver sqlite"}, []string{"snapshot", "sync"}},
	}
	for _, test := range tests {
		for _, function := range slices.Sorted(maps.Keys(functions)) {
			if test.only != nil && !slices.Contains(test.only, function) {
				continue
			}
			t.Run(test.name+"/"+function, func(t *testing.T) {
				t.Parallel()
				env := good()
				env[test.variable] = test.value
				refuses(t, function, env, test.says...)
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
	for function := range functions {
		for driver, dsn := range secrets {
			if function == "apply" && driver != "postgres" {
				continue
			}
			t.Run(function+" with "+driver, func(t *testing.T) {
				t.Parallel()
				cloud, url := startAWS(t)
				runtime, address := startLambda(t)
				env := good()
				env["AWS_ENDPOINT_URL"], env["AWS_LAMBDA_RUNTIME_API"] = url, address
				env["EXCS_ENGAGE_SECRET"] = `{"driver":"` + driver + `","dsn":"` + dsn + `"}`
				wait, stop := start(t, function, env)
				select {
				case <-runtime.idle:
				case <-time.After(limit):
					t.Error("it does not ask for work")
				}
				stop()
				if e := wait(); strings.Join(e.lines, "") != "" {
					t.Errorf("it wrote %q", e.lines)
				}
				if calls := cloud.called(); len(calls) > 0 {
					t.Errorf("AWS was called: %v", calls)
				}
			})
		}
	}
}

// Invocations that fail are answered by the real bootstrap with a code and one line; nothing is written, and the process
// serves the next one.
func TestInvocations(t *testing.T) {
	cloud, url := startAWS(t)
	runtime, address := startLambda(t)
	env := good()
	env["AWS_ENDPOINT_URL"], env["AWS_LAMBDA_RUNTIME_API"] = url, address
	env["EXCS_ENGAGE_SECRET"] = `{"driver":"postgres","dsn":"postgres://excs:` + password + `@` + closedPort(t) + `/genesys?sslmode=disable"}`
	wait, stop := start(t, "sync", env)
	tests := []struct{ name, payload, code, says string }{
		{"an unknown action", `{"action":"nonsense"}`, "invalid", `unknown action "nonsense": use one of plan, sync, verify, explain, approve, discard, list, status`},
		{"an unknown field", `{"action":"plan","all":true}`, "invalid", `unknown field "all"`},
		{"a plan of an Engage that does not answer", `{"action":"plan"}`, "unavailable", "check host, port and network"},
		{"and again", `{"action":"plan"}`, "unavailable", "plan: "},
	}
	for i, test := range tests {
		o := runtime.invoke(t, test.payload)
		if !o.Failed || o.ErrorType != test.code || !strings.Contains(o.ErrorMessage, test.says) || strings.Contains(o.ErrorMessage, "\n") {
			t.Errorf("%s: %+v, want %s with %q", test.name, o, test.code, test.says)
		}
		if calls := cloud.called(); i < 2 && len(calls) > 0 {
			t.Errorf("%s: AWS was called: %v", test.name, calls)
		}
	}
	stop()
	for _, line := range wait().lines {
		if strings.Contains(line, password) {
			t.Errorf("a line shows a secret: %s", line)
		}
	}
	for _, call := range cloud.called() {
		if call != "DynamoDB_20120810.GetItem" && call != "DynamoDB_20120810.Query" {
			t.Errorf("%s was called: only reads were expected", call)
		}
	}
}

// An empty batch is answered by the real worker.
func TestApplyAnswers(t *testing.T) {
	_, url := startAWS(t)
	runtime, address := startLambda(t)
	env := good()
	env["AWS_ENDPOINT_URL"], env["AWS_LAMBDA_RUNTIME_API"] = url, address
	wait, stop := start(t, "apply", env)
	if o := runtime.invoke(t, `{"Records":[]}`); o.Failed || o.Body != `{"batchItemFailures":[]}` {
		t.Errorf("answer %+v", o)
	}
	one := `{"Records":[{"messageId":"m1","receiptHandle":"r1","body":"nonsense","attributes":{}}]}`
	if o := runtime.invoke(t, one); o.Failed || o.Body != `{"batchItemFailures":[{"itemIdentifier":"m1"}]}` {
		t.Errorf("answer %+v", o)
	}
	stop()
	if said := strings.Join(wait().lines, "\n"); !strings.Contains(said, `"id":"m1"`) || strings.Contains(said, password) {
		t.Errorf("it wrote %s", said)
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
