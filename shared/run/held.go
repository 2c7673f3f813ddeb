package run

import (
	"context"
	"maps"
	"slices"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
)

// heldDocument is the set of changes that the last whole run held, under the hashes that an operator approves.
type heldDocument struct {
	Hash     string                `json:"hash"` // of the whole plan
	All      string                `json:"all"`  // of everything held that can be approved
	Kinds    map[model.Kind]string `json:"kinds,omitempty"`
	Items    []heldItem            `json:"items,omitempty"`
	WentBack string                `json:"wentBack,omitempty"` // why the source is not accepted
	Source   string                `json:"source,omitempty"`   // accepts the source
	First    bool                  `json:"first,omitempty"`
	// Unfinished rows of a restored table wait for the first plan's approval too, even if nothing else does.
	Unfinished bool   `json:"unfinished,omitempty"`
	Settings   string `json:"settings,omitempty"`
	// Table and Org are the ids of the table and the organisation that it was planned for.
	Table string `json:"table,omitempty"`
	Org   string `json:"org,omitempty"`
}

// heldItem is one of them. Version is set when the row itself is in state held, because a worker met the guard: the
// approval is for the row of that version.
type heldItem struct {
	ID      string        `json:"id"`
	Key     model.Key     `json:"key"`
	Action  model.Action  `json:"action"`
	Code    plan.HeldCode `json:"code"`
	Reason  string        `json:"reason"`
	Since   time.Time     `json:"since"`
	Version int64         `json:"version,omitempty"`
	// Parts, Tripped and Waited are those of plan.Held.
	Parts   []string             `json:"parts,omitempty"`
	Tripped map[string]time.Time `json:"tripped,omitempty"`
	Waited  map[string]time.Time `json:"waited,omitempty"`
}

// tripped says since when the guard has held each part.
func (h heldDocument) tripped() map[string]time.Time {
	tripped := map[string]time.Time{}
	for _, i := range h.Items {
		maps.Copy(tripped, i.Tripped)
	}
	return tripped
}

// count says how many changes are held for a reason.
func (h heldDocument) count(code plan.HeldCode) int {
	n := 0
	for _, i := range h.Items {
		if i.Code == code {
			n++
		}
	}
	return n
}

// since says since when each change has been held, and since when what waits for a second read has been wanted.
func (h heldDocument) since() map[string]time.Time {
	since := make(map[string]time.Time, len(h.Items))
	for _, i := range h.Items {
		since[i.ID] = i.Since
		maps.Copy(since, i.Waited)
	}
	return since
}

func (d *draft) heldDocument() heldDocument {
	h := heldDocument{
		Hash: d.plan.Hash, All: d.plan.HeldHashAll, Kinds: d.plan.HeldHash, WentBack: d.wentBack(), Source: d.sourceHash(), First: d.first, Unfinished: d.unfinished, Settings: d.settings, Table: d.side.table, Org: d.side.org.ID,
	}
	for _, i := range d.plan.Held {
		h.Items = append(h.Items, heldItem{
			ID: i.ID, Key: i.Change.Key, Action: i.Change.Action, Code: i.Code, Reason: i.Reason, Since: i.Since, Version: d.heldRows[i.ID],
			Parts: i.Parts, Tripped: i.Tripped, Waited: i.Waited,
		})
	}
	return h
}

// sourceHash is the hash that accepts a source that went back, "" when it did not. It stays the same until the source is
// accepted or comes forward again, and no plan's hash is ever equal to it.
func (d *draft) sourceHash() string {
	if d.wentBack() == "" {
		return ""
	}
	return plan.SetHash([]string{"source", d.site.Memory.WentBackSince.UTC().Format(time.RFC3339Nano)})
}

// wentBack says why the source is not accepted. Another database has a hash of its own.
func (d *draft) wentBack() string {
	if d.recognition.database != "" {
		return ""
	}
	return d.proof.WentBack()
}

// addHeldRows shows rows that a worker held in the plan, beside what the plan itself holds, so that one hash approves
// both. A row that the plan changes, or holds another change of, is not shown: its old desired state is past.
func (d *draft) addHeldRows(rows map[model.Key]mapping.Row, kinds []model.Kind) {
	planned := map[model.Key]bool{}
	for _, c := range d.plan.Changes {
		planned[c.Key] = true
	}
	for _, h := range d.plan.Held {
		planned[h.Change.Key] = true
	}
	d.heldRows = map[string]int64{}
	for key, row := range rows {
		if planned[key] || len(kinds) > 0 && !slices.Contains(kinds, key.Kind) {
			continue
		}
		c := model.Change{Key: key, Action: actionOf(row), Object: row.Desired, Adopt: row.Adopt, From: row.From, Label: row.Desired.Name}
		id := plan.ID(c)
		d.heldRows[id] = row.Version
		d.plan.Held = append(d.plan.Held, plan.Held{ID: id, Code: plan.HeldGuard, Reason: row.Reason, Since: row.Since, Change: c})
	}
}

