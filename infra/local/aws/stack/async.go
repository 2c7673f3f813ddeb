package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"excs/infra/local/aws/runtime"
	"excs/infra/local/aws/template"
)

// asyncConfig says how events are treated that Lambda keeps for a function.
type asyncConfig struct {
	tries int // the first included
	age   time.Duration
	// failures is the ARN of the queue that gets what failed for good, "" for none.
	failures string
}

const (
	// asyncAge is how long Lambda keeps an event unless told otherwise.
	asyncAge = 6 * time.Hour
	// asyncLimit is the most that an event for an asynchronous invocation may hold, in bytes.
	asyncLimit = 1 << 20
	// throttlePause is the wait after an invocation that was refused because too many run.
	throttlePause = 200 * time.Millisecond
)

func (s *Stack) makeInvokeConfig(_ context.Context, r template.Resource) (template.Made, error) {
	var p struct {
		FunctionName, Qualifier  string
		MaximumRetryAttempts     *int
		MaximumEventAgeInSeconds *int
		DestinationConfig        struct{ OnFailure struct{ Destination string } }
	}
	if err := s.values.Properties(r, &p); err != nil {
		return template.Made{}, err
	}
	f, err := s.functionAt(p.FunctionName)
	if err != nil {
		return template.Made{}, err
	}
	if p.MaximumRetryAttempts != nil {
		f.async.tries = *p.MaximumRetryAttempts + 1
	}
	if p.MaximumEventAgeInSeconds != nil {
		f.async.age = time.Duration(*p.MaximumEventAgeInSeconds) * time.Second
	}
	if f.async.failures = p.DestinationConfig.OnFailure.Destination; f.async.failures != "" {
		if q := s.queues[f.async.failures]; q == nil || q.fifo() {
			return template.Made{}, fmt.Errorf("the destination %s is no standard queue of the stack", f.async.failures)
		}
		if err := s.gateway.May(f.role.accessKey, "sqs:SendMessage", f.async.failures, nil); err != nil {
			return template.Made{}, err
		}
	}
	return template.Made{Ref: r.ID}, nil
}

// InvokeAsync hands an event to a function without waiting for it, as schedules and rules do. What fails is tried again and
// goes, in the end, where the function's configuration says.
func (s *Stack) InvokeAsync(name string, payload []byte) error {
	f, err := s.functionAt(name)
	if err != nil {
		return err
	}
	if len(payload) > asyncLimit {
		return fmt.Errorf("invoke %s: %w for an asynchronous invocation (1 MB)", f.Name(), runtime.ErrTooLarge)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return fmt.Errorf("invoke %s: %w", f.Name(), runtime.ErrClosed)
	}
	s.pending++
	s.background.Go(func() {
		s.keepTrying(f, payload)
		s.mu.Lock()
		s.pending--
		s.mu.Unlock()
	})
	return nil
}

// Pending counts the asynchronous invocations that are not over, the tries that are still to come included.
func (s *Stack) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending
}

func (s *Stack) keepTrying(f *function, payload []byte) {
	kept := time.Now()
	var last runtime.Result
	for tries := 0; ; {
		result, err := f.Invoke(payload)
		pause := throttlePause
		switch {
		case err != nil && !errors.Is(err, runtime.ErrThrottled):
			return // the stack is closed
		case err == nil && result.FunctionError == "":
			return
		case err == nil:
			last = result
			if tries++; tries >= f.async.tries {
				s.giveUp(f, payload, last, "RetriesExhausted", tries)
				return
			}
			pause = s.cfg.RetryDelay(tries)
		}
		if time.Since(kept)+pause > f.async.age {
			s.giveUp(f, payload, last, "EventAgeExceeded", tries)
			return
		}
		if !s.sleep(pause) {
			return
		}
	}
}

// sleep waits; false says that the stack was closed meanwhile.
func (s *Stack) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-s.ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// undelivered is the record of an event that failed for good (Lambda's destinations).
type undelivered struct {
	Version        string    `json:"version"`
	Timestamp      time.Time `json:"timestamp"`
	RequestContext struct {
		RequestID   string `json:"requestId"`
		FunctionARN string `json:"functionArn"`
		Condition   string `json:"condition"`
		Tries       int    `json:"approximateInvokeCount"`
	} `json:"requestContext"`
	RequestPayload  json.RawMessage  `json:"requestPayload"`
	ResponseContext *responseContext `json:"responseContext,omitempty"`
	ResponsePayload json.RawMessage  `json:"responsePayload,omitempty"`
}

type responseContext struct {
	StatusCode      int    `json:"statusCode"`
	ExecutedVersion string `json:"executedVersion"`
	FunctionError   string `json:"functionError"`
}

// giveUp sends what failed for good where the function's configuration says; without that it is lost.
func (s *Stack) giveUp(f *function, payload []byte, last runtime.Result, condition string, tries int) {
	if f.async.failures == "" {
		s.problem("an event for %s is lost after %d tries: %s", f.Name(), tries, last.Payload)
		return
	}
	u := undelivered{Version: "1.0", Timestamp: time.Now().UTC(), RequestPayload: payload}
	u.RequestContext.RequestID, u.RequestContext.FunctionARN = last.RequestID, f.ARN()+":$LATEST"
	u.RequestContext.Condition, u.RequestContext.Tries = condition, tries
	if last.FunctionError != "" {
		u.ResponseContext = &responseContext{StatusCode: 200, ExecutedVersion: "$LATEST", FunctionError: last.FunctionError}
		u.ResponsePayload = last.Payload
	}
	body, err := json.Marshal(u)
	if err == nil {
		url, text := s.queues[f.async.failures].url, string(body)
		_, err = s.clientOf(f.role).SendMessage(s.ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &text})
	}
	if err != nil {
		s.problem("an event for %s is lost: it failed %d times and could not be sent to %s: %v", f.Name(), tries, f.async.failures, err)
	}
}
