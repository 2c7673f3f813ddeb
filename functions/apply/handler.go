package main

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"excs/shared/apply"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/telemetry"
	"excs/shared/wiring"
)

// Worker works on a batch of messages.
type Worker interface {
	Batch(ctx context.Context, batch []queue.Received) []apply.Answer
}

// Queue makes messages come back.
type Queue interface {
	SetVisibility(ctx context.Context, received []queue.Received, d time.Duration) error
}

// Handler is the function apply.
type Handler struct {
	wiring.Base
	Worker Worker
	Queue  Queue
	Log    *slog.Logger
	// Instruments measure each batch; nil: nothing is measured.
	Instruments *telemetry.Instruments
}

// Handle works on one SQS batch and answers which messages must come back. Those that asked for a time get it; the others
// wait for the queue's own visibility. A record that can not be decoded fails alone: the queue's redrive takes it to the
// dead letters as it is.
//
// An error makes Lambda bring the whole batch back. It is returned only when the answers do not fit the batch: a message
// that nobody answered for must not be deleted.
func (h *Handler) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	batch := make([]queue.Received, 0, len(event.Records))
	for _, r := range event.Records {
		batch = append(batch, received(r))
	}
	response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	if err := h.Lacks(); err != nil {
		// The rows stay pending, and a run queues them again when their marks are lost. Messages that came back until the secret is
		// right would end as dead letters.
		h.Log.WarnContext(ctx, "messages are let go: nothing can be written", "messages", len(batch), "code", model.CodeOf(err), "error", err.Error())
		return response, nil
	}
	answers := h.Worker.Batch(ctx, batch)
	if len(answers) != len(batch) {
		return response, model.Errorf(model.CodeInternal, "apply", "%d messages, %d answers: the batch comes back", len(batch), len(answers))
	}
	apply.Measure(ctx, h.Instruments, batch, answers)
	again := map[time.Duration][]queue.Received{}
	for i, a := range answers {
		if !a.Failed {
			continue
		}
		response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: batch[i].ID})
		if a.Again > 0 {
			d := (max(a.Again, leastAgain) + time.Second - 1).Truncate(time.Second)
			again[d] = append(again[d], batch[i])
		}
	}
	h.comeBack(ctx, again)
	return response, nil
}

// leastAgain is the least time after which a message comes back: it must not be given out again before the invocation has
// answered, because a poller leaves alone what is still worked on.
const leastAgain = 2 * time.Second

// comeBack makes messages visible again, those of one time in one call. It is the last thing that an invocation does.
func (h *Handler) comeBack(ctx context.Context, again map[time.Duration][]queue.Received) {
	var group sync.WaitGroup
	for d, messages := range again {
		group.Go(func() {
			if err := h.Queue.SetVisibility(ctx, messages, d); err != nil {
				h.Log.WarnContext(ctx, "messages wait for the queue's own time instead", "messages", len(messages), "code", model.CodeOf(err), "error", err.Error())
			}
		})
	}
	group.Wait()
}

func received(r events.SQSMessage) queue.Received {
	m := queue.Received{Body: r.Body, ID: r.MessageId, Receipt: r.ReceiptHandle}
	m.Message, m.Err = queue.Decode(r.Body)
	if n, err := strconv.Atoi(r.Attributes["ApproximateReceiveCount"]); err == nil {
		m.Count = n
	}
	if ms, err := strconv.ParseInt(r.Attributes["SentTimestamp"], 10, 64); err == nil {
		m.Sent = time.UnixMilli(ms)
	}
	return m
}
