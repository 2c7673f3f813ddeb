package explain

import (
	"context"
	"fmt"
	"slices"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

// references reads the rows of what the object refers to.
func (w *work) references(ctx context.Context) error {
	var keys []model.Key
	for _, o := range []model.Object{w.desired, w.row.Desired} {
		for _, a := range o.Skills {
			keys = append(keys, model.Key{Kind: model.KindSkill, DBID: a.DBID})
		}
		for _, a := range o.Languages {
			keys = append(keys, model.Key{Kind: model.KindLanguage, DBID: a.DBID})
		}
		for _, dbid := range o.Members {
			keys = append(keys, model.Key{Kind: model.KindUser, DBID: dbid})
		}
	}
	if w.key.Kind == model.KindMembers {
		keys = append(keys, model.Key{Kind: model.KindQueue, DBID: w.key.DBID})
	}
	if len(keys) == 0 {
		return nil
	}
	slices.SortFunc(keys, model.Key.Compare)
	rows, err := w.Table.GetMany(ctx, slices.Compact(keys))
	if err != nil {
		return fmt.Errorf("read what %s refers to: %w", w.key, err)
	}
	w.refs = rows
	return nil
}

// observe reads the object from the EX Org, by its own calls.
func (w *work) observe(ctx context.Context) {
	w.exID = w.row.EXID
	if w.key.Kind == model.KindMembers {
		w.exID = w.refs[model.Key{Kind: model.KindQueue, DBID: w.key.DBID}].EXID
	}
	w.out.EXID = w.exID
	if w.exID == "" {
		return
	}
	seen, err := w.look(ctx)
	switch {
	case model.CodeOf(err) == model.CodeNotFound:
		w.out.Missing = true
		w.note("the EX Org answers 404 for %s: deleted, just made, or in a division that EXCS does not see", w.exID)
	case err != nil:
		w.note("the EX Org can not be read now: %v", err)
	default:
		w.seen, w.there, w.out.Seen = seen, true, true
	}
}

func (w *work) look(ctx context.Context) (model.Observed, error) {
	if w.key.Kind == model.KindMembers {
		members, err := w.Org.Members(ctx, w.exID)
		return model.Observed{Kind: model.KindMembers, EXID: w.exID, Members: members}, err
	}
	seen, _, err := w.Org.Get(ctx, w.key.Kind, w.exID)
	if err != nil || w.key.Kind != model.KindUser || seen.Deleted {
		return seen, err
	}
	if seen.Skills, seen.Languages, err = w.Org.Sets(ctx, w.exID); err != nil {
		return seen, err
	}
	if seen.ExternalKeys, err = w.Org.ExternalKeys(ctx, w.exID); err != nil {
		return seen, err
	}
	w.home, err = w.Org.HomeDivision(ctx)
	return seen, err
}

// compare lists what the worker would change now: observed against the row's desired state.
func (w *work) compare(ctx context.Context) error {
	if !w.there || !w.mapped || w.row.Goal != mapping.GoalPresent {
		return nil
	}
	t := plan.Target{Object: w.row.Desired, Home: w.home, Skills: w.idsOf(model.KindSkill), Languages: w.idsOf(model.KindLanguage), Members: w.idsOf(model.KindUser)}
	if w.key.Kind == model.KindMembers && w.Settings.Members.Control == rules.Exact {
		items, err := w.Table.Owners(ctx, model.KindUser, w.seen.Members)
		if err != nil {
			return fmt.Errorf("tell mapped members from others: %w", err)
		}
		owners, err := mapping.JudgeOwners(ctx, w.Table, items, w.Now())
		if err != nil {
			return err
		}
		t.Removable, t.Label = owners.Owned, owners.Label
	}
	var refused []plan.Part
	for _, r := range w.row.Refused {
		refused = append(refused, plan.Part{Field: r.Part, EXID: r.EXID})
	}
	t, seen := plan.Without(t, w.seen, refused)
	w.drift = plan.Diff(t, seen, w.Settings, false)
	w.out.Drift = w.drift
	return nil
}

func (w *work) idsOf(kind model.Kind) map[int64]string {
	ids := map[int64]string{}
	for key, row := range w.refs {
		if key.Kind == kind && row.EXID != "" {
			ids[key.DBID] = row.EXID
		}
	}
	return ids
}
