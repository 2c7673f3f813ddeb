package exorg

import (
	"context"
	"fmt"
	"slices"

	"excs/shared/model"
)

// CodeReader reads the wrap-up codes of queues.
type CodeReader interface {
	QueueCodes(ctx context.Context, queueID string) ([]string, error)
	Get(ctx context.Context, kind model.Kind, exID string) (seen model.Observed, raw []byte, err error)
}

// SeenCodes reads the wrap-up codes of a queue, to be kept for making it again; had are those kept so far. A code that is missing because it was
// deleted stays on the list: it is put back when it is made again. One that somebody took off the queue is off the list. The list is never nil.
func SeenCodes(ctx context.Context, org CodeReader, queueID string, had []string) ([]string, error) {
	codes, err := org.QueueCodes(ctx, queueID)
	if err != nil {
		return nil, fmt.Errorf("read its wrap-up codes: %w", err)
	}
	for _, h := range had {
		if slices.Contains(codes, h) {
			continue
		}
		if _, _, err := org.Get(ctx, model.KindWrapUpCode, h); model.CodeOf(err) == model.CodeNotFound {
			codes = append(codes, h)
		} else if err != nil {
			return nil, fmt.Errorf("read a wrap-up code that was on it: %w", err)
		}
	}
	return codes, nil
}
