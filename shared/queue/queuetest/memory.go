package queuetest

import (
	"context"
	"testing"

	"excs/shared/model"
	"excs/shared/queue"
)

// InMemory makes sites on the twin.
func InMemory(t *testing.T, o Options) Site {
	t.Helper()
	c := queue.MemoryConfig{Visibility: o.Visibility, MaxReceive: o.MaxReceive}
	if o.Refuse != nil {
		c.Refuse = func(m queue.Message) error {
			if !o.Refuse(m) {
				return nil
			}
			return &model.Error{Code: model.CodeInvalid, Op: "send message", Key: m.Key}
		}
	}
	var site Site
	if o.MaxReceive > 0 {
		c.Dead = queue.NewMemory(queue.MemoryConfig{Visibility: long})
		site.Dead = c.Dead
	}
	q := queue.NewMemory(c)
	site.Queue = q
	site.PutBody = func(_ context.Context, group, dedup, body string) error {
		q.PutBody(group, dedup, body)
		return nil
	}
	return site
}
