package wiring

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"excs/shared/model"
)

// The environment variables of the contract (RULES 9). Beside them the AWS SDK's own are honoured.
const (
	VarTable           = "EXCS_TABLE"
	VarQueueURL        = "EXCS_QUEUE_URL"
	VarDLQURL          = "EXCS_DLQ_URL"
	VarSettings        = "EXCS_SETTINGS"
	VarSettingsHash    = "EXCS_SETTINGS_HASH"     // rules.TextHash of the settings that were deployed; not set in local runs
	VarEngageSecret    = "EXCS_ENGAGE_SECRET"     //nolint:gosec // the name of a variable
	VarExorgSecret     = "EXCS_EXORG_SECRET"      //nolint:gosec // the name of a variable
	VarExorgReadSecret = "EXCS_EXORG_READ_SECRET" //nolint:gosec // the name of a variable
	VarSyncARN         = "EXCS_SYNC_ARN"          // what the dashboard's buttons call
	VarReplayARN       = "EXCS_REPLAY_ARN"        // what the dashboard's buttons call
)

// Environment is a function's configuration as the environment gives it: names, URLs, and where secrets are. However it is
// printed, it shows names only.
type Environment struct {
	values map[string]string
}

// FromEnv reads the variables that a function needs; the error (CodeInvalid) names all that are missing and no value.
// Only what is asked for is kept. A function that only reads the EX Org asks for EXCS_EXORG_READ_SECRET and gets
// EXCS_EXORG_SECRET where there is no secret for reading.
func FromEnv(getenv func(string) string, need ...string) (Environment, error) {
	e := Environment{values: map[string]string{}}
	var missing []string
	for _, name := range need {
		v := strings.TrimSpace(getenv(name))
		if v == "" && name == VarExorgReadSecret {
			name = VarExorgSecret
			v = strings.TrimSpace(getenv(name))
		}
		if v == "" {
			missing = append(missing, name)
		}
		e.values[name] = v
	}
	if len(missing) > 0 {
		return Environment{}, model.Errorf(model.CodeInvalid, "read the environment", "set %s (%s)", strings.Join(missing, ", "), meanings(missing))
	}
	return e, nil
}

func meanings(names []string) string {
	what := map[string]string{ //nolint:gosec // the names of variables
		VarTable:        "the name of the mapping table",
		VarQueueURL:     "the URL of the work queue",
		VarDLQURL:       "the URL of the dead-letter queue",
		VarSettings:     "the settings as JSON, or ssm: and the name of a parameter",
		VarEngageSecret: "the ARN of the Engage secret, or its JSON",
		VarExorgSecret:  "the ARN of the EX Org secret, or its JSON",
		VarSyncARN:      "the ARN of the function sync",
		VarReplayARN:    "the ARN of the function replay",
	}
	texts := make([]string, 0, len(names))
	for _, n := range names {
		texts = append(texts, fmt.Sprintf("%s: %s", n, what[n]))
	}
	return strings.Join(texts, "; ")
}

// Get gives the value of a variable, "" for one that was not asked for.
func (e Environment) Get(name string) string { return e.values[name] }

// String lists which variables are set, without their values: some are secrets.
func (e Environment) String() string {
	var set []string
	for _, name := range []string{VarTable, VarQueueURL, VarDLQURL, VarSettings, VarEngageSecret, VarExorgSecret, VarExorgReadSecret, VarSyncARN, VarReplayARN} {
		if e.values[name] != "" {
			set = append(set, name)
		}
	}
	return strings.Join(set, " ")
}

// Format writes String under every verb: no way of printing shows a secret.
func (e Environment) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, e.String()) }

// MarshalJSON writes String.
func (e Environment) MarshalJSON() ([]byte, error) { return json.Marshal(e.String()) }

// LogValue gives String to log/slog.
func (e Environment) LogValue() slog.Value { return slog.StringValue(e.String()) }
