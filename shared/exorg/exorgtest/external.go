package exorgtest

import (
	"net/http"
	"slices"
)

const maxExternalIDs = 100

// addExternalID gives a user a foreign key. A pair that any user has, or had until a moment ago, is taken.
func (w *world) addExternalID(a *act, userID string, in doc) (*user, *refusal) {
	u, e := w.livingUser(a, userID)
	if e != nil {
		return nil, e
	}
	var x ExternalID
	if x.Authority, e = in.need("authorityName"); e != nil {
		return nil, e
	}
	if x.Key, e = in.need("externalKey"); e != nil {
		return nil, e
	}
	if w.externalIDTaken(a, x) {
		return nil, conflict("The external id %s of authority %s is in use.", x.Key, x.Authority)
	}
	if len(u.external) >= maxExternalIDs {
		return nil, &refusal{
			status: http.StatusBadRequest, code: "limit.exceeded", limitKey: "user.external.ids", limit: maxExternalIDs,
			message: "The user already has the maximum of 100 external ids.",
		}
	}
	next := *u
	next.external = append(slices.Clone(u.external), x)
	return w.saveSide(a, &next, Property{Name: "externalIds", New: []string{x.Authority + ":" + x.Key}}), nil
}

func (w *world) externalIDTaken(a *act, x ExternalID) bool {
	for _, r := range w.users.find(x.word()) {
		if u := r.now(); u != nil && slices.Contains(u.external, x) {
			return true
		}
	}
	at, held := w.heldExt[x.word()]
	return held && a.now.Sub(at) < w.cfg.readLag
}

// removeExternalID takes a foreign key away; one that is not there is 404.
func (w *world) removeExternalID(a *act, userID string, x ExternalID) *refusal {
	u, e := w.livingUser(a, userID)
	if e != nil {
		return e
	}
	if !slices.Contains(u.external, x) {
		return notFound("external id", x.Authority+"/"+x.Key)
	}
	next := *u
	next.external = slices.DeleteFunc(slices.Clone(u.external), func(y ExternalID) bool { return x == y })
	if w.cfg.readLag > 0 {
		w.heldExt[x.word()] = a.now
	}
	w.saveSide(a, &next, Property{Name: "externalIds", Old: []string{x.Authority + ":" + x.Key}})
	return nil
}

// userByExternalID looks a living user up by its foreign key, as a read that may lag.
func (w *world) userByExternalID(a *act, x ExternalID) *user {
	lag := w.readLag()
	for _, r := range w.users.find(x.word()) {
		u := r.seen(a.now, lag)
		if u != nil && u.state != stateDeleted && slices.Contains(u.external, x) && a.sees(u.division) {
			return u
		}
	}
	return nil
}

func externalViews(u *user) []any {
	out := make([]any, 0, len(u.external))
	for _, x := range u.external {
		out = append(out, externalView(u.id, x))
	}
	return out
}

func externalView(userID string, x ExternalID) map[string]any {
	return map[string]any{
		"authorityName": x.Authority, "externalKey": x.Key,
		"selfUri": "/api/v2/users/" + userID + "/externalid/" + x.Authority,
	}
}
