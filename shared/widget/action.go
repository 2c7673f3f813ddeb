package widget

import (
	"encoding/json"
	"fmt"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/widget/words"
)

// button is an element and the action that CloudWatch binds to it. Its JSON holds keys, kinds and hashes and never a foreign
// name: what a click does must not hang on text from a foreign system.
type button struct {
	Label, Hint string
	Primary     bool
	Endpoint    string
	Confirm     string // "": nothing is asked, because nothing is changed
	JSON        string
}

// call is the payload of sync or replay, as far as buttons go.
type call struct {
	Action   string       `json:"action,omitempty"`
	Kinds    []model.Kind `json:"kinds,omitempty"`
	Keys     []model.Key  `json:"keys,omitempty"`
	PlanHash string       `json:"planHash,omitempty"`
	DryRun   bool         `json:"dryRun,omitempty"`
	Who      string       `json:"who,omitempty"`
}

// fromHere is who an audit line names: CloudWatch does not tell who clicked. CloudTrail does.
const fromHere = "dashboard"

func (c call) text() string {
	b, err := json.Marshal(c)
	if err != nil {
		// Kinds, keys and texts always can be written; a button that does nothing is better than no widget.
		return `{"action":"status"}`
	}
	return string(b)
}

// desk makes the buttons of one tenant: endpoints are the functions that do the work, under the viewer's permissions.
type desk struct{ sync, replay string }

func (d desk) explain(k model.Key) button {
	return button{Label: "Explain", Hint: "Why " + k.String() + " is as it is", Endpoint: d.sync, JSON: call{Action: "explain", Keys: []model.Key{k}}.text()}
}

func (d desk) replayOne(k model.Key) button {
	return button{
		Label: "Replay", Hint: "Bring the dead letters of " + k.String() + " back", Endpoint: d.replay,
		Confirm: fmt.Sprintf("Bring the dead letters of %s back to the work queue? A worker looks at it again.", k),
		JSON:    call{Keys: []model.Key{k}}.text(),
	}
}

func (d desk) release(k model.Key) button {
	return button{
		Label: "Release", Hint: "End the quarantine of " + k.String() + ", also when its dead letter is gone", Endpoint: d.sync,
		Confirm: fmt.Sprintf("End the quarantine of %s? A worker looks at it again; its dead letter stays until a replay.", k),
		JSON:    call{Action: "release", Keys: []model.Key{k}, Who: fromHere}.text(),
	}
}

func (d desk) replayAll(letters int) button {
	what := "all dead letters"
	if letters > 0 {
		what = words.Some(letters, "dead letter")
	}
	return button{
		Label: "Replay all", Hint: "Bring all dead letters back", Primary: true, Endpoint: d.replay,
		Confirm: fmt.Sprintf("Bring %s back to the work queue? Workers look at the objects again.", what),
		JSON:    call{}.text(),
	}
}

func (d desk) replayDry() button {
	return button{Label: "Dry run", Hint: "What a replay would do; nothing is changed", Endpoint: d.replay, JSON: call{DryRun: true}.text()}
}

func (d desk) list() button {
	return button{Label: "List all", Hint: "Everything that needs somebody's eye", Endpoint: d.sync, JSON: call{Action: "list"}.text()}
}

func (d desk) approve(kind model.Kind, hash string, n int) button {
	label := "Approve these " + words.Count(n)
	if n == 1 {
		label = "Approve this one"
	}
	return button{
		Label: label, Hint: "Let the held changes of kind " + string(kind) + " pass", Primary: true, Endpoint: d.sync,
		Confirm: fmt.Sprintf("Approve %s of kind %s, hash %s? The next run makes them.", words.Some(n, "held change"), kind, hash),
		JSON:    call{Action: "approve", Kinds: []model.Kind{kind}, PlanHash: hash, Who: fromHere}.text(),
	}
}

// approveAll is the button for everything that is held; it alone approves a first plan.
func (d desk) approveAll(hash string, n int, first bool) button {
	b := button{
		Label: fmt.Sprintf("Approve all %s", words.Count(n)), Hint: "Let everything that is held pass", Primary: true, Endpoint: d.sync,
		Confirm: fmt.Sprintf("Approve all %s, hash %s? The next run makes them.", words.Some(n, "held change"), hash),
		JSON:    call{Action: "approve", PlanHash: hash, Who: fromHere}.text(),
	}
	if first {
		b.Label, b.Hint = "Approve this plan", "Approve the tenant's first plan"
		b.Confirm = fmt.Sprintf("Approve this tenant's first plan, %s, hash %s? From the next run on EXCS writes to the EX Org.", words.Some(n, "change"), hash)
	}
	return b
}

func (d desk) acceptSource(hash string) button {
	return button{
		Label: "Accept the source", Hint: "Take Engage as it is now for the truth", Primary: true, Endpoint: d.sync,
		Confirm: fmt.Sprintf("Accept Engage as it is now, plan %s? It was restored, migrated or lags; from the next run on it decides again, removals included.", hash),
		JSON:    call{Action: "approve", PlanHash: hash, Who: fromHere}.text(),
	}
}

// resume shows what would follow. To end the pause one gives the hash of what was seen, which no button can know before.
func (d desk) resume(s mapping.Scope) button {
	c := call{Action: "resume"}
	switch {
	case !s.Key.IsZero():
		c.Keys = []model.Key{s.Key}
	case s.Kind != "":
		c.Kinds = []model.Kind{s.Kind}
	}
	return button{Label: "What if resumed", Hint: "The plan that would follow; nothing is written", Endpoint: d.sync, JSON: c.text()}
}

func (d desk) plan() button {
	return button{Label: "Plan", Hint: "What a run would do now; nothing is written", Endpoint: d.sync, JSON: call{Action: "plan"}.text()}
}
