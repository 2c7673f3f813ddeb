package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// syncPayload is what the function sync takes. It is written here once more, because a command can not be imported; a test
// holds it to the samples in events/.
type syncPayload struct {
	Action   string   `json:"action"`
	Kinds    []string `json:"kinds,omitempty"`
	Keys     []string `json:"keys,omitempty"`
	PlanHash string   `json:"planHash,omitempty"`
	EXID     string   `json:"exId,omitempty"`
	DryRun   bool     `json:"dryRun,omitempty"`
	Note     string   `json:"note,omitempty"`
	Who      string   `json:"who,omitempty"`
	Until    string   `json:"until,omitempty"`
	Runs     []int64  `json:"runs,omitempty"`
	Preset   string   `json:"preset,omitempty"`

	Settings json.RawMessage `json:"settings,omitempty"`
	Since    string          `json:"since,omitempty"`
	Format   string          `json:"format,omitempty"`
}

// replayPayload is what the function replay takes.
type replayPayload struct {
	Max    int      `json:"max,omitempty"`
	Kinds  []string `json:"kinds,omitempty"`
	Keys   []string `json:"keys,omitempty"`
	Reason string   `json:"reason,omitempty"`
	DryRun bool     `json:"dryRun,omitempty"`
}

// payload is what the function is sent.
func (cmd command) payload() ([]byte, error) {
	switch {
	case cmd.name == actionInvoke:
		return readEvent(cmd.eventFile)
	case cmd.function == functionReplay:
		return encode(replayPayload{Max: cmd.max, Kinds: cmd.kinds, Keys: cmd.keys, Reason: cmd.reason, DryRun: cmd.dryRun})
	default:
		return encode(syncPayload{
			Action: cmd.name, Kinds: cmd.kinds, Keys: cmd.keys, PlanHash: cmd.hash, EXID: cmd.exID, DryRun: cmd.dryRun,
			Note: cmd.note, Who: cmd.who, Until: cmd.until, Runs: cmd.runs, Preset: cmd.preset, Settings: cmd.settings, Since: cmd.since, Format: cmd.format,
		})
	}
}

func encode(payload any) ([]byte, error) {
	body, err := json.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("write the payload: %w", err)
	}
	return body, nil
}

// readEvent reads an event file, or the sample of that name.
func readEvent(path string) ([]byte, error) {
	body, err := os.ReadFile(path) //nolint:gosec // the file that the operator names
	if errors.Is(err, fs.ErrNotExist) {
		sample := filepath.Join("events", strings.TrimSuffix(filepath.Base(path), ".json")+".json")
		if found, failed := os.ReadFile(sample); failed == nil { //nolint:gosec // a sample of this repository
			body, err = found, nil
		}
	}
	if err != nil {
		return nil, misused("the event can not be read: %s (samples are in events/)", err)
	}
	if !json.Valid(body) {
		return nil, misused("%s holds no JSON", path)
	}
	return body, nil
}

// signed adds who acts, where that is audited. A name that was typed stands beside whom the credentials are of: the history tells what AWS
// knows, not only what somebody wrote.
func (cmd command) signed(payload []byte, p place) ([]byte, error) {
	audited := false
	for _, name := range cmd.takes {
		audited = audited || name == flagWho
	}
	switch {
	case !audited || p.caller == "" || cmd.who == p.caller:
		return payload, nil
	case cmd.who == "":
		cmd.who = p.caller
	default:
		cmd.who += " (" + p.caller + ")"
	}
	return cmd.payload()
}
