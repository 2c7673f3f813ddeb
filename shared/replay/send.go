package replay

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// sendAll gives each object its look and returns the letters that are done. One that fails by itself leaves the others
// alone; when the table or the queue fails, the rest is not tried.
func (p *pass) sendAll(ctx context.Context, due []*object) (done []queue.Received, failure error) {
	var ready []*object
	var messages []queue.Message
	for _, o := range due {
		v, err := p.prepare(ctx, o)
		if err != nil {
			failure = err
			break
		}
		if v.act == send {
			o.why = v.why
			ready = append(ready, o)
			if o.message != nil {
				messages = append(messages, *o.message)
			}
			continue
		}
		p.tell(o.letters, v.act, v.why)
		if v.act == drop {
			done = append(done, o.letters...)
		}
	}
	unsent, err := p.send(ctx, messages)
	for _, o := range ready {
		if why, failed := unsent[o.key]; failed {
			p.tell(o.letters, leave, why)
			continue
		}
		p.moved(ctx, o)
		done = append(done, o.letters...)
	}
	return done, errors.Join(failure, err)
}

// prepare sets the row pending and marks it queued. The message comes last, so that whatever is cut off leaves the letter,
// and a row that the next run puts on the queue.
func (p *pass) prepare(ctx context.Context, o *object) (verdict, error) {
	row, err := p.Rows.Release(ctx, o.key, o.row.Version, false, model.CauseReplay, p.Now())
	if err != nil {
		return unreleased(o, err)
	}
	o.row = row
	m := messageFor(o)
	marked, err := p.line.Mark(ctx, m)
	if err != nil {
		return unreleased(o, err)
	}
	if !marked {
		return verdict{send, onItsWay}, nil
	}
	o.message = &m
	return verdict{send, o.why}, nil
}

const onItsWay = "a message for it is on its way already"

// unreleased tells what is wrong with one row from what is wrong with the table.
func unreleased(o *object, err error) (verdict, error) {
	switch model.CodeOf(err) {
	case model.CodeNotFound:
		return verdict{drop, forgotten}, nil
	case model.CodeStale:
		return verdict{leave, "its row changed at this moment: replay again"}, nil
	case model.CodeUnavailable, model.CodeAmbiguous, model.CodeThrottled, model.CodeDenied:
		return verdict{}, fmt.Errorf("set %s pending: %w", o.key, err)
	default:
		return verdict{leave, "its row can not be set pending: " + err.Error()}, nil
	}
}

// messageFor makes the message of a look. Its token, and with it the deduplication id, is made of the oldest letter's id:
// a replay that was cut off between sending and deleting sends the same again, which the queue drops.
//
// A converged row is looked at because of a hint alone. It keeps its version, so the receive count tells a second replay
// apart: were its message dropped, the queued mark would keep other hints away until it counts as lost.
func messageFor(o *object) queue.Message {
	oldest, last := o.letters[0], o.letters[len(o.letters)-1]
	token := "replay-" + oldest.ID
	if o.row.State == mapping.StateConverged {
		token += "-" + strconv.Itoa(oldest.Count)
	}
	return queue.Message{
		Key: o.key, Version: o.row.Version, Token: token, Cause: model.CauseReplay, Run: o.row.Run, Fields: last.Fields, Who: last.Who,
	}
}

// send puts the messages on the work queue and says by key why some are not known to be there. Messages that the queue
// refuses for what they are hold nothing up; any other failure is an error too.
func (p *pass) send(ctx context.Context, messages []queue.Message) (map[model.Key]string, error) {
	err := p.line.Send(ctx, messages)
	if err == nil {
		return nil, nil
	}
	failed := messages
	if e, ok := errors.AsType[*queue.SendError](err); ok {
		failed = e.Failed
	}
	unsent := map[model.Key]string{}
	for _, m := range failed {
		unsent[m.Key] = "its message is not known to be on the work queue, replay again: " + err.Error()
	}
	if model.CodeOf(err) == model.CodeInvalid {
		return unsent, nil
	}
	return unsent, fmt.Errorf("put objects back on the work queue: %w", err)
}

// moved tells of an object that gets its look.
func (p *pass) moved(ctx context.Context, o *object) {
	p.sent[o.key] = o.row.Version
	p.tellMoved(o)
	p.Log.InfoContext(ctx, "dead letter replayed", "key", o.key, "letters", len(o.letters), "code", o.letters[0].Code)
}

func (p *pass) tellMoved(o *object) {
	p.report.Counts.Objects++
	p.tell(o.letters[:1], send, o.why)
	p.tell(o.letters[1:], join, oneLook)
}

// wouldSend tells what sendAll would do.
func (p *pass) wouldSend(ctx context.Context, due []*object) error {
	lost, err := p.line.Lost(ctx)
	if err != nil {
		return err
	}
	now := p.Now()
	for _, o := range due {
		// A release takes the mark away, and only rows that are not pending or converged are released.
		released := o.row.State != mapping.StatePending && o.row.State != mapping.StateConverged
		if q := o.row.Queued; q != nil && !released && now.Sub(q.At) <= lost && q.Token != messageFor(o).Token {
			o.why = onItsWay
		}
		p.tellMoved(o)
	}
	return nil
}
