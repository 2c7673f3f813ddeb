package listen_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"excs/shared/dispatch"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/notice"
	"excs/shared/queue"
)

// dying is a work queue whose process may be dead.
type dying struct {
	dispatch.Queue
	dead func() (before, after bool)
}

func (d dying) Send(ctx context.Context, ms []queue.Message) error {
	gone := &queue.SendError{Failed: ms, Err: model.Errorf(model.CodeUnavailable, "send", "the process died")}
	before, after := d.dead()
	if before {
		return gone
	}
	if err := d.Queue.Send(ctx, ms); err != nil || !after {
		return err
	}
	return gone
}

// A process that dies at any of its calls, before or after it took effect, leaves a hint that is followed when the event is told
// again to another process: its message is on the queue, or the row waits for the schedule; no mark stands without a message.
func TestAHintOutlivesTheProcess(t *testing.T) {
	for _, story := range []struct {
		name string
		n    func() notice.Notice
		// before is heard first, by the process that dies.
		before func(h *house)
	}{
		{"the first notice", func() notice.Notice { return drift(model.KindUser, "u-1") }, func(*house) {}},
		{"one within the minute", func() notice.Notice { return drift(model.KindUser, "u-1") }, func(h *house) {
			h.hear(drift(model.KindUser, "u-1"))
			h.take()
		}},
		{"a stranger", func() notice.Notice { return about(model.KindUser, "new", notice.ActionCreate) }, func(*house) {}},
	} {
		for n, more := 0, true; more; n++ {
			for _, after := range []bool{false, true} {
				h := newHouse(t)
				h.row(ada, "u-1", func(o *model.Object) { o.Email = "ada@agents.example" })
				h.org.objects["new"] = model.Observed{Kind: model.KindUser, Email: "ada@agents.example"}
				story.before(h)
				event, asked := story.n(), 0
				var mu sync.Mutex // rows are marked side by side
				dead := func() (bool, bool) {
					mu.Lock()
					defer mu.Unlock()
					asked++
					return asked > n+1 || asked == n+1 && !after, asked == n+1 && after
				}
				h.listen.Work = dying{h.work, dead}
				h.mem.SetFault(func(string) mapping.Fault {
					switch before, lost := dead(); {
					case before:
						return mapping.FaultBefore
					case lost:
						return mapping.FaultAfter
					default:
						return mapping.FaultNone
					}
				})
				_, err := h.listen.Hear(t.Context(), []notice.Notice{event})
				h.mem.SetFault(nil)
				more = asked > n
				if err != nil { // the process is gone, and the event is told again
					if _, err := h.another().Hear(t.Context(), []notice.Notice{event}); err != nil {
						t.Fatal(err)
					}
				}
				looks := len(h.take())
				row := h.get(ada)
				if row.Queued != nil || looks == 0 && row.State == mapping.StateConverged {
					t.Errorf("%s, died at call %d: %d messages, the row is %s with the mark %v", story.name, n+1, looks, row.State, fmt.Sprint(row.Queued))
				}
			}
		}
	}
}
