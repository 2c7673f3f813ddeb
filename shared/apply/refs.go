package apply

import (
	"context"
	"fmt"
	"slices"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// refs are the EX ids of the skills and languages that a user has, and what is missing of them.
type refs struct {
	skillIDs, languageIDs map[int64]string
	missing               []missingRef
	now                   time.Time
}

// missingRef is an object that is not in the EX Org (yet). Stuck: it will not come by itself, so nothing waits for it.
type missingRef struct {
	key   model.Key
	stuck bool
}

func (l *look) resolve(ctx context.Context) (refs, error) {
	o := l.row.Desired
	keys := make([]model.Key, 0, len(o.Skills)+len(o.Languages))
	for _, a := range o.Skills {
		keys = append(keys, model.Key{Kind: model.KindSkill, DBID: a.DBID})
	}
	for _, a := range o.Languages {
		keys = append(keys, model.Key{Kind: model.KindLanguage, DBID: a.DBID})
	}
	r := refs{skillIDs: map[int64]string{}, languageIDs: map[int64]string{}, now: l.now}
	if len(keys) == 0 {
		return r, nil
	}
	rows, err := l.Rows.GetMany(ctx, keys)
	if err != nil {
		return r, fmt.Errorf("read what %s refers to: %w", l.row.Key, err)
	}
	for _, key := range keys {
		row, there := rows[key]
		if id := usable(row); id != "" {
			if key.Kind == model.KindSkill {
				r.skillIDs[key.DBID] = id
			} else {
				r.languageIDs[key.DBID] = id
			}
			continue
		}
		r.missing = append(r.missing, missingRef{key: key, stuck: !there || stuck(row)})
	}
	return r, nil
}

// usable gives the row's EX id if the object behind it can be assigned: of a skill that was renamed and not yet replaced
// the old object is still mapped, and must not be given to anybody under the new name.
func usable(row mapping.Row) string {
	if row.EXID == "" {
		return ""
	}
	if !renamable(row.Key.Kind) && row.Goal == mapping.GoalPresent && row.State != mapping.StateConverged && row.Applied != 0 && row.Applied != row.Desired.Fingerprint() {
		return ""
	}
	return row.EXID
}

func stuck(row mapping.Row) bool {
	return slices.Contains([]mapping.State{mapping.StateQuarantined, mapping.StateHeld, mapping.StateInvisible}, row.State)
}

// mayCome waits for the first missing object that is on its way; nil when nothing is.
func (r refs) mayCome() error {
	for _, m := range r.missing {
		if !m.stuck {
			return waitFor(m.key, r.now.Add(dependencyWait), m.key.String()+" is not in the EX Org yet")
		}
	}
	return nil
}

// stuckWait is how long a row waits for something that does not come by itself.
const stuckWait = 10 * time.Minute

// stillMissing keeps the row unconverged while something is missing, after everything else was written: one bad object
// must not hold up the others.
func (r refs) stillMissing(now time.Time) error {
	if err := r.mayCome(); err != nil {
		return err
	}
	if len(r.missing) == 0 {
		return nil
	}
	return waitFor(r.missing[0].key, now.Add(stuckWait), r.missing[0].key.String()+" could not be made in the EX Org; everything else is done")
}

func (r refs) skills(o model.Object) []model.Assigned { return assignedOf(o.Skills, r.skillIDs) }

func (r refs) languages(o model.Object) []model.Assigned {
	as := assignedOf(o.Languages, r.languageIDs)
	for i := range as {
		as[i].Level = as[i].Level.Whole()
	}
	return as
}

// assignedOf gives the assignments that can be made, one per EX object, with the higher level where two names are one.
func assignedOf(as []model.Assignment, ids map[int64]string) []model.Assigned {
	var out []model.Assigned
	at := map[string]int{}
	for _, a := range as {
		id := ids[a.DBID]
		if id == "" {
			continue
		}
		if i, ok := at[id]; ok {
			out[i].Level = max(out[i].Level, a.Level)
			continue
		}
		at[id] = len(out)
		out = append(out, model.Assigned{EXID: id, Name: a.Name, Level: a.Level})
	}
	return out
}
