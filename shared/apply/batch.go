package apply

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"excs/shared/dispatch"
	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/sides"
)

// Answer says what to do with one received message.
type Answer struct {
	// Failed: the message stays on the queue. Again says when it should come back; 0: when its visibility runs out.
	Failed bool
	Again  time.Duration
	// State is what the row was left in, "" when there was nothing to do or the look failed.
	State  mapping.State
	Action model.Action
	// Err is why nothing could be recorded, nil otherwise.
	Err error
	// Work is what was done. Of the messages of one key the first has it.
	Work Work
}

// looksAtOnce is how many objects of one batch are worked on side by side. Batches have at most ten messages, and most of
// a look is waiting for an answer.
const looksAtOnce = queue.BatchSize

// Batch works on a batch of received messages and answers each of them, in the same order. Messages of one key are one
// look, and all of them get its answer. A message that can not be decoded fails, so that the queue's own limit takes it to
// the dead letters as it is.
func (w *Worker) Batch(ctx context.Context, batch []queue.Received) []Answer {
	answers := make([]Answer, len(batch))
	looks := map[model.Key]errand{}
	for i, r := range batch {
		if r.Err != nil {
			w.Log.ErrorContext(ctx, "message can not be read and stays on the queue", "id", r.ID, "count", r.Count, "error", r.Err.Error())
			answers[i] = Answer{Failed: true, Err: r.Err}
			continue
		}
		looks[r.Key] = looks[r.Key].and(r)
	}
	byKey := w.admitted(ctx, looks)
	for i, r := range batch {
		if r.Err != nil {
			continue
		}
		a := byKey[r.Key]
		answers[i] = a
		a.Work = Work{}
		byKey[r.Key] = a
	}
	return answers
}

// errand is what the messages of one batch want for a key: the message sent last, with the strongest cause of all, the
// tokens of the others, and how often one of them was received.
type errand struct {
	queue.Message
	older    []string
	received int
}

// and adds a message. All tokens count: the row's queued mark may be that of any of them.
func (e errand) and(r queue.Received) errand {
	m := r.Message
	if e.received > 0 {
		strength := []model.Cause{model.CauseDeleted, model.CauseDrift, model.CauseManual, model.CauseReplay}
		a, b := slices.Index(strength, e.Cause), slices.Index(strength, m.Cause)
		if a >= 0 && (b < 0 || a < b) {
			m.Cause, m.Who = e.Cause, e.Who
		}
		e.older = append(e.older, e.Token)
	}
	return errand{Message: m, older: e.older, received: max(e.received, r.Count, 1)}
}

// shift is what the looks of one batch share: what is paused, and the way onto the work queue.
type shift struct {
	pauses *mapping.Watch
	line   *dispatch.Line
}

func (w *Worker) shift() shift {
	return shift{pauses: mapping.NewWatch(w.Rows, w.Now), line: dispatch.NewLine(w.Rows, w.Work, w.Settings.Requests.PerMinute, w.Now)}
}

// The end of an invocation, counted back from its deadline: when the last call of the EX Org may begin, when those under way are
// cut off, and when the looks end, so that each message is answered. What is not right by then comes back within seconds; were the
// invocation cut off, the whole batch would come back after the queue's visibility, which is minutes.
const (
	lastCall   = 10 * time.Second
	lastAnswer = 4 * time.Second
	lastWord   = 2 * time.Second
)

// inTime binds the work of a batch to the end of the invocation.
func inTime(ctx context.Context) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	begin, stop := context.WithDeadline(ctx, end.Add(-lastCall))
	ctx, cancel := context.WithDeadline(exorg.WithLast(ctx, begin, end.Add(-lastAnswer)), end.Add(-lastWord))
	return ctx, func() { cancel(); stop() }
}

// admitted works on what may be worked on now, and answers the rest.
func (w *Worker) admitted(ctx context.Context, looks map[model.Key]errand) map[model.Key]Answer {
	ctx, cancel := inTime(ctx)
	defer cancel()
	ctx, err := w.admit(ctx)
	if err == nil {
		return w.looks(ctx, looks)
	}
	answers := make(map[model.Key]Answer, len(looks))
	for key, e := range looks {
		if sides.IsRefused(err) {
			answers[key] = w.answerOf(ctx, e, &Work{Outdated: sides.Outdated(err)}, func(context.Context) (Result, error) { return w.refuse(ctx, e, err) })
			continue
		}
		answers[key] = w.answerOf(ctx, e, &Work{}, func(context.Context) (Result, error) { return Result{}, err })
	}
	return answers
}

func (w *Worker) looks(ctx context.Context, looks map[model.Key]errand) map[model.Key]Answer {
	answers, s := make(map[model.Key]Answer, len(looks)), w.shift()
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(looksAtOnce)
	for _, key := range slices.SortedFunc(maps.Keys(looks), model.Key.Compare) {
		e := looks[key]
		group.Go(func() error {
			a := w.answer(ctx, e, s)
			mu.Lock()
			defer mu.Unlock()
			answers[key] = a
			return nil
		})
	}
	_ = group.Wait() // the functions answer, they return no error
	return answers
}

func (w *Worker) answer(ctx context.Context, e errand, s shift) Answer {
	var work Work
	return w.answerOf(ctx, e, &work, func(ctx context.Context) (Result, error) { return w.look(ctx, e, s, &work) })
}

func (w *Worker) answerOf(ctx context.Context, e errand, work *Work, look func(context.Context) (Result, error)) Answer {
	result, err := look(ctx)
	if err != nil {
		w.Log.WarnContext(ctx, "look failed and comes back", "key", e.Key, "run", e.Run, "cause", e.Cause, "received", e.received, "code", model.CodeOf(err), "error", err.Error())
		if w.sentAnew(ctx, e) {
			return Answer{Err: err, Work: *work}
		}
		return Answer{Failed: true, Again: comeBack(e.received), Err: err, Work: *work}
	}
	return Answer{Failed: result.Again > 0, Again: result.Again, State: result.State, Action: result.Action, Work: *work}
}

// sendAnewAfter is how often a message is received, with growing waits, until it is sent anew: the queue's own limit of
// receives is for crashes, and must not turn an outage of the table into dead letters. By then the queue has forgotten the
// first sending, so that it does not take the second for a duplicate.
const sendAnewAfter = 10

// sentAnew puts a message on the queue again whose look could not be recorded, so that this one can go.
func (w *Worker) sentAnew(ctx context.Context, e errand) bool {
	return e.received >= sendAnewAfter && w.shift().line.SendAnew(ctx, e.Message) == nil
}

// comeBack is how long a message stays away whose look could not be recorded: 1 s, 2 s, 4 s … 10 min.
func comeBack(received int) time.Duration {
	return min(backoffMost, time.Second<<min(max(received-1, 0), 10))
}
