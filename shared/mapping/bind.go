package mapping

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"excs/shared/model"
)

// Bind maps the row to another EX object; see RowStore.
func (t *table) Bind(ctx context.Context, key model.Key, version int64, exID string, settled time.Time, note Entry) (Row, error) {
	const what = "bind row of"
	if exID == "" {
		return Row{}, &model.Error{Code: model.CodeInvalid, Op: what, Key: key, Err: errors.New("it needs an EX id")}
	}
	return t.changeRow(ctx, "Bind", what, key, func(r *Row) error {
		switch {
		case r.Version != version:
			return staleVersion(what, *r, version)
		case r.Goal == GoalAbsent:
			return &model.Error{Code: model.CodeConflict, Op: what, Key: key, Err: errors.New("it is gone from Engage, and its EX object is deleted")}
		case r.Intent != nil && r.Intent.At.After(settled):
			return &model.Error{Code: model.CodeConflict, Op: what, Key: key, Err: fmt.Errorf("its creation was begun at %s and the outcome is not known yet: a second EX object could come of it", r.Intent.At.UTC().Format(time.RFC3339))}
		}
		state := StatePending
		if r.Goal == GoalOrphan {
			state = StateOrphan
		}
		r.EXID, r.Origin, r.Applied, r.Adopt, r.From, r.Intent = exID, OriginAdopted, 0, "", model.Key{}, nil
		r.Seen, r.SeenCodes, r.Approved, r.Cause = nil, nil, false, model.CauseManual
		r.restart(state, note.At)
		r.remember([]Entry{note})
		return nil
	})
}

// leftoverStep is beyond what Engage gives as DBID (numeric(10,0)), so that the row of an orphan is nobody's key.
const leftoverStep = 10_000_000_000

// Leftover is the key of the orphan that a row leaves with an EX object when it goes over to another one: the same key
// however often that begins anew.
func Leftover(key model.Key, exID string) model.Key {
	h := fnv.New32a()
	_, _ = h.Write([]byte(exID)) // a hash takes everything
	return model.Key{Kind: key.Kind, DBID: int64(1+h.Sum32()%900_000_000)*leftoverStep + key.DBID}
}
