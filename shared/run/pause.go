package run

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"excs/shared/mapping"
	"excs/shared/model"
)

// By says who asked for something and why. Both are for the audit, and may be empty.
type By struct {
	Who  string `json:"who,omitempty"`
	Note string `json:"note,omitempty"`
}

// PauseRequest says what to pause: kinds, objects, or, with neither, everything.
type PauseRequest struct {
	Kinds []model.Kind
	Keys  []model.Key
	By
}

func (r PauseRequest) scopes() []mapping.Scope {
	var scopes []mapping.Scope
	for _, k := range r.Kinds {
		scopes = append(scopes, mapping.Scope{Kind: k})
	}
	for _, k := range r.Keys {
		scopes = append(scopes, mapping.Scope{Key: k})
	}
	if len(scopes) == 0 {
		scopes = []mapping.Scope{{}}
	}
	return scopes
}

// Standstill says what is paused.
type Standstill struct {
	// Set are the pauses that were asked for, Paused are all.
	Set    mapping.Pauses `json:"set"`
	Paused mapping.Pauses `json:"paused"`
	// Unknown are objects that were named and that have no row: they are not mapped yet, or the number is wrong.
	Unknown []model.Key `json:"unknown,omitempty"`
	// InFlight messages are in the hands of workers now: an object whose writing has begun is finished, the next is not begun.
	InFlight int `json:"messagesInFlight"`
}

// Pause stops every writer: what is paused is written neither to the EX Org nor to a row, until Resume. It takes no lease, so
// it does not wait for a run under way. Workers read it before each batch and every few seconds within one; an object whose
// writing has begun when the pause comes is finished.
//
// Errors: invalid when there would be more pauses than the table keeps; those of the table.
func (r *Runner) Pause(ctx context.Context, req PauseRequest) (Standstill, error) {
	ctx, err := r.home(ctx)
	if err != nil {
		return Standstill{}, err
	}
	now, scopes := r.Now(), req.scopes()
	add := make([]mapping.Pause, 0, len(scopes))
	for _, s := range scopes {
		add = append(add, mapping.Pause{Scope: s, Since: now, Who: req.Who, Note: req.Note})
	}
	all, err := r.Table.Pause(ctx, add)
	if err != nil {
		return Standstill{}, err
	}
	s := Standstill{Set: all.In(scopes), Paused: all}
	r.acted(ctx, mapping.ActionPause, named(scopes), req.By)
	r.Log.InfoContext(ctx, "paused", "scope", named(scopes), "who", req.Who, "note", req.Note)
	// The pause holds by now: what follows only tells of it, and must not make it look as if it did not.
	if s.Unknown, err = r.noteInHistory(ctx, req.Keys, mapping.ActionPause, req.By); err != nil {
		r.Log.WarnContext(ctx, "the pause could not be noted in the history of its objects", "code", model.CodeOf(err), "error", err.Error())
	}
	if _, s.InFlight, err = r.Queue.Depth(ctx); err != nil {
		r.Log.WarnContext(ctx, "the depth of the work queue could not be read", "code", model.CodeOf(err), "error", err.Error())
	}
	return s, nil
}

// Pauses reads what is paused.
func (r *Runner) Pauses(ctx context.Context) (mapping.Pauses, error) { return r.Table.Pauses(ctx) }

// named writes scopes for a log line, the first few of them.
func named(scopes []mapping.Scope) string {
	const most = 20
	names := make([]string, 0, min(len(scopes), most))
	for i, s := range scopes {
		if i == most {
			names = append(names, fmt.Sprintf("and %d more", len(scopes)-most))
			break
		}
		names = append(names, s.String())
	}
	return strings.Join(names, ", ")
}

// noteInHistory puts an operator's action into the history of the rows of keys and gives the keys that have none.
func (r *Runner) noteInHistory(ctx context.Context, keys []model.Key, action model.Action, by By) (unknown []model.Key, err error) {
	if len(keys) == 0 {
		return nil, nil
	}
	rows, err := r.Table.GetMany(ctx, keys)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		row, ok := rows[key]
		if !ok {
			unknown = append(unknown, key)
			continue
		}
		if err := r.note(ctx, row, action, by); err != nil {
			return unknown, err
		}
	}
	return unknown, nil
}

// note puts an operator's action into a row's history, whatever the row has come to meanwhile.
func (r *Runner) note(ctx context.Context, row mapping.Row, action model.Action, by By) error {
	_, err := r.Table.Record(ctx, mapping.Outcome{Key: row.Key, Version: row.Version, History: []mapping.Entry{r.entry(action, by)}}, r.Now())
	switch model.CodeOf(err) {
	case "", model.CodeStale, model.CodeNotFound:
		return nil
	default:
		return fmt.Errorf("note in the history of %s: %w", row.Key, err)
	}
}

func (r *Runner) entry(action model.Action, by By) mapping.Entry {
	return mapping.Entry{At: r.Now(), Action: action, Cause: model.CauseManual, Who: by.Who, Note: by.Note}
}

// unpaused leaves out the items that are paused.
func unpaused(items []mapping.Item, pauses mapping.Pauses) []mapping.Item {
	if len(pauses) == 0 {
		return items
	}
	return slices.DeleteFunc(slices.Clone(items), func(i mapping.Item) bool { return pauses.Covers(i.Key) })
}

// standsStill says that a row waits for the end of a pause: of its own, or of something that it needs. Nobody is late with it.
// Once nothing is paused any more a row that still says so is late: workers should have looked at it.
func standsStill(i mapping.Item, pauses mapping.Pauses) bool {
	return pauses.Covers(i.Key) || len(pauses) > 0 && i.AtRest()
}

// why gives the plan's question of what is paused.
func why(pauses mapping.Pauses) func(model.Key) string {
	if len(pauses) == 0 {
		return nil
	}
	return func(key model.Key) string {
		if p, paused := pauses.Of(key); paused {
			return p.Why()
		}
		return ""
	}
}
