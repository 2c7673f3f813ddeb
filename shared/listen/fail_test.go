package listen_test

import (
	"context"

	"excs/shared/listen"
	"excs/shared/model"
	"excs/shared/queue"
)

// failing fails to send the messages of one key.
type failing struct {
	listen.Sender
	key model.Key
}

func (f failing) Send(ctx context.Context, ms []queue.Message) error {
	for _, m := range ms {
		if m.Key == f.key {
			return &queue.SendError{Failed: ms, Err: model.Errorf(model.CodeUnavailable, "send", "the queue is down")}
		}
	}
	return f.Sender.Send(ctx, ms)
}
