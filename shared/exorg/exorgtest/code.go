package exorgtest

import (
	"slices"
	"time"
)

const (
	allDivisions    = "*"
	maxCodesPerCall = 100
)

// code is one state of a wrap-up code.
type code struct {
	id, name, division, description string
	created, changed                time.Time
	createdBy, changedBy            string
}

// readCode reads a full body over a code: a PUT renames, and what it leaves out is back at its default.
func (w *world) readCode(a *act, c *code, in doc) *refusal {
	f := form{in: in}
	name, e := w.name(KindCode, in)
	f.keep(e)
	division, description := f.ref("division", allDivisions), f.text("description", "")
	if f.refused != nil {
		return f.refused
	}
	if e := w.codeNameFree(name, c.id); e != nil {
		return e
	}
	if division != allDivisions {
		if e := w.divisionThere(a, "division", division); e != nil {
			return e
		}
	}
	c.name, c.division, c.description, c.changed, c.changedBy = name, division, description, a.now, a.by.ID
	return nil
}

func (w *world) codeNameFree(name, exceptID string) *refusal {
	for _, r := range w.codes.find(fold(name)) {
		if o := r.now(); o != nil && o.id != exceptID && w.sameName(o.name, name) {
			return duplicate(w.cfg.quirks.duplicateStatus, "wrap-up code", name)
		}
	}
	return nil
}

func (w *world) createCode(a *act, in doc) (*code, *refusal) {
	c := &code{id: w.newID(KindCode, nameIn(in)), created: a.now, createdBy: a.by.ID}
	if e := w.readCode(a, c, in); e != nil {
		return nil, e
	}
	w.codes.put(c.id, c, a.now)
	w.note(a, KindCode, c.id, c.name, ActionCreate, differences(nil, c.facts())...)
	return c, nil
}

func (w *world) findCode(a *act, id string) (*code, *refusal) {
	r := w.codes.get(id)
	if r == nil || r.now() == nil || !a.sees(r.now().division) {
		return nil, notFound("wrap-up code", id)
	}
	return r.now(), nil
}

func (w *world) updateCode(a *act, id string, in doc) (*code, *refusal) {
	c, e := w.findCode(a, id)
	if e != nil {
		return nil, e
	}
	next := *c
	if e := w.readCode(a, &next, in); e != nil {
		return nil, e
	}
	w.codes.put(id, &next, a.now)
	w.note(a, KindCode, id, next.name, ActionUpdate, differences(c.facts(), next.facts())...)
	return &next, nil
}

func (w *world) deleteCode(a *act, id string) *refusal {
	c, e := w.findCode(a, id)
	if e != nil {
		return e
	}
	w.codes.put(id, nil, a.now)
	w.note(a, KindCode, id, c.name, ActionDelete)
	return nil
}

func (c *code) facts() map[string]any {
	return map[string]any{"name": c.name, "divisionId": c.division, "description": c.description}
}

func (w *world) codeView(c *code) map[string]any {
	m := map[string]any{
		"id": c.id, "name": c.name, "division": w.divisionRef(c.division), "dateCreated": stamp(c.created), "dateModified": stamp(c.changed),
		"createdBy": c.createdBy, "modifiedBy": c.changedBy, "selfUri": "/api/v2/routing/wrapupcodes/" + c.id,
	}
	if c.description != "" {
		m["description"] = c.description
	}
	return m
}

// assignCodes adds codes to a queue, 1 to 100 at a time; it never removes.
func (w *world) assignCodes(a *act, queueID string, in []doc) ([]*code, *refusal) {
	q, e := w.livingQueue(a, queueID)
	if e != nil {
		return nil, e
	}
	if len(in) == 0 || len(in) > maxCodesPerCall {
		return nil, bad("Make sure you submit a valid number of wrap-up codes")
	}
	next := *q
	next.codes = slices.Clone(q.codes)
	var codes []*code
	var props []Property
	for _, d := range in {
		id, e := d.need("id")
		if e != nil {
			return nil, e
		}
		c, e := w.findCode(a, id)
		if e != nil {
			return nil, e
		}
		codes = append(codes, c)
		if !slices.Contains(next.codes, id) {
			next.codes = append(next.codes, id)
			props = append(props, Property{Name: "wrapupCode", New: []string{id}})
		}
	}
	if len(props) > 0 {
		w.queues.put(queueID, &next, a.now)
		w.note(a, KindQueue, q.id, q.name, ActionCodeAdd, props...)
	}
	return codes, nil
}

// unassignCode takes a code from a queue; one that is not there is 404.
func (w *world) unassignCode(a *act, queueID, codeID string) *refusal {
	q, e := w.livingQueue(a, queueID)
	if e != nil {
		return e
	}
	if !slices.Contains(q.codes, codeID) {
		return notFound("wrap-up code of the queue", codeID)
	}
	next := *q
	next.codes = slices.DeleteFunc(slices.Clone(q.codes), func(id string) bool { return id == codeID })
	w.queues.put(queueID, &next, a.now)
	w.note(a, KindQueue, q.id, q.name, ActionCodeGone, Property{Name: "wrapupCode", Old: []string{codeID}})
	return nil
}
