package mapping

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"

	"excs/shared/model"
)

// Fault is what goes wrong with one request of the twin.
type Fault int

// The faults.
const (
	FaultNone     Fault = iota
	FaultBefore         // the request never arrives: unavailable
	FaultAfter          // a write is done, its answer lost: ambiguous (a read: unavailable)
	FaultThrottle       // refused for its rate: throttled
)

// FaultFunc decides the fault of one request. op is the Store method at work, "Record"; the reads that a writing method
// does first are "Record read". A method may send several requests: PutIndex writes shards, then the head.
type FaultFunc func(op string) Fault

// TurnFunc decides the fault of one request like FaultFunc, with its context and a text that names the items it is for.
// It may block, and may end the caller's goroutine with runtime.Goexit.
type TurnFunc func(ctx context.Context, op, items string) Fault

// FaultsBySeed gives faults at random: of a hundred requests about percent fail, a third in each way. The same seed and
// the same order of requests give the same faults.
func FaultsBySeed(seed int64, percent int) FaultFunc {
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(uint64(seed), 0x6661756c74)) //nolint:gosec // repeatable faults, no secret
	return func(string) Fault {
		mu.Lock()
		defer mu.Unlock()
		if r.IntN(100) >= percent {
			return FaultNone
		}
		return []Fault{FaultBefore, FaultAfter, FaultThrottle}[r.IntN(3)]
	}
}

var (
	errFaultBefore   = errors.New("the table can not be reached (a fault on demand)")
	errFaultAfter    = errors.New("the answer was lost (a fault on demand)")
	errFaultThrottle = errors.New("the table refuses for its rate (a fault on demand)")
)

func (f Fault) ofRead(op string) error {
	switch f {
	case FaultBefore:
		return &model.Error{Code: model.CodeUnavailable, Op: op, Err: errFaultBefore}
	case FaultAfter:
		return &model.Error{Code: model.CodeUnavailable, Op: op, Err: errFaultAfter}
	case FaultThrottle:
		return &model.Error{Code: model.CodeThrottled, Op: op, Err: errFaultThrottle}
	default:
		return nil
	}
}

func (f Fault) beforeWrite(op string) error {
	if f == FaultAfter {
		return nil
	}
	return f.ofRead(op)
}

// afterWrite loses the answer, be it a refusal or not.
func (f Fault) afterWrite(op string, err error) error {
	if f != FaultAfter {
		return err
	}
	return &model.Error{Code: model.CodeAmbiguous, Op: op, Err: errFaultAfter}
}
