package queuetest

import (
	"errors"
	"slices"
	"strings"

	"excs/shared/queue"
)

func batchChecks() []Check {
	return []Check{
		{Name: "S30 more messages than one call takes are sent, received and deleted", run: checkMany},
		{Name: "S34 messages that are too large for one call together are sent in several", run: checkLargeTogether},
		{Name: "S39 a receive gives at most ten messages and at least asks for one", run: checkAtMostTen},
		{Name: "S36 one refused entry is named, the others of its batch are delivered", run: checkOneRefused},
		{Name: "S37 a receipt that was never given is invalid, the others of its batch are deleted", run: checkMadeUpDelete},
		{Name: "S08 the visibility of a receipt that was never given is invalid, the others of its batch are set", run: checkMadeUpVisibility},
		{Name: "nothing to send, delete or set is no error and no call", run: checkNothingToDo},
	}
}

func checkMany(c *C) {
	s := c.New(Options{})
	c.send(s.Queue, looks(57)...)
	got := c.gather(s.Queue, 57)
	names := namesOf(got)
	slices.Sort(names)
	equal(c, "different messages", len(slices.Compact(names)), 57)
	c.deleted(s.Queue, got...)
	c.depth(s.Queue, 0, 0)
}

func checkLargeTogether(c *C) {
	s := c.New(Options{})
	messages := looks(3)
	for i := range messages {
		messages[i].Reason = strings.Repeat("x", 600<<10)
	}
	c.send(s.Queue, messages...)
	for _, r := range c.gather(s.Queue, 3) {
		equal(c, "the length of the reason of "+name(r.Message), len(r.Reason), 600<<10)
	}
}

func checkAtMostTen(c *C) {
	s := c.New(Options{})
	c.send(s.Queue, looks(15)...)
	got := c.now(s.Queue, 100)
	c.want(len(got) >= 1 && len(got) <= queue.BatchSize, "a receive of 100 gave %d messages", len(got))
	equal(c, "messages of a receive of 0", len(c.now(s.Queue, 0)), 1)
}

func checkOneRefused(c *C) {
	s := c.New(Options{Refuse: func(m queue.Message) bool { return m.Key.DBID == 1003 || m.Key.DBID == 1011 }})
	err := s.Queue.Send(c.Ctx, looks(13))
	c.invalid(err)
	e, ok := errors.AsType[*queue.SendError](err)
	c.want(ok, "the error is %T", err)
	var failed []string
	for _, m := range e.Failed {
		failed = append(failed, name(m))
	}
	c.want(slices.Equal(failed, []string{"user/1003#1", "user/1011#1"}), "the error names %v", failed)
	got := namesOf(c.gather(s.Queue, 11))
	c.want(!slices.Contains(got, "user/1003#1") && !slices.Contains(got, "user/1011#1"), "a refused message came: %v", got)
	c.nothing(s.Queue, "all the others were received")
}

// madeUp is a message in flight that never was.
func madeUp() queue.Received {
	return queue.Received{Message: look(404, 1), ID: "made-up", Receipt: "bWFkZS11cA=="}
}

func checkMadeUpDelete(c *C) {
	s := c.New(Options{})
	c.send(s.Queue, looks(3)...)
	got := c.gather(s.Queue, 3)
	err := s.Queue.Delete(c.Ctx, slices.Insert(got, 1, madeUp()))
	c.depth(s.Queue, 0, 0)
	c.invalid(err)
	c.want(strings.Contains(err.Error(), "user/404"), "the error does not name the message: %v", err)
}

func checkMadeUpVisibility(c *C) {
	s := c.New(Options{})
	c.send(s.Queue, looks(3)...)
	got := c.gather(s.Queue, 3)
	err := s.Queue.SetVisibility(c.Ctx, slices.Insert(got, 1, madeUp()), 0)
	c.depth(s.Queue, 3, 0)
	c.invalid(err)
	c.want(strings.Contains(err.Error(), "user/404"), "the error does not name the message: %v", err)
}

func checkNothingToDo(c *C) {
	s := c.New(Options{})
	c.send(s.Queue)
	c.deleted(s.Queue)
	c.released(s.Queue)
	c.depth(s.Queue, 0, 0)
}
