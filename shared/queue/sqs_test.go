package queue_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"excs/shared/model"
	"excs/shared/queue"
)

// api plays SQS's answers: partial failures, which no emulator gives as SQS does.
type api struct {
	queue.API // nil: an operation that a test did not expect panics
	send      func(call int, entries []types.SendMessageBatchRequestEntry) (*sqs.SendMessageBatchOutput, error)
	receive   func(in *sqs.ReceiveMessageInput) (*sqs.ReceiveMessageOutput, error)
	remove    func(call int, entries []types.DeleteMessageBatchRequestEntry) (*sqs.DeleteMessageBatchOutput, error)
	hide      func(call int, entries []types.ChangeMessageVisibilityBatchRequestEntry) (*sqs.ChangeMessageVisibilityBatchOutput, error)
	depth     func() (*sqs.GetQueueAttributesOutput, error)
	calls     int
}

func (a *api) SendMessageBatch(_ context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error) {
	a.calls++
	return a.send(a.calls, in.Entries)
}

func (a *api) ReceiveMessage(_ context.Context, in *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	a.calls++
	return a.receive(in)
}

func (a *api) DeleteMessageBatch(_ context.Context, in *sqs.DeleteMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error) {
	a.calls++
	return a.remove(a.calls, in.Entries)
}

func (a *api) ChangeMessageVisibilityBatch(_ context.Context, in *sqs.ChangeMessageVisibilityBatchInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	a.calls++
	return a.hide(a.calls, in.Entries)
}

func (a *api) GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	a.calls++
	return a.depth()
}

// outcome is what plays out for one message: how often SQS fails it before it takes it.
type outcome struct {
	failures int
	sender   bool
	silent   bool // the answer names it nowhere
}

// player takes messages onto a queue, failing those with an outcome.
type player struct {
	outcomes map[int64]outcome
	tried    map[int64]int
	sent     []int64
	largest  int
}

func (p *player) send(_ int, entries []types.SendMessageBatchRequestEntry) (*sqs.SendMessageBatchOutput, error) {
	out := &sqs.SendMessageBatchOutput{}
	ids := map[string]bool{}
	p.largest = max(p.largest, len(entries))
	for _, e := range entries {
		m, err := queue.Decode(*e.MessageBody)
		if err == nil && (ids[*e.Id] || *e.MessageGroupId != m.Group() || *e.MessageDeduplicationId != m.Deduplication()) {
			err = errors.New("its ids are wrong")
		}
		if err != nil {
			return nil, fmt.Errorf("a bad entry %v: %w", e, err)
		}
		ids[*e.Id] = true
		p.tried[m.Key.DBID]++
		o := p.outcomes[m.Key.DBID]
		switch {
		case p.tried[m.Key.DBID] > o.failures:
			p.sent = append(p.sent, m.Key.DBID)
			out.Successful = append(out.Successful, types.SendMessageBatchResultEntry{Id: e.Id})
		case o.silent:
		case o.sender:
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id, SenderFault: true, Code: aws.String("InvalidMessageContents"), Message: aws.String("bad text")})
		default:
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id, Code: aws.String("InternalError"), Message: aws.String("try again")})
		}
	}
	return out, nil
}

func looks(n int) []queue.Message {
	all := make([]queue.Message, n)
	for i := range all {
		all[i] = look(int64(i), 1)
	}
	return all
}

func failedKeys(err error) []int64 {
	var keys []int64
	if e, ok := errors.AsType[*queue.SendError](err); ok {
		for _, m := range e.Failed {
			keys = append(keys, m.Key.DBID)
		}
	}
	return keys
}

