package write

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"excs/shared/exorg"
	"excs/shared/exorg/internal/wire"
	"excs/shared/model"
)

// Batch sizes of the API (FACTS X2): more in one call is 400.
const (
	// AssignmentBatch is how many skills or languages of a user go into one call.
	AssignmentBatch = 50
	// MemberBatch is how many members, wrap-up codes of a queue, or objects of a division go into one call.
	MemberBatch = 100
)

// The permissions that writes need (FACTS X2), for the advice in the error of a 403.
const (
	needsUserAdd      = "directory:user:add"
	needsUserEdit     = "directory:user:edit"
	needsSkillAssign  = "routing:skill:assign"
	needsSkillManage  = "routing:skill:manage"
	needsQueueAdd     = "routing:queue:add"
	needsQueueEdit    = "routing:queue:edit"
	needsQueueDelete  = "routing:queue:delete"
	needsMemberManage = "routing:queueMember:manage"
	needsCodeAdd      = "routing:wrapupCode:add"
	needsCodeEdit     = "routing:wrapupCode:edit"
	needsSourceAdd    = "presence:source:add"
	needsSourceEdit   = "presence:source:edit"
)

// Writer changes one EX Org. It is safe for concurrent use; writes to one user's skills must not race, the EX Org answers them with 409.
//
// Every method's error is a *model.Error around an *exorg.APIError. Codes of all of them: denied, throttled (nothing happened), unavailable
// (nothing happened), ambiguous (it may have happened), invalid, not_found (the object in the path is gone or invisible).
type Writer struct{ org *exorg.Client }

// New makes a writer that shares the client's tokens, budget and prepaid slots.
func New(org *exorg.Client) *Writer { return &Writer{org: org} }

type reference struct {
	ID string `json:"id"`
}

func references(ids []string) []reference {
	out := make([]reference, 0, len(ids))
	for _, id := range ids {
		out = append(out, reference{ID: id})
	}
	return out
}

// create sends a creating call. An answer without an id is ambiguous: the object may be there.
func create[T any](ctx context.Context, w *Writer, r wire.Request, id func(T) string) (T, error) {
	var v, none T
	r.Method = http.MethodPost
	if err := w.org.Call(ctx, r, &v); err != nil {
		return none, err
	}
	if id(v) == "" {
		return none, model.Errorf(model.CodeAmbiguous, r.Op, "%s %s: the answer holds no id", r.Method, r.Route)
	}
	return v, nil
}

// inBatches sends items in calls of at most size. When a later call fails, the error says how many items are done; none of the methods that use it
// does harm when it is repeated from the start.
func inBatches[T any](items []T, size int, send func([]T) error) error {
	done := 0
	for batch := range slices.Chunk(items, size) {
		if err := send(batch); err != nil {
			if done > 0 {
				return fmt.Errorf("after %d of %d: %w", done, len(items), err)
			}
			return err
		}
		done += len(batch)
	}
	return nil
}