func actionOf(row mapping.Row) model.Action {
	switch {
	case row.Goal == mapping.GoalAbsent:
		return model.ActionDelete
	case row.Key.Kind == model.KindUser && row.Desired.State == model.StateInactive:
		return model.ActionDeactivate
	default:
		return model.ActionUpdate
	}
}

// heldRows reads the rows that workers held.
func (r *Runner) heldRows(ctx context.Context, seen *survey) (map[model.Key]mapping.Row, error) {
	if seen == nil {
		items, err := r.Table.List(ctx, []mapping.State{mapping.StateHeld}, nil)
		if err != nil {
			return nil, err
		}
		seen = &survey{items: items}
	}
	items := seen.in(mapping.StateHeld)
	if len(items) == 0 {
		return nil, nil
	}
	keys := make([]model.Key, 0, len(items))
	for _, i := range items {
		keys = append(keys, i.Key)
	}
	rows, err := r.Table.GetMany(ctx, keys)
	if err != nil {
		return nil, err
	}
	for key, row := range rows {
		if row.State != mapping.StateHeld {
			delete(rows, key)
		}
	}
	return rows, nil
}

// approvals are what operators let pass, by Held.ID, each until it runs out.
type approvals struct {
	// Table is the id of the table that they were given for: one that was restored from a backup goes back to a first plan, and what was approved
	// before must not open it again. "" in what a release without it wrote.
	Table string     `json:"table,omitempty"`
	Items []approval `json:"items,omitempty"`
	// SourceUntil is set when an operator accepted a source that went back: a run before then starts its memory anew.
	SourceUntil time.Time `json:"sourceUntil,omitzero"`
	SourceBy    By        `json:"sourceBy,omitzero"`
}

// loadApprovals reads the approvals that were given for the table.
func loadApprovals(ctx context.Context, docs Documents, table string) (approvals, error) {
	var a approvals
	if err := load(ctx, docs, docApprovals, &a); err != nil {
		return a, err
	}
	if a.Table != "" && a.Table != table {
		a = approvals{}
	}
	a.Table = table
	return a, nil
}

func (a approvals) acceptsSource(now time.Time) bool { return now.Before(a.SourceUntil) }

type approval struct {
	ID    string     `json:"id"`
	Parts []string   `json:"parts,omitempty"`
	Kind  model.Kind `json:"kind"`
	Until time.Time  `json:"until"`
	By
}

// covers says whether the approval was given for what is held, or for a part of it.
func (a approval) covers(h plan.Held) bool {
	return h.ID == a.ID || slices.ContainsFunc(a.Parts, func(id string) bool { return slices.Contains(h.Parts, id) })
}

// Approval is what operators approved of one kind and no run has made yet.
type Approval struct {
	Kind model.Kind `json:"kind,omitempty"`
	// Source says that it is the source that is accepted, after it went back.
	Source  bool      `json:"source,omitempty"`
	Changes int       `json:"changes,omitempty"`
	Until   time.Time `json:"until"`
	By
}

// open sums the approvals up that have not run out: those of one kind, one name and one end together.
func (a approvals) open(now time.Time) []Approval {
	var list []Approval
	if a.acceptsSource(now) {
		list = append(list, Approval{Source: true, Until: a.SourceUntil, By: a.SourceBy})
	}
	for _, i := range a.Items {
		if !now.Before(i.Until) {
			continue
		}
		n := slices.IndexFunc(list, func(x Approval) bool { return x.Kind == i.Kind && x.Until.Equal(i.Until) && x.By == i.By })
		if n < 0 {
			n = len(list)
			list = append(list, Approval{Kind: i.Kind, Until: i.Until, By: i.By})
		}
		list[n].Changes++
	}
	return list
}

func (a approvals) valid(now time.Time) map[string]bool {
	ids := map[string]bool{}
	for _, i := range a.Items {
		if !now.Before(i.Until) {
			continue
		}
		ids[i.ID] = true
		for _, part := range i.Parts {
			ids[part] = true
		}
	}
	return ids
}
