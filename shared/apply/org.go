package apply

import (
	"context"

	"excs/shared/model"
)

// Org is what the worker reads of the EX Org. Errors carry a model.Code; not_found means that the object is not there or
// can not be seen.
type Org interface {
	// Reserve takes n slots of the request budget for the calls made under the returned context.
	Reserve(ctx context.Context, n int, bulk bool) (context.Context, error)
	// HomeDivision is the id of the home division.
	HomeDivision(ctx context.Context) (string, error)
	// Get reads one object by its EX id. A soft-deleted user comes back with Deleted set, without sets; those of the others are best effort:
	// nil is unknown. raw is a queue's whole body.
	Get(ctx context.Context, kind model.Kind, exID string) (seen model.Observed, raw []byte, err error)
	// Find looks an object up by what identifies it beside its EX id: a user by external key and e-mail (deleted ones too),
	// a queue by peer id and name (both halves of the list), the others by name (deactivated sources too).
	Find(ctx context.Context, want model.Object) ([]model.Observed, error)
	// FindNamed is Find with the API's name filter alone, for a refusal that may have other causes than a taken name: it never reads a whole
	// list, and ends with the first half of the queues that shows a holder.
	FindNamed(ctx context.Context, want model.Object) ([]model.Observed, error)
	// Sets reads a user's skills and languages by their own calls.
	Sets(ctx context.Context, userID string) (skills, languages []model.Assigned, err error)
	// SetOf reads a user's skills or languages by their own call.
	SetOf(ctx context.Context, kind model.Kind, userID string) ([]model.Assigned, error)
	// ExternalKeys reads a user's keys under EXCS's authority.
	ExternalKeys(ctx context.Context, userID string) ([]string, error)
	// Members reads the users that are members of a queue as users.
	Members(ctx context.Context, queueID string) ([]string, error)
	// QueueCodes reads the EX ids of the wrap-up codes on a queue.
	QueueCodes(ctx context.Context, queueID string) ([]string, error)
}

// Creation is what a new object starts with.
type Creation struct {
	Object model.Object
	// DivisionID is the division of a user; a queue without one gets the division of Base, else the home division.
	DivisionID string
	// Base is the last seen body of the queue that is created again, nil for a new one.
	Base []byte
	// Without names the top-level fields of Base that the EX Org does not take.
	Without []string
}

// Created is the object that a creation made: its id, the version of a user, the whole body of a queue.
type Created struct {
	EXID    string
	Version int
	Raw     []byte
}

// Writer is every write that EXCS makes in the EX Org. A write whose answer was lost is ambiguous; none is repeated
// blindly.
type Writer interface {
	Create(ctx context.Context, c Creation) (Created, error)
	PatchUser(ctx context.Context, exID string, version int, name, email *string) (newVersion int, err error)
	SetUserState(ctx context.Context, exID string, version int, state model.UserState) (newVersion int, err error)
	MoveUser(ctx context.Context, exID, divisionID string) error
	AddExternalKey(ctx context.Context, exID, key string) error
	RemoveExternalKey(ctx context.Context, exID, key string) error
	ReplaceSkills(ctx context.Context, exID string, skills []model.Assigned) error
	AddSkills(ctx context.Context, exID string, skills []model.Assigned) error
	RemoveSkill(ctx context.Context, exID, skillID string) error
	AddLanguages(ctx context.Context, exID string, languages []model.Assigned) error
	RemoveLanguage(ctx context.Context, exID, languageID string) error
	// Update sets the controlled fields of a queue, wrap-up code or source; raw is the body just read, everything else in
	// it stays.
	Update(ctx context.Context, exID string, want model.Object, raw []byte) error
	DeleteQueue(ctx context.Context, exID string) error
	AddMembers(ctx context.Context, queueID string, users []string) error
	RemoveMembers(ctx context.Context, queueID string, users []string) error
	AddQueueCodes(ctx context.Context, queueID string, codes []string) error
}

// homeDivision keeps the home division's id for the life of the process: it can not be changed. turn is a lock that a
// context can end the wait for, because it is held during a call.
type homeDivision struct {
	turn chan struct{}
	id   string
}

func (w *Worker) homeDivisionID(ctx context.Context) (string, error) {
	select {
	case w.home.turn <- struct{}{}:
		defer func() { <-w.home.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if w.home.id != "" {
		return w.home.id, nil
	}
	id, err := w.Org.HomeDivision(ctx)
	if err != nil {
		return "", err
	}
	w.home.id = id
	return id, nil
}
