package queuetest

import (
	"errors"
	"strings"

	"excs/shared/model"
	"excs/shared/queue"
)

func refusalChecks() []Check {
	return []Check{
		{Name: "S02 a queue that does not exist is invalid, and the error names the variables to check", run: checkMissing, needsMissing: true},
		{Name: "a message that SQS would refuse is invalid before any call and does not hold up the others", run: checkRefusedBefore},
	}
}

func checkMissing(c *C) {
	q := c.New(Options{}).Missing
	received := []queue.Received{madeUp()}
	_, receiveErr := q.Receive(c.Ctx, 1, 0)
	_, _, depthErr := q.Depth(c.Ctx)
	sendErr := q.Send(c.Ctx, looks(25))
	for what, err := range map[string]error{
		"send": sendErr, "receive": receiveErr, "delete": q.Delete(c.Ctx, received), "set visibility": q.SetVisibility(c.Ctx, received, 0), "depth": depthErr,
	} {
		if model.CodeOf(err) != model.CodeInvalid {
			c.Errorf("%s answers %v", what, err)
			continue
		}
		for _, variable := range []string{"EXCS_QUEUE_URL", "EXCS_DLQ_URL"} {
			if !strings.Contains(err.Error(), variable) {
				c.Errorf("%s does not name %s: %v", what, variable, err)
			}
		}
	}
	e, ok := errors.AsType[*queue.SendError](sendErr)
	c.want(ok && len(e.Failed) == 25, "the error of the send is %v", sendErr)
}

func checkRefusedBefore(c *C) {
	s := c.New(Options{})
	kind := model.Key{Kind: model.Kind(strings.Repeat("k", 128)), DBID: 1}
	bad := []queue.Message{
		{Key: kind, Version: 1},
		{Key: look(1, 1).Key, Version: 1, Token: strings.Repeat("t", 128)},
		{Key: look(1, 1).Key, Version: 1, Token: "two words"},
		{Key: look(1, 1).Key, Version: 1, Token: "größe"},
		{Version: 1, Token: "no key"},
		{Key: look(1, 1).Key, Version: 1, Token: "long", Reason: strings.Repeat("x", 1<<20)},
	}
	for i, m := range bad {
		err := s.Queue.Send(c.Ctx, []queue.Message{look(int64(10+i), 1), m, look(int64(20+i), 1)})
		c.invalid(err)
		e, ok := errors.AsType[*queue.SendError](err)
		c.want(ok && len(e.Failed) == 1 && e.Failed[0].Token == m.Token && e.Failed[0].Key == m.Key, "message %d: the error is %v", i, err)
		got := c.gather(s.Queue, 2)
		c.want(got[0].Key.DBID == int64(10+i) && got[1].Key.DBID == int64(20+i), "message %d: beside it came %v", i, namesOf(got))
		c.deleted(s.Queue, got...)
	}
	longest := look(1, 1)
	longest.Token = strings.Repeat("t", 128-len(longest.Deduplication())+len(longest.Token))
	equal(c, "the length of the longest id", len(longest.Deduplication()), 128)
	c.send(s.Queue, longest)
	equal(c, "its token", c.one(s.Queue).Token, longest.Token)
}
