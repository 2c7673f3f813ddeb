package queuetest

import (
	"strconv"
	"sync"
	"time"

	"excs/shared/queue"
)

func crowdChecks() []Check {
	return []Check{
		{Name: "S48 eight receivers of 200 messages get each once", run: checkCrowd},
	}
}

func checkCrowd(c *C) {
	const receivers, messages = 8, 200
	s := c.New(Options{})
	c.send(s.Queue, looks(messages)...)
	var mu sync.Mutex
	seen := map[string]int{}
	left := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(seen) < messages
	}
	var wg sync.WaitGroup
	for range receivers {
		wg.Go(func() {
			for c.Ctx.Err() == nil && left() {
				got, err := s.Queue.Receive(c.Ctx, queue.BatchSize, time.Second)
				if err == nil {
					err = s.Queue.Delete(c.Ctx, got)
				}
				if err != nil {
					c.Errorf("a receiver stops: %v", err)
					return
				}
				mu.Lock()
				for _, r := range got {
					seen[name(r.Message)]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	equal(c, "messages that came", len(seen), messages)
	for m, n := range seen {
		c.want(n == 1, "%s came %s times", m, strconv.Itoa(n))
	}
	c.nothing(s.Queue, "all were deleted")
}
