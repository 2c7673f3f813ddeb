package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"excs/shared/model"
)

// API is what the adapter needs of the SDK's client.
type API interface {
	SendMessageBatch(ctx context.Context, in *sqs.SendMessageBatchInput, opts ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
	ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, opts ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessageBatch(ctx context.Context, in *sqs.DeleteMessageBatchInput, opts ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
	ChangeMessageVisibilityBatch(ctx context.Context, in *sqs.ChangeMessageVisibilityBatchInput, opts ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
	GetQueueAttributes(ctx context.Context, in *sqs.GetQueueAttributesInput, opts ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
}

// SQS is one SQS FIFO queue.
type SQS struct {
	api API
	url string
}

var _ Queue = (*SQS)(nil)

// NewSQS makes the adapter of the queue with that URL.
func NewSQS(api API, url string) *SQS { return &SQS{api: api, url: url} }

// sendTries is how often the failed part of a batch is sent. Sending again is safe: the deduplication id is the same.
const sendTries = 3

// Send puts messages on the queue in batches.
func (q *SQS) Send(ctx context.Context, messages []Message) error {
	for i, m := range messages {
		if err := checkIDs(m); err != nil {
			return &SendError{Failed: messages[i : i+1], Err: err}
		}
	}
	var failed []Message
	var first error
	for start := 0; start < len(messages); start += BatchSize {
		batch := messages[start:min(start+BatchSize, len(messages))]
		left, err := q.sendBatch(ctx, batch)
		failed = append(failed, left...)
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			failed = append(failed, messages[start+len(batch):]...)
			break
		}
	}
	if first != nil {
		return &SendError{Failed: failed, Err: first}
	}
	return nil
}

// sendBatch returns what is not known to be on the queue. A partial failure is an answer of success with a list: the
// list is what counts. Within one group a later message must not overtake a failed one, but a group is one key, and a
// key's messages are equal in effect.
func (q *SQS) sendBatch(ctx context.Context, batch []Message) ([]Message, error) {
	var last error
	for range sendTries {
		entries, err := entriesOf(batch)
		if err != nil {
			return batch, err
		}
		out, err := q.api.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: entries})
		if err != nil {
			return batch, classify("send messages", err)
		}
		if len(out.Failed) == 0 {
			return nil, nil
		}
		batch, last = failedOf(batch, out.Failed)
	}
	return batch, last
}

// entriesOf numbers the entries: an entry's id takes no slash, so a key is refused.
func entriesOf(batch []Message) ([]types.SendMessageBatchRequestEntry, error) {
	entries := make([]types.SendMessageBatchRequestEntry, 0, len(batch))
	for i, m := range batch {
		body, err := m.Encode()
		if err != nil {
			return nil, err
		}
		entries = append(entries, types.SendMessageBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(body),
			MessageGroupId: aws.String(m.Group()), MessageDeduplicationId: aws.String(m.Deduplication()),
		})
	}
	return entries, nil
}

func failedOf(batch []Message, failures []types.BatchResultErrorEntry) ([]Message, error) {
	left := make([]Message, 0, len(failures))
	var first error
	for _, f := range failures {
		i, err := strconv.Atoi(aws.ToString(f.Id))
		if err != nil || i < 0 || i >= len(batch) {
			return batch, model.Errorf(model.CodeInternal, "send messages", "SQS answered for the unknown entry %q", aws.ToString(f.Id))
		}
		left = append(left, batch[i])
		if first == nil {
			code := model.CodeUnavailable
			if f.SenderFault {
				code = model.CodeInvalid
			}
			first = &model.Error{Code: code, Op: "send message", Key: batch[i].Key, Err: fmt.Errorf("SQS refused it: %s %s", aws.ToString(f.Code), aws.ToString(f.Message))}
		}
	}
	return left, first
}

