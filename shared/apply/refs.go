package apply

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/rules"
)

// refs are the EX ids of the skills and languages that a user has, and what is missing of them.
type refs struct {
	skillIDs, languageIDs map[int64]string
	absent
}

// absent are the objects that another one needs and that are not in the EX Org.
type absent []absentee

// absentee is an object that is not in the EX Org (yet). late: a try to make it has failed, so nobody who can do without
// waits for it. stuck: it will not come by itself at all.
type absentee struct {
	key         model.Key
	late, stuck bool
}

func absenteeOf(key model.Key, row mapping.Row, there bool) absentee {
	return absentee{key: key, late: row.Attempts > 0 || row.Trouble != nil, stuck: !there || stuck(row)}
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
	r := refs{skillIDs: map[int64]string{}, languageIDs: map[int64]string{}}
	if len(keys) == 0 {
		return r, nil
	}
	rows, err := l.Rows.GetMany(ctx, keys)
	if err != nil {
		return r, fmt.Errorf("read what %s refers to: %w", l.row.Key, err)
	}
	l.saw(rows, keys...)
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
		r.absent = append(r.absent, absenteeOf(key, row, there))
		l.missed = append(l.missed, key)
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
	return row.AtRest() || row.Refusing() && row.EXID == "" || slices.Contains([]mapping.State{mapping.StateQuarantined, mapping.StateHeld, mapping.StateInvisible, mapping.StateOrphan, mapping.StateGone}, row.State)
}

// coming says whether an object of the kind is missing that will come by itself.
func (a absent) coming(kind model.Kind) bool {
	return slices.ContainsFunc(a, func(m absentee) bool { return !m.stuck && m.key.Kind == kind })
}

// mayCome waits for the first missing object that is well on its way; nil when nothing is.
func (a absent) mayCome(now time.Time) error {
	for _, m := range a {
		if !m.stuck && !m.late {
			return waitFor(m.key, now.Add(dependencyWait), m.key.String()+" is not in the EX Org yet")
		}
	}
	return nil
}

// stuckWait is how long a row waits for something that does not come by itself.
const stuckWait = 10 * time.Minute

// rest keeps the row unconverged while something is missing, after everything else was done: one bad object must not hold
// up the others. Its reason stands for the set of what is missing.
func (a absent) rest(now time.Time) error { return a.restAs(now, a.reason()) }

// restAs is rest with the reason that an earlier look gave.
func (a absent) restAs(now time.Time, reason string) error {
	if len(a) == 0 {
		return nil
	}
	first, wait := a[0], stuckWait
	for _, m := range a {
		if !m.stuck {
			first, wait = m, dependencyWait
			break
		}
	}
	return waitFor(first.key, now.Add(wait), reason)
}

func (a absent) reason() string {
	if len(a) == 0 {
		return ""
	}
	bad := 0
	for _, m := range a {
		if m.stuck {
			bad++
		}
	}
	return fmt.Sprintf("everything is done but for %d that are not in the EX Org (%d of them do not come by themselves), from %s to %s", len(a), bad, a[0].key, a[len(a)-1].key)
}

// sameAsBefore says that an earlier look did everything for this desired state and that nothing more has come since. Such a
// row costs no call: thousands of users may wait for one bad skill. A row that is looked at before its wait is over was
// woken by something that may not be among what is missing.
func (l *look) sameAsBefore(a absent) bool {
	return len(a) > 0 && !l.now.Before(l.row.WaitUntil) && l.row.State == mapping.StateWaiting && (l.row.Reason == a.reason() || l.row.Refusing() && strings.HasSuffix(l.row.Reason, a.reason())) && !hints(l.msg.Cause) &&
		!slices.ContainsFunc(l.row.Refused, func(r mapping.Refusal) bool { return !l.now.Before(r.Next) })
}

// patient gives the settings under which nothing is taken from a set while something of it is still on its way: the user
// would lack both the old skill and the new one.
func (r refs) patient(s rules.Settings) rules.Settings {
	if r.coming(model.KindSkill) && s.Users.Skills == rules.Exact {
		s.Users.Skills = rules.Additive
	}
	if r.coming(model.KindLanguage) && s.Users.Languages == rules.Exact {
		s.Users.Languages = rules.Additive
	}
	return s
}

// skills are the assignments that can be made. One whose EX id is not known and that the user has by its name stays.
func (r refs) skills(o model.Object, have []model.Assigned) []model.Assigned {
	return assignedOf(o.Skills, r.skillIDs, have)
}

func (r refs) languages(o model.Object, have []model.Assigned) []model.Assigned {
	as := assignedOf(o.Languages, r.languageIDs, have)
	for i := range as {
		as[i].Level = as[i].Level.Whole()
	}
	return as
}

// assignedOf gives the assignments that can be made, one per EX object, with the higher level where two names are one.
func assignedOf(as []model.Assignment, ids map[int64]string, have []model.Assigned) []model.Assigned {
	var out []model.Assigned
	at := map[string]int{}
	for _, a := range as {
		id := ids[a.DBID]
		if id == "" {
			id = byNameIn(have, a.Name)
		}
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

func byNameIn(have []model.Assigned, name string) string {
	for _, h := range have {
		if model.SameName(h.Name, name) {
			return h.EXID
		}
	}
	return ""
}
