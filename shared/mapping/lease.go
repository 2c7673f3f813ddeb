package mapping

import (
	"context"
	"fmt"
	"time"

	"excs/shared/model"
)

// The lease item never expires: its run number must outlive every run.

func leaseOf(it item) Lease {
	return Lease{Run: it.number(attrRun), Holder: it.text(attrHolder), Until: it.time(attrUntil)}
}

func (l Lease) item() item {
	it := item{}
	it.setNumber(attrRun, l.Run)
	it.setText(attrHolder, l.Holder)
	it.setTime(attrUntil, l.Until)
	return it
}

// TakeLease takes the lease; see LeaseStore.
func (t *table) TakeLease(ctx context.Context, holder string, now time.Time, ttl time.Duration) (Lease, error) {
	const op = "take lease"
	if holder == "" || ttl <= 0 {
		return Lease{}, model.Errorf(model.CodeInvalid, op, "needs a holder and a positive duration, got %q and %s", holder, ttl)
	}
	it, err := t.mutate(ctx, "TakeLease", t.keys.lease(), func(old item) (item, error) {
		has := leaseOf(old)
		if has.Holder != "" && has.Holder != holder && has.Until.After(now) {
			return nil, &model.Error{Code: model.CodeConflict, Op: op, RetryAfter: has.Until.Sub(now),
				Err: fmt.Errorf("%s holds it until %s (run %d)", has.Holder, has.Until.Format(time.RFC3339), has.Run)}
		}
		return Lease{Run: has.Run + 1, Holder: holder, Until: utc(now.Add(ttl))}.item(), nil
	})
	if err != nil {
		return Lease{}, inOp(op, err)
	}
	return leaseOf(it), nil
}

// RenewLease extends it; see LeaseStore. A lease that ran out but that nobody took since is still the holder's: its run
// number is the highest there is.
func (t *table) RenewLease(ctx context.Context, lease Lease, now time.Time, ttl time.Duration) (Lease, error) {
	const op = "renew lease"
	it, err := t.mutate(ctx, "RenewLease", t.keys.lease(), func(old item) (item, error) {
		has := leaseOf(old)
		if has.Run != lease.Run || has.Holder != lease.Holder {
			return nil, model.Errorf(model.CodeStale, op, "run %d of %s lost it: run %d was taken since", lease.Run, lease.Holder, has.Run)
		}
		has.Until = utc(now.Add(ttl))
		return has.item(), nil
	})
	if err != nil {
		return Lease{}, inOp(op, err)
	}
	return leaseOf(it), nil
}

// ReleaseLease gives it back; a lost lease is fine.
func (t *table) ReleaseLease(ctx context.Context, lease Lease) error {
	_, err := t.mutate(ctx, "ReleaseLease", t.keys.lease(), func(old item) (item, error) {
		has := leaseOf(old)
		if has.Run != lease.Run || has.Holder != lease.Holder {
			return nil, errUnchanged
		}
		return Lease{Run: has.Run}.item(), nil
	})
	return inOp("release lease", err)
}

// inOp says what was being done, unless the error does.
func inOp(op string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", op, err)
}