// Receive takes up to max messages.
func (q *SQS) Receive(ctx context.Context, most int, wait time.Duration) ([]Received, error) {
	out, err := q.api.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &q.url, MaxNumberOfMessages: int32(min(most, BatchSize)), WaitTimeSeconds: int32(wait / time.Second), //nolint:gosec // both are small
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil {
		return nil, classify("receive messages", err)
	}
	got := make([]Received, 0, len(out.Messages))
	for _, m := range out.Messages {
		r := Received{Body: aws.ToString(m.Body), ID: aws.ToString(m.MessageId), Receipt: aws.ToString(m.ReceiptHandle)}
		r.Count = number(m.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)])
		r.Sent = time.UnixMilli(int64(number(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)])))
		r.Message, r.Err = Decode(r.Body)
		got = append(got, r)
	}
	return got, nil
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// Delete takes received messages off the queue.
func (q *SQS) Delete(ctx context.Context, received []Received) error {
	for start := 0; start < len(received); start += BatchSize {
		batch := received[start:min(start+BatchSize, len(received))]
		entries := make([]types.DeleteMessageBatchRequestEntry, 0, len(batch))
		for i, r := range batch {
			entries = append(entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(r.Receipt)})
		}
		out, err := q.api.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &q.url, Entries: entries})
		if err != nil {
			return classify("delete messages", err)
		}
		if err := answered("delete messages", out.Failed); err != nil {
			return err
		}
	}
	return nil
}

// SetVisibility makes received messages visible again after d.
func (q *SQS) SetVisibility(ctx context.Context, received []Received, d time.Duration) error {
	for start := 0; start < len(received); start += BatchSize {
		batch := received[start:min(start+BatchSize, len(received))]
		entries := make([]types.ChangeMessageVisibilityBatchRequestEntry, 0, len(batch))
		for i, r := range batch {
			entries = append(entries, types.ChangeMessageVisibilityBatchRequestEntry{
				Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(r.Receipt), VisibilityTimeout: int32(d / time.Second), //nolint:gosec // at most 12 h
			})
		}
		out, err := q.api.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &q.url, Entries: entries})
		if err != nil {
			return classify("change the visibility of messages", err)
		}
		if err := answered("change the visibility of messages", out.Failed); err != nil {
			return err
		}
	}
	return nil
}

func answered(op string, failures []types.BatchResultErrorEntry) error {
	if len(failures) == 0 {
		return nil
	}
	f := failures[0]
	return model.Errorf(model.CodeUnavailable, op, "%d of the batch failed, the first with %s %s", len(failures), aws.ToString(f.Code), aws.ToString(f.Message))
}

// Depth says how many messages wait and how many are in flight, roughly.
func (q *SQS) Depth(ctx context.Context) (waiting, inFlight int, err error) {
	out, err := q.api.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
	}})
	if err != nil {
		return 0, 0, classify("read the depth of the queue", err)
	}
	return number(out.Attributes[string(types.QueueAttributeNameApproximateNumberOfMessages)]),
		number(out.Attributes[string(types.QueueAttributeNameApproximateNumberOfMessagesNotVisible)]), nil
}

// classify gives an SDK error its code. Sending is idempotent by the deduplication id, so nothing is ambiguous here.
func classify(op string, err error) error {
	code := model.CodeUnavailable
	if _, ok := errors.AsType[*types.QueueDoesNotExist](err); ok {
		return model.Errorf(model.CodeInvalid, op, "the queue does not exist: check EXCS_QUEUE_URL and EXCS_DLQ_URL: %w", err)
	}
	var api interface{ ErrorCode() string }
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "UnrecognizedClientException":
			code = model.CodeDenied
		case "RequestThrottled", "ThrottlingException", "KmsThrottled":
			code = model.CodeThrottled
		case "InvalidMessageContents", "InvalidBatchEntryId", "BatchRequestTooLong", "TooManyEntriesInBatchRequest", "InvalidParameterValue", "MissingParameter":
			code = model.CodeInvalid
		}
	}
	return model.Errorf(code, op, "%w", err)
}
