package run

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
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
	// Until is when the pause ends by itself; zero: never.
	Until time.Time
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
	// Stood are the pauses of the same scopes that stood already, as they were.
	Stood mapping.Pauses `json:"stood,omitempty"`
	// InFlight messages are in the hands of workers now: an object whose writing has begun is finished, the next is not begun.
	InFlight int `json:"messagesInFlight"`
}

// Pause stops every writer: what is paused is written neither to the EX Org nor to a row, until Resume. It takes no lease, so
// it does not wait for a run under way. Workers read it before each batch and every few seconds within one; an object whose
// writing has begun when the pause comes is finished.
//
// A pause with an end is ended by the first scheduled run after it, which then carries out what changed meanwhile, within the guard.
//
// Errors: not_found when an object that is named is neither mapped nor asked for by Engage, and nothing is paused then; invalid when there would be more pauses than the
// table keeps, or the end is not in the future; those of the table.
func (r *Runner) Pause(ctx context.Context, req PauseRequest) (Standstill, error) {
	ctx, err := r.home(ctx)
	if err != nil {
		return Standstill{}, err
	}
	now, scopes := r.Now(), req.scopes()
	if !req.Until.IsZero() && !req.Until.After(now) {
		return Standstill{}, model.Errorf(model.CodeInvalid, "", "the end %s is not in the future: it is %s", req.Until.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	if err := r.refuseUnknown(ctx, req.Keys); err != nil {
		return Standstill{}, err
	}
	before, err := r.Table.Pauses(ctx)
	if err != nil {
		return Standstill{}, err
	}
	add := make([]mapping.Pause, 0, len(scopes))
	for _, s := range scopes {
		add = append(add, mapping.Pause{Scope: s, Since: now, Until: req.Until, Who: req.Who, Note: req.Note})
	}
	all, err := r.Table.Pause(ctx, add)
	if err != nil {
		return Standstill{}, err
	}
	s := Standstill{Set: all.In(scopes), Paused: all, Stood: before.In(scopes)}
	r.acted(ctx, mapping.ActionPause, named(scopes), req.By)
	r.Log.InfoContext(ctx, "paused", "scope", named(scopes), "until", req.Until, "who", req.Who, "note", req.Note)
	// The pause holds by now: what follows only tells of it, and must not make it look as if it did not.
	if err := r.noteInHistory(ctx, req.Keys, mapping.ActionPause, req.By); err != nil {
		r.Log.WarnContext(ctx, "the pause could not be noted in the history of its objects", "code", model.CodeOf(err), "error", err.Error())
	}
	if _, s.InFlight, err = r.Queue.Depth(ctx); err != nil {
		r.Log.WarnContext(ctx, "the depth of the work queue could not be read", "code", model.CodeOf(err), "error", err.Error())
	}
	return s, nil
}

// refuseUnknown refuses keys that are neither mapped nor asked for by Engage: a slip in the number would keep nobody out. Engage is read only for
// keys without a row.
func (r *Runner) refuseUnknown(ctx context.Context, keys []model.Key) error {
	rows, err := r.Table.GetMany(ctx, keys)
	if err != nil {
		return fmt.Errorf("read what is to be paused: %w", err)
	}
	fresh := slices.DeleteFunc(slices.Clone(keys), func(k model.Key) bool { _, there := rows[k]; return there })
	if len(fresh) == 0 {
		return nil
	}
	report, err := r.Plan(ctx, Request{Cause: model.CauseManual})
	if err != nil {
		return fmt.Errorf("%s not mapped, and Engage could not be asked for it: %w", isAre(fresh), err)
	}
	wanted := map[model.Key]bool{}
	for _, c := range report.Plan.Changes {
		wanted[c.Key] = true
	}
	for _, h := range report.Plan.Held {
		wanted[h.Change.Key] = true
	}
	for _, x := range report.Plan.Rejects {
		wanted[x.Key] = true
	}
	if fresh = slices.DeleteFunc(fresh, func(k model.Key) bool { return wanted[k] }); len(fresh) > 0 {
		return model.Errorf(model.CodeNotFound, "", "%s neither mapped nor asked for by Engage: correct the number; nothing was paused", isAre(fresh))
	}
	return nil
}

// isAre names keys with their verb.
func isAre(keys []model.Key) string {
	if len(keys) == 1 {
		return keys[0].String() + " is"
	}
	return keysNamedIn(keys) + " are"
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

// noteInHistory puts an operator's action into the history of the rows of keys; those without a row are passed over.
func (r *Runner) noteInHistory(ctx context.Context, keys []model.Key, action model.Action, by By) error {
	if len(keys) == 0 {
		return nil
	}
	rows, err := r.Table.GetMany(ctx, keys)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if row, ok := rows[key]; ok {
			if err := r.note(ctx, row, action, by); err != nil {
				return err
			}
		}
	}
	return nil
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

// endPauses ends the pauses whose end has come, and returns those that are left. The run that ends them plans what changed meanwhile as any
// other change; rows that rest are let go by it.
func (r *Runner) endPauses(ctx context.Context) (left mapping.Pauses, ended bool, err error) {
	left, err = r.Table.Pauses(ctx)
	if err != nil {
		return nil, false, err
	}
	over := left.Over(r.Now())
	if len(over) == 0 {
		return left, false, nil
	}
	if left, err = r.Table.Resume(ctx, over.Scopes()); err != nil {
		return nil, false, err
	}
	for _, p := range over {
		by := By{Who: "EXCS", Note: "the pause had an end: " + p.Until.UTC().Format(time.RFC3339)}
		r.Log.InfoContext(ctx, "resumed", "scope", p.Scope.String(), "who", by.Who, "note", by.Note)
		r.acted(ctx, mapping.ActionResume, p.String(), by)
	}
	return left, true, nil
}

// tellOpenAccounts logs the disabled Persons whose accounts a pause keeps open: somebody must know within the hour.
func (r *Runner) tellOpenAccounts(ctx context.Context, d *draft) {
	for _, h := range d.plan.Held {
		if h.Code == plan.HeldPaused && strings.HasSuffix(h.Reason, plan.AccountOpen) {
			r.Log.WarnContext(ctx, "a pause keeps the account of a disabled person open", "key", h.Change.Key, "why", h.Reason)
		}
	}
}
