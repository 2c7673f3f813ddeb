package exorgtest

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	stateActive   = "active"
	stateInactive = "inactive"
	stateDeleted  = "deleted"
)

// ExternalID is a foreign key of a user: unique in the organisation, case-sensitive.
type ExternalID struct {
	Authority, Key string
}

func (x ExternalID) word() string { return "ext:" + x.Authority + "\x00" + x.Key }

// user is one state of a user.
type user struct {
	id, name, email, state, division string
	version                          int
	changed                          time.Time
	reason                           string    // of the last change of state
	stateAt                          time.Time // of the last change of state
	roles                            []string
	skills, languages                []grant
	external                         []ExternalID
	extra                            map[string]any // what EXCS has no say in, as sent
	erased                           bool           // under data protection law: deleted for good
}

func userWords(u *user) []string {
	words := make([]string, 0, 1+len(u.external))
	words = append(words, "email:"+fold(u.email))
	for _, x := range u.external {
		words = append(words, x.word())
	}
	return words
}

// The properties of a user that CreateUser and UpdateUser take beside those that the organisation models itself.
func createOnly() []string { return []string{"department", "title", "addresses"} }

func updatable() []string {
	return []string{"department", "title", "addresses", "chat", "username", "preferredName", "manager", "images", "profileSkills",
		"locations", "groups", "acdAutoAnswer", "certifications", "biography", "employerInfo"}
}

// createUser makes a user in the home division unless another is named. An e-mail that any user holds, deleted or not, visible or
// not, is a conflict that says no more than general.conflict.
func (w *world) createUser(a *act, in doc) (*user, *refusal) {
	if e := w.refuseExtras(in, append(createOnly(), "name", "email", "state", "divisionId", "password")); e != nil {
		return nil, e
	}
	f := form{in: in}
	u := &user{
		id: w.newID(KindUser, nameIn(in)), version: 1, changed: a.now, stateAt: a.now, reason: "Unknown", roles: []string{"employee"},
		email: f.need("email"), division: f.text("divisionId", w.home),
	}
	var e *refusal
	u.name, e = w.name(KindUser, in)
	f.keep(e)
	u.state, e = initialState(in)
	f.keep(e)
	u.extra, e = w.overlay(a, nil, in, createOnly())
	f.keep(e)
	if f.refused != nil {
		return nil, f.refused
	}
	if e := w.divisionThere(a, "divisionId", u.division); e != nil {
		return nil, e
	}
	if e := w.emailFree(u.email, ""); e != nil {
		return nil, e
	}
	w.users.put(u.id, u, a.now)
	w.note(a, KindUser, u.id, u.name, ActionCreate, differences(nil, u.facts())...)
	return u, nil
}

// initialState: without a state a user is inactive, because no invitation is sent.
func initialState(in doc) (string, *refusal) {
	state, ok, e := in.text("state")
	switch {
	case e != nil:
		return "", e
	case !ok:
		return stateInactive, nil
	case state != stateActive && state != stateInactive:
		return "", badField("state", "A user can not be created with state %s.", state)
	}
	return state, nil
}

// refuseExtras refuses properties that a body does not take, where bodies are strict.
func (w *world) refuseExtras(in doc, known []string) *refusal {
	if !w.cfg.quirks.strictBodies {
		return nil
	}
	for _, k := range slices.Sorted(maps.Keys(in)) {
		if !slices.Contains(known, k) {
			return badField(k, "The property %s is not recognised.", k)
		}
	}
	return nil
}

// emailFree refuses an address that another user holds; deleted users hold theirs.
func (w *world) emailFree(email, exceptID string) *refusal {
	if !strings.Contains(email, "@") {
		return badField("email", "The e-mail address is invalid.")
	}
	for _, r := range w.users.find("email:" + fold(email)) {
		if u := r.now(); u != nil && u.id != exceptID && fold(u.email) == fold(email) {
			return conflict("The request conflicts with the state of another object.")
		}
	}
	return nil
}

// overlay returns the uncontrolled properties with those of the body laid over them; null takes a property away.
func (w *world) overlay(a *act, base map[string]any, in doc, names []string) (map[string]any, *refusal) {
	out := maps.Clone(base)
	if out == nil {
		out = map[string]any{}
	}
	for _, k := range names {
		v, ok := in[k]
		if !ok {
			continue
		}
		if e := w.checkExtra(k, v); e != nil {
			return nil, e
		}
		if k == "addresses" && !slices.Equal(extensions(base[k]), extensions(v)) && !a.allowed("telephony:extension:assign") {
			return nil, missingPermission("telephony:extension:assign")
		}
		if v == nil {
			delete(out, k)
			continue
		}
		out[k] = deepCopy(v)
	}
	return out, nil
}

func (w *world) checkExtra(name string, v any) *refusal {
	switch name {
	case "manager":
		if _, ok := v.(string); !ok && v != nil {
			return badField(name, "The manager must be the id of a user.")
		}
	case "addresses":
		list, ok := v.([]any)
		if !ok && v != nil {
			return badField(name, "The addresses must be a list.")
		}
		if ok && len(list) == 0 && w.cfg.quirks.emptyAddresses {
			return badField(name, "The addresses must not be empty.")
		}
	}
	return nil
}

// extensions are the extensions within a list of addresses: to change one needs a permission of its own.
func extensions(addresses any) []string {
	list, _ := addresses.([]any)
	var out []string
	for _, v := range list {
		contact, _ := v.(map[string]any)
		if x, ok := contact["extension"].(string); ok {
			out = append(out, x)
		}
	}
	return out
}

