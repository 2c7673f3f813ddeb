package mapping

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"excs/shared/model"
)

// PutDesired sets a row's desired state on behalf of a run; see RowStore.
func (t *table) PutDesired(ctx context.Context, run int64, wish Wish) (Row, error) {
	t = t.in(ctx)
	const what = "put desired state of"
	if wish.Key.IsZero() || wish.Goal == "" {
		return Row{}, model.Errorf(model.CodeInvalid, "put desired state", "a wish needs a key and a goal, got %q and %q", wish.Key, wish.Goal)
	}
	if !wish.Desired.Key.IsZero() && wish.Desired.Key != wish.Key {
		return Row{}, &model.Error{Code: model.CodeInvalid, Op: what, Key: wish.Key, Err: fmt.Errorf("the desired object is of another key, %s", wish.Desired.Key)}
	}
	var after Row
	_, err := t.mutate(ctx, "PutDesired", t.keys.row(wish.Key), func(old item) (item, error) {
		r := Row{Key: wish.Key}
		if old != nil {
			var err error
			if r, err = t.decodeRow(wish.Key, old); err != nil {
				return nil, err
			}
		}
		err := r.take(run, wish, t.Clock())
		after = r
		if err != nil {
			return nil, err
		}
		return t.encodeRow(r)
	})
	return after, named(what, wish.Key, err)
}

// take makes the wish the row's own, whose version is 0 if it is new.
func (r *Row) take(run int64, wish Wish, now time.Time) error {
	if r.Run > run {
		return &model.Error{Code: model.CodeStale, Op: "put desired state of", Key: r.Key,
			Err: fmt.Errorf("run %d was there before run %d", r.Run, run)}
	}
	if r.Version > 0 && r.Run == run {
		same, err := r.holds(wish)
		if err != nil {
			return err
		}
		if same {
			return errUnchanged
		}
	}
	// Only facts differ: nothing that the EX Org shows changes, so the row keeps its state, its failures and its marks. A
	// row that is not converged still gets a new version: a worker at work with the old facts must not record them.
	if wish.Silent && r.Version > 0 && r.Goal == wish.Goal {
		r.Run, r.Desired = run, wish.Desired.Clone()
		if r.State == StateConverged {
			r.Applied = wish.Desired.Fingerprint()
			return nil
		}
		r.Version++
		return nil
	}
	if r.Goal != wish.Goal || !r.State.onItsWay() && r.State != StateQuarantined {
		r.Approved, r.Let = false, nil
	}
	r.Run, r.Goal, r.Desired = run, wish.Goal, wish.Desired.Clone()
	r.Adopt, r.From, r.Cause = wish.Adopt, wish.From, wish.Cause
	// What a run took up stays approved, and let through, until it is written: a later change does not void it.
	r.Approved = r.Approved || wish.Approved
	r.Let = slices.Compact(slices.Sorted(slices.Values(slices.Concat(r.Let, wish.Let))))
	r.restart(r.stateFor(wish.Goal), now)
	return nil
}

// stateFor is the state in which a row begins with a goal. A row without an EX id, or with a takeover that may be half done, is
// no orphan yet: a worker finds out first whether there is an EX object at all.
func (r *Row) stateFor(goal Goal) State {
	if goal == GoalOrphan && r.EXID != "" && r.From.IsZero() {
		return StateOrphan
	}
	return StatePending
}

// Holds says whether the row holds the wish already: its goal and desired object and, unless only facts differ, whose EX
// object it takes. An approval that the wish brings must be on the row; one that the row has may be more than the wish asks.
func (r Row) Holds(w Wish) bool {
	if r.Version == 0 || w.Approved && !r.Approved {
		return false
	}
	w.Approved = r.Approved
	same, err := r.holds(w)
	return err == nil && same
}

// holds says whether the row got this very wish already.
func (r *Row) holds(w Wish) (bool, error) {
	have, err := json.Marshal(r.Desired)
	if err != nil {
		return false, wrapKey("compare desired state of", r.Key, err)
	}
	want, err := json.Marshal(w.Desired)
	if err != nil {
		return false, wrapKey("compare desired state of", r.Key, err)
	}
	if !bytes.Equal(have, want) || r.Goal != w.Goal {
		return false, nil
	}
	return w.Silent || r.Adopt == w.Adopt && r.From == w.From && (r.Approved || !w.Approved), nil
}

// restart gives the row a new version, with a clean slate.
func (r *Row) restart(state State, now time.Time) {
	r.Version++
	r.Attempts, r.LastError, r.LastErrorAt = 0, "", time.Time{}
	r.WaitUntil, r.WaitsFor = time.Time{}, model.Key{}
	r.Reason, r.Queued, r.Trouble = "", nil, nil
	for i := range r.Refused {
		r.Refused[i].Next = time.Time{} // what was refused is tried at once
	}
	r.enter(state, now)
}

// enter changes the state; Since moves only if the state does.
func (r *Row) enter(s State, now time.Time) {
	r.Unconverged = r.unconvergedIn(s, now)
	if r.State != s {
		r.State, r.Since = s, utc(now)
	}
}

// unconvergedIn gives what Unconverged becomes in a state. What was held or quarantined begins anew when it is let go.
func (r *Row) unconvergedIn(s State, now time.Time) time.Time {
	switch {
	case !s.onItsWay():
		return time.Time{}
	case r.State.onItsWay() && !r.Unconverged.IsZero():
		return r.Unconverged
	default:
		return utc(now)
	}
}

// onItsWay says whether a row of the state is to be made true without anybody's doing.
func (s State) onItsWay() bool {
	return s == StatePending || s == StateWaiting || s == StateInvisible
}

// Release sets a row pending again; see RowStore.
func (t *table) Release(ctx context.Context, key model.Key, version int64, approved bool, cause model.Cause, now time.Time) (Row, error) {
	r, err := t.changeRow(ctx, "Release", "release row", key, func(r *Row) error {
		if version != 0 && r.Version != version {
			return staleVersion("release row", *r, version)
		}
		if !r.releasable(approved) {
			return errUnchanged
		}
		r.restart(StatePending, now)
		r.Approved = r.Approved || approved
		r.Cause = cause
		return nil
	})
	return r, err
}

// releasable says whether a release changes the row: a pending one only by its approval; a converged, orphaned or gone
// one has nothing to release.
func (r *Row) releasable(approved bool) bool {
	switch r.State {
	case StateHeld, StateQuarantined, StateInvisible, StateWaiting:
		return true
	case StatePending:
		return approved && !r.Approved
	default:
		return false
	}
}

func staleVersion(op string, r Row, loaded int64) error {
	return &model.Error{Code: model.CodeStale, Op: op, Key: r.Key, Err: fmt.Errorf("the row is at version %d, not %d: read it again", r.Version, loaded)}
}

var errNoToken = errors.New("a mark needs a token")
