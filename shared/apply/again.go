package apply

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// dependants asks for a look at everything that hung on an object that was made again under another id.
//
//	queue             its members
//	user              the member lists that hold it
//	skill, language   the users that have it, and the keys that share it
//	wrap-up code      the queues it was on, and the keys that share it
func (l *look) dependants(ctx context.Context, lost, exID string) error {
	key := l.row.Key
	switch key.Kind {
	case model.KindQueue:
		return l.lookAt(ctx, model.Key{Kind: model.KindMembers, DBID: key.DBID})
	case model.KindUser:
		return l.lookAtAll(ctx, model.KindMembers, func(r mapping.Row) bool { return serves(r, key.DBID) })
	case model.KindWrapUpCode:
		if err := l.codeReturns(ctx, lost, exID); err != nil {
			return err
		}
	case model.KindSkill, model.KindLanguage:
		if err := l.lookAtAll(ctx, model.KindUser, func(r mapping.Row) bool { return has(r, key) }); err != nil {
			return err
		}
	default:
		return nil
	}
	return l.lookAtAll(ctx, key.Kind, func(r mapping.Row) bool { return r.Desired.SameAs == key.DBID })
}

func serves(members mapping.Row, user int64) bool {
	_, found := slices.BinarySearch(members.Desired.Members, user)
	return found
}

func has(user mapping.Row, key model.Key) bool {
	as := user.Desired.Skills
	if key.Kind == model.KindLanguage {
		as = user.Desired.Languages
	}
	return slices.ContainsFunc(as, func(a model.Assignment) bool { return a.DBID == key.DBID })
}

// atOnce is how many rows are asked for a look side by side: a skill may hang on thousands of users.
const atOnce = 16

// lookAtAll asks for a look at the rows of a kind that match.
func (l *look) lookAtAll(ctx context.Context, kind model.Kind, match func(mapping.Row) bool) error {
	rows, err := l.Lists.Rows(ctx, kind)
	if err != nil {
		return fmt.Errorf("read what hung on %s: %w", l.row.Key, err)
	}
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, row := range rows {
		if match(row) {
			group.Go(func() error { return l.lookAt(inner, row.Key) })
		}
	}
	return group.Wait()
}

// lookAt sets another row pending, so that it is looked at even if the message is lost, and sends a message for it. Rows that
// an operator must decide on first, and keys without a row, are left alone.
func (l *look) lookAt(ctx context.Context, key model.Key) error {
	row, err := l.Rows.Get(ctx, key)
	if err == nil {
		row, err = l.arouse(ctx, row)
	}
	switch model.CodeOf(err) {
	case "":
	case model.CodeNotFound:
		return nil
	case model.CodeStale: // it got a new desired state just now: whoever gave it sends a message
		return nil
	default:
		return err
	}
	if row.State != mapping.StatePending {
		return nil
	}
	return l.send(ctx, row)
}

func (l *look) arouse(ctx context.Context, row mapping.Row) (mapping.Row, error) {
	switch row.State {
	case mapping.StateConverged:
		return l.Rows.Record(ctx, mapping.Outcome{
			Key: row.Key, Version: row.Version, State: mapping.StatePending, Reason: fmt.Sprintf("%s changed in the EX Org", l.row.Key),
		}, l.now)
	case mapping.StateWaiting:
		if row.WaitsFor.IsZero() && !row.Refusing() {
			return row, nil // it comes back by itself, and a second look must not begin anew
		}
		return l.Rows.Release(ctx, row.Key, row.Version, false, model.CauseRequeue, l.now)
	default:
		return row, nil
	}
}

// send puts a message for a row on the work queue, unless one is on its way. It stands back behind what people change, and
// it is no change that somebody made to the object itself, so fights does not count it.
func (l *look) send(ctx context.Context, row mapping.Row) error {
	_, err := l.line.Dispatch(ctx, queue.Message{Key: row.Key, Version: row.Version, Token: l.NewToken(), Cause: model.CauseRequeue, Run: row.Run})
	return err
}