func TestPartialFailuresOfASend(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		n        int
		outcomes map[int64]outcome
		calls    int
		failed   []int64
		code     model.Code
		text     string
	}{
		{name: "nothing fails: one call for ten messages", n: 23, calls: 3},
		{name: "nothing to send is no call", n: 0, calls: 0},
		{name: "what failed for a moment is sent again, alone", n: 12, outcomes: map[int64]outcome{3: {failures: 1}, 11: {failures: 2}}, calls: 2 + 1 + 2},
		{
			name: "what fails three times is named", n: 12, outcomes: map[int64]outcome{3: {failures: 9}, 4: {failures: 2}},
			calls: 2 + 2, failed: []int64{3}, code: model.CodeUnavailable, text: "send message user/3: SQS refused it: InternalError try again",
		},
		{
			name: "what SQS blames on the sender is not sent again", n: 12, outcomes: map[int64]outcome{3: {failures: 9, sender: true}},
			calls: 2, failed: []int64{3}, code: model.CodeInvalid, text: "send message user/3: SQS refused it: InvalidMessageContents bad text",
		},
		{
			name: "a refused message does not keep a passing failure from another try", n: 3, outcomes: map[int64]outcome{1: {failures: 9, sender: true}, 2: {failures: 1}},
			calls: 2, failed: []int64{1}, code: model.CodeInvalid,
		},
		{
			name: "failures of several batches are named in the order of the messages", n: 25, outcomes: map[int64]outcome{24: {failures: 9, sender: true}, 2: {failures: 9}, 13: {failures: 9}},
			calls: 3 + 2 + 2, failed: []int64{2, 13, 24}, code: model.CodeUnavailable,
		},
		{name: "what the answer does not name is sent again", n: 3, outcomes: map[int64]outcome{1: {failures: 1, silent: true}}, calls: 2},
		{
			name: "what no answer ever names is not known to be sent", n: 3, outcomes: map[int64]outcome{1: {failures: 9, silent: true}},
			calls: 3, failed: []int64{1}, code: model.CodeUnavailable, text: "SQS's answer does not name it",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := &player{outcomes: tc.outcomes, tried: map[int64]int{}}
			a := &api{send: p.send}
			err := queue.NewSQS(a, "url").Send(t.Context(), looks(tc.n))
			if a.calls != tc.calls {
				t.Errorf("%d calls, want %d", a.calls, tc.calls)
			}
			if got := failedKeys(err); !slices.Equal(got, tc.failed) {
				t.Errorf("the error names %v, want %v", got, tc.failed)
			}
			if model.CodeOf(err) != tc.code || tc.text != "" && !strings.Contains(err.Error(), tc.text) {
				t.Errorf("the error is %v, want code %q and %q", err, tc.code, tc.text)
			}
			if len(p.sent) != tc.n-len(tc.failed) || p.largest > queue.BatchSize {
				t.Errorf("%d of %d messages were sent, at most %d in a call", len(p.sent), tc.n, p.largest)
			}
		})
	}
}

func refusal(code string) error {
	return &smithy.OperationError{ServiceID: "SQS", OperationName: "X", Err: &smithy.GenericAPIError{Code: code, Message: "told so"}}
}

// A failed call leaves its batch unknown. The next one is tried only where it can fare better.
func TestFailedCallsOfASend(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		fault error
		code  model.Code
		calls int
		lost  int
	}{
		{"the content of the batch was refused: the others are sent", refusal("InvalidMessageContents"), model.CodeInvalid, 3, 10},
		{"the queue does not exist: the rest is not tried", &types.QueueDoesNotExist{}, model.CodeInvalid, 1, 25},
		{"denied: the rest is not tried", refusal("AccessDeniedException"), model.CodeDenied, 1, 25},
		{"throttled: the rest is not tried", refusal("RequestThrottled"), model.CodeThrottled, 1, 25},
		{"the network is down: the rest is not tried", errors.New("connection refused"), model.CodeUnavailable, 1, 25},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := &player{tried: map[int64]int{}}
			a := &api{send: func(call int, entries []types.SendMessageBatchRequestEntry) (*sqs.SendMessageBatchOutput, error) {
				if call == 1 {
					return nil, tc.fault
				}
				return p.send(call, entries)
			}}
			err := queue.NewSQS(a, "url").Send(t.Context(), looks(25))
			if model.CodeOf(err) != tc.code || !errors.Is(err, tc.fault) || a.calls != tc.calls {
				t.Errorf("%d calls, want %d; the error is %v, want code %q", a.calls, tc.calls, err, tc.code)
			}
			if got := failedKeys(err); len(got) != tc.lost || got[0] != 0 || len(p.sent) != 25-tc.lost {
				t.Errorf("the error names %v, and %d were sent", got, len(p.sent))
			}
		})
	}
}

