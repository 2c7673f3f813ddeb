package apply

import (
	"context"
	"fmt"
	"slices"

	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/model"
)

// queue makes a queue right and keeps what was seen of it: its body and its wrap-up codes are the base for making it again
// should it be deleted.
func (l *look) queue(ctx context.Context, b bound) error {
	if l.owesCodes(b) {
		if err := l.putCodesBack(ctx, b.exID); err != nil {
			return err
		}
	}
	// Only now: as long as the body on the row is that of the lost queue, its codes are owed to this one.
	l.out.Seen = b.raw
	if b.created {
		return nil
	}
	if err := l.alter(ctx, b); err != nil {
		return err
	}
	return l.seeCodes(ctx, b.exID)
}

// owesCodes says that the queue was made again and has not got the wrap-up codes that it had.
func (l *look) owesCodes(b bound) bool {
	id := exorg.QueueIDOf(l.row.Seen)
	return len(l.row.SeenCodes) > 0 && id != "" && id != b.exID
}

// putCodesBack puts the wrap-up codes that a queue had on the queue that was made again. One that is gone fails the whole
// call; then each is put back alone, and what can not be restored is named in the audit line.
func (l *look) putCodesBack(ctx context.Context, queueID string) error {
	if err := l.mayWrite(ctx, mapping.Wrote{Action: model.ActionUpdate, Fields: []model.Field{{Name: fieldCodes, Added: l.row.SeenCodes}}}); err != nil {
		return err
	}
	codes := l.row.SeenCodes
	err := l.Writer.AddQueueCodes(ctx, queueID, codes)
	if refused(err) {
		codes, err = l.putEachBack(ctx, queueID)
	}
	if err != nil {
		return fmt.Errorf("put the wrap-up codes back on %s: %w", l.row.Key, err)
	}
	l.did(model.ActionUpdate, []model.Field{{Name: fieldCodes, Added: codes}})
	return nil
}

func (l *look) putEachBack(ctx context.Context, queueID string) (codes []string, err error) {
	for _, code := range l.row.SeenCodes {
		err := l.Writer.AddQueueCodes(ctx, queueID, []string{code})
		switch {
		case err == nil:
			codes = append(codes, code)
		case refused(err):
			l.note(fmt.Sprintf("the wrap-up code %s could not be put back: it is gone", code))
		default:
			return nil, err
		}
	}
	if len(codes) > 0 {
		return codes, nil
	}
	return nil, l.queueIsThere(ctx, queueID)
}

// queueIsThere tells "all of its codes are gone" from "the queue itself is not visible yet".
func (l *look) queueIsThere(ctx context.Context, queueID string) error {
	_, _, err := l.Org.Get(ctx, model.KindQueue, queueID)
	return err
}

const fieldCodes = "wrapUpCodes"

// refused says that the EX Org refused something that a call refers to.
func refused(err error) bool {
	code := model.CodeOf(err)
	return code == model.CodeNotFound || code == model.CodeInvalid
}

// seeCodes keeps the list of the queue's wrap-up codes.
func (l *look) seeCodes(ctx context.Context, queueID string) error {
	codes, err := exorg.SeenCodes(ctx, l.Org, queueID, l.row.SeenCodes)
	if err != nil {
		return fmt.Errorf("see %s: %w", l.row.Key, err)
	}
	l.out.SeenCodes = codes
	return nil
}

// codeReturns puts a wrap-up code that was made again on the queues that it was on.
func (l *look) codeReturns(ctx context.Context, lost, exID string) error {
	queues, err := l.Lists.Rows(ctx, model.KindQueue)
	if err != nil {
		return fmt.Errorf("read the queues that %s was on: %w", l.row.Key, err)
	}
	stands := model.Key{}
	for _, q := range queues {
		i := slices.Index(q.SeenCodes, lost)
		if i < 0 || q.EXID == "" || q.Goal != mapping.GoalPresent {
			continue
		}
		if _, is, err := l.pauses.Of(ctx, q.Key); err != nil {
			return err
		} else if is {
			stands = q.Key
			continue
		}
		codes := slices.Clone(q.SeenCodes)
		codes[i] = exID
		if err := l.codeReturnsTo(ctx, q, exID, codes); err != nil {
			return err
		}
	}
	if stands.IsZero() {
		return nil
	}
	// The row keeps the id that was lost, so the next look finds the new code and does the rest.
	return waitFor(stands, l.now.Add(stuckWait), mapping.Paused+"it goes back on "+stands.String()+" when that is not paused any more")
}

func (l *look) codeReturnsTo(ctx context.Context, q mapping.Row, exID string, codes []string) error {
	switch err := l.Writer.AddQueueCodes(ctx, q.EXID, []string{exID}); {
	case model.CodeOf(err) == model.CodeNotFound:
		l.note(fmt.Sprintf("could not be put back on %s: that queue is not there", q.Key))
	case err != nil:
		return fmt.Errorf("put %s back on %s: %w", l.row.Key, q.Key, err)
	default:
		l.note(fmt.Sprintf("put back on %s", q.Key))
	}
	_, err := l.Rows.Record(ctx, mapping.Outcome{Key: q.Key, Version: q.Version, Loaded: q.EXID, SeenCodes: codes}, l.now)
	switch model.CodeOf(err) {
	case model.CodeStale, model.CodeNotFound: // its codes are recorded all the same, or it is gone
		return nil
	default:
		return err
	}
}
