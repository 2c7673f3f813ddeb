package exorgtest

import (
	"fmt"
	"slices"
)

// Everything in the admin files is done by an administrator of the organisation: it needs no token, is no request, counts nowhere, and
// shows in the history with the administrator's id.

// admin is a visit of the administrator.
func (o *Org) admin() *act {
	return &act{by: Actor{ID: o.world.adminID}, now: o.cfg.clock(), trace: o.world.dice.uuid()}
}

// AdminID returns the id of the administrator as events show it.
func (o *Org) AdminID() string { return o.world.adminID }

// Error is the organisation's refusal of an administrator's edit.
type Error struct {
	Status        int
	Code, Message string
}

// Error tells what was refused.
func (e *Error) Error() string {
	return fmt.Sprintf("EX Org refused: %s (%s, %d)", e.Message, e.Code, e.Status)
}

func asError(e *refusal) error {
	if e == nil {
		return nil
	}
	return &Error{Status: e.status, Code: e.code, Message: e.message}
}

// edit runs an administrator's edit.
func (o *Org) edit(f func(w *world, a *act) *refusal) error {
	a := o.admin()
	var e *refusal
	o.world.write(func() { e = f(o.world, a) })
	return asError(e)
}

// AddUser creates a user from properties as the API names them, those too that a create does not take; state defaults to active,
// the division to home. It returns the user's id.
func (o *Org) AddUser(properties map[string]any) (id string, err error) {
	in, err := plain(properties)
	if err != nil {
		return "", err
	}
	if in["state"] == nil {
		in["state"] = stateActive
	}
	err = o.edit(func(w *world, a *act) *refusal {
		first := doc{}
		for _, k := range append(createOnly(), "name", "email", "state", "divisionId") {
			if v, ok := in[k]; ok {
				first[k] = v
			}
		}
		u, e := w.createUser(a, first)
		if e != nil {
			return e
		}
		id = u.id
		extra, e := w.overlay(a, u.extra, in, updatable())
		if e != nil || len(extra) == len(u.extra) {
			return e
		}
		next := *u
		next.extra = extra
		w.saveUser(a, u, &next, ActionUpdate)
		return nil
	})
	return id, err
}

// EditUser lets edit change a copy of the user as Raw shows it, and commits name, email, state, division.id, authorization.roles, manager
// (id) and every uncontrolled property of it. Skills, languages, external ids and memberships have methods of their own.
func (o *Org) EditUser(id string, edit func(raw map[string]any)) error {
	return o.edit(func(w *world, a *act) *refusal {
		u, e := w.findUser(a, id)
		if e != nil {
			return e
		}
		raw, err := plain(w.rawUser(u))
		if err != nil {
			return bad("%v", err)
		}
		edit(raw)
		next, e := w.editedUser(a, u, raw)
		if e != nil {
			return e
		}
		w.saveUser(a, u, next, ActionUpdate)
		state, _, e := doc(raw).text("state")
		if e != nil || state == u.state || state == "" {
			return e
		}
		_, e = w.setState(a, next, state, "")
		return e
	})
}

func (w *world) editedUser(a *act, u *user, raw doc) (*user, *refusal) {
	next := *u
	var e *refusal
	if next.name, e = raw.need("name"); e != nil {
		return nil, e
	}
	if next.email, e = raw.need("email"); e != nil {
		return nil, e
	}
	if e := w.emailFree(next.email, u.id); e != nil {
		return nil, e
	}
	if next.division, e = raw.ref("division"); e != nil {
		return nil, e
	}
	if w.divisions.get(next.division) == nil {
		return nil, notFound("division", next.division)
	}
	next.roles = rawRoles(raw)
	if m, ok := raw["manager"].(map[string]any); ok {
		raw["manager"] = m["id"]
	}
	next.extra, e = w.overlay(a, nil, raw, updatable())
	return &next, e
}

func rawRoles(raw doc) []string {
	authorization, _ := raw["authorization"].(map[string]any)
	roles, _ := authorization["roles"].([]any)
	var out []string
	for _, r := range roles {
		if m, ok := r.(map[string]any); ok {
			out = append(out, asText(m["name"]))
		}
	}
	return out
}

func (o *Org) userState(id, state string) error {
	return o.edit(func(w *world, a *act) *refusal {
		u, e := w.findUser(a, id)
		if e == nil {
			_, e = w.setState(a, u, state, "")
		}
		return e
	})
}

// DeleteUser deletes a user softly.
func (o *Org) DeleteUser(id string) error { return o.userState(id, stateDeleted) }

