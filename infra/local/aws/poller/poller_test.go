package poller_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"excs/infra/local/aws/poller"
	"excs/infra/local/aws/runtime"
)

// What the function does not name as failed is gone, in the order of each group; what it names comes back.
func TestPartialFailure(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, 10)
	tried := 0
	f := &function{fail: func(m message) bool {
		if m.Body != "b" {
			return false
		}
		tried++
		return tried < 3
	}}
	send(t, s.work, "user/1", "a")
	send(t, s.work, "user/2", "b")
	send(t, s.work, "user/3", "c", "d")
	p := start(t, poller.Config{QueueURL: s.work, BatchSize: 10, Concurrency: 2, PartialFailures: true, Invoke: f.invoke})
	eventually(t, "all are done", func() bool { return len(f.done()) == 4 })
	done := f.done()
	if slices.Index(done, "c") > slices.Index(done, "d") || tried != 3 {
		t.Errorf("done %v, after %d tries of b", done, tried)
	}
	eventually(t, "the queue is empty", func() bool { v, i := left(t, s.work); return v+i == "00" })
	if n := p.Figures(); n.Failed != 2 || n.Messages != 6 {
		t.Errorf("figures %+v", n)
	}
	m := f.batches[0][0]
	if m.MessageID == "" || m.Receipt == "" || m.Source != "aws:sqs" || m.ARN != "arn:aws:sqs:eu-central-1:000000000000:work.fifo" || m.Region != region {
		t.Errorf("the record is %+v", m)
	}
	for _, name := range []string{"MessageGroupId", "SequenceNumber", "MessageDeduplicationId", "ApproximateReceiveCount", "SentTimestamp"} {
		if m.Attributes[name] == "" {
			t.Errorf("the attribute %s is missing in %v", name, m.Attributes)
		}
	}
}

// A message that fails as often as the queue allows is among the dead letters, and its group goes on.
func TestDeadLetter(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, 2)
	f := &function{fail: func(m message) bool { return m.Body == "poison" }}
	send(t, s.work, "user/1", "poison", "after it")
	send(t, s.work, "user/2", "another")
	start(t, poller.Config{QueueURL: s.work, BatchSize: 1, Concurrency: 2, PartialFailures: true, Invoke: f.invoke})
	eventually(t, "the others are done", func() bool { return len(f.done()) == 2 })
	eventually(t, "the poison is a dead letter", func() bool { v, _ := left(t, s.dead); return v == "1" })
	tries := 0
	for _, b := range f.batches {
		if b[0].Body == "poison" {
			tries++
		}
	}
	if tries != 2 {
		t.Errorf("it was tried %d times, the queue allows 2", tries)
	}
	if v, i := left(t, s.work); v+i != "00" {
		t.Errorf("%s and %s are left on the queue", v, i)
	}
}

// Never more invocations than the mapping allows, and never two with messages of one group.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	s := newSite(t, 60, 10)
	var mu sync.Mutex
	running, most := map[string]int{}, 0
	gate := make(chan struct{})
	f := &function{hold: func(batch []message) {
		mu.Lock()
		for _, m := range batch {
			if running[m.Attributes["MessageGroupId"]]++; running[m.Attributes["MessageGroupId"]] > 1 && len(batch) == 1 {
				t.Errorf("group %s is worked on twice at once", m.Attributes["MessageGroupId"])
			}
		}
		most = max(most, len(running))
		mu.Unlock()
		<-gate
		mu.Lock()
		defer mu.Unlock()
		for _, m := range batch {
			delete(running, m.Attributes["MessageGroupId"])
		}
	}}
	for i := range 8 {
		send(t, s.work, fmt.Sprintf("user/%d", i), "first", "second")
	}
	p := start(t, poller.Config{QueueURL: s.work, BatchSize: 1, Concurrency: 3, PartialFailures: true, Invoke: f.invoke})
	eventually(t, "three run", func() bool { return p.Busy() == 3 })
	if f.count() != 3 {
		t.Errorf("%d invocations began, 3 may run at once", f.count())
	}
	close(gate)
	eventually(t, "all are done", func() bool { return len(f.done()) == 16 })
	if n := p.Figures(); n.MostAtOnce != 3 || most > 3 || n.Batches != 16 {
		t.Errorf("figures %+v, %d at once", n, most)
	}
}

