package explain

import (
	"fmt"
	"strings"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
)

// tellNext says in sentences what happens next, the strongest first.
func (w *work) tellNext() {
	w.out.Next = []string{}
	if w.out.Paused != "" {
		w.next("nothing is written to it until it is resumed: %s", w.out.Paused)
	}
	for _, r := range w.out.Rejected {
		w.next("nothing new from Engage: it is rejected: %s", r)
	}
	if w.held != nil && w.held.Code == plan.HeldPaused {
		w.next("then the next run will %s, because Engage changed", says(w.held.Change))
	} else if w.held != nil {
		w.next("held since %s (%s): %s; it would %s", stamp(w.held.Since), w.held.Code, w.held.Reason, says(w.held.Change))
	}
	if c := w.out.Change; c != nil {
		w.next("the next run will %s, because Engage changed", says(*c))
	}
	if w.out.BeingChanged {
		w.next("a run is changing it, or died while it did: the next complete run compares it with Engage")
	}
	if w.mapped {
		w.nextOfState()
	}
	if len(w.out.Next) == 0 {
		w.next("nothing: the EX Org is as Engage wants it")
	}
}

func (w *work) next(format string, args ...any) {
	w.out.Next = append(w.out.Next, fmt.Sprintf(format, args...))
}

// nextOfState says what the worker does with the row as it stands.
func (w *work) nextOfState() {
	r := w.row
	if r.Queued != nil {
		w.next("a message is on the queue since %s: a worker looks at the object", stamp(r.Queued.At))
	}
	switch r.State {
	case mapping.StateConverged:
		w.nextOfDrift()
	case mapping.StatePending:
		w.next("a worker makes it so%s", drifted(w.drift))
	case mapping.StateWaiting:
		w.next("it waits until %s%s: %s; then a worker looks again%s", stamp(r.WaitUntil), forKey(r.WaitsFor), r.Reason, drifted(w.drift))
	case mapping.StateHeld:
		w.next("a worker holds it until an operator approves: %s", r.Reason)
	case mapping.StateQuarantined:
		w.next("nothing until an operator releases it or Engage changes it: %s", r.Reason)
	case mapping.StateInvisible:
		w.next("a worker looks for it again at %s: %s", stamp(r.WaitUntil), r.Reason)
	case mapping.StateOrphan:
		w.next("nothing: Engage does not have it any more, and the EX object is left to the administrator")
	case mapping.StateGone:
		w.next("nothing: it was deleted because Engage's was")
	}
}

// nextOfDrift says how a difference of a converged object is undone.
func (w *work) nextOfDrift() {
	switch {
	case w.row.LeftDeleted():
		w.next("nothing: %s", w.row.Reason)
	case w.out.Paused != "" && (w.out.Missing || len(w.drift) > 0):
		w.next("then it is set right: it differs in the EX Org by %s", strings.Join(append(names(w.drift), missingWord(w.out.Missing)...), ", "))
	case w.out.Missing:
		w.next("verify or a notification finds that it is gone, and a worker makes it again after two more looks")
	case len(w.drift) > 0 && w.row.Queued == nil:
		w.next("verify or a notification finds the difference, and a worker sets back %s", strings.Join(names(w.drift), ", "))
	}
}

func missingWord(missing bool) []string {
	if missing {
		return []string{"not being there"}
	}
	return nil
}

func drifted(fields []model.Field) string {
	if len(fields) == 0 {
		return ""
	}
	return ": it would change " + strings.Join(names(fields), ", ")
}

func forKey(k model.Key) string {
	if k.IsZero() {
		return ""
	}
	return " for " + k.String()
}

func names(fields []model.Field) []string {
	list := make([]string, 0, len(fields))
	for _, f := range fields {
		list = append(list, f.Name)
	}
	return list
}

// says writes a change as a verb with its fields.
func says(c model.Change) string {
	verb := string(c.Action) + " it"
	switch c.Action {
	case model.ActionOrphan:
		verb = "leave it to the administrator"
	case model.ActionRefresh:
		verb = "note facts of it, without a write to the EX Org"
	default:
	}
	if len(c.Fields) > 0 {
		verb += " (" + strings.Join(names(c.Fields), ", ") + ")"
	}
	return verb
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
