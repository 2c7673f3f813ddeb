package main

import (
	"context"
	"fmt"
	"time"
)

// clock is the time that the demo runs in. Tests jump where the demo waits.
type clock struct {
	now  func() time.Time
	wait func(ctx context.Context, d time.Duration) error
}

func wallClock() clock { return clock{now: time.Now, wait: wait} }

// wait waits for d, or gives an error when the demo is interrupted.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("interrupted: %w", ctx.Err())
	case <-t.C:
		return nil
	}
}
