package apply

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
)

// isRefusal says that the EX Org understood a call and will not do it: something that the call names, or the whole part, is
// to blame. Refused credentials, spent budgets and outages are none.
func isRefusal(err error) bool {
	e, ok := errors.AsType[*exorg.APIError](err)
	if !ok || exorg.IsCredentials(err) || isCommon(err) {
		return false
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusGone,
		http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	default:
		return false
	}
}

// isCommon says that the EX Org, its login host or the network did not work: no object is to blame.
func isCommon(err error) bool {
	if _, ok := errors.AsType[*passed](err); ok {
		return false
	}
	if _, ok := errors.AsType[*exorg.APIError](err); !ok {
		return false
	}
	code := model.CodeOf(err)
	return code == model.CodeUnavailable || code == model.CodeAmbiguous
}

// staleTries is how many looks may end in a stale version before the part that was written is to blame: a read may be old.
const staleTries = 3

// parts are the parts of one object, each of which is made right on its own: what one of them comes to holds up no other.
type parts struct {
	*look
	first error // what the first part that is not right, and not refused, came to
}

func (l *look) newParts() *parts { return &parts{look: l} }

// tried takes what the write of a part came to. The error ends the look: nothing else can be done now.
func (p *parts) tried(ctx context.Context, r mapping.Refusal, err error) error {
	switch {
	case err == nil:
		return nil
	case p.refuses(err):
		p.refuse(ctx, r, err)
		return nil
	case p.ends(err):
		return err
	}
	if p.first == nil {
		p.first = err
	}
	return nil
}

// refuses says whether the part itself is to blame.
func (l *look) refuses(err error) bool {
	if _, stop := asStop(err); stop || isMoved(err) {
		return false
	}
	if isTerminal(err) && !isOurs(err) {
		return true
	}
	if model.CodeOf(err) == model.CodeStale && l.row.Attempts < staleTries {
		return false
	}
	return isRefusal(err)
}

// ends says whether the failure ends the look: the other parts would fare no better, or must not be tried.
func (p *parts) ends(err error) bool {
	if s, ok := asStop(err); ok {
		return s.state != mapping.StateWaiting
	}
	if isMoved(err) || isOurs(err) || model.CodeOf(err) == model.CodeThrottled || exorg.IsCredentials(err) {
		return true
	}
	again := len(p.unanswered) > 0
	if isCommon(err) {
		p.unanswered = append(p.unanswered, err)
	}
	return again
}

// refuse notes that the EX Org will not take a part, with its own words.
func (l *look) refuse(ctx context.Context, r mapping.Refusal, err error) {
	r.Reason, r.Since = err.Error(), l.now
	if e, ok := errors.AsType[*exorg.APIError](err); ok {
		r.Status, r.Code = e.Status, e.Code
	}
	for _, before := range l.row.Refused {
		if samePart(before, r) {
			r.Since, r.Tries = before.Since, before.Tries
		}
	}
	r.Tries++
	r.Next = slowNext(r.Since, r.Tries, l.now)
	if grouped(r) {
		follows, err := l.follows(ctx, r)
		if err != nil {
			l.Log.WarnContext(ctx, "a refusal could not be shared", l.attrs("code", model.CodeOf(err), "error", err.Error())...)
		}
		if follows {
			r.Next = l.now.Add(restTime + l.apart(restTime))
		}
	}
	l.work.Denied = l.work.Denied || exorg.IsDenied(err)
	l.refusals = append(l.refusals, r)
	l.Log.WarnContext(ctx, "part refused", l.attrs("part", r.Part, "exId", r.EXID, "status", r.Status, "code", r.Code, "tries", r.Tries)...)
}

func samePart(a, b mapping.Refusal) bool {
	return a.Part == b.Part && a.EXID == b.EXID && a.Value == b.Value
}

