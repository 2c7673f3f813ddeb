package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"excs/infra/local/aws/policy"
	"excs/infra/local/aws/template"
)

// queue is a queue that was made.
type queue struct {
	name, url, arn string
	properties     queueProperties
}

func (q *queue) fifo() bool { return q.properties.FifoQueue }

type redrivePolicy struct {
	DeadLetterTargetARN string `json:"deadLetterTargetArn"`
	MaxReceiveCount     int    `json:"maxReceiveCount"`
}

type redriveAllowPolicy struct {
	Permission string   `json:"redrivePermission"`
	Sources    []string `json:"sourceQueueArns,omitempty"`
}

// queueProperties are those of a queue that are known.
type queueProperties struct {
	QueueName                     string
	FifoQueue                     bool
	ContentBasedDeduplication     bool
	DeduplicationScope            string
	FifoThroughputLimit           string
	VisibilityTimeout             *int
	MessageRetentionPeriod        *int
	MaximumMessageSize            *int
	ReceiveMessageWaitTimeSeconds *int
	DelaySeconds                  *int
	RedrivePolicy                 *redrivePolicy
	RedriveAllowPolicy            *redriveAllowPolicy
	SqsManagedSseEnabled          bool
	KmsMasterKeyId                string //nolint:revive,staticcheck // CloudFormation's name
	KmsDataKeyReusePeriodSeconds  int
	Tags                          any
}

// attributes are what SQS calls the properties.
func (p queueProperties) attributes() (map[string]string, error) {
	all := map[string]string{}
	for name, v := range map[string]*int{
		"VisibilityTimeout": p.VisibilityTimeout, "MessageRetentionPeriod": p.MessageRetentionPeriod, "MaximumMessageSize": p.MaximumMessageSize,
		"ReceiveMessageWaitTimeSeconds": p.ReceiveMessageWaitTimeSeconds, "DelaySeconds": p.DelaySeconds,
	} {
		if v != nil {
			all[name] = fmt.Sprint(*v)
		}
	}
	for name, v := range map[string]string{"DeduplicationScope": p.DeduplicationScope, "FifoThroughputLimit": p.FifoThroughputLimit} {
		if v != "" {
			all[name] = v
		}
	}
	for name, v := range map[string]bool{"FifoQueue": p.FifoQueue, "ContentBasedDeduplication": p.ContentBasedDeduplication} {
		if v {
			all[name] = "true"
		}
	}
	if p.RedrivePolicy != nil {
		text, err := json.Marshal(p.RedrivePolicy)
		if err != nil {
			return nil, err
		}
		all["RedrivePolicy"] = string(text)
	}
	return all, nil
}

func (s *Stack) makeQueue(ctx context.Context, r template.Resource) (template.Made, error) {
	q := &queue{}
	if err := s.values.Properties(r, &q.properties); err != nil {
		return template.Made{}, err
	}
	p := q.properties
	q.name, q.arn = p.QueueName, s.arn("sqs", p.QueueName)
	if p.FifoQueue != strings.HasSuffix(q.name, ".fifo") {
		return template.Made{}, fmt.Errorf("the name of the queue %q does not fit: those of FIFO queues, and of no others, end in .fifo", q.name)
	}
	if err := s.checkRedrive(q); err != nil {
		return template.Made{}, err
	}
	attributes, err := p.attributes()
	if err != nil {
		return template.Made{}, err
	}
	out, err := s.queueService.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &q.name, Attributes: attributes})
	if err != nil {
		return template.Made{}, fmt.Errorf("create the queue %s: %w", q.name, err)
	}
	q.url = aws.ToString(out.QueueUrl)
	s.queues[q.arn] = q
	return template.Made{Ref: q.url, Attributes: map[string]string{"Arn": q.arn, "QueueName": q.name, "QueueUrl": q.url}}, nil
}