// What is refused before any call makes no call.
func TestRefusedMessagesMakeNoCall(t *testing.T) {
	t.Parallel()
	a := &api{}
	long := look(1, 1)
	long.Token = strings.Repeat("t", 129)
	err := queue.NewSQS(a, "url").Send(t.Context(), []queue.Message{long, {Token: "no key"}})
	if model.CodeOf(err) != model.CodeInvalid || len(failedKeys(err)) != 2 || a.calls != 0 {
		t.Errorf("%d calls, %v", a.calls, err)
	}
	if want := "2 messages, the first for user/1, were not sent: send message user/1: its deduplication id has 138 characters, SQS takes 128"; err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

// Batches keep to the size of a call, and lose nobody.
func TestLargeMessagesShareNoCall(t *testing.T) {
	t.Parallel()
	sizes := []int{10, 900_000, 200_000, 10, 800_000, 300_000, 10}
	var messages []queue.Message
	for i, n := range sizes {
		m := look(int64(i), 1)
		m.Reason = strings.Repeat("x", n)
		messages = append(messages, m)
	}
	var got [][]int
	a := &api{send: func(_ int, entries []types.SendMessageBatchRequestEntry) (*sqs.SendMessageBatchOutput, error) {
		out, total, lengths := &sqs.SendMessageBatchOutput{}, 0, []int(nil)
		for _, e := range entries {
			m, err := queue.Decode(*e.MessageBody)
			if err != nil {
				return nil, err
			}
			total += len(*e.MessageBody)
			lengths = append(lengths, len(m.Reason))
			out.Successful = append(out.Successful, types.SendMessageBatchResultEntry{Id: e.Id})
		}
		if total > 1<<20 {
			return nil, refusal("BatchRequestTooLong")
		}
		got = append(got, lengths)
		return out, nil
	}}
	if err := queue.NewSQS(a, "url").Send(t.Context(), messages); err != nil {
		t.Fatal(err)
	}
	if want := [][]int{{10, 900_000}, {200_000, 10, 800_000}, {300_000, 10}}; !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("the calls held %v, want %v", got, want)
	}
}

func received(n int) []queue.Received {
	all := make([]queue.Received, n)
	for i := range all {
		all[i] = queue.Received{Message: look(int64(i), 1), Receipt: fmt.Sprint("r", i)}
	}
	return all
}

// Deletes and visibilities of later batches are tried although an earlier one failed.
func TestPartialFailuresOfAnswers(t *testing.T) {
	t.Parallel()
	stale := types.BatchResultErrorEntry{Id: aws.String("3"), SenderFault: true, Code: aws.String("ReceiptHandleIsInvalid"), Message: aws.String("expired")}
	passing := types.BatchResultErrorEntry{Id: aws.String("1"), Code: aws.String("InternalError")}
	throttled := types.BatchResultErrorEntry{Id: aws.String("1"), Code: aws.String("RequestThrottled")}
	strange := types.BatchResultErrorEntry{Id: aws.String("77"), Code: aws.String("InternalError")}
	for _, tc := range []struct {
		name   string
		failed map[int][]types.BatchResultErrorEntry
		fault  map[int]error
		code   model.Code
		text   string
	}{
		{name: "nothing fails"},
		{name: "an entry of the second call is refused", failed: map[int][]types.BatchResultErrorEntry{2: {stale}}, code: model.CodeInvalid, text: "user/13: SQS refused it: ReceiptHandleIsInvalid expired"},
		{name: "the first failure is told", failed: map[int][]types.BatchResultErrorEntry{1: {passing}, 3: {stale}}, code: model.CodeUnavailable, text: "user/1: SQS refused it: InternalError"},
		{name: "an entry is throttled", failed: map[int][]types.BatchResultErrorEntry{1: {throttled}}, code: model.CodeThrottled},
		{name: "an entry that was never sent is refused", failed: map[int][]types.BatchResultErrorEntry{1: {strange}}, code: model.CodeUnavailable, text: "message: SQS refused it"},
		{name: "the first call fails", fault: map[int]error{1: refusal("KmsThrottled")}, code: model.CodeThrottled, text: "told so"},
		{name: "the last call fails", fault: map[int]error{3: refusal("AccessDenied")}, code: model.CodeDenied, text: "told so"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var deleted, hidden []string
			a := &api{
				remove: func(call int, entries []types.DeleteMessageBatchRequestEntry) (*sqs.DeleteMessageBatchOutput, error) {
					for _, e := range entries {
						deleted = append(deleted, *e.ReceiptHandle)
					}
					return &sqs.DeleteMessageBatchOutput{Failed: tc.failed[call]}, tc.fault[call]
				},
				hide: func(call int, entries []types.ChangeMessageVisibilityBatchRequestEntry) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
					for _, e := range entries {
						hidden = append(hidden, fmt.Sprint(*e.ReceiptHandle, " ", e.VisibilityTimeout))
					}
					return &sqs.ChangeMessageVisibilityBatchOutput{Failed: tc.failed[call]}, tc.fault[call]
				},
			}
			q := queue.NewSQS(a, "url")
			deleteErr := q.Delete(t.Context(), received(25))
			a.calls = 0
			hideErr := q.SetVisibility(t.Context(), received(25), 90*time.Second)
			for what, err := range map[string]error{"delete": deleteErr, "set visibility": hideErr} {
				if model.CodeOf(err) != tc.code || tc.text != "" && !strings.Contains(err.Error(), tc.text) {
					t.Errorf("%s: the error is %v, want code %q and %q", what, err, tc.code, tc.text)
				}
			}
			if len(deleted) != 25 || deleted[24] != "r24" || len(hidden) != 25 || hidden[24] != "r24 90" {
				t.Errorf("deleted %v, hidden %v", deleted, hidden)
			}
		})
	}
}

