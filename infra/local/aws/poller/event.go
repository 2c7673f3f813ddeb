package poller

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// record is a message as a function gets it.
type record struct {
	MessageID         string            `json:"messageId"`
	ReceiptHandle     string            `json:"receiptHandle"`
	Body              string            `json:"body"`
	Attributes        map[string]string `json:"attributes"`
	MessageAttributes map[string]any    `json:"messageAttributes"`
	MD5OfBody         string            `json:"md5OfBody"`
	EventSource       string            `json:"eventSource"`
	EventSourceARN    string            `json:"eventSourceARN"`
	AWSRegion         string            `json:"awsRegion"`
}

// event makes the payload of an invocation.
func (p *Poller) event(batch []types.Message) ([]byte, error) {
	var e struct{ Records []record }
	for _, m := range batch {
		attributes := map[string]any{}
		for name, a := range m.MessageAttributes {
			attributes[name] = map[string]any{"dataType": aws.ToString(a.DataType), "stringValue": a.StringValue, "binaryValue": a.BinaryValue}
		}
		e.Records = append(e.Records, record{
			MessageID: aws.ToString(m.MessageId), ReceiptHandle: aws.ToString(m.ReceiptHandle), Body: aws.ToString(m.Body),
			Attributes: m.Attributes, MessageAttributes: attributes, MD5OfBody: aws.ToString(m.MD5OfBody),
			EventSource: "aws:sqs", EventSourceARN: p.cfg.QueueARN, AWSRegion: p.cfg.Region,
		})
	}
	payload, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("make the event for %s: %w", p.cfg.QueueARN, err)
	}
	return payload, nil
}

// done reads the function's answer: the messages that it does not name as failed. An answer that can not be read, a name
// that is empty and one that is of no message of the batch make the whole batch fail; no answer is a success.
func (p *Poller) done(batch []types.Message, answer []byte) []types.Message {
	if !p.cfg.PartialFailures || len(answer) == 0 {
		return batch
	}
	var a *struct {
		BatchItemFailures []struct {
			ItemIdentifier *string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if json.Unmarshal(answer, &a) != nil {
		return nil
	}
	if a == nil {
		return batch
	}
	failed := map[string]bool{}
	for _, f := range a.BatchItemFailures {
		failed[aws.ToString(f.ItemIdentifier)] = true
	}
	var done []types.Message
	for _, m := range batch {
		if !failed[aws.ToString(m.MessageId)] {
			done = append(done, m)
		}
		delete(failed, aws.ToString(m.MessageId))
	}
	if len(failed) > 0 {
		return nil
	}
	return done
}
