package main

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"excs/functions/internal/stage"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

func onStage(s *stage.Stage) *Handler { return &Handler{Worker: s.Worker, Queue: s.Work, Log: quiet()} }

// handedOver writes received messages as Lambda's poller does.
func handedOver(batch []queue.Received) events.SQSEvent {
	var event events.SQSEvent
	for _, r := range batch {
		event.Records = append(event.Records, events.SQSMessage{
			MessageId: r.ID, ReceiptHandle: r.Receipt, Body: r.Body, EventSource: "aws:sqs",
			Attributes: map[string]string{
				"ApproximateReceiveCount": strconv.Itoa(r.Count), "SentTimestamp": strconv.FormatInt(r.Sent.UnixMilli(), 10),
				"MessageGroupId": r.Group(), "MessageDeduplicationId": r.Deduplication(),
			},
		})
	}
	return event
}

// poll does what Lambda's poller does until nothing is visible: receive, invoke, delete what did not fail. It gives the
// failed messages.
func poll(t *testing.T, s *stage.Stage, h *Handler) (looks int, failed []queue.Received) {
	t.Helper()
	for {
		batch, err := s.Work.Receive(t.Context(), queue.BatchSize, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(batch) == 0 {
			return looks, failed
		}
		answer, err := h.Handle(t.Context(), handedOver(batch))
		if err != nil {
			t.Fatal(err)
		}
		ids := failures(answer)
		done := slices.DeleteFunc(slices.Clone(batch), func(r queue.Received) bool { return slices.Contains(ids, r.ID) })
		if len(done)+len(ids) != len(batch) {
			t.Fatalf("of %d messages %d are done and %v failed", len(batch), len(done), ids)
		}
		for _, r := range batch {
			if slices.Contains(ids, r.ID) {
				failed = append(failed, r)
			}
		}
		if err := s.Work.Delete(t.Context(), done); err != nil {
			t.Fatal(err)
		}
		looks += len(batch)
	}
}

// A site's messages, polled to the end, make its objects; delivered once more they make no call that writes.
func TestBatchesOfASite(t *testing.T) {
	s, editor := stage.Tiny(t)
	h := onStage(s)
	if _, err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	again, err := s.Work.Receive(t.Context(), queue.BatchSize, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Work.SetVisibility(t.Context(), again, 0); err != nil {
		t.Fatal(err)
	}
	looks, failed := poll(t, s, h)
	if looks == 0 || len(failed) > 0 {
		t.Errorf("%d looks, %d failed", looks, len(failed))
	}
	s.Converge(t)
	agents := 0
	for _, p := range editor.Site().Persons {
		if p.Tenant == editor.Site().Tenant && p.Agent {
			agents++
		}
	}
	if n := len(s.Org.Users()); n < agents {
		t.Errorf("%d users for %d agents", n, agents)
	}
	s.Reset()
	if answer, err := h.Handle(t.Context(), handedOver(again)); err != nil || len(answer.BatchItemFailures) > 0 {
		t.Errorf("delivered again: %v, %v", failures(answer), err)
	}
	if n := s.Org.Totals().Writes; n > 0 {
		t.Errorf("delivered again they made %d writes", n)
	}
}

// The sample batch is worked on: its keys are those of the tiny site, so what Engage changed of its user shows afterwards.
func TestSampleIsWorkedOn(t *testing.T) {
	s, editor := stage.Tiny(t)
	if _, err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Converge(t)
	if err := editor.RenamePerson(t.Context(), 101, "Ada", "Lovelace"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.LoseMessages(t)
	answer, err := onStage(s).Handle(t.Context(), sample(t))
	if err != nil || len(answer.BatchItemFailures) > 0 {
		t.Fatalf("failures %v, %v", failures(answer), err)
	}
	person, ok := editor.Site().Person(101)
	if !ok {
		t.Fatal("the tiny site has no Person 101")
	}
	if u, there := s.Org.UserByEmail(person.Email); !there || u.Name != "Ada Lovelace" {
		t.Errorf("the user is %q", u.Name)
	}
	for _, m := range sampleMessages() {
		if row, err := s.Table.Get(t.Context(), m.Key); err != nil || row.State != mapping.StateConverged {
			t.Errorf("%s is %s, %v", m.Key, row.State, err)
		}
	}
	// The sample may be replayed on a tenant that knows none of its keys: done, with no call.
	empty := stage.New(t, stage.Settings(), nil)
	answer, err = onStage(empty).Handle(t.Context(), sample(t))
	if err != nil || len(answer.BatchItemFailures) > 0 {
		t.Errorf("failures %v, %v", failures(answer), err)
	}
	empty.NothingWritten(t)
}

// A record that can not be decoded fails alone: the others of its batch are done, and the queue's redrive takes it to the
// dead letters as it is.
func TestUndecodableRecordFailsAlone(t *testing.T) {
	s, _ := stage.Tiny(t)
	h := onStage(s)
	if _, err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	const body = `{"key":"agent/1"}`
	s.Work.PutBody("agent/1", "agent/1-1-x", body)
	var failed []queue.Received
	for range 25 { // the world's queue takes 20 receives
		_, again := poll(t, s, h)
		failed = append(failed, again...)
		s.Clock.Pass(time.Minute)
	}
	if len(failed) == 0 {
		t.Fatal("nothing failed")
	}
	for _, f := range failed {
		if f.Body != body {
			t.Errorf("%s failed beside it", f.Body)
		}
	}
	s.Converge(t)
	dead, err := s.Dead.Receive(t.Context(), queue.BatchSize, 0)
	if err != nil || len(dead) != 1 || dead[0].Body != body {
		t.Errorf("dead letters %v, %v", dead, err)
	}
}

// When the EX Org asks to wait a little, the message fails and comes back after that time, not before, and then it is
// done.
func TestRetryAfterChangesVisibility(t *testing.T) {
	s, _ := stage.Tiny(t)
	h := onStage(s)
	if _, err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	poll(t, s, h)
	s.Converge(t)
	const wait = 7 * time.Second
	s.Org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Method: http.MethodGet, Route: "/api/v2/users/{userId}", Status: http.StatusTooManyRequests, RetryAfter: wait, Times: 1})
	key := model.Key{Kind: model.KindUser, DBID: 101}
	row, err := s.Table.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	message := queue.Message{Key: key, Version: row.Version, Token: "look", Cause: model.CauseDrift}
	if err := s.Work.Send(t.Context(), []queue.Message{message}); err != nil {
		t.Fatal(err)
	}
	looks, failed := poll(t, s, h)
	if looks != 1 || len(failed) != 1 || failed[0].Key != key {
		t.Fatalf("%d looks, failed %v", looks, failed)
	}
	s.Clock.Pass(wait - 2*time.Second)
	if looks, _ := poll(t, s, h); looks != 0 {
		t.Errorf("it came back %d times before its time", looks)
	}
	s.Clock.Pass(4 * time.Second)
	if looks, failed := poll(t, s, h); looks != 1 || len(failed) != 0 {
		t.Errorf("after its time: %d looks, %d failed", looks, len(failed))
	}
}

// When the table can not be reached, nothing could be recorded: every message of the batch comes back.
func TestTableUnreachable(t *testing.T) {
	s, _ := stage.Tiny(t)
	if _, err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	batch, err := s.Work.Receive(t.Context(), queue.BatchSize, 0)
	if err != nil || len(batch) == 0 {
		t.Fatal(len(batch), err)
	}
	s.Table.SetFault(func(string) mapping.Fault { return mapping.FaultBefore })
	log, lines := logged()
	h := &Handler{Worker: s.Worker, Queue: s.Work, Log: log}
	answer, err := h.Handle(t.Context(), handedOver(batch))
	if err != nil || len(answer.BatchItemFailures) != len(batch) {
		t.Errorf("%d of %d failed, %v", len(answer.BatchItemFailures), len(batch), err)
	}
	if n := s.Org.Totals().Writes; n > 0 {
		t.Errorf("%d writes", n)
	}
	if strings.Contains(lines.String(), "@") {
		t.Errorf("the log shows an address: %s", lines)
	}
}
