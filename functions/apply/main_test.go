package main

import (
	"bytes"
	"context"
	"log/slog"
	"time"

	"excs/shared/apply"
	"excs/shared/queue"
)

// fakeWorker and fakeQueue are made of functions.
type fakeWorker func([]queue.Received) []apply.Answer

var _ Worker = fakeWorker(nil)

func (f fakeWorker) Batch(_ context.Context, batch []queue.Received) []apply.Answer { return f(batch) }

type fakeQueue func(received []queue.Received, d time.Duration) error

var _ Queue = fakeQueue(nil)

func (f fakeQueue) SetVisibility(_ context.Context, received []queue.Received, d time.Duration) error {
	return f(received, d)
}

func logged() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewJSONHandler(&b, nil)), &b
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