// checkRedrive refuses what SQS refuses and the stand-in does not look at.
func (s *Stack) checkRedrive(q *queue) error {
	policy := q.properties.RedrivePolicy
	if policy == nil {
		return nil
	}
	dead := s.queues[policy.DeadLetterTargetARN]
	switch {
	case dead == nil:
		return fmt.Errorf("the dead-letter queue %s of %s does not exist", policy.DeadLetterTargetARN, q.name)
	case dead.fifo() != q.fifo():
		return fmt.Errorf("the dead-letter queue of the FIFO queue must be a FIFO queue, and the other way round: %s, %s", q.name, dead.name)
	case policy.MaxReceiveCount < 1 || policy.MaxReceiveCount > 1000:
		return fmt.Errorf("maxReceiveCount %d of %s: SQS takes 1 to 1000", policy.MaxReceiveCount, q.name)
	}
	allow := dead.properties.RedriveAllowPolicy
	if allow != nil && (allow.Permission == "denyAll" || allow.Permission == "byQueue" && !slices.Contains(allow.Sources, q.arn)) {
		return fmt.Errorf("the redrive allow policy of %s does not name %s", dead.name, q.arn)
	}
	return nil
}

func (s *Stack) makeQueuePolicy(_ context.Context, r template.Resource) (template.Made, error) {
	var p struct {
		Queues         []string
		PolicyDocument json.RawMessage
	}
	if err := s.values.Properties(r, &p); err != nil {
		return template.Made{}, err
	}
	d, err := policy.Parse(p.PolicyDocument)
	if err != nil {
		return template.Made{}, err
	}
	for _, url := range p.Queues {
		q := s.queueAt(url)
		if q == nil {
			return template.Made{}, fmt.Errorf("the policy is for %s, which is no queue of the stack", url)
		}
		s.gateway.AddResourcePolicy(q.arn, &d)
	}
	return template.Made{Ref: r.ID}, nil
}

func (s *Stack) queueAt(url string) *queue {
	for _, q := range s.queues {
		if q.url == url {
			return q
		}
	}
	return nil
}

// Depth counts the messages of a queue, by its name less the stack's: those that wait, and those that are worked on.
func (s *Stack) Depth(ctx context.Context, name string) (waiting, inFlight int, err error) {
	q, err := s.queueNamed(name)
	if err != nil {
		return 0, 0, err
	}
	out, err := s.queueService.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	if err != nil {
		return 0, 0, fmt.Errorf("count the messages of %s: %w", name, err)
	}
	_, err1 := fmt.Sscan(out.Attributes["ApproximateNumberOfMessages"], &waiting)
	_, err2 := fmt.Sscan(out.Attributes["ApproximateNumberOfMessagesNotVisible"], &inFlight)
	return waiting, inFlight, errors.Join(err1, err2)
}

func (s *Stack) queueNamed(name string) (*queue, error) {
	q := s.queues[s.arn("sqs", s.cfg.Name+"-"+name)]
	if q == nil {
		return nil, fmt.Errorf("the stack has no queue %s", name)
	}
	return q, nil
}

// Peek reads the bodies of up to ten messages of a queue and leaves them there.
func (s *Stack) Peek(ctx context.Context, name string) ([]string, error) {
	q, err := s.queueNamed(name)
	if err != nil {
		return nil, err
	}
	out, err := s.queueService.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &q.url, MaxNumberOfMessages: 10, VisibilityTimeout: 1})
	if err != nil {
		return nil, fmt.Errorf("look into %s: %w", name, err)
	}
	var bodies []string
	for _, m := range out.Messages {
		bodies = append(bodies, aws.ToString(m.Body))
		// Back at once: whoever works on the queue must not wait for a look at it.
		if _, err := s.queueService.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &q.url, ReceiptHandle: m.ReceiptHandle}); err != nil {
			return nil, fmt.Errorf("look into %s: %w", name, err)
		}
	}
	return bodies, nil
}

// leave sends a message to a queue as a service of AWS does that could not deliver something. The queue is a standard one:
// no service takes a FIFO queue.
func (s *Stack) leave(arn, body string) error {
	q := s.queues[arn]
	if q == nil || q.fifo() {
		return fmt.Errorf("%s is no standard queue of the stack", arn)
	}
	_, err := s.queueService.SendMessage(s.ctx, &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &body})
	return err
}
