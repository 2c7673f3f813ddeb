package replay

import (
	"fmt"
	"slices"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// act is what happens to the letters of one object.
type act int

const (
	leave act = iota // they stay on the queue
	drop             // they are deleted: no look is needed
	send             // the object gets a look, then they are deleted
	join             // they are deleted: the look that this replay asked for answers them too
)

type verdict struct {
	act
	why string
}

// judge decides on the letters of one object by its row (nil: there is none). sent is the version at which this replay sent
// a message for the object, 0 for none.
//
//	no row                              drop   forgotten
//	orphan, gone                        drop   EXCS does not write to it any more
//	converged                           drop   it is right; but see unseen
//	held                                leave  an operator decides first
//	pending, letter as new as the row   leave  its worker is about to set the quarantine
//	pending                             send
//	waiting by itself, not due          drop   it gets its look, and a second look must not begin anew
//	waiting, invisible, quarantined     send
func judge(row *mapping.Row, letters []queue.Received, sent int64, now time.Time) verdict {
	switch {
	case row == nil:
		return verdict{drop, forgotten}
	case sent > 0 && asNewAs(letters, sent):
		return verdict{leave, "it failed again after this replay had sent it: remove the cause first"}
	case sent > 0 && newest(letters) < sent:
		return verdict{join, oneLook}
	default:
		return byState(row, letters, now)
	}
}

const forgotten = "its row is gone from the mapping table: it was forgotten, or expired after its deletion"

const oneLook = "one look answers all letters of an object"

func byState(row *mapping.Row, letters []queue.Received, now time.Time) verdict {
	switch row.State {
	case mapping.StateOrphan:
		return verdict{drop, "it is an orphan: EXCS does not write to it, the administrator decides about it"}
	case mapping.StateGone:
		return verdict{drop, "it is deleted in the EX Org, as Engage wants"}
	case mapping.StateConverged:
		if unseen(letters) {
			return verdict{send, "a change in the EX Org was reported and nobody could look"}
		}
		return verdict{drop, "it is right since " + stamp(row.Since)}
	case mapping.StateHeld:
		return verdict{leave, "it is held: " + row.Reason + "; approve or discard it first"}
	case mapping.StatePending, mapping.StateWaiting:
		return unfinished(row, letters, now)
	default:
		return verdict{send, sentWhy}
	}
}

const sentWhy = "sent"

// unfinished decides by a row that workers are not done with.
func unfinished(row *mapping.Row, letters []queue.Received, now time.Time) verdict {
	// The letter goes before the row says quarantined. A release does not give a pending row a new version, so a message
	// sent now would find the quarantine and be done, with the letter gone.
	if row.State == mapping.StatePending && asNewAs(letters, row.Version) {
		return verdict{leave, "the worker that wrote it is not done: replay again in some minutes"}
	}
	if row.State == mapping.StateWaiting && now.Before(row.WaitUntil) && row.Attempts == 0 && row.WaitsFor.IsZero() {
		return verdict{drop, fmt.Sprintf("it gets its look by itself at %s: %s", stamp(row.WaitUntil), row.Reason)}
	}
	return verdict{send, sentWhy}
}

// asNewAs says whether a worker wrote one of the letters about that version of the row or a later one.
func asNewAs(letters []queue.Received, version int64) bool {
	return slices.ContainsFunc(letters, func(l queue.Received) bool { return byWorker(l) && l.Version >= version })
}

func newest(letters []queue.Received) int64 {
	v := int64(0)
	for _, l := range letters {
		v = max(v, l.Version)
	}
	return v
}

// unseen says whether one of the letters is a hint about the EX Org that no worker lived to follow: a converged row is no
// proof then that the object is right.
func unseen(letters []queue.Received) bool {
	hints := []model.Cause{model.CauseDrift, model.CauseDeleted, model.CauseManual, model.CauseReplay}
	return slices.ContainsFunc(letters, func(l queue.Received) bool { return !byWorker(l) && slices.Contains(hints, l.Cause) })
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
