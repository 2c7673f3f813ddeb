package mapping

import (
	"cmp"
	"context"
	"slices"
	"time"

	"excs/shared/model"
)

// Record stores what a worker did; see RowStore. Both parts, the one that is always recorded and the one that needs the
// version, go into one conditional write, so no crash can keep one without the other.
func (t *table) Record(ctx context.Context, outcome Outcome, now time.Time) (Row, error) {
	const what = "record outcome of"
	if outcome.State != "" && !slices.Contains(States(), outcome.State) {
		return Row{}, &model.Error{Code: model.CodeInvalid, Op: what, Key: outcome.Key, Err: model.Errorf(model.CodeInvalid, "", "unknown state %q", outcome.State)}
	}
	var stale error
	r, err := t.changeRow(ctx, "Record", what, outcome.Key, func(r *Row) error {
		stale = nil
		r.recordAlways(outcome.of(*r))
		if r.Version != outcome.Version {
			stale = staleVersion(what, *r, outcome.Version)
			return nil
		}
		r.recordCurrent(outcome, now)
		return nil
	})
	if err != nil {
		return r, err
	}
	return r, stale
}

// of leaves out what a stale outcome says of the row's EX object, if the row has gone over to another one since it was
// loaded: an operator linked it, or another worker made the object again.
func (o Outcome) of(r Row) Outcome {
	if r.Version != o.Version && r.EXID != "" && r.EXID != o.Loaded {
		o.EXID, o.ClearEXID, o.Origin, o.Seen, o.SeenCodes = "", false, "", nil, nil
	}
	return o
}

// recordAlways takes over what is true whatever Engage wants in the meantime.
func (r *Row) recordAlways(o Outcome) {
	if o.ClearEXID {
		r.EXID, r.Origin = "", OriginUnknown
	}
	if o.EXID != "" {
		r.EXID = o.EXID
	}
	if o.Origin != "" {
		r.Origin = o.Origin
	}
	if o.ClearIntent {
		r.Intent = nil
	}
	if o.Claim != "" && r.Working != nil && r.Working.Token == o.Claim {
		r.Working = nil
	}
	if o.Queued != nil && r.Queued == nil {
		r.Queued = o.Queued
	}
	if o.Written.After(r.Written) {
		r.Written = utc(o.Written)
	}
	if o.Seen != nil {
		r.Seen = slices.Clone(o.Seen)
	}
	if o.SeenCodes != nil {
		r.SeenCodes = slices.Clone(o.SeenCodes)
	}
	r.remember(o.History)
}

// remember appends to the history and drops the oldest. The same entries twice in a row are one record whose answer was
// lost.
func (r *Row) remember(entries []Entry) {
	if n := len(entries); n == 0 || n <= len(r.History) && slices.EqualFunc(r.History[len(r.History)-n:], entries, sameEntry) {
		return
	}
	history := slices.Clone(r.History)
	for _, e := range entries {
		e.At = utc(e.At)
		history = append(history, e)
	}
	r.History = history[max(0, len(history)-HistoryLength):]
}

func sameEntry(a, b Entry) bool {
	return a.At.Equal(b.At) && a.Action == b.Action && a.Cause == b.Cause && a.Run == b.Run && a.Who == b.Who && a.Note == b.Note
}

// recordCurrent takes over what holds for the version only. Without a state the outcome is a note on the way: it sets
// what it has and leaves the rest.
func (r *Row) recordCurrent(o Outcome, now time.Time) {
	if o.Applied != 0 {
		r.Applied = o.Applied
	}
	r.Cause = cmp.Or(o.Cause, r.Cause)
	if o.State == StateConverged || o.State == StateGone {
		r.Approved, r.Let = false, nil // an approval is for one time
	}
	if o.State != "" {
		r.enter(o.State, now)
		r.Reason, r.WaitUntil, r.WaitsFor, r.Attempts = "", time.Time{}, model.Key{}, 0
		r.LastError, r.LastErrorAt, r.Trouble = "", time.Time{}, o.Trouble
	}
	r.Reason = cmp.Or(o.Reason, r.Reason)
	r.WaitUntil = cmp.Or(utc(o.WaitUntil), r.WaitUntil)
	r.WaitsFor = cmp.Or(o.WaitsFor, r.WaitsFor)
	r.Attempts = cmp.Or(o.Attempts, r.Attempts)
	if o.Refused != nil {
		r.Refused = slices.Clone(o.Refused)
	}
	r.Lettered = cmp.Or(o.Lettered, r.Lettered)
	if o.LastError != "" {
		r.LastError, r.LastErrorAt = o.LastError, utc(now)
	}
}
