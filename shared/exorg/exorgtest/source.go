package exorgtest

// source is one state of a presence source.
type source struct {
	id, name, kind, description string
	deactivated                 bool
}

// primarySource is the presence source that a user is served by.
type primarySource struct {
	sourceID   string
	registered bool
}

// readSource reads a full body over a source.
func (w *world) readSource(s *source, in doc) *refusal {
	f := form{in: in}
	name, e := w.name(KindSource, in)
	f.keep(e)
	kind, description, deactivated := f.text("type", "User"), f.text("description", ""), f.flag("deactivated")
	if f.refused != nil {
		return f.refused
	}
	if kind != "User" && kind != "System" {
		return badField("type", "The type %s is not one of System, User.", kind)
	}
	if e := w.sourceNameFree(name, s.id); e != nil {
		return e
	}
	s.name, s.kind, s.description, s.deactivated = name, kind, description, deactivated
	return nil
}

// sourceNameFree: the name of a deactivated source is free unless names are held.
func (w *world) sourceNameFree(name, exceptID string) *refusal {
	for _, r := range w.sources.find(fold(name)) {
		o := r.now()
		if o != nil && o.id != exceptID && w.sameName(o.name, name) && (!o.deactivated || w.cfg.quirks.namesHeld) {
			return duplicate(409, "source", name)
		}
	}
	return nil
}

func (w *world) createSource(a *act, in doc) (*source, *refusal) {
	s := &source{id: w.newID(KindSource, nameIn(in))}
	if e := w.readSource(s, in); e != nil {
		return nil, e
	}
	w.sources.put(s.id, s, a.now)
	w.note(a, KindSource, s.id, s.name, ActionCreate, differences(nil, s.facts())...)
	return s, nil
}

func (w *world) findSource(id string) (*source, *refusal) {
	r := w.sources.get(id)
	if r == nil || r.now() == nil {
		return nil, notFound("presence source", id)
	}
	return r.now(), nil
}

func (w *world) updateSource(a *act, id string, in doc) (*source, *refusal) {
	s, e := w.findSource(id)
	if e != nil {
		return nil, e
	}
	next := *s
	if e := w.readSource(&next, in); e != nil {
		return nil, e
	}
	w.sources.put(id, &next, a.now)
	w.note(a, KindSource, id, next.name, ActionUpdate, differences(s.facts(), next.facts())...)
	return &next, nil
}

// deleteSource deactivates, or removes where so set.
func (w *world) deleteSource(a *act, id string) *refusal {
	s, e := w.findSource(id)
	if e != nil {
		return e
	}
	if w.cfg.quirks.sourceRemoved {
		w.sources.put(id, nil, a.now)
	} else {
		next := *s
		next.deactivated = true
		w.sources.put(id, &next, a.now)
	}
	w.note(a, KindSource, id, s.name, ActionDelete)
	return nil
}

func (s *source) facts() map[string]any {
	return map[string]any{"name": s.name, "type": s.kind, "description": s.description, "deactivated": s.deactivated}
}

func (s *source) view() map[string]any {
	m := map[string]any{
		"id": s.id, "name": s.name, "type": s.kind, "deactivated": s.deactivated, "selfUri": "/api/v2/presence/sources/" + s.id,
	}
	if s.description != "" {
		m["description"] = s.description
	}
	return m
}
