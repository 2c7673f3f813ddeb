package replay

import (
	"context"
	"errors"
	"fmt"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// object is the letters of one key in one batch, oldest first.
type object struct {
	key     model.Key
	letters []queue.Received
	row     mapping.Row
	why     string
	message *queue.Message // nil: no message has to be sent
}

// batch deals with letters that were received together: several of one object are one look. An error ends the replay; what
// was prepared before it is carried out all the same, and what was not stays for the next replay.
func (p *pass) batch(ctx context.Context, letters []queue.Received) error {
	objects := p.wanted(letters)
	if len(objects) == 0 {
		return nil
	}
	keys := make([]model.Key, len(objects))
	for i, o := range objects {
		keys[i] = o.key
	}
	rows, err := p.Rows.GetMany(ctx, keys)
	if err != nil {
		return fmt.Errorf("read the rows of dead letters: %w", err)
	}
	paused, err := p.paused(ctx, keys)
	if err != nil {
		return err
	}
	var done []queue.Received
	var due []*object
	for _, o := range objects {
		v := p.verdict(o, rows, paused)
		if v.act == send {
			o.why = v.why
			due = append(due, o)
			continue
		}
		p.tell(o.letters, v.act, v.why)
		if v.act != leave {
			done = append(done, o.letters...)
		}
	}
	if p.req.Dry {
		return p.wouldSend(ctx, due)
	}
	moved, failure := p.sendAll(ctx, due)
	return errors.Join(failure, p.strike(ctx, append(done, moved...)))
}

// wanted puts the letters that are asked for together by object. The others are left.
func (p *pass) wanted(letters []queue.Received) []*object {
	byKey := map[model.Key]*object{}
	var all, wanted []*object
	for _, l := range letters {
		if l.Err != nil {
			p.tell([]queue.Received{l}, leave, "no replay helps: look at it, and delete it by hand")
			continue
		}
		o := byKey[l.Key]
		if o == nil {
			o = &object{key: l.Key}
			byKey[l.Key] = o
			all = append(all, o)
		}
		o.letters = append(o.letters, l)
	}
	for _, o := range all {
		if p.req.wants(o.letters) {
			wanted = append(wanted, o)
		} else {
			p.tell(o.letters, leave, "not asked for")
		}
	}
	return wanted
}

func (p *pass) paused(ctx context.Context, keys []model.Key) (map[model.Key]string, error) {
	if p.Pauses == nil {
		return nil, nil
	}
	notes, err := p.Pauses.Paused(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("read what is paused: %w", err)
	}
	return notes, nil
}

// verdict decides on an object, within Max and the operator's pauses.
func (p *pass) verdict(o *object, rows map[model.Key]mapping.Row, paused map[model.Key]string) verdict {
	var row *mapping.Row
	if r, ok := rows[o.key]; ok {
		row, o.row = &r, r
	}
	v := judge(row, o.letters, p.sent[o.key], p.Now())
	note, isPaused := paused[o.key]
	switch {
	case v.act == leave:
	case v.act == send && isPaused:
		return verdict{leave, "it is paused (" + note + "): resume it first"}
	case !p.acted[o.key] && len(p.acted) >= p.req.Max:
		return verdict{leave, fmt.Sprintf("max: %d objects were taken before it", p.req.Max)}
	default:
		p.acted[o.key] = true
	}
	return v
}
