package exorg

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"excs/shared/exorg/internal/wire"
	"excs/shared/model"
)

const permissionSkillView = "routing:skill:view"

// Skill is an ACD skill.
type Skill struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	State string `json:"state"`
}

// Language is an ACD language.
type Language struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	State string `json:"state"`
}

// Skills lists the skills that are not deleted.
func (c *Client) Skills(ctx context.Context) ([]Skill, error) {
	return c.skills(ctx, nil)
}

// SkillsByName finds the skills whose name equals the given one without case and outer space; the same spelling comes first. The name filter of
// the API lags a creation by seconds, and whether it minds case is unproven, so a miss is sought again in the whole list.
func (c *Client) SkillsByName(ctx context.Context, name string) ([]Skill, error) {
	return byName(name, func(s Skill) string { return s.Name }, func(q url.Values) ([]Skill, error) { return c.skills(ctx, q) })
}

// Skill reads a skill. not_found covers a softly deleted one, in both forms of the API (404, or 200 with state deleted).
func (c *Client) Skill(ctx context.Context, id string) (Skill, error) {
	r := wire.Request{Op: "read skill", Method: http.MethodGet, Route: "/routing/skills/{id}", Args: []string{id}, Reads: true, Needs: permissionSkillView}
	s, err := one(ctx, c, r, func(s Skill) string { return s.ID })
	if err == nil && s.State == StateDeleted {
		return Skill{}, model.Errorf(model.CodeNotFound, operation(r), "the skill is deleted")
	}
	return s, err
}

func (c *Client) skills(ctx context.Context, q url.Values) ([]Skill, error) {
	r := wire.Request{Op: "list skills", Method: http.MethodGet, Route: "/routing/skills", Query: q, Reads: true, Needs: permissionSkillView}
	list, err := all(ctx, c, r, pageLarge, func(s Skill) string { return s.ID })
	return slices.DeleteFunc(list, func(s Skill) bool { return s.State == StateDeleted }), err
}

// Languages lists the languages that are not deleted.
func (c *Client) Languages(ctx context.Context) ([]Language, error) {
	return c.languages(ctx, nil)
}

// LanguagesByName finds languages as SkillsByName finds skills.
func (c *Client) LanguagesByName(ctx context.Context, name string) ([]Language, error) {
	return byName(name, func(l Language) string { return l.Name }, func(q url.Values) ([]Language, error) { return c.languages(ctx, q) })
}

// Language reads a language. not_found covers a softly deleted one.
func (c *Client) Language(ctx context.Context, id string) (Language, error) {
	r := wire.Request{Op: "read language", Method: http.MethodGet, Route: "/routing/languages/{id}", Args: []string{id}, Reads: true}
	l, err := one(ctx, c, r, func(l Language) string { return l.ID })
	if err == nil && l.State == StateDeleted {
		return Language{}, model.Errorf(model.CodeNotFound, operation(r), "the language is deleted")
	}
	return l, err
}

func (c *Client) languages(ctx context.Context, q url.Values) ([]Language, error) {
	r := wire.Request{Op: "list languages", Method: http.MethodGet, Route: "/routing/languages", Query: q, Reads: true}
	list, err := all(ctx, c, r, pageCodes, func(l Language) string { return l.ID })
	return slices.DeleteFunc(list, func(l Language) bool { return l.State == StateDeleted }), err
}

// SkillsNamed asks with the API's name filter alone: one call where SkillsByName may need a whole list.
func (c *Client) SkillsNamed(ctx context.Context, name string) ([]Skill, error) {
	return filtered(name, func(s Skill) string { return s.Name }, func(q url.Values) ([]Skill, error) { return c.skills(ctx, q) })
}

// LanguagesNamed asks with the API's name filter alone.
func (c *Client) LanguagesNamed(ctx context.Context, name string) ([]Language, error) {
	return filtered(name, func(l Language) string { return l.Name }, func(q url.Values) ([]Language, error) { return c.languages(ctx, q) })
}

// byName asks with the API's name filter, and without it when that finds nothing.
func byName[T any](name string, of func(T) string, list func(url.Values) ([]T, error)) ([]T, error) {
	if found, err := filtered(name, of, list); err != nil || len(found) > 0 {
		return found, err
	}
	found, err := list(nil)
	if err != nil {
		return nil, err
	}
	return named(found, name, of), nil
}

// filtered asks with the API's name filter.
func filtered[T any](name string, of func(T) string, list func(url.Values) ([]T, error)) ([]T, error) {
	found, err := list(url.Values{"name": {name}})
	if err != nil {
		return nil, err
	}
	return named(found, name, of), nil
}

func named[T any](list []T, name string, of func(T) string) []T {
	list = slices.DeleteFunc(list, func(e T) bool { return !model.SameName(of(e), name) })
	slices.SortStableFunc(list, func(a, b T) int { return rankOfSpelling(of(a), name) - rankOfSpelling(of(b), name) })
	return list
}

func rankOfSpelling(have, want string) int {
	if have == want {
		return 0
	}
	return 1
}
