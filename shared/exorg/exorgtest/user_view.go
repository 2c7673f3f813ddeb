package exorgtest

import (
	"time"
)

// stamp is a time as the API writes it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// always are the uncontrolled properties that every read shows; the others need an expand.
func always() []string {
	return []string{"department", "title", "addresses", "chat", "username", "preferredName", "images", "acdAutoAnswer"}
}

func expandable() []string {
	return []string{"profileSkills", "locations", "groups", "certifications", "biography", "employerInfo"}
}

// userView renders a user; want says which expands are asked for.
func (w *world) userView(u *user, want func(expand string) bool) map[string]any {
	m := map[string]any{
		"id": u.id, "name": u.name, "email": u.email, "state": u.state, "version": u.version,
		"username": u.email, "acdAutoAnswer": false,
		"division":           w.divisionRef(u.division),
		"primaryContactInfo": []any{map[string]any{"address": u.email, "mediaType": "EMAIL", "type": "PRIMARY"}},
		"addresses":          []any{},
		"images":             []any{},
		"selfUri":            "/api/v2/users/" + u.id,
	}
	for _, k := range always() {
		if v, ok := u.extra[k]; ok {
			m[k] = v
		}
	}
	if id, ok := u.extra["manager"].(string); ok && id != "" {
		m["manager"] = w.managerRef(id)
	}
	for _, k := range expandable() {
		if v, ok := u.extra[k]; ok && want(k) {
			m[k] = v
		}
	}
	if want("skills") {
		m["skills"] = w.grantViews(u, w.skills, "skill", u.skills)
	}
	if want("languages") {
		m["languages"] = w.grantViews(u, w.languages, "language", u.languages)
	}
	if want("authorization") {
		m["authorization"] = map[string]any{"roles": roleViews(u.roles)}
	}
	return m
}

// managerRef is a user as another user's manager: the model asks for its version.
func (w *world) managerRef(id string) map[string]any {
	m := map[string]any{"id": id, "version": 1, "selfUri": "/api/v2/users/" + id}
	if r := w.users.get(id); r != nil && r.now() != nil {
		m["version"] = r.now().version
	}
	return m
}

func roleViews(roles []string) []any {
	out := make([]any, 0, len(roles))
	for _, r := range roles {
		out = append(out, map[string]any{"id": "role-" + fold(r), "name": r})
	}
	return out
}

func (w *world) divisionRef(id string) map[string]any {
	m := map[string]any{"id": id, "selfUri": "/api/v2/authorization/divisions/" + id}
	if r := w.divisions.get(id); r != nil {
		m["name"] = r.now().name
	}
	return m
}

// stateView is the answer of GET and PUT /users/{userId}/state.
func stateView(u *user) map[string]any {
	return map[string]any{"state": u.state, "version": u.version, "stateChangeReason": u.reason, "stateChangeDate": stamp(u.stateAt)}
}
