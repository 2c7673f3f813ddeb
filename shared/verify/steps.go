package verify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"excs/shared/exorg"
	"excs/shared/model"
)

// step is one part of a sweep. A list is one step: a part of it proves nothing.
type step struct {
	name string
	do   func(*sweep, context.Context) error
}

// The names of the steps that are no kind's list; they stand in the document.
const (
	stepRotations = "member lists, external ids and wrap-up codes of queues"
	stepAbsences  = "absences"
)

// steps lists the steps of a request in their order: what others refer to comes first, so that a user is not compared by a
// skill that is gone. Rotations come after all lists: they know where they are by themselves.
func steps(kinds []model.Kind) []step {
	asked := func(k model.Kind) bool { return len(kinds) == 0 || slices.Contains(kinds, k) }
	var all []step
	for _, kind := range model.Kinds() {
		switch {
		case !asked(kind) || kind == model.KindMembers:
		case kind == model.KindUser:
			all = append(all, step{name: string(kind), do: (*sweep).users})
		default:
			all = append(all, step{name: string(kind), do: func(w *sweep, ctx context.Context) error { return w.named(ctx, kind) }})
		}
	}
	if asked(model.KindUser) || asked(model.KindMembers) {
		all = append(all, step{name: stepRotations, do: (*sweep).rotations})
	}
	return append(all, step{name: stepAbsences, do: (*sweep).secondReads})
}

// claimed makes a sweep that is kept in the document, from where the last call of the same request stopped.
func (w *sweep) claimed(ctx context.Context) error {
	var err error
	if w.cursor, err = w.ledger.claim(ctx, w.Now(), w.until()); err != nil {
		return err
	}
	w.saved = w.Now()
	name := nameOf(w.req.Kinds)
	open, ok := w.cursor.Open[name]
	if listed := open.Step == stepRotations || open.Step == stepAbsences; !ok || listed && w.Now().Sub(open.Began) > w.Interval/2 {
		open = progress{Began: w.Now()} // its lists are old: any sweep goes on with rotations and second reads
	}
	failure := w.walk(ctx, steps(w.req.Kinds), func(at string) {
		open.Step = at
		w.cursor.Open[name] = open
	}, open.Step)
	if failure == nil && w.report.Done {
		delete(w.cursor.Open, name)
	}
	if errors.Is(failure, errTaken) {
		return failure
	}
	w.cursor.Holder, w.cursor.Until = "", time.Time{}
	if err := w.ledger.save(context.WithoutCancel(ctx), w.cursor); failure == nil {
		failure = err
	}
	return failure
}

// dry makes a sweep from the beginning, knows what the document says, and keeps nothing.
func (w *sweep) dry(ctx context.Context) error {
	var err error
	if w.cursor, err = w.ledger.load(ctx); err != nil {
		return err
	}
	all := steps(w.req.Kinds)
	return w.walk(ctx, all[:len(all)-1], func(string) {}, "")
}

func (w *sweep) until() time.Time {
	if w.end.IsZero() {
		return w.Now().Add(claimTime)
	}
	return w.end.Add(w.Margin)
}

// nameOf is the name of a sweep in the document.
func nameOf(kinds []model.Kind) string {
	names := make([]string, 0, len(kinds))
	for _, k := range kinds {
		names = append(names, string(k))
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " ")
}

// walk makes the steps from the given one on ("" is the first).
func (w *sweep) walk(ctx context.Context, all []step, at func(string), from string) error {
	first := max(0, slices.IndexFunc(all, func(s step) bool { return s.name == from }))
	for _, s := range all[first:] {
		at(s.name)
		err := w.within(ctx, s.do)
		if why := stopped(ctx, err); why != "" {
			w.report.Next = fmt.Sprintf("%s while looking at %s; %s", why, s.name, w.goesOn())
			return nil
		}
		if err != nil {
			return fmt.Errorf("verify %s: %w", s.name, err)
		}
		if err := w.keep(ctx, true); err != nil {
			return err
		}
	}
	w.report.Done = true
	return nil
}

// goesOn says what the same request does next time.
func (w *sweep) goesOn() string {
	if w.ledger.fence == 0 {
		return "another call begins at the beginning"
	}
	return "the next call goes on there"
}

func (w *sweep) within(ctx context.Context, do func(*sweep, context.Context) error) error {
	if w.timeUp() {
		return errTimeUp
	}
	return do(w, ctx)
}

// stopped says why a sweep stops here on purpose, "" for any other error.
func stopped(ctx context.Context, err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, errTimeUp), ctx.Err() != nil:
		return "the time was up"
	case errors.Is(err, errEarly):
		return "a second read is not due yet"
	case model.CodeOf(err) == model.CodeThrottled:
		return "the request budget was spent"
	case errors.Is(err, errSilent):
		return "the EX Org did not answer"
	default:
		return ""
	}
}

// errSilent says that reads failed one after the other.
var errSilent = &model.Error{Code: model.CodeUnavailable, Op: "verify", Err: fmt.Errorf("the EX Org does not answer")}

// fatal says of a failed read that no other one will do better: the sweep stops or fails. A read that only failed itself
// is noted and passed over.
func (w *sweep) fatal(ctx context.Context, err error) bool {
	return stopped(ctx, err) != "" || exorg.IsCredentials(err)
}

// keepEvery is how often the document is written while a step goes on.
const keepEvery = time.Minute

// keep writes the document, at the end of a step or from time to time.
func (w *sweep) keep(ctx context.Context, now bool) error {
	if w.ledger.fence == 0 || !now && w.Now().Sub(w.saved) < keepEvery {
		return nil
	}
	w.saved = w.Now()
	w.cursor.Until = w.until()
	return w.ledger.save(context.WithoutCancel(ctx), w.cursor)
}

func (w *sweep) absentKeys() []model.Key {
	return slices.SortedFunc(maps.Keys(w.cursor.Absent), model.Key.Compare)
}
