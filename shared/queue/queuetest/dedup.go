package queuetest

import (
	"excs/shared/queue"
)

func dedupChecks() []Check {
	return []Check{
		{Name: "S22 a message sent twice comes once", run: checkSentTwice},
		{Name: "S22 a message sent again after it was deleted does not come again", run: checkSentAfterDelete},
		{Name: "a second look at the same state comes: A to B to A has three versions", run: checkSecondLook},
		{Name: "a second look at the same version comes when it has a new token", run: checkNewToken},
		{Name: "two keys may have the same version and token", run: checkSameToken},
		{Name: "a dead letter of a row comes for each round of attempts", run: checkDeadLettersApart},
	}
}

func checkSentTwice(c *C) {
	s := c.New(Options{})
	c.send(s.Queue, look(1, 1), look(2, 1))
	c.send(s.Queue, look(1, 1))
	c.deleted(s.Queue, c.gather(s.Queue, 2)...)
	c.nothing(s.Queue, "both messages were deleted and the third send repeated the first")
}

func checkSentAfterDelete(c *C) {
	s := c.New(Options{})
	c.send(s.Queue, look(1, 1))
	c.deleted(s.Queue, c.one(s.Queue))
	c.send(s.Queue, look(1, 1))
	c.nothing(s.Queue, "the message was sent, deleted and sent again within five minutes")
}

func checkSecondLook(c *C) {
	s := c.New(Options{})
	for version := int64(1); version <= 3; version++ {
		c.send(s.Queue, look(1, version))
		got := c.one(s.Queue)
		equal(c, "the version", got.Version, version)
		c.deleted(s.Queue, got)
	}
}

func checkNewToken(c *C) {
	s := c.New(Options{})
	for _, token := range []string{"first", "second", "third"} {
		m := look(1, 5)
		m.Token = token
		c.send(s.Queue, m)
		got := c.one(s.Queue)
		equal(c, "the token", got.Token, token)
		c.deleted(s.Queue, got)
	}
}

func checkSameToken(c *C) {
	s := c.New(Options{})
	a, b := look(1, 1), look(2, 1)
	a.Token, b.Token = "same", "same"
	c.send(s.Queue, a, b)
	got := c.gather(s.Queue, 2)
	c.want(got[0].Key != got[1].Key, "both messages are %s", got[0].Key)
}

func checkDeadLettersApart(c *C) {
	s := c.New(Options{})
	var letters []queue.Message
	for attempts := range 3 {
		m := look(1, 1)
		m.Reason, m.Attempts = "the name is taken", attempts
		letters = append(letters, m)
	}
	c.send(s.Queue, append(letters, look(1, 1))...)
	for range 3 {
		got := c.one(s.Queue)
		c.want(got.Reason != "", "a look came before the letters: %s", got.Body)
		c.deleted(s.Queue, got)
	}
	equal(c, "the reason of the look", c.one(s.Queue).Reason, "")
}