// slowNext is when something that will not work is tried again: after a minute, after ten, every hour, after a day daily.
func slowNext(since time.Time, tries int, now time.Time) time.Time {
	switch {
	case tries <= 1:
		return now.Add(time.Minute)
	case tries == 2:
		return now.Add(10 * time.Minute)
	case now.Sub(since) < 24*time.Hour:
		return now.Add(time.Hour)
	default:
		return now.Add(24 * time.Hour)
	}
}

// rested gives the refusals of the row that are not due: their parts are left out. Of each cause one is due at a time. An
// operator's look tries all of them, and so does one that what the row waits for asked for. Values are those that plain fields are to get: one that was to be another is no refusal.
func (l *look) rested(values map[string]string) []mapping.Refusal {
	var rest []mapping.Refusal
	tried := map[string]bool{}
	woken := !l.row.WaitsFor.IsZero() && l.now.Before(l.row.WaitUntil)
	for _, r := range l.row.Refused {
		if value, plain := values[r.Part]; plain && r.EXID == "" && value != r.Value {
			continue
		}
		due := !l.now.Before(r.Next) || woken || l.insists()
		cause := fmt.Sprint(r.Part, " ", r.Status, " ", r.Code)
		if due && !(r.EXID != "" && tried[cause]) {
			tried[cause] = true
			continue
		}
		rest = append(rest, r)
	}
	return rest
}

func partsOf(refusals []mapping.Refusal) []plan.Part {
	parts := make([]plan.Part, 0, len(refusals))
	for _, r := range refusals {
		parts = append(parts, plan.Part{Field: r.Part, EXID: r.EXID})
	}
	return parts
}

// leaves says whether a part is left out.
func leaves(rested []mapping.Refusal, part, exID string) bool {
	return slices.ContainsFunc(rested, func(r mapping.Refusal) bool { return r.Part == part && r.EXID == exID })
}

// noteRefusals puts the refused parts on the row: those of this look, and those that it left out. A look that did not come to
// all parts leaves what it did not come to as it was.
func (l *look) noteRefusals() {
	if !l.evaluated {
		if len(l.refusals) > 0 {
			l.out.Refused = merged(l.row.Refused, l.refusals)
		}
		return
	}
	standing := append(slices.Clone(l.left), l.refusals...)
	if len(standing) == 0 {
		if len(l.row.Refused) > 0 {
			l.out.Refused = []mapping.Refusal{}
		}
		return
	}
	l.out.Refused = standing
	reason := mapping.Refused + reasonOf(standing)
	switch l.out.State {
	case mapping.StateConverged:
		l.out.State, l.out.Applied = mapping.StateWaiting, 0
		l.out.Reason, l.out.WaitUntil = reason, nextOf(standing)
	case mapping.StateWaiting:
		l.out.Reason = reason + "; " + l.out.Reason
	}
	l.out.LastError = standing[0].Reason
}

// merged gives the former refusals with newer ones in their place.
func merged(former, newer []mapping.Refusal) []mapping.Refusal {
	kept := slices.DeleteFunc(slices.Clone(former), func(f mapping.Refusal) bool {
		return slices.ContainsFunc(newer, func(n mapping.Refusal) bool { return n.Part == f.Part && n.EXID == f.EXID })
	})
	return append(kept, newer...)
}

func nextOf(refusals []mapping.Refusal) time.Time {
	next := refusals[0].Next
	for _, r := range refusals[1:] {
		if r.Next.Before(next) {
			next = r.Next
		}
	}
	return next
}

// reasonsNamed is how many refused parts a reason names.
const reasonsNamed = 5

func reasonOf(refusals []mapping.Refusal) string {
	var names []string
	for _, r := range refusals[:min(len(refusals), reasonsNamed)] {
		names = append(names, strings.TrimSpace(r.Part+" "+r.Name)+": "+r.Reason)
	}
	if n := len(refusals) - reasonsNamed; n > 0 {
		names = append(names, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(names, "; ")
}
