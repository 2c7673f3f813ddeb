package poller

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"excs/infra/local/aws/runtime"
)

// API is what a poller needs of SQS.
type API interface {
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessageBatch(context.Context, *sqs.DeleteMessageBatchInput, ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
	ChangeMessageVisibilityBatch(context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
}

// Config is an event source mapping.
type Config struct {
	API API
	// QueueURL and QueueARN name the queue; a name that ends in .fifo is that of a FIFO queue.
	QueueURL, QueueARN, Region string
	// BatchSize is how many messages an invocation gets at most, 1 to 10.
	BatchSize int
	// Concurrency is MaximumConcurrency: how many invocations run at most. 0: as many as Lambda starts with, 5.
	Concurrency int
	// PartialFailures is ReportBatchItemFailures: without it the function's answer is ignored.
	PartialFailures bool
	// Invoke runs the function.
	Invoke func(payload []byte) (runtime.Result, error)
	// Wait is how long a receive waits for a message; 0: 20 s.
	Wait time.Duration
	// Problem is told what keeps messages from the function: a queue that does not answer, a missing permission, an invocation
	// that was refused, one that failed as a whole. It may be nil, and called by several goroutines at once.
	Problem func(error)
}

// Poller is a running mapping. It is safe for concurrent use.
type Poller struct {
	cfg Config

	mu      sync.Mutex
	groups  map[string]bool // that an invocation works on
	running int
	figures Figures
}

// Figures are the sums over everything that was carried.
type Figures struct {
	// Batches were handed to the function, with so many Messages; Failed of these stayed on the queue.
	Batches, Messages, Failed int
	// Early messages were given out while their group was still worked on, and went back.
	Early int
	// MostAtOnce is the greatest number of invocations that ran at the same time.
	MostAtOnce int
}

// New makes a poller; Run starts it. A batch size that Lambda would refuse is an error.
func New(c Config) (*Poller, error) {
	if c.BatchSize < 1 || c.BatchSize > 10 {
		return nil, fmt.Errorf("poll %s: a batch size of %d: 1 to 10 messages make a batch", c.QueueARN, c.BatchSize)
	}
	if c.Concurrency == 1 || c.Concurrency > 1000 {
		return nil, fmt.Errorf("poll %s: a maximum concurrency of %d: Lambda takes 2 to 1000", c.QueueARN, c.Concurrency)
	}
	if c.Concurrency == 0 {
		c.Concurrency = 5
	}
	if c.Wait == 0 {
		c.Wait = 20 * time.Second
	}
	return &Poller{cfg: c, groups: map[string]bool{}}, nil
}

// Run carries messages until the context ends, and the invocations that are under way then to their end.
func (p *Poller) Run(ctx context.Context) {
	var all sync.WaitGroup
	for range p.cfg.Concurrency {
		all.Go(func() {
			for ctx.Err() == nil {
				p.round(ctx)
			}
		})
	}
	all.Wait()
}

// Figures gives the sums so far.
func (p *Poller) Figures() Figures {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.figures
}

// Busy says how many invocations are under way.
func (p *Poller) Busy() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running
}

// pause is the wait after a receive that failed.
const pause = time.Second

// round carries one batch.
func (p *Poller) round(ctx context.Context) {
	out, err := p.cfg.API.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &p.cfg.QueueURL, MaxNumberOfMessages: int32(p.cfg.BatchSize), WaitTimeSeconds: int32(p.cfg.Wait / time.Second), //nolint:gosec // 1 to 10, and 20
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll}, MessageAttributeNames: []string{"All"},
	})
	if err != nil {
		if ctx.Err() == nil {
			p.problem(fmt.Errorf("receive from %s: %w", p.cfg.QueueARN, err))
			sleep(ctx, pause)
		}
		return
	}
	batch, early := p.claim(out.Messages)
	if len(early) > 0 {
		if err := p.giveBack(context.WithoutCancel(ctx), early); err != nil {
			p.problem(err)
		}
	}
	if len(batch) == 0 {
		return
	}
	// What has begun is brought to its end: Lambda does not stop half-way either.
	done := p.invoke(batch)
	p.release(batch, len(batch)-len(done))
	if err := p.remove(context.WithoutCancel(ctx), done); err != nil {
		p.problem(err)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

func (p *Poller) problem(err error) {
	if p.cfg.Problem != nil {
		p.cfg.Problem(err)
	}
}

func group(m types.Message) string { return m.Attributes["MessageGroupId"] }

// claim takes the groups of the messages. early are those whose group is worked on already: their visibility ran out under a slow
// invocation, or the function set a short one and has not answered yet.
func (p *Poller) claim(received []types.Message) (batch, early []types.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	own := map[string]bool{}
	for _, m := range received {
		g := group(m)
		if g != "" && p.groups[g] && !own[g] {
			early = append(early, m)
			continue
		}
		if g != "" {
			p.groups[g], own[g] = true, true
		}
		batch = append(batch, m)
	}
	p.figures.Early += len(early)
	if len(batch) > 0 {
		p.running++
		p.figures.Batches++
		p.figures.Messages += len(batch)
		p.figures.MostAtOnce = max(p.figures.MostAtOnce, p.running)
	}
	return batch, early
}

// giveBack lets messages come again after a second. Left alone they would be hidden for the queue's whole visibility, six times
// the function's time, and nothing says that Lambda leaves them so.
func (p *Poller) giveBack(ctx context.Context, early []types.Message) error {
	in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &p.cfg.QueueURL}
	for i, m := range early {
		in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 1})
	}
	if _, err := p.cfg.API.ChangeMessageVisibilityBatch(ctx, in); err != nil {
		return fmt.Errorf("give back to %s what is worked on already: %w", p.cfg.QueueARN, err)
	}
	return nil
}

func (p *Poller) release(batch []types.Message, failed int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running--
	p.figures.Failed += failed
	for _, m := range batch {
		delete(p.groups, group(m))
	}
}

// invoke runs the function on a batch and gives the messages that are done.
func (p *Poller) invoke(batch []types.Message) []types.Message {
	payload, err := p.event(batch)
	if err != nil {
		p.problem(err)
		return nil
	}
	result, err := p.cfg.Invoke(payload)
	if err != nil {
		if !errors.Is(err, runtime.ErrClosed) {
			p.problem(err)
		}
		return nil
	}
	if result.FunctionError != "" {
		// In Lambda it is a metric. Here whoever waits for the queue must know why: these come back after minutes only.
		p.problem(fmt.Errorf("%d messages of %s are hidden for the queue's visibility, because the function failed on their batch: %w", len(batch), p.cfg.QueueARN, result.Err()))
		return nil
	}
	return p.done(batch, result.Payload)
}

// remove deletes what is done.
func (p *Poller) remove(ctx context.Context, done []types.Message) error {
	if len(done) == 0 {
		return nil
	}
	in := &sqs.DeleteMessageBatchInput{QueueUrl: &p.cfg.QueueURL}
	for i, m := range done {
		in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), ReceiptHandle: m.ReceiptHandle})
	}
	out, err := p.cfg.API.DeleteMessageBatch(ctx, in)
	if err != nil {
		return fmt.Errorf("delete from %s what is done: %w", p.cfg.QueueARN, err)
	}
	for _, f := range out.Failed {
		err = errors.Join(err, fmt.Errorf("delete from %s what is done: %s %s", p.cfg.QueueARN, aws.ToString(f.Code), aws.ToString(f.Message)))
	}
	return err
}
