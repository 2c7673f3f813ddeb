package exorgtest

// add runs an administrator's create from properties as the API names them.
func (o *Org) add(properties map[string]any, create func(w *world, a *act, in doc) (string, *refusal)) (id string, err error) {
	in, err := plain(properties)
	if err != nil {
		return "", err
	}
	err = o.edit(func(w *world, a *act) (e *refusal) {
		id, e = create(w, a, in)
		return e
	})
	return id, err
}

// change runs an administrator's edit of an object as Raw shows it.
func (o *Org) change(kind Kind, id string, edit func(map[string]any), update func(w *world, a *act, in doc) *refusal) error {
	return o.edit(func(w *world, a *act) *refusal {
		view := w.rawView(kind, id)
		if view == nil {
			return notFound(string(kind), id)
		}
		raw, err := plain(view)
		if err != nil {
			return bad("%v", err)
		}
		edit(raw)
		return update(w, a, raw)
	})
}

// AddSkill creates an ACD skill and returns its id.
func (o *Org) AddSkill(name string) (id string, err error) { return o.addSkill(KindSkill, name) }

// AddLanguage creates an ACD language and returns its id.
func (o *Org) AddLanguage(name string) (id string, err error) { return o.addSkill(KindLanguage, name) }

func (o *Org) addSkill(kind Kind, name string) (string, error) {
	return o.add(map[string]any{"name": name}, func(w *world, a *act, in doc) (string, *refusal) {
		s, e := w.createSkill(a, kind, in)
		if e != nil {
			return "", e
		}
		return s.id, nil
	})
}

// DeleteSkill deletes an ACD skill softly.
func (o *Org) DeleteSkill(id string) error {
	return o.edit(func(w *world, a *act) *refusal { return w.deleteSkill(a, KindSkill, id) })
}

// DeleteLanguage deletes an ACD language softly.
func (o *Org) DeleteLanguage(id string) error {
	return o.edit(func(w *world, a *act) *refusal { return w.deleteSkill(a, KindLanguage, id) })
}

// MoveSkill gives an ACD skill a division.
func (o *Org) MoveSkill(id, divisionID string) error {
	return o.edit(func(w *world, a *act) *refusal {
		r := w.skills.get(id)
		if r == nil || w.divisions.get(divisionID) == nil {
			return notFound("skill or division", id+" "+divisionID)
		}
		w.moveSkill(a, r.now(), divisionID)
		return nil
	})
}

// AddQueue creates a queue from properties as the API names them (name, peerId, division, settings) and returns its id.
func (o *Org) AddQueue(properties map[string]any) (id string, err error) {
	return o.add(properties, func(w *world, a *act, in doc) (string, *refusal) {
		q, e := w.createQueue(a, in)
		if e != nil {
			return "", e
		}
		return q.id, nil
	})
}

// EditQueue lets edit change a copy of the queue as Raw shows it, and commits name, peerId and settings.
func (o *Org) EditQueue(id string, edit func(raw map[string]any)) error {
	return o.change(KindQueue, id, edit, func(w *world, a *act, in doc) *refusal {
		_, e := w.updateQueue(a, id, in)
		return e
	})
}

// DeleteQueue deletes a queue.
func (o *Org) DeleteQueue(id string) error {
	return o.edit(func(w *world, a *act) *refusal { return w.deleteQueue(a, id) })
}

// MoveQueue moves a queue to a division.
func (o *Org) MoveQueue(id, divisionID string) error {
	return o.edit(func(w *world, a *act) *refusal {
		return w.moveObjects(a, divisionID, "QUEUE", []byte(asText([]string{id})))
	})
}

// AddMembers puts users into a queue by hand, any number.
func (o *Org) AddMembers(queueID string, userIDs ...string) error {
	return o.edit(func(w *world, a *act) *refusal { return w.addMembers(a, queueID, userIDs) })
}

