package apply_test

import (
	"slices"
	"strconv"

	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
)

// true checks the whole EX Org against the rows: every present key has its one object with the desired fields, and every
// living object is somebody's (but for those that the test put there).
func (b *bench) true(foreign ...string) {
	b.Helper()
	owned, living := map[model.Kind]map[string]bool{}, b.living()
	for key, there := range b.keys {
		if !there {
			continue
		}
		row := b.state(key, mapping.StateConverged)
		if row.Applied != row.Desired.Fingerprint() {
			b.Errorf("%s is converged and another desired state was applied", key)
		}
		if row.Intent != nil || row.Queued != nil || row.Attempts != 0 {
			b.Errorf("%s is converged with intent %v, mark %v, %d attempts", key, row.Intent, row.Queued, row.Attempts)
		}
		kind := key.Kind
		if kind == model.KindMembers {
			b.trueMembers(row)
			continue
		}
		if owned[kind] == nil {
			owned[kind] = map[string]bool{}
		}
		if owned[kind][row.EXID] && row.Desired.SameAs == 0 && len(b.owners(kind, row.EXID)) < 2 {
			b.Errorf("the EX object of %s is another key's too", key)
		}
		owned[kind][row.EXID] = true
		if !slices.Contains(b.owners(kind, row.EXID), key) {
			b.Errorf("%s does not own its EX object", key)
		}
		b.trueObject(row, living[kind])
	}
	for kind, ids := range living {
		for id, name := range ids {
			if !owned[kind][id] && !slices.Contains(foreign, id) && len(b.owners(kind, id)) == 0 {
				b.Errorf("the EX %s %s (%s) is nobody's", kind, id, name)
			}
		}
	}
}

// living are the objects of the EX Org that are not deleted, by kind and id, with their names.
func (b *bench) living() map[model.Kind]map[string]string {
	all := map[model.Kind]map[string]string{}
	add := func(kind model.Kind, id, name, state string) {
		if all[kind] == nil {
			all[kind] = map[string]string{}
		}
		if state != "deleted" {
			all[kind][id] = name
		}
	}
	for _, s := range b.org.Sources() {
		add(model.KindSource, s.ID, s.Name, "")
	}
	for _, s := range b.org.Skills() {
		add(model.KindSkill, s.ID, s.Name, s.State)
	}
	for _, s := range b.org.Languages() {
		add(model.KindLanguage, s.ID, s.Name, s.State)
	}
	for _, c := range b.org.Codes() {
		add(model.KindWrapUpCode, c.ID, c.Name, "")
	}
	for _, q := range b.org.Queues() {
		add(model.KindQueue, q.ID, q.Name, "")
	}
	for _, u := range b.org.Users() {
		add(model.KindUser, u.ID, u.Name, u.State)
	}
	return all
}

// trueObject compares a row with the objects of its kind that are not deleted.
func (b *bench) trueObject(row mapping.Row, living map[string]string) {
	b.Helper()
	o := row.Desired
	if o.Key.Kind == model.KindUser {
		b.trueUser(row)
		return
	}
	name, there := living[row.EXID]
	if !there {
		b.Errorf("%s has no living EX object", o.Key)
	}
	if name != o.Name && (o.SameAs == 0 && o.Key.Kind != model.KindSkill && o.Key.Kind != model.KindLanguage || !model.SameName(name, o.Name)) {
		b.Errorf("%s is called %q, want %q", o.Key, name, o.Name)
	}
	if o.Key.Kind == model.KindQueue {
		b.same("peer id of "+o.Key.String(), b.exQueue(o).PeerID, o.PeerID)
	}
	if o.Key.Kind == model.KindSource {
		for _, s := range b.org.Sources() {
			if s.ID == row.EXID && s.Deactivated {
				b.Errorf("the source is deactivated")
			}
		}
	}
}

func (b *bench) trueUser(row mapping.Row) {
	b.Helper()
	o, u := row.Desired, b.exUser(row.Desired)
	if row.LeftDeleted() && o.State == model.StateInactive && u.State == "deleted" {
		return // nobody is brought back to be switched off
	}
	b.same("name, address, state of "+o.Key.String(), []string{u.Name, u.Email, u.State}, []string{o.Name, o.Email, string(o.State)})
	b.same("external ids of "+o.Key.String(), u.External, []exorgtest.ExternalID{{Authority: b.settings.Users.Authority, Key: o.ExternalKey}})
	b.same("skills of "+o.Key.String(), u.Skills, b.levels(model.KindSkill, o.Skills))
	b.same("languages of "+o.Key.String(), u.Languages, b.levels(model.KindLanguage, o.Languages))
	b.same("division of "+o.Key.String(), u.DivisionID, b.org.HomeDivision())
}

func (b *bench) levels(kind model.Kind, as []model.Assignment) map[string]float64 {
	b.Helper()
	m := map[string]float64{}
	for _, a := range as {
		level := a.Level
		if kind == model.KindLanguage {
			level = level.Whole()
		}
		m[b.row(model.Key{Kind: kind, DBID: a.DBID}).EXID] = level.Float()
	}
	return m
}

func (b *bench) trueMembers(row mapping.Row) {
	b.Helper()
	want := []string{}
	for _, dbid := range row.Desired.Members {
		want = append(want, b.row(model.Key{Kind: model.KindUser, DBID: dbid}).EXID)
	}
	slices.Sort(want)
	b.same("members of queue "+strconv.FormatInt(row.Key.DBID, 10), b.memberIDs(queueOf(row.Key.DBID, "")), want)
}
