package exorg

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"excs/shared/exorg/internal/wire"
)

const (
	permissionCodeView   = "routing:wrapupCode:view"
	permissionSourceView = "presence:source:view"
)

// WrapUpCode is a wrap-up code.
type WrapUpCode struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Division Ref    `json:"division"`
	// Raw is the whole body as it came, the base of a full PUT.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the fields and keeps the body.
func (w *WrapUpCode) UnmarshalJSON(b []byte) error {
	type plain WrapUpCode
	var p plain
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*w = WrapUpCode(p)
	w.Raw = append(json.RawMessage(nil), b...)
	return nil
}

// WrapUpCodes lists all wrap-up codes.
func (c *Client) WrapUpCodes(ctx context.Context) ([]WrapUpCode, error) { return c.codes(ctx, nil) }

// WrapUpCodesByName finds wrap-up codes as SkillsByName finds skills.
func (c *Client) WrapUpCodesByName(ctx context.Context, name string) ([]WrapUpCode, error) {
	return byName(name, func(w WrapUpCode) string { return w.Name }, func(q url.Values) ([]WrapUpCode, error) { return c.codes(ctx, q) })
}

// WrapUpCodesNamed asks with the API's name filter alone.
func (c *Client) WrapUpCodesNamed(ctx context.Context, name string) ([]WrapUpCode, error) {
	return filtered(name, func(w WrapUpCode) string { return w.Name }, func(q url.Values) ([]WrapUpCode, error) { return c.codes(ctx, q) })
}

// WrapUpCode reads a wrap-up code. not_found.
func (c *Client) WrapUpCode(ctx context.Context, id string) (WrapUpCode, error) {
	r := wire.Request{Op: "read wrap-up code", Method: http.MethodGet, Route: "/routing/wrapupcodes/{id}", Args: []string{id}, Reads: true, Needs: permissionCodeView}
	return one(ctx, c, r, func(w WrapUpCode) string { return w.ID })
}

func (c *Client) codes(ctx context.Context, q url.Values) ([]WrapUpCode, error) {
	r := wire.Request{Op: "list wrap-up codes", Method: http.MethodGet, Route: "/routing/wrapupcodes", Query: q, Reads: true, Needs: permissionCodeView}
	return all(ctx, c, r, pageCodes, func(w WrapUpCode) string { return w.ID })
}

// Source is a presence source (FACTS X1).
type Source struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Deactivated bool   `json:"deactivated"`
	// Raw is the whole body as it came, the base of a full PUT.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the fields and keeps the body.
func (s *Source) UnmarshalJSON(b []byte) error {
	type plain Source
	var p plain
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*s = Source(p)
	s.Raw = append(json.RawMessage(nil), b...)
	return nil
}

// Sources lists the presence sources that are active, or those that were deactivated (which is what deleting one seems to do). The list has no
// pages.
func (c *Client) Sources(ctx context.Context, deactivated bool) ([]Source, error) {
	q := url.Values{"deactivated": {"FALSE"}}
	if deactivated {
		q.Set("deactivated", "TRUE")
	}
	r := wire.Request{Op: "list sources", Method: http.MethodGet, Route: "/presence/sources", Query: q, Reads: true, Needs: permissionSourceView}
	page, err := readPage[Source](ctx, c, r)
	if err != nil {
		return nil, err
	}
	list := []Source{}
	for _, s := range page.Entities {
		s.Deactivated = s.Deactivated || deactivated
		list = append(list, s)
	}
	return list, nil
}

// SourcesByName finds the sources, active ones first, whose name equals the given one without case and outer space. Deactivated ones count: they
// are revived rather than doubled.
func (c *Client) SourcesByName(ctx context.Context, name string) ([]Source, error) {
	var found []Source
	for _, deactivated := range []bool{false, true} {
		list, err := c.Sources(ctx, deactivated)
		if err != nil {
			return nil, err
		}
		found = append(found, named(list, name, func(s Source) string { return s.Name })...)
	}
	return found, nil
}

// Source reads a source, also a deactivated one. not_found.
func (c *Client) Source(ctx context.Context, id string) (Source, error) {
	r := wire.Request{Op: "read source", Method: http.MethodGet, Route: "/presence/sources/{id}", Args: []string{id}, Reads: true, Needs: permissionSourceView}
	return one(ctx, c, r, func(s Source) string { return s.ID })
}
