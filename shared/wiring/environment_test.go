package wiring_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"excs/shared/model"
	"excs/shared/wiring"
)

func full() map[string]string {
	return map[string]string{
		wiring.VarTable: "excs-mapping", wiring.VarQueueURL: "https://sqs.example/work.fifo", wiring.VarDLQURL: "https://sqs.example/dead.fifo",
		wiring.VarSettings: settingsJSON, wiring.VarEngageSecret: engageJSON, wiring.VarExorgSecret: exorgJSON,
	}
}

// All that is missing is named at once, with what it is; what is there is not named, and no value is shown.
func TestMissingVariables(t *testing.T) {
	const (
		table    = "EXCS_TABLE: the name of the mapping table"
		queue    = "EXCS_QUEUE_URL: the URL of the work queue"
		dlq      = "EXCS_DLQ_URL: the URL of the dead-letter queue"
		settings = "EXCS_SETTINGS: the settings as JSON, or ssm: and the name of a parameter"
		engage   = "EXCS_ENGAGE_SECRET: the ARN of the Engage secret, or its JSON"
		exorg    = "EXCS_EXORG_SECRET: the ARN of the EX Org secret, or its JSON"
	)
	all := []string{wiring.VarTable, wiring.VarQueueURL, wiring.VarDLQURL, wiring.VarSettings, wiring.VarEngageSecret, wiring.VarExorgSecret}
	tests := []struct {
		name string
		env  map[string]string
		need []string
		want string
	}{
		{"everything", nil, all, "read the environment: set EXCS_TABLE, EXCS_QUEUE_URL, EXCS_DLQ_URL, EXCS_SETTINGS, EXCS_ENGAGE_SECRET, EXCS_EXORG_SECRET (" +
			strings.Join([]string{table, queue, dlq, settings, engage, exorg}, "; ") + ")"},
		{"one, and secrets are there", map[string]string{wiring.VarEngageSecret: engageJSON, wiring.VarExorgSecret: exorgJSON},
			[]string{wiring.VarTable, wiring.VarEngageSecret, wiring.VarExorgSecret}, "read the environment: set EXCS_TABLE (" + table + ")"},
		{"one that is blank", map[string]string{wiring.VarTable: " \t"}, []string{wiring.VarTable}, "read the environment: set EXCS_TABLE (" + table + ")"},
		{"both secrets of a reader: the one that every function has is named", nil, []string{wiring.VarExorgReadSecret}, "read the environment: set EXCS_EXORG_SECRET (" + exorg + ")"},
		{"the writer's secret, where only the reader's is there", map[string]string{wiring.VarExorgReadSecret: readJSON},
			[]string{wiring.VarExorgSecret}, "read the environment: set EXCS_EXORG_SECRET (" + exorg + ")"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := wiring.FromEnv(lookup(test.env), test.need...)
			if err == nil || err.Error() != test.want || model.CodeOf(err) != model.CodeInvalid {
				t.Fatalf("error %v, want %s", err, test.want)
			}
			noSecrets(t, "the error", err.Error())
		})
	}
}

// Only what is asked for is kept, without outer space.
func TestGet(t *testing.T) {
	env := full()
	env[wiring.VarTable] = "  excs-mapping\n"
	e, err := wiring.FromEnv(lookup(env), wiring.VarTable, wiring.VarSettings)
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Get(wiring.VarTable); got != "excs-mapping" {
		t.Errorf("table %q", got)
	}
	for _, name := range []string{wiring.VarEngageSecret, wiring.VarExorgSecret, wiring.VarQueueURL, "HOME"} {
		if got := e.Get(name); got != "" {
			t.Errorf("%s was not asked for and is %q", name, got)
		}
	}
}

// A reader gets the secret for reading and not the other; without one it gets the other.
func TestReadersSecret(t *testing.T) {
	env := full()
	env[wiring.VarExorgReadSecret] = readJSON
	e, err := wiring.FromEnv(lookup(env), wiring.VarExorgReadSecret)
	if err != nil || e.Get(wiring.VarExorgReadSecret) != readJSON || e.Get(wiring.VarExorgSecret) != "" {
		t.Errorf("%v, %v", e, err)
	}
	if e, err = wiring.FromEnv(lookup(full()), wiring.VarExorgReadSecret); err != nil || e.Get(wiring.VarExorgReadSecret) != "" || e.Get(wiring.VarExorgSecret) != exorgJSON {
		t.Errorf("%v, %v", e, err)
	}
	if e, err = wiring.FromEnv(lookup(env), wiring.VarExorgSecret); err != nil || e.Get(wiring.VarExorgReadSecret) != "" {
		t.Errorf("a writer keeps the reader's secret: %v, %v", e, err)
	}
}

// No way of printing an Environment shows a value.
func TestEnvironmentHidesValues(t *testing.T) {
	e, err := wiring.FromEnv(lookup(full()), wiring.VarTable, wiring.VarEngageSecret, wiring.VarExorgSecret)
	if err != nil {
		t.Fatal(err)
	}
	const want = "EXCS_TABLE EXCS_ENGAGE_SECRET EXCS_EXORG_SECRET"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%t"} {
		for _, v := range []any{e, &e} {
			if got := fmt.Sprintf(verb, v); got != want {
				t.Errorf("%s of %T: %s", verb, v, got)
			}
		}
		noSecrets(t, verb, fmt.Sprintf(verb, struct{ E wiring.Environment }{e}))
	}
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if string(b) != `"`+want+`"` {
		t.Errorf("JSON: %s", b)
	}
	log, lines := logged()
	log.Info("env", "env", e)
	noSecrets(t, "the log", lines.String())
	if !strings.Contains(lines.String(), want) {
		t.Errorf("log: %s", lines)
	}
}