// RemoveMembers takes users out of a queue that are in it by hand, any number.
func (o *Org) RemoveMembers(queueID string, userIDs ...string) error {
	return o.edit(func(w *world, a *act) *refusal { return w.removeMembers(a, queueID, userIDs) })
}

// AddGroupMembers lets users be members of a queue through a group: they can not be removed as users.
func (o *Org) AddGroupMembers(queueID string, userIDs ...string) error {
	return o.edit(func(w *world, a *act) *refusal {
		if _, e := w.livingQueue(a, queueID); e != nil {
			return e
		}
		for _, id := range userIDs {
			if _, e := w.livingUser(a, id); e != nil {
				return e
			}
			w.enter(w.rosters[queueID], seat{user: w.users.get(id), byGroup: true, joined: true, ring: 1}, a.now)
		}
		return nil
	})
}

// SetMember sets ring number and joined of a member.
func (o *Org) SetMember(queueID, userID string, ring int, joined bool) error {
	return o.edit(func(w *world, a *act) *refusal {
		q, e := w.livingQueue(a, queueID)
		if e != nil {
			return e
		}
		u := w.users.get(userID)
		if _, there := w.rosters[queueID].at[u]; !there {
			return notFound("queue member", userID)
		}
		return w.setMember(a, q, u, doc{"ringNumber": float64(ring), "joined": joined})
	})
}

// AddCode creates a wrap-up code from properties as the API names them (name, division, description) and returns its id.
func (o *Org) AddCode(properties map[string]any) (id string, err error) {
	return o.add(properties, func(w *world, a *act, in doc) (string, *refusal) {
		c, e := w.createCode(a, in)
		if e != nil {
			return "", e
		}
		return c.id, nil
	})
}

// EditCode lets edit change a copy of the wrap-up code as Raw shows it.
func (o *Org) EditCode(id string, edit func(raw map[string]any)) error {
	return o.change(KindCode, id, edit, func(w *world, a *act, in doc) *refusal {
		_, e := w.updateCode(a, id, in)
		return e
	})
}

// DeleteCode deletes a wrap-up code; it vanishes from every queue.
func (o *Org) DeleteCode(id string) error {
	return o.edit(func(w *world, a *act) *refusal { return w.deleteCode(a, id) })
}

// AssignCodes puts wrap-up codes on a queue.
func (o *Org) AssignCodes(queueID string, codeIDs ...string) error {
	return o.edit(func(w *world, a *act) *refusal {
		in := make([]doc, 0, len(codeIDs))
		for _, id := range codeIDs {
			in = append(in, doc{"id": id})
		}
		_, e := w.assignCodes(a, queueID, in)
		return e
	})
}

// UnassignCode takes a wrap-up code from a queue.
func (o *Org) UnassignCode(queueID, codeID string) error {
	return o.edit(func(w *world, a *act) *refusal { return w.unassignCode(a, queueID, codeID) })
}

// AddSource creates a presence source from properties as the API names them and returns its id.
func (o *Org) AddSource(properties map[string]any) (id string, err error) {
	return o.add(properties, func(w *world, a *act, in doc) (string, *refusal) {
		s, e := w.createSource(a, in)
		if e != nil {
			return "", e
		}
		return s.id, nil
	})
}

// EditSource lets edit change a copy of the presence source as Raw shows it.
func (o *Org) EditSource(id string, edit func(raw map[string]any)) error {
	return o.change(KindSource, id, edit, func(w *world, a *act, in doc) *refusal {
		_, e := w.updateSource(a, id, in)
		return e
	})
}

// DeleteSource deactivates a presence source, or removes it where so set.
func (o *Org) DeleteSource(id string) error {
	return o.edit(func(w *world, a *act) *refusal { return w.deleteSource(a, id) })
}

// AddDivision creates a division and returns its id.
func (o *Org) AddDivision(name string) (id string, err error) {
	err = o.edit(func(w *world, a *act) *refusal {
		d := &division{id: w.dice.uuid(), name: name}
		w.divisions.put(d.id, d, a.now)
		id = d.id
		return nil
	})
	return id, err
}
