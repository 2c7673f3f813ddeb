package queuetest

import (
	"slices"

	"excs/shared/queue"
)

func groupChecks() []Check {
	return []Check{
		{Name: "S20 messages of one key come in the order in which they were sent", run: checkOrder},
		{Name: "S21 while a message of a key is in flight no other of that key comes, and other keys go on", run: checkBlocked},
		{Name: "one receive takes several messages of a key, and the key is blocked until all of them are answered", run: checkBlockedByAll},
	}
}

func checkOrder(c *C) {
	s := c.New(Options{})
	var messages []queue.Message
	want := map[int64][]string{}
	for version := int64(1); version <= 8; version++ {
		for dbid := int64(1); dbid <= 3; dbid++ {
			m := look(dbid, version)
			messages = append(messages, m)
			want[dbid] = append(want[dbid], name(m))
		}
	}
	c.send(s.Queue, messages...)
	got := map[int64][]string{}
	for n := 0; n < len(messages); {
		some := c.gather(s.Queue, 1)
		c.deleted(s.Queue, some...)
		for _, r := range some {
			got[r.Key.DBID] = append(got[r.Key.DBID], name(r.Message))
		}
		n += len(some)
	}
	for dbid := range want {
		c.want(slices.Equal(got[dbid], want[dbid]), "key %d came as %v, want %v", dbid, got[dbid], want[dbid])
	}
}

func checkBlocked(c *C) {
	s := c.New(Options{})
	c.send(s.Queue, look(1, 1), look(1, 2))
	first := c.one(s.Queue)
	equal(c, "the first message", name(first.Message), "user/1#1")
	c.nothing(s.Queue, "a message of the only key is in flight")
	c.send(s.Queue, look(2, 1))
	other := c.one(s.Queue)
	equal(c, "the message of another key", name(other.Message), "user/2#1")
	c.nothing(s.Queue, "messages of both keys are in flight")
	c.deleted(s.Queue, first)
	equal(c, "the message after the deleted one", name(c.one(s.Queue).Message), "user/1#2")
}

func checkBlockedByAll(c *C) {
	s := c.New(Options{})
	c.send(s.Queue, look(1, 1), look(1, 2), look(1, 3))
	got := c.now(s.Queue, 2)
	c.want(slices.Equal(namesOf(got), []string{"user/1#1", "user/1#2"}), "one receive of two gave %v", namesOf(got))
	c.deleted(s.Queue, got[0])
	c.nothing(s.Queue, "the second message of the key is still in flight")
	c.released(s.Queue, got[1])
	again := c.one(s.Queue)
	equal(c, "the message after the release", name(again.Message), "user/1#2")
	equal(c, "its count", again.Count, 2)
}