// counted is an SQS that counts the messages it hands out.
type counted struct {
	poller.API
	given atomic.Int64
}

func (c *counted) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, o ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	out, err := c.API.ReceiveMessage(ctx, in, o...)
	if err == nil {
		c.given.Add(int64(len(out.Messages)))
	}
	return out, err
}

// An invocation that outlives the visibility of its messages does not have them worked on a second time beside it.
func TestAGroupIsExclusiveBeyondItsVisibility(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, 100)
	gate := make(chan struct{})
	f := &function{hold: func([]message) { <-gate }}
	send(t, s.work, "user/1", "slow")
	api := &counted{API: client}
	p := start(t, poller.Config{API: api, QueueURL: s.work, BatchSize: 10, Concurrency: 2, PartialFailures: true, Invoke: f.invoke})
	eventually(t, "it was received three times", func() bool { return api.given.Load() >= 3 })
	if n := p.Figures(); n.Batches != 1 {
		t.Errorf("figures %+v: the group is worked on twice at once", n)
	}
	close(gate)
}

// A function that asks for its messages back soon, and takes longer than that to answer, has them again soon all the same: they are
// not hidden for the queue's whole visibility.
func TestMessagesThatComeBackTooEarly(t *testing.T) {
	t.Parallel()
	s := newSite(t, 120, 100)
	var first atomic.Bool
	api := &counted{API: client}
	f := &function{fail: func(message) bool { return first.CompareAndSwap(false, true) }}
	f.hold = func(batch []message) {
		if first.Load() {
			return
		}
		if _, err := client.ChangeMessageVisibility(context.Background(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &s.work, ReceiptHandle: &batch[0].Receipt}); err != nil {
			t.Error(err)
		}
		eventually(t, "it is given out again", func() bool { return api.given.Load() >= 2 })
	}
	send(t, s.work, "user/1", "hasty")
	p := start(t, poller.Config{API: api, QueueURL: s.work, BatchSize: 10, Concurrency: 2, PartialFailures: true, Invoke: f.invoke})
	eventually(t, "it is done", func() bool { return len(f.done()) == 1 })
	if n := p.Figures(); n.Early == 0 || n.Batches != 2 {
		t.Errorf("figures %+v", n)
	}
}

// played is an SQS that hands out one batch, once.
type played struct {
	poller.API
	batch   []types.Message
	refuse  error
	mu      sync.Mutex
	served  bool
	deleted []string
	fail    []types.BatchResultErrorEntry
}

