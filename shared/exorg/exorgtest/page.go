package exorgtest

import (
	"net/url"
	"slices"
	"strconv"
)

// page is the window that a list request asks for.
type page struct {
	number, size int
}

func (p page) first() int { return (p.number - 1) * p.size }

// readPage reads pageSize and pageNumber. A size above the route's cap and a row beyond the deep paging cap are 400.
func (c *call) readPage(maxSize, rowCap int) (page, *refusal) {
	p := page{number: 1, size: min(25, maxSize)}
	for name, at := range map[string]*int{"pageNumber": &p.number, "pageSize": &p.size} {
		text := c.query.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return page{}, badField(name, "The parameter %s must be a whole number from 1.", name)
		}
		*at = n
	}
	if most := c.w.cfg.pageMost; most > 0 && p.size <= maxSize {
		p.size = min(p.size, most)
	}
	return p, checkPage(p, maxSize, rowCap)
}

func checkPage(p page, maxSize, rowCap int) *refusal {
	if p.size > maxSize {
		return badField("pageSize", "The page size must not be over %d.", maxSize)
	}
	if rowCap > 0 && p.number*p.size > rowCap {
		return badField("pageNumber", "Paging beyond %d rows is not supported.", rowCap)
	}
	return nil
}

// cut takes the page out of all rows. A page shift (somebody added or removed a row between two pages) repeats or skips one.
func cut[T any](c *call, p page, rows []T) []T {
	first := p.first()
	for _, f := range c.faults {
		first = f.shifted(c, rows2swap(rows), p, first)
	}
	first = min(first, len(rows))
	return rows[first:min(first+p.size, len(rows))]
}

func rows2swap[T any](rows []T) sequence {
	return sequence{n: len(rows), swap: func(i, j int) { rows[i], rows[j] = rows[j], rows[i] }}
}

// listing renders a list of rows as the API's entity listings are.
func listing[T any](c *call, p page, rows []T, view func(T) any) map[string]any {
	total := len(rows)
	pages := (total + p.size - 1) / p.size
	part := cut(c, p, rows)
	entities := make([]any, 0, len(part))
	for _, row := range part {
		entities = append(entities, view(row))
	}
	m := map[string]any{
		"entities": entities, "pageSize": p.size, "pageNumber": p.number, "total": total, "pageCount": pages,
		"selfUri": c.pageURI(p.number), "firstUri": c.pageURI(1), "lastUri": c.pageURI(max(pages, 1)),
	}
	if p.number < pages {
		m["nextUri"] = c.pageURI(p.number + 1)
	}
	if p.number > 1 {
		m["previousUri"] = c.pageURI(p.number - 1)
	}
	return m
}

func (c *call) pageURI(number int) string {
	q := url.Values{}
	for k, v := range c.query {
		q[k] = v
	}
	q.Set("pageNumber", strconv.Itoa(number))
	return c.path + "?" + q.Encode()
}

// visible lists what a lagging list shows, in order of creation; keep chooses.
func visible[T any](t *table[T], a *act, w *world, keep func(*T) bool) []*T {
	lag := w.indexLag()
	rows := make([]*T, 0, 64)
	for _, r := range t.order {
		if v := r.seen(a.now, lag); v != nil && keep(v) {
			rows = append(rows, v)
		}
	}
	return rows
}

// chosen is visible for a list that names ids: it does not walk through the table.
func chosen[T any](t *table[T], a *act, w *world, ids []string, keep func(*T) bool) []*T {
	if len(ids) == 0 {
		return visible(t, a, w, keep)
	}
	lag := w.indexLag()
	rows := make([]*T, 0, len(ids))
	for _, id := range ids {
		if r := t.get(id); r != nil {
			if v := r.seen(a.now, lag); v != nil && keep(v) {
				rows = append(rows, v)
			}
		}
	}
	return rows
}

// list reads a query parameter that may be repeated or comma-separated.
func (c *call) list(name string) []string {
	var out []string
	for _, v := range c.query[name] {
		out = append(out, splitList(v)...)
	}
	return out
}

// in says whether a value is in a filter; an empty filter lets everything through.
func in(filter []string, value string) bool {
	return len(filter) == 0 || slices.Contains(filter, value)
}
