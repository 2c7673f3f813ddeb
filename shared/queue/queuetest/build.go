package queuetest

import (
	"fmt"
	"strconv"
	"time"

	"excs/shared/model"
	"excs/shared/queue"
)

// look is a usual message.
func look(dbid, version int64) queue.Message {
	return queue.Message{
		Key: model.Key{Kind: model.KindUser, DBID: dbid}, Version: version, Token: "t" + strconv.FormatInt(version, 10), Cause: model.CauseEngage,
	}
}

// looks are n messages of n keys.
func looks(n int) []queue.Message {
	messages := make([]queue.Message, n)
	for i := range messages {
		messages[i] = look(int64(1000+i), 1)
	}
	return messages
}

// name says which message it is: key and version.
func name(m queue.Message) string { return fmt.Sprintf("%s#%d", m.Key, m.Version) }

// send puts messages on the queue.
func (c *C) send(q queue.Queue, messages ...queue.Message) { c.ok(q.Send(c.Ctx, messages)) }

// now receives once, at most n messages, without patience.
func (c *C) now(q queue.Queue, n int) []queue.Received {
	got, err := q.Receive(c.Ctx, n, 0)
	c.ok(err)
	return got
}

// one receives exactly one message, with patience.
func (c *C) one(q queue.Queue) queue.Received {
	got := c.gather(q, 1)
	return got[0]
}

// gather receives until it has n messages; a receive may give fewer than there are.
func (c *C) gather(q queue.Queue, n int) []queue.Received {
	var got []queue.Received
	for len(got) < n {
		some, err := q.Receive(c.Ctx, min(queue.BatchSize, n-len(got)), 2*time.Second)
		if err != nil {
			c.Fatalf("after %d of %d messages: %v", len(got), n, err)
		}
		got = append(got, some...)
	}
	return got
}

// nothing makes sure that the queue has nothing to give: two looks, because a server may be slow to show what it has.
func (c *C) nothing(q queue.Queue, why string) {
	for range 2 {
		got := c.now(q, queue.BatchSize)
		c.want(len(got) == 0, "%s, yet %d messages came, the first %v %q", why, len(got), firstOf(got), bodyOf(got))
		time.Sleep(100 * time.Millisecond)
	}
}

// deleted takes messages off the queue.
func (c *C) deleted(q queue.Queue, received ...queue.Received) { c.ok(q.Delete(c.Ctx, received)) }

// released makes messages visible at once.
func (c *C) released(q queue.Queue, received ...queue.Received) {
	c.ok(q.SetVisibility(c.Ctx, received, 0))
}

func firstOf(got []queue.Received) string {
	if len(got) == 0 {
		return ""
	}
	return name(got[0].Message)
}

func bodyOf(got []queue.Received) string {
	if len(got) == 0 {
		return ""
	}
	return got[0].Body
}

// namesOf are the names of received messages in order.
func namesOf(got []queue.Received) []string {
	names := make([]string, len(got))
	for i, r := range got {
		names[i] = name(r.Message)
	}
	return names
}
