package queue

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"excs/shared/model"
)

// longestID is the longest group or deduplication id that SQS takes; emulators take longer ones, so it is checked here.
const longestID = 128

// largestCall is what SQS takes in one message and in one batch, in bytes.
const largestCall = 1 << 20

// letter is a message ready to be sent.
type letter struct {
	at                 int // its place in what Send was given
	key                model.Key
	group, dedup, body string
}

// failures says by place why messages are not known to be on the queue.
type failures map[int]error

// prepare makes letters of the messages. Those that SQS would refuse are failures from the start.
func prepare(messages []Message) ([]letter, failures) {
	ready, failed := make([]letter, 0, len(messages)), failures{}
	for i, m := range messages {
		l, err := prepareOne(m)
		if err != nil {
			failed[i] = err
			continue
		}
		l.at = i
		ready = append(ready, l)
	}
	return ready, failed
}

func prepareOne(m Message) (letter, error) {
	const op = "send message"
	if m.Key.IsZero() {
		return letter{}, model.Errorf(model.CodeInvalid, op, "it names no key")
	}
	body, err := m.Encode()
	if err != nil {
		return letter{}, err
	}
	l := letter{key: m.Key, group: m.Group(), dedup: m.Deduplication(), body: body}
	err = checkID("group", l.group)
	if err == nil {
		err = checkID("deduplication", l.dedup)
	}
	if err == nil && len(body) > largestCall {
		err = fmt.Errorf("it has %d bytes, SQS takes %d", len(body), largestCall)
	}
	if err != nil {
		return letter{}, &model.Error{Code: model.CodeInvalid, Op: op, Key: m.Key, Err: err}
	}
	return l, nil
}

// checkID holds an id to what SQS takes: letters, digits and punctuation of ASCII.
func checkID(what, id string) error {
	if n := len(id); n > longestID {
		return fmt.Errorf("its %s id has %d characters, SQS takes %d", what, n, longestID)
	}
	if i := strings.IndexFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }); i >= 0 {
		return fmt.Errorf("its %s id %q holds a character that SQS does not take, at position %d", what, id, i+1)
	}
	return nil
}

// batches cuts letters into calls: BatchSize entries and largestCall bytes at most.
func batches(letters []letter) [][]letter {
	var all [][]letter
	start, size := 0, 0
	for i, l := range letters {
		if i > start && (i-start == BatchSize || size+len(l.body) > largestCall) {
			all = append(all, letters[start:i])
			start, size = i, 0
		}
		size += len(l.body)
	}
	if start < len(letters) {
		all = append(all, letters[start:])
	}
	return all
}

// add notes why letters failed.
func (f failures) add(letters []letter, err error) {
	for _, l := range letters {
		f[l.at] = err
	}
}

// err gives the failures as Send's error, nil when there are none.
func (f failures) err(messages []Message) error {
	if len(f) == 0 {
		return nil
	}
	places := slices.Sorted(maps.Keys(f))
	e := &SendError{Failed: make([]Message, 0, len(places)), Err: f[places[0]]}
	for _, i := range places {
		e.Failed = append(e.Failed, messages[i])
	}
	return e
}

// ended says that the context ended, as an error of the operation.
func ended(ctx context.Context, op string) error {
	if err := ctx.Err(); err != nil {
		return model.Errorf(model.CodeUnavailable, op, "%w", err)
	}
	return nil
}
