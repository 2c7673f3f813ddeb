package poller_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"excs/infra/local/aws/poller"
	"excs/infra/local/aws/runtime"
	"excs/shared/awstest"
)

const region = "eu-central-1"

// client is of the fauxqs server that the tests of this package share.
var client *sqs.Client

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	server, err := awstest.StartSQS(context.Background(), region)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer server.Stop()
	client = sqs.New(sqs.Options{Region: region, BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")})
	return m.Run()
}

// site is a FIFO queue with dead letters.
type site struct {
	work, dead string
}

func newSite(t *testing.T, visibility, maxReceive int) site {
	t.Helper()
	s := site{dead: create(t, "dead", map[string]string{})}
	arn, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &s.dead, AttributeNames: []types.QueueAttributeName{"QueueArn"}})
	if err != nil {
		t.Fatal(err)
	}
	s.work = create(t, "work", map[string]string{
		"VisibilityTimeout": fmt.Sprint(visibility), "RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, arn.Attributes["QueueArn"], maxReceive),
	})
	return s
}

func create(t *testing.T, name string, attributes map[string]string) string {
	t.Helper()
	attributes["FifoQueue"] = "true"
	out, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String(fmt.Sprintf("%s-%d.fifo", name, time.Now().UnixNano())), Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return *out.QueueUrl
}

// send puts messages of one group on the queue, in order.
func send(t *testing.T, queue, group string, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		if _, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{
			QueueUrl: &queue, MessageBody: aws.String(body), MessageGroupId: &group, MessageDeduplicationId: aws.String(group + body),
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// left counts the messages of a queue, those in flight too.
func left(t *testing.T, queue string) (visible, inFlight string) {
	t.Helper()
	out, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &queue, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Attributes["ApproximateNumberOfMessages"], out.Attributes["ApproximateNumberOfMessagesNotVisible"]
}

// message is one that the function got.
type message struct {
	MessageID  string            `json:"messageId"`
	Receipt    string            `json:"receiptHandle"`
	Body       string            `json:"body"`
	Attributes map[string]string `json:"attributes"`
	Source     string            `json:"eventSource"`
	ARN        string            `json:"eventSourceARN"`
	Region     string            `json:"awsRegion"`
}

// function is what the poller invokes: it answers with the ids that fail names.
type function struct {
	fail func(message) bool
	// hold, if set, is waited for before an answer.
	hold func(batch []message)

	mu      sync.Mutex
	batches [][]message
	bodies  []string
}

func (f *function) invoke(payload []byte) (runtime.Result, error) {
	var event struct{ Records []message }
	if err := json.Unmarshal(payload, &event); err != nil {
		return runtime.Result{}, err
	}
	f.mu.Lock()
	f.batches = append(f.batches, event.Records)
	f.mu.Unlock()
	if f.hold != nil {
		f.hold(event.Records)
	}
	answer := map[string][]map[string]string{"batchItemFailures": {}}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range event.Records {
		if f.fail != nil && f.fail(m) {
			answer["batchItemFailures"] = append(answer["batchItemFailures"], map[string]string{"itemIdentifier": m.MessageID})
			continue
		}
		f.bodies = append(f.bodies, m.Body)
	}
	text, err := json.Marshal(answer)
	return runtime.Result{Payload: text}, err
}

func (f *function) done() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.bodies)
}

func (f *function) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.batches)
}

// start runs a poller until the test ends.
func start(t *testing.T, c poller.Config) *poller.Poller {
	t.Helper()
	if c.API == nil {
		c.API = client
	}
	c.QueueARN, c.Region, c.Wait = "arn:aws:sqs:eu-central-1:000000000000:work.fifo", region, time.Second
	p, err := poller.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return p
}

// eventually waits until what is true sooner or later is.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 3000 {
		if holds() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("it never came to this: " + what)
}
