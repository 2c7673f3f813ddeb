package apply_test

import (
	"testing"
	"time"

	"excs/shared/model"
	"excs/shared/queue"
)

// A mark counts as lost after ten minutes or the queue's age, whichever is longer, when a worker asks for a look at another row
// too: what merely waits in a full queue is not sent twice.
func TestAWorkerSendsNothingTwiceIntoAFullQueue(t *testing.T) {
	for _, full := range []bool{true, false} {
		in(t, func(b *bench) {
			s := skill(1, "Billing")
			u := user(5, "Ann", level(s, 30))
			b.have(s, u)
			b.ok(b.org.DeleteSkill(b.exID(s)))
			must[bool](b)(b.table.MarkQueued(b.Context(), u.Key, "waits", time.Now(), time.Minute))
			time.Sleep(20 * time.Minute)
			if full {
				var others []queue.Message
				for i := range int64(2000) {
					others = append(others, queue.Message{Key: model.Key{Kind: model.KindUser, DBID: 1000 + i}, Token: "o"})
				}
				b.ok(b.work.Send(b.Context(), others))
			}
			b.look(s.Key, model.CauseDeleted)
			time.Sleep(2 * time.Minute)
			b.look(s.Key, model.CauseRequeue)
			if got := b.row(u.Key).Queued.Token == "waits"; got != full {
				b.Errorf("full %v: the user's mark is %+v", full, b.row(u.Key).Queued)
			}
		})
	}
}
