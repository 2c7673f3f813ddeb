package exorgtest

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// criterion is one condition of a user search.
type criterion struct {
	Operator string      `json:"operator"`
	Type     string      `json:"type"`
	Value    string      `json:"value"`
	Values   []string    `json:"values"`
	Fields   []string    `json:"fields"`
	Group    []criterion `json:"group"`
}

type searchRequest struct {
	PageSize   int         `json:"pageSize"`
	PageNumber int         `json:"pageNumber"`
	SortOrder  string      `json:"sortOrder"`
	SortBy     string      `json:"sortBy"`
	Expand     []string    `json:"expand"`
	Query      []criterion `json:"query"`
}

// searchUsers searches the index, which lags. Without a condition on state it finds active and inactive users.
func searchUsers(c *call) (reply, *refusal) {
	var in searchRequest
	if err := json.Unmarshal(c.body, &in); err != nil {
		return reply{}, bad("The request could not be understood by the server due to malformed syntax.")
	}
	p := page{number: max(in.PageNumber, 1), size: in.PageSize}
	if p.size == 0 {
		p.size = 25
	}
	if e := checkPage(p, maxUserPage, c.w.cfg.rowCap); e != nil {
		return reply{}, e
	}
	if e := checkCriteria(in.Query); e != nil {
		return reply{}, e
	}
	rows := c.searchRows(in.Query)
	if strings.EqualFold(in.SortBy, "name") {
		slices.SortStableFunc(rows, func(a, b *user) int { return strings.Compare(fold(a.name), fold(b.name)) })
	}
	if in.SortOrder == "DESC" {
		slices.Reverse(rows)
	}
	total, pages := len(rows), (len(rows)+p.size-1)/p.size
	results := []any{}
	for _, u := range cut(c, p, rows) {
		results = append(results, c.w.userView(u, func(name string) bool { return slices.Contains(in.Expand, name) }))
	}
	uri := func(n int) string { return c.path + "?pageNumber=" + strconv.Itoa(n) }
	m := map[string]any{
		"total": total, "pageCount": pages, "pageSize": p.size, "pageNumber": p.number, "types": []any{"users"}, "results": results,
		"currentPage": uri(p.number),
	}
	if p.number < pages {
		m["nextPage"] = uri(p.number + 1)
	}
	if p.number > 1 {
		m["previousPage"] = uri(p.number - 1)
	}
	return ok(m), nil
}

// searchRows walks through the table only when no exact e-mail address narrows the search.
func (c *call) searchRows(query []criterion) []*user {
	keep := func(u *user) bool {
		return c.sees(u.division) && (u.state != stateDeleted || namesState(query)) && matchAll(query, u)
	}
	email := exactEmail(query)
	if email == "" {
		return visible(c.w.users, c.act, c.w, keep)
	}
	lag := c.w.indexLag()
	var rows []*user
	for _, r := range c.w.users.find("email:" + fold(email)) {
		if u := r.seen(c.now, lag); u != nil && keep(u) {
			rows = append(rows, u)
		}
	}
	return rows
}

func exactEmail(query []criterion) string {
	for _, q := range query {
		if q.Type == "EXACT" && len(q.Fields) == 1 && q.Fields[0] == "email" && (q.Operator == "" || q.Operator == "AND") {
			if words := q.words(); len(words) == 1 {
				return words[0]
			}
		}
	}
	return ""
}

func namesState(query []criterion) bool {
	return slices.ContainsFunc(query, func(q criterion) bool { return slices.Contains(q.Fields, "state") || namesState(q.Group) })
}

func checkCriteria(query []criterion) *refusal {
	for _, q := range query {
		if len(q.Group) > 0 {
			if e := checkCriteria(q.Group); e != nil {
				return e
			}
			continue
		}
		if !slices.Contains([]string{"EXACT", "STARTS_WITH", "CONTAINS", "TERM", "TERMS"}, q.Type) {
			return badField("type", "A search of type %s is not supported.", q.Type)
		}
	}
	return nil
}

// words are the values that a criterion asks for.
func (q *criterion) words() []string {
	if q.Value != "" {
		return append([]string{q.Value}, q.Values...)
	}
	return q.Values
}

// matchAll combines criteria: AND unless a criterion says OR or NOT.
func matchAll(query []criterion, u *user) bool {
	all, anyOf, hasAny := true, false, false
	for i := range query {
		hit := query[i].match(u)
		switch query[i].Operator {
		case "OR":
			anyOf, hasAny = anyOf || hit, true
		case "NOT":
			all = all && !hit
		default:
			all = all && hit
		}
	}
	return all && (anyOf || !hasAny)
}

func (q *criterion) match(u *user) bool {
	if len(q.Group) > 0 {
		return matchAll(q.Group, u)
	}
	return slices.ContainsFunc(q.Fields, func(field string) bool {
		have := fold(u.searchable(field))
		return slices.ContainsFunc(q.words(), func(word string) bool { return q.compare(have, fold(word)) })
	})
}

func (q *criterion) compare(have, want string) bool {
	switch q.Type {
	case "STARTS_WITH":
		return strings.HasPrefix(have, want)
	case "CONTAINS":
		return strings.Contains(have, want)
	}
	return have == want
}

// searchable is the value of a field of the search index.
func (u *user) searchable(field string) string {
	switch field {
	case "email":
		return u.email
	case "name":
		return u.name
	case "state":
		return u.state
	case "id":
		return u.id
	case "divisionId":
		return u.division
	}
	if s, ok := u.extra[field].(string); ok {
		return s
	}
	return ""
}
