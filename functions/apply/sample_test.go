package main

import (
	"bytes"
	"crypto/md5" //nolint:gosec // what SQS sends
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"excs/shared/model"
	"excs/shared/queue"
)

var update = flag.Bool("update", false, "write the sample anew")

var samplePath = filepath.Join("..", "..", "events", "apply-batch.json")

// sampleMessages are what the sample batch carries: a user that Engage changed, received for the first time; a member list
// received for the second; a look at a queue that an operator asked for.
func sampleMessages() []queue.Message {
	return []queue.Message{
		{Key: model.Key{Kind: model.KindUser, DBID: 101}, Version: 3, Token: "K7QX2M5RZ4WTB6NJ", Cause: model.CauseEngage, Run: 42, Fields: []string{model.FieldName, model.FieldSkills}},
		{Key: model.Key{Kind: model.KindMembers, DBID: 121}, Version: 9, Token: "D3YV8HAP5CEL2GFS", Cause: model.CauseEngage, Run: 42, Fields: []string{model.FieldMembers}},
		{Key: model.Key{Kind: model.KindQueue, DBID: 121}, Version: 1, Token: "W6ZK4TQ9XM2RNB7J", Cause: model.CauseManual, Run: 42},
	}
}

// sqsEvent writes messages as Lambda's poller hands them over.
func sqsEvent(t *testing.T, messages []queue.Message) events.SQSEvent {
	t.Helper()
	sent := time.Date(2026, 3, 2, 8, 0, 3, 120_000_000, time.UTC)
	var event events.SQSEvent
	for i, m := range messages {
		body, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		sum := md5.Sum([]byte(body)) //nolint:gosec // as above
		event.Records = append(event.Records, events.SQSMessage{
			MessageId:     "2e1424d4-f796-459a-8184-9c92662be6d" + strconv.Itoa(i),
			ReceiptHandle: "AQEBzWwaftRI0KuVm4tP" + strconv.Itoa(i),
			Body:          body,
			Md5OfBody:     hex.EncodeToString(sum[:]),
			Attributes: map[string]string{
				"ApproximateReceiveCount": strconv.Itoa(1 + i%2), "SentTimestamp": strconv.FormatInt(sent.UnixMilli()+int64(i), 10),
				"ApproximateFirstReceiveTimestamp": strconv.FormatInt(sent.UnixMilli()+int64(i)+250, 10),
				"SenderId":                         "AROAEXAMPLEROLE:excs-snapshot", "SequenceNumber": "1884949655424010035" + strconv.Itoa(i),
				"MessageGroupId": m.Group(), "MessageDeduplicationId": m.Deduplication(),
			},
			MessageAttributes: map[string]events.SQSMessageAttribute{},
			EventSource:       "aws:sqs", EventSourceARN: "arn:aws:sqs:eu-central-1:123456789012:excs-work.fifo", AWSRegion: "eu-central-1",
		})
	}
	return event
}

// plainly is an event without what Lambda leaves out when a message has no attributes of its own.
func plainly(t *testing.T, event events.SQSEvent) []byte {
	t.Helper()
	b, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	var tree struct{ Records []map[string]any }
	if err := json.Unmarshal(b, &tree); err != nil {
		t.Fatal(err)
	}
	for _, r := range tree.Records {
		delete(r, "md5OfMessageAttributes")
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(tree); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func sample(t *testing.T) events.SQSEvent {
	t.Helper()
	body, err := os.ReadFile(samplePath)
	if err != nil {
		t.Fatal(err)
	}
	var event events.SQSEvent
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&event); err != nil {
		t.Fatal(err)
	}
	return event
}

// The sample is what the poller sends for messages that EXCS encodes, and survives being read and written again.
func TestSampleRoundTrips(t *testing.T) {
	made := plainly(t, sqsEvent(t, sampleMessages()))
	if *update {
		if err := os.WriteFile(samplePath, made, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	body, err := os.ReadFile(samplePath)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(made), string(body)); d != "" {
		t.Errorf("the sample is not what EXCS sends (run with -update): %s", d)
	}
	event := sample(t)
	if d := cmp.Diff(string(body), string(plainly(t, event))); d != "" {
		t.Errorf("read and written again it differs: %s", d)
	}
	for i, want := range sampleMessages() {
		got := received(event.Records[i])
		if got.Err != nil {
			t.Fatal(got.Err)
		}
		if d := cmp.Diff(want, got.Message); d != "" {
			t.Error(d)
		}
		if got.Group() != event.Records[i].Attributes["MessageGroupId"] || got.Deduplication() != event.Records[i].Attributes["MessageDeduplicationId"] {
			t.Errorf("group %s and deduplication id %s are not those of the message", event.Records[i].Attributes["MessageGroupId"], event.Records[i].Attributes["MessageDeduplicationId"])
		}
	}
}
