package queuetest

import (
	"context"
	"errors"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/model"
	"excs/shared/queue"
)

func deliveryChecks() []Check {
	return []Check{
		{Name: "S04 a message comes as it was sent, and is gone when deleted", run: checkRoundTrip},
		{Name: "S05 each delivery has an id that stays, a receipt of its own, a count and the time of sending", run: checkAttributes},
		{Name: "S41 a receive on an empty queue gives nothing, and wakes when a message comes", run: checkLongPoll},
		{Name: "S42 the depth tells what waits and what is in flight", run: checkDepth},
		{Name: "S45 control characters in a text come as they were sent", run: checkControlCharacters},
		{Name: "letters beyond the first 65,536 come as they were sent", run: checkFarLetters},
		{Name: "a body that is no message comes with the reason and can be deleted", run: checkUndecodable},
		{Name: "an operation whose context ended is unavailable, and says why", run: checkEnded},
	}
}

// full is a message with every field set.
func full() queue.Message {
	return queue.Message{
		Key: model.Key{Kind: model.KindWrapUpCode, DBID: 42}, Version: 7, Token: "t-7", Cause: model.CauseReplay, Run: 99,
		Fields: []string{"name", "skills"}, Who: "8c8e6d0a-0f5e-4f6e-9a57-2f4f6f2f6f10",
		Reason: "the name is taken – “Größe”, 日本", Code: model.CodeConflict, Attempts: 3, At: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC),
	}
}

func checkRoundTrip(c *C) {
	s := c.New(Options{})
	want := full()
	c.send(s.Queue, want)
	got := c.one(s.Queue)
	c.ok(got.Err)
	if d := cmp.Diff(want, got.Message); d != "" {
		c.Fatalf("the message changed on its way:\n%s", d)
	}
	body, err := want.Encode()
	c.ok(err)
	equal(c, "the body", got.Body, body)
	c.deleted(s.Queue, got)
	c.depth(s.Queue, 0, 0)
	c.nothing(s.Queue, "the message was deleted")
}

func checkAttributes(c *C) {
	s := c.New(Options{})
	before := time.Now()
	c.send(s.Queue, look(1, 1))
	first := c.one(s.Queue)
	c.released(s.Queue, first)
	second := c.one(s.Queue)
	c.want(first.ID != "", "the message has no id")
	equal(c, "the id of the second delivery", second.ID, first.ID)
	equal(c, "the first count", first.Count, 1)
	equal(c, "the second count", second.Count, 2)
	c.want(first.Receipt != "" && second.Receipt != "" && first.Receipt != second.Receipt, "the receipts are %q and %q", first.Receipt, second.Receipt)
	// The server's clock is this machine's, cut to milliseconds.
	c.want(!first.Sent.Before(before.Truncate(time.Millisecond)) && !first.Sent.After(time.Now()), "sent at %v, which is not between %v and now", first.Sent, before)
	c.want(first.Sent.Equal(second.Sent), "the time of sending moved from %v to %v", first.Sent, second.Sent)
}

func checkLongPoll(c *C) {
	s := c.New(Options{})
	none, err := s.Queue.Receive(c.Ctx, 1, time.Second)
	c.ok(err)
	equal(c, "messages of an empty queue", len(none), 0)
	type answer struct {
		got []queue.Received
		err error
	}
	// The receive would wait for 20 s; its context ends after 15: only one that wakes can answer with a message.
	ctx, cancel := context.WithTimeout(c.Ctx, 15*time.Second)
	defer cancel()
	answers := make(chan answer, 1)
	go func() {
		got, err := s.Queue.Receive(ctx, 1, queue.LongestWait)
		answers <- answer{got, err}
	}()
	time.Sleep(300 * time.Millisecond)
	c.send(s.Queue, look(1, 1))
	a := <-answers
	c.ok(a.err)
	equal(c, "messages of the waiting receive", len(a.got), 1)
}

func checkDepth(c *C) {
	s := c.New(Options{})
	c.depth(s.Queue, 0, 0)
	c.send(s.Queue, looks(5)...)
	c.depth(s.Queue, 5, 0)
	got := c.gather(s.Queue, 2)
	c.depth(s.Queue, 3, 2)
	c.deleted(s.Queue, got[0])
	c.depth(s.Queue, 3, 1)
	c.released(s.Queue, got[1])
	c.depth(s.Queue, 4, 0)
}

// depth waits until the queue tells that depth: on SQS it is approximate and lags.
func (c *C) depth(q queue.Queue, waiting, inFlight int) {
	var w, f int
	for range 20 {
		var err error
		w, f, err = q.Depth(c.Ctx)
		c.ok(err)
		if w == waiting && f == inFlight {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	c.Fatalf("%d messages wait and %d are in flight, want %d and %d", w, f, waiting, inFlight)
}

func checkControlCharacters(c *C) {
	s := c.New(Options{})
	m := look(1, 1)
	m.Reason = "a\x00b\x01c\x1fd\ttab\nline\rreturn\x7f\u0085\uFFFE\uFFFF<>&\"\\\u2028"
	m.Fields = []string{"na\x02me"}
	c.send(s.Queue, m)
	got := c.one(s.Queue)
	c.ok(got.Err)
	if d := cmp.Diff(m, got.Message); d != "" {
		c.Fatalf("the message changed on its way:\n%s", d)
	}
}

func checkFarLetters(c *C) {
	s := c.New(Options{})
	m := look(1, 1)
	m.Reason = "𝔊 🙂 𠮷"
	c.send(s.Queue, m)
	equal(c, "the reason", c.one(s.Queue).Reason, m.Reason)
}

func checkUndecodable(c *C) {
	s := c.New(Options{})
	for i, body := range []string{"not JSON", `{"key":"gadget/1"}`, `{"version":1}`, `{"key":"user/1","version":"one"}`} {
		c.ok(s.PutBody(c.Ctx, "user/1", "odd"+string(rune('0'+i)), body))
		got := c.one(s.Queue)
		c.invalid(got.Err)
		equal(c, "the body", got.Body, body)
		c.want(got.Key.IsZero() && got.Version == 0, "the message of an undecodable body is %+v", got.Message)
		c.deleted(s.Queue, got)
	}
	c.nothing(s.Queue, "all were deleted")
}

func checkEnded(c *C) {
	s := c.New(Options{})
	c.send(s.Queue, look(1, 1))
	got := c.one(s.Queue)
	ctx, cancel := context.WithCancel(c.Ctx)
	cancel()
	_, err := s.Queue.Receive(ctx, 1, 0)
	_, _, depthErr := s.Queue.Depth(ctx)
	for what, err := range map[string]error{
		"receive": err, "depth": depthErr, "send": s.Queue.Send(ctx, looks(12)), "delete": s.Queue.Delete(ctx, []queue.Received{got}),
		"set visibility": s.Queue.SetVisibility(ctx, []queue.Received{got}, 0),
	} {
		if model.CodeOf(err) != model.CodeUnavailable || !errors.Is(err, context.Canceled) {
			c.Errorf("%s with an ended context answers %v", what, err)
		}
		if e, ok := errors.AsType[*queue.SendError](err); ok {
			equal(c, "messages not known to be sent", len(e.Failed), 12)
		}
	}
}
