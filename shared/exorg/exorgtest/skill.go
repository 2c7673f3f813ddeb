package exorgtest

import (
	"math"
	"slices"
	"strconv"
	"time"
)

// skill is one state of an ACD skill or of an ACD language: the two are alike. Neither can be renamed.
type skill struct {
	id, name, state, division string
	version                   int
	changed                   time.Time
}

func skillWords(s *skill) []string { return []string{fold(s.name)} }

// grant is a skill or language that a user has.
type grant struct {
	id    string
	level float64
}

// createSkill makes a skill or language. A name that a living one has is a duplicate.
func (w *world) createSkill(a *act, kind Kind, in doc) (*skill, *refusal) {
	name, e := w.name(kind, in)
	if e != nil {
		return nil, e
	}
	t, status := w.skills, 409
	if kind == KindLanguage {
		t, status = w.languages, w.cfg.quirks.duplicateStatus
	}
	for _, r := range t.find(fold(name)) {
		s := r.now()
		if s != nil && w.sameName(s.name, name) && (s.state != stateDeleted || w.cfg.quirks.namesHeld) {
			return nil, duplicate(status, string(kind), name)
		}
	}
	s := &skill{id: w.newID(kind, name), name: name, state: stateActive, version: 1, changed: a.now}
	t.put(s.id, s, a.now)
	w.note(a, kind, s.id, s.name, ActionCreate, Property{Name: "name", New: []string{name}})
	return s, nil
}

// duplicate refuses a second object of one name.
func duplicate(status int, what, name string) *refusal {
	e := &refusal{status: status, code: "general.conflict", message: "A " + what + " with that name already exists.", entityName: name, field: "name"}
	if status == 400 {
		e.code = "duplicate.value"
	}
	return e
}

func (w *world) skillTable(kind Kind) *table[skill] {
	if kind == KindLanguage {
		return w.languages
	}
	return w.skills
}

// deleteSkill deletes softly.
func (w *world) deleteSkill(a *act, kind Kind, id string) *refusal {
	t := w.skillTable(kind)
	r := t.get(id)
	if r == nil || r.now().state == stateDeleted || !a.sees(r.now().division) {
		return notFound(string(kind), id)
	}
	next := *r.now()
	next.state, next.changed = stateDeleted, a.now
	next.version++
	t.put(id, &next, a.now)
	w.note(a, kind, id, next.name, ActionDelete, Property{Name: "state", Old: []string{stateActive}, New: []string{stateDeleted}})
	return nil
}

func (w *world) skillView(kind Kind, s *skill) map[string]any {
	m := map[string]any{
		"id": s.id, "name": s.name, "state": s.state, "version": strconv.Itoa(s.version), "dateModified": stamp(s.changed),
		"selfUri": "/api/v2/routing/" + string(kind) + "s/" + s.id,
	}
	if s.division != "" && kind == KindSkill {
		m["division"] = w.divisionRef(s.division)
	}
	return m
}

// grantViews renders what a user has. What was deleted since is left out, or shown as deleted where so set.
func (w *world) grantViews(u *user, t *table[skill], word string, grants []grant) []any {
	out := make([]any, 0, len(grants))
	for _, g := range grants {
		if v := w.grantView(u.id, t, word, g); v != nil {
			out = append(out, v)
		}
	}
	return out
}

// grantView renders one skill of a user; nil when it is not shown.
func (w *world) grantView(userID string, t *table[skill], word string, g grant) map[string]any {
	s := t.get(g.id).now()
	if s.state == stateDeleted && !w.cfg.quirks.assignmentsShown {
		return nil
	}
	return map[string]any{
		"id": g.id, "name": s.name, "proficiency": g.level, "state": s.state,
		word + "Uri": "/api/v2/routing/" + word + "s/" + g.id,
		"selfUri":    "/api/v2/users/" + userID + "/routing" + word + "s/" + g.id,
	}
}

// readGrants reads a list of skills or languages with proficiency. One that does not exist or is deleted fails the whole call.
func (w *world) readGrants(kind Kind, in []doc) ([]grant, *refusal) {
	out := make([]grant, 0, len(in))
	for _, d := range in {
		id, e := d.need("id")
		if e != nil {
			return nil, e
		}
		level, e := proficiency(kind, d)
		if e != nil {
			return nil, e
		}
		r := w.skillTable(kind).get(id)
		if r == nil || r.now().state == stateDeleted {
			return nil, badField("id", "The %s %s does not exist.", kind, id)
		}
		out = upsert(out, grant{id: id, level: level})
	}
	return out, nil
}

// proficiency reads 0..5; languages are rounded to whole numbers.
func proficiency(kind Kind, d doc) (float64, *refusal) {
	level, ok := d["proficiency"].(float64)
	if !ok {
		return 0, badField("proficiency", "The property proficiency is required.")
	}
	if level < 0 || level > 5 || math.IsNaN(level) {
		return 0, badField("proficiency", "The proficiency must be between 0 and 5.")
	}
	if kind == KindLanguage {
		level = math.Floor(level + 0.5)
	}
	return level, nil
}

func upsert(list []grant, g grant) []grant {
	for i := range list {
		if list[i].id == g.id {
			list[i] = g
			return list
		}
	}
	return append(list, g)
}

// grants returns what a user has of the kind.
func (u *user) grants(kind Kind) []grant {
	if kind == KindLanguage {
		return u.languages
	}
	return u.skills
}

// setGrants commits what a user has of the kind. The user's version moves only where so set.
func (w *world) setGrants(a *act, u *user, kind Kind, grants []grant) *user {
	next := *u
	if kind == KindLanguage {
		next.languages = grants
	} else {
		next.skills = grants
	}
	return w.saveSide(a, &next, Property{Name: "routing" + string(kind) + "s", Old: grantTexts(u.grants(kind)), New: grantTexts(grants)})
}

// saveSide commits a change of what hangs on a user (skills, languages, external ids). It is no change of the user itself.
func (w *world) saveSide(a *act, next *user, prop Property) *user {
	if w.cfg.quirks.skillsMove {
		next.version++
	}
	next.changed = a.now
	w.users.put(next.id, next, a.now)
	w.note(a, KindUser, next.id, next.name, ActionUpdate, prop)
	return next
}

func grantTexts(grants []grant) []string {
	out := make([]string, 0, len(grants))
	for _, g := range grants {
		out = append(out, g.id+":"+strconv.FormatFloat(g.level, 'f', -1, 64))
	}
	return out
}

// mergeGrants adds or updates; it never removes.
func mergeGrants(have, more []grant) []grant {
	out := slices.Clone(have)
	for _, g := range more {
		out = upsert(out, g)
	}
	return out
}

// withoutGrant removes one; ok is false when it was not there.
func withoutGrant(have []grant, id string) (out []grant, ok bool) {
	out = slices.DeleteFunc(slices.Clone(have), func(g grant) bool { return g.id == id })
	return out, len(out) != len(have)
}
