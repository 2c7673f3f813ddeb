package listen_test

import (
	"context"

	"excs/shared/dispatch"
	"excs/shared/model"
	"excs/shared/queue"
)

// failing fails to send the messages of one key.
type failing struct {
	dispatch.Queue
	key model.Key
}

func (f failing) Send(ctx context.Context, ms []queue.Message) error {
	for _, m := range ms {
		if m.Key == f.key {
			return &queue.SendError{Failed: ms, Err: model.Errorf(model.CodeUnavailable, "send", "the queue is down")}
		}
	}
	return f.Queue.Send(ctx, ms)
}
