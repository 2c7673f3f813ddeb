package exorg

import (
	"context"
	"maps"
	"net/url"
	"strconv"

	"excs/shared/exorg/internal/wire"
)

// Page sizes (FACTS X13).
const (
	pageLarge  = 500 // users, skills, queues
	pageCodes  = 100 // wrap-up codes, languages
	pageMember = 100 // queue members: the API's own limit
	pageSmall  = 50  // a user's skills and languages
	// pageMost ends a walk that a broken server would keep going.
	pageMost = 10_000
)

// listing is a page of any list. Lists without pageCount (queue members) end with a short page.
type listing[T any] struct {
	Entities  []T  `json:"entities"`
	PageSize  int  `json:"pageSize"`
	PageCount int  `json:"pageCount"`
	Total     *int `json:"total"`
}

// genuine says whether the answer is a list at all. An empty object of a proxy or of another server must not pass for "there are none".
func (l listing[T]) genuine() bool { return l.Entities != nil || l.PageSize > 0 || l.Total != nil }

// readPage reads one page.
func readPage[T any](ctx context.Context, c *Client, r wire.Request) (listing[T], error) {
	var page listing[T]
	if err := c.Call(ctx, r, &page); err != nil {
		return page, err
	}
	if !page.genuine() {
		return page, c.strange(r, "no list")
	}
	return page, nil
}

// last says whether no page follows this one, the number-th, asked for with the given size.
func (l listing[T]) last(number, size int) bool {
	if len(l.Entities) == 0 || number >= pageMost {
		return true
	}
	if l.PageCount > 0 {
		return number >= l.PageCount
	}
	if l.PageSize > 0 {
		size = min(size, l.PageSize) // the server gives smaller pages than asked for
	}
	return len(l.Entities) < size
}

// walk reads a list to its end and gives each entity once, by id: rows shift between pages when others write meanwhile. give ends the walk with
// false. A page that begins as the one before ends it too, so that a server which ignores the page number can not keep it going.
func walk[T any](ctx context.Context, c *Client, r wire.Request, size int, seen map[string]bool, id func(T) string, give func(T) bool) error {
	base, first := r.Query, ""
	for number := 1; ; number++ {
		r.Query = url.Values{}
		maps.Copy(r.Query, base)
		r.Query.Set("pageSize", strconv.Itoa(size))
		r.Query.Set("pageNumber", strconv.Itoa(number))
		page, err := readPage[T](ctx, c, r)
		if err != nil {
			return err
		}
		if len(page.Entities) > 0 && id(page.Entities[0]) == first {
			return nil
		}
		for i, e := range page.Entities {
			if i == 0 {
				first = id(e)
			}
			if seen[id(e)] {
				continue
			}
			seen[id(e)] = true
			if !give(e) {
				return nil
			}
		}
		if page.last(number, size) {
			return nil
		}
	}
}

// all collects a walk.
func all[T any](ctx context.Context, c *Client, r wire.Request, size int, id func(T) string) ([]T, error) {
	out := []T{}
	err := walk(ctx, c, r, size, map[string]bool{}, id, func(e T) bool {
		out = append(out, e)
		return true
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