// EraseUser deletes a user for good, as data protection law may ask for: its name, address and external ids are free, what hung on it is gone,
// and it can not be restored.
func (o *Org) EraseUser(id string) error {
	return o.edit(func(w *world, a *act) *refusal {
		u, e := w.findUser(a, id)
		if e == nil && u.state != stateDeleted {
			u, e = w.setState(a, u, stateDeleted, "")
		}
		if e != nil {
			return e
		}
		next := *u
		next.erased, next.name, next.email, next.external, next.extra = true, "Erased", "", nil, nil
		next.skills, next.languages = nil, nil
		delete(w.frozen, id)
		w.saveUser(a, u, &next, ActionUpdate)
		return nil
	})
}

// RestoreUser brings a deleted user back as active, without its roles.
func (o *Org) RestoreUser(id string) error { return o.userState(id, stateActive) }

// ActivateUser makes a user active; roles that it lost stay lost.
func (o *Org) ActivateUser(id string) error { return o.userState(id, stateActive) }

// DeactivateUser makes a user inactive; it loses its roles.
func (o *Org) DeactivateUser(id string) error { return o.userState(id, stateInactive) }

// TouchUser is what the organisation does to a user all day long: its version moves and nothing else does. Events show it as SYSTEM noise.
func (o *Org) TouchUser(id string) error {
	return o.edit(func(w *world, a *act) *refusal {
		u, e := w.livingUser(a, id)
		if e != nil {
			return e
		}
		a.by = Actor{ID: u.id, System: true}
		next := *u
		w.saveUser(a, u, &next, ActionUpdate)
		return nil
	})
}

// SetRoles gives a user exactly these roles.
func (o *Org) SetRoles(id string, roles ...string) error {
	return o.edit(func(w *world, a *act) *refusal {
		u, e := w.livingUser(a, id)
		if e != nil {
			return e
		}
		next := *u
		next.roles = slices.Clone(roles)
		w.saveUser(a, u, &next, ActionUpdate)
		return nil
	})
}

// MoveUser moves a user to a division.
func (o *Org) MoveUser(id, divisionID string) error {
	return o.edit(func(w *world, a *act) *refusal {
		return w.moveObjects(a, divisionID, "USER", []byte(asText([]string{id})))
	})
}

func (o *Org) grantTo(kind Kind, userID, id string, level float64) error {
	return o.edit(func(w *world, a *act) *refusal {
		u, e := w.livingUser(a, userID)
		if e != nil {
			return e
		}
		grants, e := w.readGrants(kind, []doc{{"id": id, "proficiency": level}})
		if e != nil {
			return e
		}
		w.setGrants(a, u, kind, mergeGrants(u.grants(kind), grants))
		return nil
	})
}

func (o *Org) takeFrom(kind Kind, userID, id string) error {
	return o.edit(func(w *world, a *act) *refusal {
		u, e := w.livingUser(a, userID)
		if e != nil {
			return e
		}
		rest, had := withoutGrant(u.grants(kind), id)
		if !had {
			return notFound(string(kind), id)
		}
		w.setGrants(a, u, kind, rest)
		return nil
	})
}

// SetUserSkill gives a user a skill, or changes its proficiency.
func (o *Org) SetUserSkill(userID, skillID string, proficiency float64) error {
	return o.grantTo(KindSkill, userID, skillID, proficiency)
}

// RemoveUserSkill takes a skill from a user.
func (o *Org) RemoveUserSkill(userID, skillID string) error {
	return o.takeFrom(KindSkill, userID, skillID)
}

// SetUserLanguage gives a user a language, or changes its proficiency.
func (o *Org) SetUserLanguage(userID, languageID string, proficiency float64) error {
	return o.grantTo(KindLanguage, userID, languageID, proficiency)
}

// RemoveUserLanguage takes a language from a user.
func (o *Org) RemoveUserLanguage(userID, languageID string) error {
	return o.takeFrom(KindLanguage, userID, languageID)
}

// AddExternalID gives a user a foreign key.
func (o *Org) AddExternalID(userID string, x ExternalID) error {
	return o.edit(func(w *world, a *act) *refusal {
		_, e := w.addExternalID(a, userID, doc{"authorityName": x.Authority, "externalKey": x.Key})
		return e
	})
}

// RemoveExternalID takes a foreign key from a user.
func (o *Org) RemoveExternalID(userID string, x ExternalID) error {
	return o.edit(func(w *world, a *act) *refusal { return w.removeExternalID(a, userID, x) })
}
