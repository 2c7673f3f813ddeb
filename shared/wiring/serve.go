package wiring

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"excs/shared/model"
)

// Service is one function as Lambda calls it. Its handler is built at the start and built anew before the invocation after
// one that failed for credentials or configuration: a Lambda process lives for hours, and an operator who corrects a
// secret (or a rotation that replaces it) must not wait for its end.
type Service[H, I, O any] struct {
	build  func(context.Context) (H, error)
	handle func(H, context.Context, I) (O, error)
	log    *slog.Logger

	mu    sync.Mutex
	ready bool
	built H
}

// Serve makes a Service and builds its handler. The error is that of build: the function can not start.
func Serve[H, I, O any](ctx context.Context, log *slog.Logger, build func(context.Context) (H, error), handle func(H, context.Context, I) (O, error)) (*Service[H, I, O], error) {
	s := &Service[H, I, O]{build: build, handle: handle, log: log}
	if _, err := s.handler(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Invoke answers one invocation. Its errors are what Lambda shows to the caller: the code as errorType, one line that says
// what happened and what to do as errorMessage.
func (s *Service[H, I, O]) Invoke(ctx context.Context, in I) (O, error) {
	var none O
	h, err := s.handler(ctx)
	if err != nil {
		s.log.ErrorContext(ctx, "the function can not start anew", "code", model.CodeOf(err), "error", err.Error())
		return none, failure(err)
	}
	b, ok := any(h).(interface {
		Outdated() string
		Lacks() error
	})
	if ok && (b.Outdated() != "" || b.Lacks() != nil) {
		defer s.anew(ctx, h)
	}
	out, err := s.handle(h, ctx, in)
	if err != nil {
		s.drop(ctx, h, err)
		return none, failure(err)
	}
	return out, nil
}

func (s *Service[H, I, O]) handler(ctx context.Context) (H, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready {
		return s.built, nil
	}
	h, err := s.build(ctx)
	if err != nil {
		return h, err
	}
	s.built, s.ready = h, true
	return h, nil
}

// drop lets the next invocation build its handler from the secrets as they are then, if another secret could help.
func (s *Service[H, I, O]) drop(ctx context.Context, h H, err error) {
	switch model.CodeOf(err) {
	case model.CodeDenied, model.CodeInvalid, model.CodeUnavailable:
	default:
		return
	}
	s.anew(ctx, h)
}

// anew has the next invocation build its handler.
func (s *Service[H, I, O]) anew(ctx context.Context, h H) {
	s.mu.Lock()
	s.ready = false
	s.mu.Unlock()
	if c, ok := any(h).(io.Closer); ok {
		if err := c.Close(); err != nil {
			s.log.WarnContext(ctx, "a connection was not closed cleanly", "error", err.Error())
		}
	}
}

func failure(err error) error {
	return messages.InvokeResponse_Error{Type: string(model.CodeOf(err)), Message: oneLine(err.Error())}
}

// oneLine joins the lines of an error: some drivers and errors.Join write several.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
