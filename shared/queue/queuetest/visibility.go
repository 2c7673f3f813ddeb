package queuetest

import (
	"slices"
	"time"

	"excs/shared/queue"
)

func visibilityChecks() []Check {
	return []Check{
		{Name: "S06 a message that is not answered comes back when its visibility ends, first of its key", run: checkComesBack},
		{Name: "S07 visibility 0 frees a message at once", run: checkFreed},
		{Name: "S07 a longer visibility hides a message beyond the queue's own", run: checkExtended},
		{Name: "S07 a shorter visibility brings a message back before the queue's own", run: checkShortened},
		{Name: "S38 the visibility of more messages than one call takes is set", run: checkVisibilityOfMany},
	}
}

func checkComesBack(c *C) {
	s := c.New(Options{Visibility: time.Second})
	c.send(s.Queue, look(1, 1), look(1, 2))
	first := c.one(s.Queue)
	again := c.one(s.Queue)
	equal(c, "the message that came back", name(again.Message), name(first.Message))
	equal(c, "its count", again.Count, 2)
	equal(c, "its id", again.ID, first.ID)
}

func checkFreed(c *C) {
	s := c.New(Options{})
	c.send(s.Queue, look(1, 1))
	first := c.one(s.Queue)
	c.nothing(s.Queue, "the message is in flight")
	c.released(s.Queue, first)
	equal(c, "the count", c.one(s.Queue).Count, 2)
}

func checkExtended(c *C) {
	s := c.New(Options{Visibility: 3 * time.Second})
	c.send(s.Queue, look(1, 1))
	got := c.one(s.Queue)
	c.ok(s.Queue.SetVisibility(c.Ctx, []queue.Received{got}, long))
	time.Sleep(3500 * time.Millisecond)
	c.nothing(s.Queue, "the message is hidden for longer than the queue's own time")
	c.deleted(s.Queue, got)
	c.depth(s.Queue, 0, 0)
}

func checkShortened(c *C) {
	s := c.New(Options{})
	c.send(s.Queue, look(1, 1))
	got := c.one(s.Queue)
	c.ok(s.Queue.SetVisibility(c.Ctx, []queue.Received{got}, time.Millisecond))
	equal(c, "the count", c.one(s.Queue).Count, 2)
}

func checkVisibilityOfMany(c *C) {
	s := c.New(Options{})
	c.send(s.Queue, looks(23)...)
	got := c.gather(s.Queue, 23)
	c.depth(s.Queue, 0, 23)
	c.released(s.Queue, got...)
	again := c.gather(s.Queue, 23)
	for _, r := range again {
		equal(c, "the count of "+name(r.Message), r.Count, 2)
	}
	names := namesOf(again)
	slices.Sort(names)
	equal(c, "different messages", len(slices.Compact(names)), 23)
}
