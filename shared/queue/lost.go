package queue

import (
	"context"
	"fmt"
	"time"
)

// Lost is the age from which a row's queued mark is taken for that of a lost message, unless the queue itself is slower
// (DESIGN 3).
const Lost = 10 * time.Minute

// callsPerMessage is the usual cost of a message, for the time that a full queue takes.
const callsPerMessage = 4

// LostAfter gives the age from which a queued mark is taken for a lost message, by how full the queue is and how many calls a
// minute the EX Org allows: a first sync of thousands of objects waits for the request budget longer than ten minutes, and
// none of its messages is lost. Errors are those of reading the depth.
func LostAfter(ctx context.Context, q interface {
	Depth(ctx context.Context) (waiting, inFlight int, err error)
}, perMinute int,
) (time.Duration, error) {
	waiting, inFlight, err := q.Depth(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the depth of the work queue: %w", err)
	}
	minutes := (waiting + inFlight) * callsPerMessage / max(1, perMinute)
	return max(Lost, 2*time.Duration(minutes)*time.Minute), nil
}
