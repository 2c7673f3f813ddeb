package queue

import (
	"context"
	"errors"
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

// SQS is one SQS FIFO queue. It is safe for concurrent use.
type SQS struct {
	api API
	url string
}

var _ Queue = (*SQS)(nil)

// NewSQS makes the adapter of the queue with that URL.
func NewSQS(api API, url string) *SQS { return &SQS{api: api, url: url} }

// sendTries is how often the failed part of a batch is sent. Sending again is safe: the deduplication id is the same.
const sendTries = 3

// Send puts messages on the queue in batches. When a whole call fails for a reason that the next call would meet too, the
// rest is not tried: thousands of calls against a service that is down would only cost time.
func (q *SQS) Send(ctx context.Context, messages []Message) error {
	ready, failed := prepare(messages)
	var stopped error
	for _, batch := range batches(ready) {
		if stopped != nil {
			failed.add(batch, stopped)
			continue
		}
		stopped = q.sendBatch(ctx, batch, failed)
	}
	return failed.err(messages)
}

// sendBatch sends one batch and notes what is not known to be on the queue. Within one group a later message may overtake
// a failed one: a group is one key, and a key's messages are equal in effect. The error says why further batches are
// pointless.
func (q *SQS) sendBatch(ctx context.Context, batch []letter, failed failures) error {
	const op = "send messages"
	for try := 1; ; try++ {
		out, err := q.api.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: sendEntries(batch)})
		if err != nil {
			err = classify(op, err)
			failed.add(batch, err)
			if refusesTheBatch(err) {
				return nil
			}
			return err
		}
		again, why := unsent(batch, out, failed)
		if len(again) == 0 {
			return nil
		}
		if try == sendTries {
			for i, l := range again {
				failed[l.at] = why[i]
			}
			return nil
		}
		batch = again
	}
}

// sendEntries numbers the entries: an entry's id takes no slash, so a key would be refused.
func sendEntries(batch []letter) []types.SendMessageBatchRequestEntry {
	entries := make([]types.SendMessageBatchRequestEntry, len(batch))
	for i, l := range batch {
		entries[i] = types.SendMessageBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(l.body),
			MessageGroupId: aws.String(l.group), MessageDeduplicationId: aws.String(l.dedup),
		}
	}
	return entries
}

// unsent gives the letters that are worth another try, each with the reason, and notes those that SQS refused for good.
// A partial failure is an answer of success with two lists; what stands in neither is not known to be on the queue.
func unsent(batch []letter, out *sqs.SendMessageBatchOutput, failed failures) (again []letter, why []error) {
	sent := map[string]bool{}
	for _, s := range out.Successful {
		sent[aws.ToString(s.Id)] = true
	}
	refused := map[string]types.BatchResultErrorEntry{}
	for _, f := range out.Failed {
		refused[aws.ToString(f.Id)] = f
	}
	for i, l := range batch {
		id := strconv.Itoa(i)
		f, told := refused[id]
		switch {
		case told && f.SenderFault:
			failed[l.at] = entryError("send message", l.key, f)
		case told:
			again, why = append(again, l), append(why, entryError("send message", l.key, f))
		case !sent[id]:
			again = append(again, l)
			why = append(why, &model.Error{Code: model.CodeUnavailable, Op: "send message", Key: l.key, Err: errors.New("SQS's answer does not name it")})
		}
	}
	return again, why
}

// Receive takes up to max messages. A wait below one second asks once, with the queue's own waiting time.
func (q *SQS) Receive(ctx context.Context, max int, wait time.Duration) ([]Received, error) {
	out, err := q.api.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &q.url, MaxNumberOfMessages: int32(most(max)), WaitTimeSeconds: int32(patience(wait) / time.Second), //nolint:gosec // both are small
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{
			types.MessageSystemAttributeNameApproximateReceiveCount, types.MessageSystemAttributeNameSentTimestamp,
		},
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

// number reads an attribute of SQS; one that is not there or not a number counts as 0.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// Delete takes received messages off the queue.
func (q *SQS) Delete(ctx context.Context, received []Received) error {
	return inBatches(received, "delete message", func(batch []Received) ([]types.BatchResultErrorEntry, error) {
		entries := make([]types.DeleteMessageBatchRequestEntry, len(batch))
		for i := range batch {
			entries[i] = types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(batch[i].Receipt)}
		}
		out, err := q.api.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &q.url, Entries: entries})
		if err != nil {
			return nil, classify("delete messages", err)
		}
		return out.Failed, nil
	})
}

// SetVisibility makes received messages visible again after d.
func (q *SQS) SetVisibility(ctx context.Context, received []Received, d time.Duration) error {
	seconds := int32(hiding(d) / time.Second) //nolint:gosec // at most 12 h
	return inBatches(received, "set the visibility of message", func(batch []Received) ([]types.BatchResultErrorEntry, error) {
		entries := make([]types.ChangeMessageVisibilityBatchRequestEntry, len(batch))
		for i := range batch {
			entries[i] = types.ChangeMessageVisibilityBatchRequestEntry{
				Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(batch[i].Receipt), VisibilityTimeout: seconds,
			}
		}
		out, err := q.api.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &q.url, Entries: entries})
		if err != nil {
			return nil, classify("set the visibility of messages", err)
		}
		return out.Failed, nil
	})
}

// inBatches makes one call for every BatchSize messages. All are tried; the first failure is told.
func inBatches(received []Received, op string, call func(batch []Received) ([]types.BatchResultErrorEntry, error)) error {
	var first error
	for start := 0; start < len(received); start += BatchSize {
		batch := received[start:min(start+BatchSize, len(received))]
		failed, err := call(batch)
		if err == nil && len(failed) > 0 {
			err = entryError(op, keyOf(batch, failed[0]), failed[0])
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// keyOf finds the key that an answer is about; the zero key where SQS names an entry that was not asked.
func keyOf(batch []Received, f types.BatchResultErrorEntry) model.Key {
	i, err := strconv.Atoi(aws.ToString(f.Id))
	if err != nil || i < 0 || i >= len(batch) {
		return model.Key{}
	}
	return batch[i].Key
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