// findUser returns the committed user that the visitor can see, deleted ones too.
func (w *world) findUser(a *act, id string) (*user, *refusal) {
	r := w.users.get(id)
	if r == nil || r.now() == nil || !a.sees(r.now().division) {
		return nil, notFound("user", id)
	}
	return r.now(), nil
}

// livingUser is findUser without the deleted.
func (w *world) livingUser(a *act, id string) (*user, *refusal) {
	u, e := w.findUser(a, id)
	if e == nil && u.state == stateDeleted {
		return nil, notFound("user", id)
	}
	return u, e
}

// saveUser commits a new state of a user with the next version, and notes what changed.
func (w *world) saveUser(a *act, before, after *user, action string) {
	after.version = before.version + 1
	after.changed = a.now
	w.users.put(after.id, after, a.now)
	w.note(a, KindUser, after.id, after.name, action, differences(before.facts(), after.facts())...)
}

// staleVersion is the optimistic lock's refusal, in the form that the organisation is set to.
func (w *world) staleVersion(u *user, sent int) *refusal {
	e := &refusal{
		status: w.cfg.quirks.versionStatus, code: "version.conflict", entityID: u.id,
		message: "Version " + strconv.Itoa(sent) + " does not match the current version " + strconv.Itoa(u.version) + ".",
	}
	if e.status == http.StatusBadRequest {
		e.code = "bad.request"
	}
	if w.cfg.quirks.bareVersions {
		return conflict("The request conflicts with the state of another object.")
	}
	return e
}

// updateUser is PATCH of a user. A state is the only property that is taken when it is there. A deleted user takes nothing but a state.
func (w *world) updateUser(a *act, id string, in doc) (*user, *refusal) {
	u, e := w.findUser(a, id)
	if e != nil {
		return nil, e
	}
	version, ok, e := in.whole("version")
	if e != nil {
		return nil, e
	}
	if !ok {
		return nil, badField("version", "The property version is required.")
	}
	state, hasState, e := in.text("state")
	if e != nil {
		return nil, e
	}
	if u.state == stateDeleted && !hasState {
		return nil, notFound("user", id)
	}
	if version != u.version {
		return nil, w.staleVersion(u, version)
	}
	if hasState {
		if e := w.stateAlone(in); e != nil {
			return nil, e
		}
		return w.setState(a, u, state, "")
	}
	return w.patchUser(a, u, in)
}

func (w *world) stateAlone(in doc) *refusal {
	if w.cfg.quirks.strictBodies && len(in) > 2 {
		return badField("state", "The state is the only modifiable field when it is present.")
	}
	return nil
}

func (w *world) patchUser(a *act, u *user, in doc) (*user, *refusal) {
	if e := w.refuseExtras(in, append(updatable(), "name", "email", "version", "id", "selfUri")); e != nil {
		return nil, e
	}
	next := *u
	if in["name"] != nil {
		name, e := w.name(KindUser, in)
		if e != nil {
			return nil, e
		}
		next.name = name
	}
	if email, ok, e := in.text("email"); e != nil {
		return nil, e
	} else if ok {
		if e := w.emailFree(email, u.id); e != nil {
			return nil, e
		}
		next.email = email
	}
	var e *refusal
	if next.extra, e = w.overlay(a, u.extra, in, updatable()); e != nil {
		return nil, e
	}
	w.saveUser(a, u, &next, ActionUpdate)
	return &next, nil
}

// setState activates, deactivates, deletes or restores. A user that is not active has lost its roles for good.
func (w *world) setState(a *act, u *user, state, reason string) (*user, *refusal) {
	if u.erased {
		return nil, w.stillErased(u)
	}
	next := *u
	next.state, next.stateAt, next.reason = state, a.now, reason
	if reason == "" {
		next.reason = "Unknown"
	}
	switch state {
	case stateActive:
	case stateInactive:
		next.roles = nil
	case stateDeleted:
		w.bury(a, u, &next)
	default:
		return nil, badField("state", "The state %s is not one of active, inactive, deleted.", state)
	}
	action := ActionUpdate
	if state == stateDeleted && u.state != stateDeleted {
		action = ActionDelete
	}
	w.saveUser(a, u, &next, action)
	if u.state == stateDeleted && state != stateDeleted {
		w.reseat(a, next.id)
	}
	return &next, nil
}

// stillErased refuses any change of an erased user, in the form that the organisation is set to.
func (w *world) stillErased(u *user) *refusal {
	e := notFound("user", u.id)
	switch e.status = w.cfg.quirks.erasedStatus; e.status {
	case http.StatusConflict:
		e.code = "general.conflict"
	case http.StatusBadRequest:
		e.code = "bad.request"
	}
	return e
}

// bury takes from a user what its deletion takes: roles, a division other than home, and by setting skills, memberships, external ids.
func (w *world) bury(a *act, u, next *user) {
	next.roles, next.division = nil, w.home
	if !w.cfg.quirks.skillsSurvive {
		next.skills, next.languages = nil, nil
	}
	if w.cfg.quirks.externalIDsFreed {
		next.external = nil
	}
	if u.state != stateDeleted {
		w.unseatAll(a, u.id)
	}
}

// deleteUser is DELETE of a user: soft. A second time there is nothing to delete.
func (w *world) deleteUser(a *act, id string) (*user, *refusal) {
	u, e := w.livingUser(a, id)
	if e != nil {
		e.code = "user.not.found.on.delete"
		return nil, e
	}
	return w.setState(a, u, stateDeleted, "")
}

// facts are the properties that audit events of a user tell of.
func (u *user) facts() map[string]any {
	f := maps.Clone(u.extra)
	if f == nil {
		f = map[string]any{}
	}
	f["name"], f["email"], f["state"], f["divisionId"], f["version"] = u.name, u.email, u.state, u.division, u.version
	return f
}