func (p *played) ReceiveMessage(ctx context.Context, _ *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	p.mu.Lock()
	first := !p.served
	p.served = true
	p.mu.Unlock()
	if !first {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return &sqs.ReceiveMessageOutput{Messages: p.batch}, p.refuse
}

func (p *played) DeleteMessageBatch(_ context.Context, in *sqs.DeleteMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range in.Entries {
		p.deleted = append(p.deleted, *e.ReceiptHandle)
	}
	return &sqs.DeleteMessageBatchOutput{Failed: p.fail}, nil
}

func messages(ids ...string) []types.Message {
	var all []types.Message
	for _, id := range ids {
		all = append(all, types.Message{
			MessageId: aws.String(id), ReceiptHandle: aws.String(id), Body: aws.String("{}"), Attributes: map[string]string{"MessageGroupId": id},
			MessageAttributes: map[string]types.MessageAttributeValue{"x": {DataType: aws.String("String"), StringValue: aws.String("y")}},
		})
	}
	return all
}

// Which messages an answer leaves on the queue.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, answer string
		ignored      bool // the mapping does not ask for partial failures
		failed       bool // the function failed
		err          error
		deleted      string
	}{
		{name: "no failures", answer: `{"batchItemFailures":[]}`, deleted: "a b c"},
		{name: "one failure", answer: `{"batchItemFailures":[{"itemIdentifier":"b"}]}`, deleted: "a c"},
		{name: "one failure, named twice", answer: `{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"b"}]}`, deleted: "a c"},
		{name: "all failed", answer: `{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"},{"itemIdentifier":"c"}]}`},
		{name: "an empty answer", answer: ``, deleted: "a b c"},
		{name: "null", answer: `null`, deleted: "a b c"},
		{name: "an empty object", answer: `{}`, deleted: "a b c"},
		{name: "null for the list", answer: `{"batchItemFailures":null}`, deleted: "a b c"},
		{name: "a name that is of no message", answer: `{"batchItemFailures":[{"itemIdentifier":"z"}]}`},
		{name: "an empty name", answer: `{"batchItemFailures":[{"itemIdentifier":""}]}`},
		{name: "a name that is null", answer: `{"batchItemFailures":[{"itemIdentifier":null}]}`},
		{name: "a failure without a name", answer: `{"batchItemFailures":[{}]}`},
		{name: "an answer of another shape", answer: `{"batchItemFailures":"b"}`},
		{name: "a text", answer: `"done"`},
		{name: "no JSON", answer: `{`},
		{name: "failures that nobody asked for", answer: `{"batchItemFailures":[{"itemIdentifier":"b"}]}`, ignored: true, deleted: "a b c"},
		{name: "an error of the function", answer: `{"errorMessage":"x"}`, failed: true},
		{name: "an error of the function that nobody asked about", answer: `{"errorMessage":"x"}`, failed: true, ignored: true},
		{name: "an invocation that was refused", err: runtime.ErrThrottled},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			api := &played{batch: messages("a", "b", "c")}
			done := make(chan struct{})
			var problems []error
			p := start(t, poller.Config{API: api, BatchSize: 10, Concurrency: 2, PartialFailures: !tc.ignored, Problem: func(err error) { problems = append(problems, err) },
				Invoke: func(payload []byte) (runtime.Result, error) {
					defer close(done)
					if !strings.Contains(string(payload), `"messageAttributes":{"x":{"binaryValue":null,"dataType":"String","stringValue":"y"}}`) {
						t.Errorf("the event is %s", payload)
					}
					r := runtime.Result{Payload: []byte(tc.answer)}
					if tc.failed {
						r.FunctionError = runtime.Unhandled
					}
					return r, tc.err
				}})
			<-done
			eventually(t, "the batch is over", func() bool { return p.Busy() == 0 })
			if tc.deleted != "" {
				eventually(t, "what is done is deleted", func() bool {
					api.mu.Lock()
					defer api.mu.Unlock()
					return strings.Join(api.deleted, " ") == tc.deleted
				})
			}
			api.mu.Lock()
			defer api.mu.Unlock()
			if got := strings.Join(api.deleted, " "); got != tc.deleted {
				t.Errorf("deleted %q, want %q", got, tc.deleted)
			}
			if n := p.Figures(); n.Failed != 3-len(strings.Fields(tc.deleted)) {
				t.Errorf("figures %+v", n)
			}
			if (len(problems) > 0) != (tc.err != nil || tc.failed) {
				t.Errorf("problems %v", problems)
			}
		})
	}
}

// What keeps messages from the function is told.
func TestProblems(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		api  *played
		says string
	}{
		{"a queue that refuses", &played{refuse: errors.New("AccessDenied")}, "receive from arn:aws:sqs:eu-central-1:000000000000:work.fifo: AccessDenied"},
		{"a delete that fails", &played{batch: messages("a"), fail: []types.BatchResultErrorEntry{{Code: aws.String("InternalError"), Message: aws.String("later")}}}, "InternalError later"},
	} {
		problems := make(chan error, 1)
		start(t, poller.Config{API: tc.api, BatchSize: 10, Concurrency: 2, Problem: func(err error) { problems <- err }, Invoke: (&function{}).invoke})
		if err := <-problems; !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// Mappings that Lambda refuses are refused.
func TestMappingsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []poller.Config{{BatchSize: 0}, {BatchSize: 11}, {BatchSize: 10, Concurrency: 1}, {BatchSize: 10, Concurrency: 1001}} {
		if _, err := poller.New(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}
