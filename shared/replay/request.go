package replay

import (
	"slices"
	"strings"

	"excs/shared/model"
	"excs/shared/queue"
)

// Request says which letters to bring back. The zero value means all of them, up to DefaultMax objects.
type Request struct {
	// Max is how many objects are brought back or struck off at most (1 to HighestMax; 0: DefaultMax). All letters of one
	// object count once.
	Max int
	// Kinds and Keys limit the objects; empty: all.
	Kinds []model.Kind
	Keys  []model.Key
	// Reason limits the letters to those whose reason holds the text, or whose code is it; case does not matter. One letter
	// is enough for its object: the look that follows answers all of them.
	Reason string
	// Dry changes nothing.
	Dry bool
}

func (r *Request) check() error {
	if r.Max == 0 {
		r.Max = DefaultMax
	}
	if r.Max < 1 || r.Max > HighestMax {
		return model.Errorf(model.CodeInvalid, "replay", "max is %d: use 1 to %d", r.Max, HighestMax)
	}
	r.Reason = strings.ToLower(strings.TrimSpace(r.Reason))
	return nil
}

// wants says whether letters of one object are asked for.
func (r *Request) wants(letters []queue.Received) bool {
	key := letters[0].Key
	if len(r.Kinds) > 0 && !slices.Contains(r.Kinds, key.Kind) || len(r.Keys) > 0 && !slices.Contains(r.Keys, key) {
		return false
	}
	return r.Reason == "" || slices.ContainsFunc(letters, func(l queue.Received) bool {
		return strings.Contains(strings.ToLower(reasonOf(l)), r.Reason) || strings.EqualFold(string(l.Code), r.Reason)
	})
}

// givenUp is the reason of a letter that the work queue made by itself, which says none.
const givenUp = "a worker crashed or ran out of time on it again and again, until the work queue gave it up"

// byWorker says whether a worker wrote the letter, and not the work queue's own limit of receives.
func byWorker(l queue.Received) bool { return l.Reason != "" }

func reasonOf(l queue.Received) string {
	switch {
	case l.Err != nil:
		return "it can not be read: " + l.Err.Error()
	case byWorker(l):
		return l.Reason
	default:
		return givenUp
	}
}
