package main

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"excs/shared/apply"
	"excs/shared/model"
	"excs/shared/queue"
)

// noQueue fails the test when a visibility is set.
func noQueue(t *testing.T) Queue {
	return fakeQueue(func([]queue.Received, time.Duration) error { t.Error("a visibility was set"); return nil })
}

func failures(r events.SQSEventResponse) []string {
	ids := []string{}
	for _, f := range r.BatchItemFailures {
		ids = append(ids, f.ItemIdentifier)
	}
	return ids
}

// Messages that failed are named by their message id, the others are not; success of all is an empty list, not null.
func TestFailuresAreNamed(t *testing.T) {
	event := sqsEvent(t, sampleMessages())
	ids := []string{event.Records[0].MessageId, event.Records[1].MessageId, event.Records[2].MessageId}
	broken := errors.New("no answer")
	tests := []struct {
		name    string
		answers []apply.Answer
		want    []string
	}{
		{"all done", []apply.Answer{{}, {}, {}}, []string{}},
		{"the middle one failed", []apply.Answer{{}, {Failed: true, Err: broken}, {}}, ids[1:2]},
		{"all failed", []apply.Answer{{Failed: true}, {Failed: true}, {Failed: true}}, ids},
		{"an outcome that is on the row is no failure", []apply.Answer{{State: "waiting"}, {State: "quarantined"}, {State: "held"}}, []string{}},
		{"a time without a failure asks for nothing", []apply.Answer{{Again: time.Second}, {}, {}}, []string{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := &Handler{Queue: noQueue(t), Log: quiet(), Worker: fakeWorker(func([]queue.Received) []apply.Answer { return test.answers })}
			got, err := h.Handle(t.Context(), event)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(test.want, failures(got)); d != "" {
				t.Error(d)
			}
			b, err := json.Marshal(got)
			if err != nil || !strings.HasPrefix(string(b), `{"batchItemFailures":[`) {
				t.Errorf("answer %s, %v", b, err)
			}
		})
	}
}

// A message that asked for a time comes back then: its visibility is changed, by its own receipt, and it is named failed.
func TestAgain(t *testing.T) {
	event := sqsEvent(t, sampleMessages())
	type change struct {
		Receipt string
		After   time.Duration
	}
	var changes []change
	var mu sync.Mutex
	h := &Handler{
		Log: quiet(),
		Worker: fakeWorker(func([]queue.Received) []apply.Answer {
			return []apply.Answer{{Failed: true, Again: 100 * time.Millisecond}, {Failed: true}, {Failed: true, Again: 30 * time.Second}}
		}),
		Queue: fakeQueue(func(received []queue.Received, d time.Duration) error {
			mu.Lock()
			defer mu.Unlock()
			for _, r := range received {
				changes = append(changes, change{r.Receipt, d})
			}
			return nil
		}),
	}
	got, err := h.Handle(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	// Not before the invocation has answered.
	want := []change{{event.Records[0].ReceiptHandle, 2 * time.Second}, {event.Records[2].ReceiptHandle, 30 * time.Second}}
	slices.SortFunc(changes, func(a, b change) int { return int(a.After - b.After) })
	if d := cmp.Diff(want, changes); d != "" {
		t.Error(d)
	}
	if len(got.BatchItemFailures) != 3 {
		t.Errorf("failures %v", failures(got))
	}
}

// A visibility that can not be changed costs time and nothing else: the others keep theirs, the message is still failed.
func TestVisibilityFails(t *testing.T) {
	log, lines := logged()
	asked := 0
	h := &Handler{
		Log: log,
		Worker: fakeWorker(func(batch []queue.Received) []apply.Answer {
			return []apply.Answer{{Failed: true, Again: time.Second}, {Failed: true, Again: time.Second}, {}}
		}),
		Queue: fakeQueue(func([]queue.Received, time.Duration) error {
			asked++
			return model.Errorf(model.CodeThrottled, "set visibility", "too many requests")
		}),
	}
	got, err := h.Handle(t.Context(), sqsEvent(t, sampleMessages()))
	if err != nil || len(got.BatchItemFailures) != 2 || asked != 1 {
		t.Errorf("failures %v after %d changes, %v", failures(got), asked, err)
	}
	if text := lines.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, `"messages":2,"code":"throttled"`) {
		t.Errorf("log: %s", text)
	}
}

// The worker gets what it needs to answer a delivery: key, count, times, receipt; odd attributes count as none.
func TestReceived(t *testing.T) {
	event := sqsEvent(t, sampleMessages())
	event.Records[2].Attributes = map[string]string{"ApproximateReceiveCount": "many", "SentTimestamp": ""}
	var got []queue.Received
	h := &Handler{Queue: noQueue(t), Log: quiet(), Worker: fakeWorker(func(batch []queue.Received) []apply.Answer {
		got = batch
		return make([]apply.Answer, len(batch))
	})}
	if _, err := h.Handle(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	second := got[1]
	if second.ID != event.Records[1].MessageId || second.Receipt != event.Records[1].ReceiptHandle || second.Count != 2 || second.Body != event.Records[1].Body {
		t.Errorf("second %+v", second)
	}
	if want := time.Date(2026, 3, 2, 8, 0, 3, 121_000_000, time.UTC); !second.Sent.Equal(want) {
		t.Errorf("sent %s, want %s", second.Sent, want)
	}
	if third := got[2]; third.Count != 0 || !third.Sent.IsZero() || third.Err != nil {
		t.Errorf("third %+v", third)
	}
}

// What is no message of EXCS is handed on with the reason and without a key.
func TestReceivedNonsense(t *testing.T) {
	for _, body := range []string{"", "hello", `{}`, `{"key":"agent/1"}`, `{"key":"user/x"}`, `[1]`, `{"key":""}`, "null"} {
		got := received(events.SQSMessage{MessageId: "m", Body: body})
		if model.CodeOf(got.Err) != model.CodeInvalid || !got.Key.IsZero() || got.Body != body || got.ID != "m" {
			t.Errorf("%q: %+v", body, got)
		}
	}
}

// A batch without records answers an empty list.
func TestEmptyBatch(t *testing.T) {
	h := &Handler{Queue: noQueue(t), Log: quiet(), Worker: fakeWorker(func(batch []queue.Received) []apply.Answer { return nil })}
	got, err := h.Handle(t.Context(), events.SQSEvent{})
	if err != nil || got.BatchItemFailures == nil || len(got.BatchItemFailures) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

// Answers that do not fit the batch bring the whole batch back: a message without an answer must not be deleted.
func TestMissingAnswers(t *testing.T) {
	h := &Handler{Queue: noQueue(t), Log: quiet(), Worker: fakeWorker(func([]queue.Received) []apply.Answer { return make([]apply.Answer, 2) })}
	if _, err := h.Handle(t.Context(), sqsEvent(t, sampleMessages())); model.CodeOf(err) != model.CodeInternal {
		t.Errorf("error %v", err)
	}
}
