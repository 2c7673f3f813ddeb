package mapping

import "time"

// Standing is what the key of an owner item has to say about the EX object.
type Standing int

// The standings. A stale owner forbids nothing: whether the object may become another key's is for the rule of adoption to say.
const (
	// OwnerStale is gone, on its way out, or has another EX object.
	OwnerStale Standing = iota
	// OwnerOrphan has the object, and its Engage object is gone: the object may be taken, and the row goes then.
	OwnerOrphan
	// OwnerLives has the object, or is about to have it.
	OwnerLives
)

// StandingOf judges an owner of an EX object by its row; there is no row when its Version is 0. from is the row that it takes
// over from, if any.
//
//	the owner's row                                         standing
//	none, or its goal is the deletion                       stale
//	has another EX id                                       stale
//	has this EX id, or is about to have it:                 orphan or lives, by its goal
//	  it was told to adopt it, the row that it takes over
//	  from has it, a creation is open, a worker is at it
//	has none, and none of that                              stale
//
// A takeover from a key that came back to Engage since is void, and so is its mark.
func StandingOf(row, from Row, exID string, now time.Time) Standing {
	switch {
	case row.Version == 0, row.Goal == GoalAbsent:
		return OwnerStale
	case row.EXID != "" && row.EXID != exID, row.EXID == "" && !row.about(from, exID, now):
		return OwnerStale
	case row.Goal == GoalOrphan:
		return OwnerOrphan
	default:
		return OwnerLives
	}
}

// about says that the row, which has no EX id, may be about to have this one.
func (r Row) about(from Row, exID string, now time.Time) bool {
	if r.Intent != nil || r.Working != nil && now.Before(r.Working.Until) {
		return true
	}
	if r.From.IsZero() {
		return r.Adopt == exID
	}
	if from.Version == 0 {
		return r.Adopt == exID // the row went, so the takeover was all but done
	}
	return !r.VoidedBy(from) && (from.EXID == exID || r.Adopt == exID)
}

// VoidedBy says that the takeover from that row is void: a later run than the one that told to take over found its key in
// Engage again.
func (r Row) VoidedBy(from Row) bool { return from.Goal == GoalPresent && from.Run > r.Run }