func TestVisibilityIsWholeSecondsUpToTwelveHours(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]int32{
		0: 0, -time.Second: 0, time.Nanosecond: 1, time.Second: 1, 1500 * time.Millisecond: 2, time.Hour: 3600, 12 * time.Hour: 43200, 48 * time.Hour: 43200,
	} {
		var got int32
		a := &api{hide: func(_ int, entries []types.ChangeMessageVisibilityBatchRequestEntry) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
			got = entries[0].VisibilityTimeout
			return &sqs.ChangeMessageVisibilityBatchOutput{}, nil
		}}
		if err := queue.NewSQS(a, "url").SetVisibility(t.Context(), received(1), d); err != nil || got != want {
			t.Errorf("%v is sent as %d s, want %d: %v", d, got, want, err)
		}
	}
}

func TestReceiveAsksWithinSQSsLimits(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name       string
		most       int
		wait       time.Duration
		wantMost   int32
		wantSecond int32
	}{
		{"as asked", 7, 5 * time.Second, 7, 5},
		{"ten at most", 11, time.Second, 10, 1},
		{"one at least", 0, 0, 1, 0},
		{"a wait of twenty seconds at most", 1, time.Hour, 1, 20},
		{"no wait below zero", 1, -time.Hour, 1, 0},
		{"a wait below a second is none", 1, 900 * time.Millisecond, 1, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := &api{receive: func(in *sqs.ReceiveMessageInput) (*sqs.ReceiveMessageOutput, error) {
				if in.MaxNumberOfMessages != tc.wantMost || in.WaitTimeSeconds != tc.wantSecond || *in.QueueUrl != "url" {
					t.Errorf("asked for %d messages for %d s at %s", in.MaxNumberOfMessages, in.WaitTimeSeconds, *in.QueueUrl)
				}
				return &sqs.ReceiveMessageOutput{}, nil
			}}
			if got, err := queue.NewSQS(a, "url").Receive(t.Context(), tc.most, tc.wait); err != nil || len(got) != 0 {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// A message without the attributes that were asked for is still a message.
func TestReceiveReadsWhatIsThere(t *testing.T) {
	t.Parallel()
	a := &api{receive: func(*sqs.ReceiveMessageInput) (*sqs.ReceiveMessageOutput, error) {
		return &sqs.ReceiveMessageOutput{Messages: []types.Message{
			{Body: aws.String(`{"key":"user/1","version":3}`), MessageId: aws.String("id"), ReceiptHandle: aws.String("handle"),
				Attributes: map[string]string{"ApproximateReceiveCount": "4", "SentTimestamp": "1764000000123"}},
			{Attributes: map[string]string{"ApproximateReceiveCount": "many"}},
		}}, nil
	}}
	got, err := queue.NewSQS(a, "url").Receive(t.Context(), 10, 0)
	if err != nil || len(got) != 2 {
		t.Fatalf("got %v, %v", got, err)
	}
	if g := got[0]; g.Err != nil || g.Key != user(1) || g.Version != 3 || g.ID != "id" || g.Receipt != "handle" || g.Count != 4 || !g.Sent.Equal(time.UnixMilli(1764000000123)) {
		t.Errorf("the first is %+v", g)
	}
	if g := got[1]; model.CodeOf(g.Err) != model.CodeInvalid || g.Count != 0 || !g.Key.IsZero() {
		t.Errorf("the second is %+v", g)
	}
}

func TestDepthReadsWhatIsThere(t *testing.T) {
	t.Parallel()
	a := &api{depth: func() (*sqs.GetQueueAttributesOutput, error) {
		return &sqs.GetQueueAttributesOutput{Attributes: map[string]string{"ApproximateNumberOfMessages": "12", "ApproximateNumberOfMessagesNotVisible": "3"}}, nil
	}}
	if waiting, inFlight, err := queue.NewSQS(a, "url").Depth(t.Context()); waiting != 12 || inFlight != 3 || err != nil {
		t.Errorf("got %d, %d, %v", waiting, inFlight, err)
	}
}

// Every operation gives the SDK's errors the same codes.
func TestCodesOfTheSDKsErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		fault error
		want  model.Code
	}{
		{&types.QueueDoesNotExist{}, model.CodeInvalid},
		{fmt.Errorf("wrapped: %w", &types.QueueDoesNotExist{}), model.CodeInvalid},
		{refusal("InvalidParameterValue"), model.CodeInvalid},
		{refusal("AWS.SimpleQueueService.BatchRequestTooLong"), model.CodeInvalid},
		{refusal("AccessDenied"), model.CodeDenied},
		{refusal("UnrecognizedClientException"), model.CodeDenied},
		{refusal("SignatureDoesNotMatch"), model.CodeDenied},
		{refusal("ExpiredTokenException"), model.CodeDenied},
		{refusal("KMS.AccessDeniedException"), model.CodeDenied},
		{&types.KmsAccessDenied{}, model.CodeDenied},
		{refusal("ThrottlingException"), model.CodeThrottled},
		{&types.RequestThrottled{}, model.CodeThrottled},
		{&types.OverLimit{}, model.CodeThrottled},
		{refusal("InternalFailure"), model.CodeUnavailable},
		{refusal("ServiceUnavailable"), model.CodeUnavailable},
		{errors.New("connection reset"), model.CodeUnavailable},
		{context.DeadlineExceeded, model.CodeUnavailable},
	} {
		a := &api{
			send: func(int, []types.SendMessageBatchRequestEntry) (*sqs.SendMessageBatchOutput, error) {
				return nil, tc.fault
			},
			receive: func(*sqs.ReceiveMessageInput) (*sqs.ReceiveMessageOutput, error) { return nil, tc.fault },
			remove: func(int, []types.DeleteMessageBatchRequestEntry) (*sqs.DeleteMessageBatchOutput, error) {
				return nil, tc.fault
			},
			hide: func(int, []types.ChangeMessageVisibilityBatchRequestEntry) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
				return nil, tc.fault
			},
			depth: func() (*sqs.GetQueueAttributesOutput, error) { return nil, tc.fault },
		}
		q := queue.NewSQS(a, "url")
		_, receiveErr := q.Receive(t.Context(), 1, 0)
		_, _, depthErr := q.Depth(t.Context())
		for what, err := range map[string]error{
			"send": q.Send(t.Context(), looks(1)), "receive": receiveErr, "delete": q.Delete(t.Context(), received(1)),
			"set visibility": q.SetVisibility(t.Context(), received(1), 0), "depth": depthErr,
		} {
			if model.CodeOf(err) != tc.want || !errors.Is(err, tc.fault) {
				t.Errorf("%s: %v has code %q, want %q", what, err, model.CodeOf(err), tc.want)
			}
		}
	}
}
