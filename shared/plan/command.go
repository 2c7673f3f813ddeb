package plan

import (
	"encoding/json"
	"regexp"
	"strings"

	"excs/shared/model"
)

// Command is what an operator can do next, in both ways to write it: the payload of the function sync, and the line that a
// person types. It is the one place where either is written.
type Command struct {
	Action string       `json:"action"`
	Hash   string       `json:"planHash,omitempty"`
	Kinds  []model.Kind `json:"kinds,omitempty"`
	Keys   []model.Key  `json:"keys,omitempty"`
}

// Approve lets pass what is held under a hash: of the given kinds, or of all.
func Approve(hash string, kinds ...model.Kind) Command {
	return Command{Action: "approve", Hash: hash, Kinds: kinds}
}

// ApproveCommand is the payload of Approve.
func ApproveCommand(hash string, kinds ...model.Kind) string {
	return Approve(hash, kinds...).Payload()
}

// ApproveKey is the payload that lets pass what is held of one key, whatever plan held it.
func ApproveKey(key model.Key) string {
	return Command{Action: "approve", Keys: []model.Key{key}}.Payload()
}

// IsZero says whether the command names nothing that it is about.
func (c Command) IsZero() bool { return c.Hash == "" && len(c.Kinds)+len(c.Keys) == 0 }

// Payload writes the command for the function: sync {"action":"approve",…}.
func (c Command) Payload() string {
	body, err := json.Marshal(c)
	if err != nil {
		return payloadOf + c.Action // no key or kind fails to be written
	}
	return payloadOf + string(body)
}

const payloadOf = "sync "

// Typed writes the command as a person types it; place says where, STAGE=prod or LOCAL=1.
func (c Command) Typed(place string) string {
	words := []string{"make", c.Action}
	if c.Hash != "" {
		words = append(words, "HASH="+c.Hash)
	}
	var kinds, keys []string
	for _, k := range c.Kinds {
		kinds = append(kinds, string(k))
	}
	for _, k := range c.Keys {
		keys = append(keys, k.String())
	}
	if len(kinds) > 0 {
		words = append(words, "KINDS="+strings.Join(kinds, ","))
	}
	switch len(keys) {
	case 0:
	case 1:
		words = append(words, "KEY="+keys[0])
	default:
		words = append(words, "KEYS="+strings.Join(keys, ","))
	}
	return strings.Join(append(words, place), " ")
}

// typeable is what may stand in a line that people paste.
var typeable = regexp.MustCompile(`^[A-Za-z0-9]*$`)

// Typed writes every payload in a text as a person types it. What is no command of this package stays as it is: names in a text
// come from other systems.
func Typed(text, place string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, payloadOf+"{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		var c Command
		d := json.NewDecoder(strings.NewReader("{" + rest))
		d.DisallowUnknownFields()
		if d.Decode(&c) != nil || !c.known() {
			b.WriteString(payloadOf + "{")
			text = rest
			continue
		}
		b.WriteString(c.Typed(place))
		text = rest[d.InputOffset()-1:]
	}
}

func (c Command) known() bool {
	for _, k := range c.Kinds {
		if _, err := model.ParseKind(string(k)); err != nil {
			return false
		}
	}
	return c.Action != "" && typeable.MatchString(c.Action) && typeable.MatchString(c.Hash)
}
