package queuetest

import (
	"excs/shared/model"
)

func deadChecks() []Check {
	return []Check{
		{Name: "S09 a message goes to the dead-letter queue when it was received as often as allowed, with its id, key and body", run: checkRedrive},
		{Name: "S10 only the poisoned message goes to the dead-letter queue", run: checkOnePoisoned},
		{Name: "S26 a poisoned message blocks its key until it is in the dead-letter queue", run: checkPoisonBlocks},
		{Name: "a body that is no message goes to the dead-letter queue as it is", run: checkUndecodableRedrive},
	}
}

// maxReceive is how often the checks let a message come.
const maxReceive = 3

func checkRedrive(c *C) {
	s := c.New(Options{MaxReceive: maxReceive})
	m := full()
	c.send(s.Queue, m)
	var id, body string
	for count := 1; count <= maxReceive; count++ {
		got := c.one(s.Queue)
		equal(c, "the count", got.Count, count)
		id, body = got.ID, got.Body
		c.released(s.Queue, got)
	}
	c.nothing(s.Queue, "the message was received as often as allowed")
	dead := c.one(s.Dead)
	c.ok(dead.Err)
	equal(c, "the dead letter's body", dead.Body, body)
	equal(c, "the dead letter's key", dead.Key, m.Key)
	c.depth(s.Queue, 0, 0)
	c.deleted(s.Dead, dead)
	c.depth(s.Dead, 0, 0)
	equal(c, "the dead letter's id", dead.ID, id)
}

func checkOnePoisoned(c *C) {
	s := c.New(Options{MaxReceive: maxReceive})
	c.send(s.Queue, looks(10)...)
	poisoned := model.Key{Kind: model.KindUser, DBID: 1004}
	for range maxReceive {
		for range 10 {
			got := c.now(s.Queue, 10)
			for _, r := range got {
				if r.Key == poisoned {
					c.released(s.Queue, r)
				} else {
					c.deleted(s.Queue, r)
				}
			}
			if len(got) == 0 {
				break
			}
		}
	}
	c.nothing(s.Queue, "all were deleted but the poisoned one, which was received as often as allowed")
	equal(c, "the dead letter's key", c.one(s.Dead).Key, poisoned)
	c.nothing(s.Dead, "one message was poisoned")
}

func checkPoisonBlocks(c *C) {
	s := c.New(Options{MaxReceive: maxReceive})
	c.send(s.Queue, look(1, 1), look(1, 2))
	for range maxReceive {
		got := c.one(s.Queue)
		equal(c, "the message at the head of the key", name(got.Message), "user/1#1")
		c.nothing(s.Queue, "the poisoned message is in flight")
		c.released(s.Queue, got)
	}
	next := c.one(s.Queue)
	equal(c, "the message after the poisoned one", name(next.Message), "user/1#2")
	equal(c, "its count", next.Count, 1)
	equal(c, "the dead letter", name(c.one(s.Dead).Message), "user/1#1")
}

func checkUndecodableRedrive(c *C) {
	s := c.New(Options{MaxReceive: 1})
	c.ok(s.PutBody(c.Ctx, "odd", "odd-1", "not JSON"))
	c.released(s.Queue, c.one(s.Queue))
	c.nothing(s.Queue, "the message was received as often as allowed")
	dead := c.one(s.Dead)
	equal(c, "the dead letter's body", dead.Body, "not JSON")
	c.invalid(dead.Err)
}
