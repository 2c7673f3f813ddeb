package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

const (
	// leaseTime is how long a lease lasts without being renewed: what a run that died costs the next one.
	leaseTime = time.Minute
	// leaseRenewal is how often it is renewed. Clocks may be half a lease apart, so it is renewed twice within the other half.
	leaseRenewal = 15 * time.Second
	// leaseRenewals are the renewals in a row that may fail before the lease is taken for lost.
	leaseRenewals = 3
	// leaseReserve is how long before its deadline an invocation ends its run, so that it ends in order: the lease is given
	// back, and what is not done is marked.
	leaseReserve = 5 * time.Second
)

var (
	errLeaseLost   = errors.New("the lease was lost to another run")
	errLeaseSilent = errors.New("the lease could not be renewed")
	errNoTime      = errors.New("the invocation's time is up: the next run goes on")
)

// under does something under the lease, and gives it back. The lease is renewed until do returns; when it is lost, or when
// the invocation's time is up, do's context ends and its error says why.
func (r *Runner) under(ctx context.Context, lease mapping.Lease, do func(ctx context.Context) error) error {
	inner, end := context.WithCancelCause(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		timer := time.AfterFunc(time.Until(deadline)-leaseReserve, func() {
			end(model.Errorf(model.CodeUnavailable, "run", "%w", errNoTime))
		})
		defer timer.Stop()
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.renew(inner, lease, end)
	}()
	err := do(inner)
	cause := context.Cause(inner)
	end(nil)
	<-ended
	if err != nil && cause != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w (%w)", cause, err)
	}
	if released := r.Table.ReleaseLease(context.WithoutCancel(ctx), lease); err == nil {
		err = released
	}
	return err
}

// renew renews the lease until the context ends, and ends it when the lease is lost.
func (r *Runner) renew(ctx context.Context, lease mapping.Lease, end context.CancelCauseFunc) {
	ticker := time.NewTicker(leaseRenewal)
	defer ticker.Stop()
	for failed := 0; failed < leaseRenewals; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		_, err := r.Table.RenewLease(ctx, lease, r.Now(), leaseTime)
		switch {
		case err == nil:
			failed = 0
		case model.CodeOf(err) == model.CodeStale:
			end(model.Errorf(model.CodeStale, "run", "%w: %w", errLeaseLost, err))
			return
		default:
			failed++
		}
	}
	end(model.Errorf(model.CodeUnavailable, "run", "%w %d times in a row", errLeaseSilent, leaseRenewals))
}
