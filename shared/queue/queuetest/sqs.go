package queuetest

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"excs/shared/queue"
)

// NewClient makes a client of a server on loopback. It never retries, because retries hide a server's faults.
func NewClient(url string) *sqs.Client {
	return sqs.New(sqs.Options{
		Region: "us-east-1", BaseEndpoint: &url, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
}

// CreateFIFO creates a FIFO queue, of any name that ends in .fifo, and gives its URL.
func CreateFIFO(ctx context.Context, client *sqs.Client, name string, attributes map[string]string) (string, error) {
	all := map[string]string{string(types.QueueAttributeNameFifoQueue): "true"}
	maps.Copy(all, attributes)
	out, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: all})
	if err != nil {
		return "", fmt.Errorf("create queue %s: %w", name, err)
	}
	return aws.ToString(out.QueueUrl), nil
}

// OnServer makes sites on an SQS server, with new queue names for each.
func OnServer(client *sqs.Client) Factory {
	var made atomic.Int64
	return func(t *testing.T, o Options) Site {
		t.Helper()
		base := fmt.Sprintf("q%d-%d", time.Now().UnixNano(), made.Add(1))
		attributes := map[string]string{}
		if o.Visibility > 0 {
			attributes[string(types.QueueAttributeNameVisibilityTimeout)] = strconv.Itoa(int(o.Visibility / time.Second))
		}
		var site Site
		if o.MaxReceive > 0 {
			dead := create(t, client, base+"-dead.fifo", map[string]string{string(types.QueueAttributeNameVisibilityTimeout): "600"})
			site.Dead = queue.NewSQS(client, dead)
			attributes[string(types.QueueAttributeNameRedrivePolicy)] = fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":"%d"}`, arn(t, client, dead), o.MaxReceive)
		}
		url := create(t, client, base+".fifo", attributes)
		site.Queue = queue.NewSQS(spoiler{client, o.Refuse}, url)
		site.Missing = queue.NewSQS(client, strings.Replace(url, base, base+"-missing", 1))
		site.PutBody = func(ctx context.Context, group, dedup, body string) error {
			_, err := client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body, MessageGroupId: &group, MessageDeduplicationId: &dedup})
			return err
		}
		return site
	}
}

func create(t *testing.T, client *sqs.Client, name string, attributes map[string]string) string {
	t.Helper()
	url, err := CreateFIFO(t.Context(), client, name, attributes)
	if err != nil {
		t.Fatal(err)
	}
	return url
}

func arn(t *testing.T, client *sqs.Client, url string) string {
	t.Helper()
	out, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Attributes[string(types.QueueAttributeNameQueueArn)]
}

// spoiler makes single entries of a batch such that SQS refuses them: it adds a control character to their bodies.
type spoiler struct {
	*sqs.Client
	refuse func(queue.Message) bool
}

// SendMessageBatch spoils and sends.
func (s spoiler) SendMessageBatch(ctx context.Context, in *sqs.SendMessageBatchInput, opts ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error) {
	for i, e := range in.Entries {
		m, err := queue.Decode(aws.ToString(e.MessageBody))
		if s.refuse != nil && err == nil && s.refuse(m) {
			in.Entries[i].MessageBody = aws.String(aws.ToString(e.MessageBody) + "\x01")
		}
	}
	return s.Client.SendMessageBatch(ctx, in, opts...)
}
