package queue

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"excs/shared/model"
)

// Message says which object to look at and why. What to make of the object stands in the mapping row, so a message may
// be late, doubled or out of order and does no harm (RULES 8, level-triggered).
type Message struct {
	Key model.Key `json:"key"`
	// Version is the row's version at the time of sending; Token the queued mark that the worker clears.
	Version int64       `json:"version"`
	Token   string      `json:"token"`
	Cause   model.Cause `json:"cause"`
	// Lane is the queue that it was sent on. Messages of the release of November 2026 name none: they are bulk.
	Lane model.Lane `json:"lane,omitempty"`
	Run  int64      `json:"run,omitempty"`
	// Fields names the controlled fields that differed, for people who read a dead letter: no values.
	Fields []string `json:"fields,omitempty"`
	// Who changed the EX Org object, where a notification tells: a user's or client's id.
	Who string `json:"who,omitempty"`

	// Reason, Code, Attempts and At are set in dead letters only.
	Reason   string     `json:"reason,omitempty"`
	Code     model.Code `json:"code,omitempty"`
	Attempts int        `json:"attempts,omitempty"`
	At       time.Time  `json:"at,omitzero"`
}

// Group is the FIFO message group: one object's messages stay in order and never run side by side.
func (m Message) Group() string { return m.Key.String() }

// Deduplication is the FIFO deduplication id: key, version and token, never a fingerprint, so that a legitimate second
// look within five minutes is not swallowed (A to B to A has three versions). The key is part of it because SQS compares
// ids over the whole queue unless told otherwise. A dead letter is told apart by its attempts.
func (m Message) Deduplication() string {
	id := m.Key.String() + "-" + strconv.FormatInt(m.Version, 10) + "-" + m.Token
	if m.Reason != "" {
		id += "-dead-" + strconv.Itoa(m.Attempts)
	}
	return id
}

// Encode writes the message's body, of characters that SQS takes: JSON escapes control characters by itself, the two
// non-characters that SQS refuses as well are escaped here, because texts in a reason may come from a foreign system.
// The error is CodeInternal.
func (m Message) Encode() (string, error) {
	b, err := json.Marshal(m)
	if err != nil {
		return "", &model.Error{Code: model.CodeInternal, Op: "encode message", Key: m.Key, Err: err}
	}
	return strings.NewReplacer("\uFFFE", `\ufffe`, "\uFFFF", `\uffff`).Replace(string(b)), nil
}

// Decode reads a message's body. The error is CodeInvalid: such a message can not be acted on.
func Decode(body string) (Message, error) {
	var m Message
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		return Message{}, model.Errorf(model.CodeInvalid, "decode message", "%w", err)
	}
	if m.Key.IsZero() {
		return Message{}, model.Errorf(model.CodeInvalid, "decode message", "it names no key")
	}
	return m, nil
}

// Received is a message with what is needed to answer it.
type Received struct {
	Message
	// Body is the message as it stood on the queue; Err says why it could not be decoded (Message is then zero).
	Body string
	Err  error
	// ID is the queue's own id of the message, Receipt the handle of this delivery, Count how often it was received.
	ID      string
	Receipt string
	Count   int
	Sent    time.Time
}
