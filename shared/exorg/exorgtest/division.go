package exorgtest

import (
	"encoding/json"
)

const maxMovesPerCall = 100

// division is one state of a division.
type division struct {
	id, name, description string
}

func (w *world) divisionView(d *division) map[string]any {
	return map[string]any{
		"id": d.id, "name": d.name, "description": d.description, "homeDivision": d.id == w.home,
		"selfUri": "/api/v2/authorization/divisions/" + d.id,
	}
}

// divisionThere refuses a division that does not exist or that the visitor can not see.
func (w *world) divisionThere(a *act, field, id string) *refusal {
	if w.divisions.get(id) == nil || !a.sees(id) {
		return badField(field, "The division %s does not exist.", id)
	}
	return nil
}

// moveObjects moves users or queues to a division, 1 to 100 at a time, all or none. Skills are not accepted here.
func (w *world) moveObjects(a *act, divisionID, objectType string, body []byte) *refusal {
	var ids []string
	if err := json.Unmarshal(body, &ids); err != nil {
		return bad("The request could not be understood by the server due to malformed syntax.")
	}
	if len(ids) == 0 || len(ids) > maxMovesPerCall {
		return bad("Make sure you submit a valid number of object ids")
	}
	if w.divisions.get(divisionID) == nil || !a.sees(divisionID) {
		return notFound("division", divisionID)
	}
	check, move := w.mover(a, objectType, divisionID)
	if check == nil {
		return bad("Objects of type %s can not be moved here.", objectType)
	}
	for _, id := range ids {
		if e := check(id); e != nil {
			return e
		}
	}
	for _, id := range ids {
		move(id)
	}
	return nil
}

// mover returns how an object of a type is checked and moved; nil for a type that is not.
func (w *world) mover(a *act, objectType, divisionID string) (check func(id string) *refusal, move func(id string)) {
	switch objectType {
	case "USER":
		check = func(id string) *refusal { _, e := w.livingUser(a, id); return e }
		move = func(id string) { w.moveUser(a, id, divisionID) }
	case "QUEUE":
		check = func(id string) *refusal { _, e := w.livingQueue(a, id); return e }
		move = func(id string) { w.moveQueue(a, id, divisionID) }
	}
	return check, move
}

func (w *world) moveUser(a *act, id, divisionID string) {
	u := w.users.get(id).now()
	if u.division == divisionID {
		return
	}
	next := *u
	next.division = divisionID
	w.saveUser(a, u, &next, ActionUpdate)
}

// moveSkill gives a skill a division; languages have none.
func (w *world) moveSkill(a *act, s *skill, divisionID string) *skill {
	next := *s
	next.division, next.changed = divisionID, a.now
	next.version++
	w.skills.put(s.id, &next, a.now)
	w.note(a, KindSkill, s.id, s.name, ActionUpdate, Property{Name: "divisionId", New: []string{divisionID}})
	return &next
}

func (w *world) moveQueue(a *act, id, divisionID string) {
	q := w.queues.get(id).now()
	if q.division == divisionID {
		return
	}
	next := *q
	next.division, next.changed, next.changedBy = divisionID, a.now, a.by.ID
	w.queues.put(id, &next, a.now)
	w.note(a, KindQueue, id, next.name, ActionUpdate, Property{Name: "divisionId", Old: []string{q.division}, New: []string{divisionID}})
}

// movePermission is the permission to edit the object that is moved.
func movePermission(objectType string) []string {
	if objectType == "QUEUE" {
		return []string{"routing:queue:edit"}
	}
	return []string{"admin", "directory:user:edit", "directory:organization:admin"}
}
