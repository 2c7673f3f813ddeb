package exorg

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/url"

	"excs/shared/exorg/internal/wire"
	"excs/shared/model"
)

// The states of users, skills and languages.
const (
	StateActive   = "active"
	StateInactive = "inactive"
	StateDeleted  = "deleted"
)

// Permissions of the directory (FACTS X3).
const permissionUserView = "directory:user:view"

// ErrListCapped is in the chain of an error that says a list is longer than the API gives: past 10,000 inactive users it answers 400
// (FACTS X3).
var ErrListCapped = errors.New("the list is longer than the API gives")

// User is what EXCS reads of a user.
type User struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Email    string `json:"email"`
	State    string `json:"state"`
	Version  int    `json:"version"`
	Division Ref    `json:"division"`
	// Skills and Languages are there only when the read expanded them, and even then "best effort, not guaranteed": nil is unknown, not none.
	Skills    []Assignment `json:"skills"`
	Languages []Assignment `json:"languages"`
}

// LogValue shows the id alone: name and address are a person's.
func (u User) LogValue() slog.Value { return slog.StringValue(u.ID) }

// Deleted says that the user is softly deleted.
func (u User) Deleted() bool { return u.State == StateDeleted }

// ExternalID is one external id of a user. Case counts in both parts.
type ExternalID struct {
	Authority string `json:"authorityName"`
	Key       string `json:"externalKey"`
}

// User reads a user by id with its skills and languages, also a deleted one (State says so). not_found: neither; the user is gone for good or in a
// division that the OAuth client does not see.
func (c *Client) User(ctx context.Context, id string) (User, error) {
	u, err := c.user(ctx, id, "")
	if IsNotFound(err) {
		return c.user(ctx, id, StateDeleted)
	}
	return u, err
}

func (c *Client) user(ctx context.Context, id, state string) (User, error) {
	r := wire.Request{Op: "read user", Method: http.MethodGet, Route: "/users/{id}", Args: []string{id}, Reads: true, Query: url.Values{"expand": {"skills", "languages"}}}
	if state != "" {
		r.Query = url.Values{"state": {state}} // of a deleted user nothing is compared
	}
	return one(ctx, c, r, func(u User) string { return u.ID })
}

// UserByExternalKey finds the user that holds an external id, without the search index. not_found.
func (c *Client) UserByExternalKey(ctx context.Context, authority, key string) (User, error) {
	r := wire.Request{
		Op: "find user by external id", Method: http.MethodGet, Route: "/users/externalid/{authority}/{key}",
		Args: []string{authority, key}, Reads: true,
	}
	return one(ctx, c, r, func(u User) string { return u.ID })
}

// FindUsersByEmail finds the users, whatever their state, whose e-mail address equals the given one without case. The search index lags writes by
// up to minutes: nothing found proves nothing, and a version found is to be read again before it is used.
func (c *Client) FindUsersByEmail(ctx context.Context, email string) ([]User, error) {
	type criterion struct {
		Fields []string `json:"fields"`
		Value  string   `json:"value,omitempty"`
		Values []string `json:"values,omitempty"`
		Type   string   `json:"type"`
	}
	type search struct {
		PageSize   int         `json:"pageSize"`
		PageNumber int         `json:"pageNumber"`
		Query      []criterion `json:"query"`
	}
	found := []User{}
	for number := 1; ; number++ {
		var page struct {
			Results   []User `json:"results"`
			PageCount int    `json:"pageCount"`
			Total     *int   `json:"total"`
		}
		r := wire.Request{
			Op: "find users by e-mail", Method: http.MethodPost, Route: "/users/search", Reads: true, Needs: permissionUserView,
			Private: []string{email},
			Body: search{PageSize: pageSmall, PageNumber: number, Query: []criterion{
				{Fields: []string{"email"}, Value: email, Type: "EXACT"},
				{Fields: []string{"state"}, Values: []string{StateActive, StateInactive, StateDeleted}, Type: "EXACT"},
			}},
		}
		if err := c.Call(ctx, r, &page); err != nil {
			return nil, err
		}
		if page.Results == nil && page.Total == nil {
			return nil, c.strange(r, "no list")
		}
		for _, u := range page.Results {
			if model.SameName(u.Email, email) {
				found = append(found, u)
			}
		}
		if number >= page.PageCount || len(page.Results) == 0 {
			return found, nil
		}
	}
}

// UsersQuery says which users to list.
type UsersQuery struct {
	// States are the passes, in order; empty: active, inactive.
	States []string
	// Skills and Languages expand these, best effort (see User).
	Skills, Languages bool
}

// Users lists users, 500 a page, one pass per state, each user once. An error is yielded once and ends its pass; after one with ErrListCapped the
// other passes go on, after any other the list ends. A list that misses a user proves no deletion.
func (c *Client) Users(ctx context.Context, q UsersQuery) iter.Seq2[User, error] {
	states := q.States
	if len(states) == 0 {
		states = []string{StateActive, StateInactive}
	}
	return func(yield func(User, error) bool) {
		seen := map[string]bool{}
		for _, state := range states {
			open, rows := true, 0
			err := walk(ctx, c, q.request(state), pageLarge, seen, func(u User) string { return u.ID }, func(u User) bool {
				if u.State == "" {
					u.State = state
				}
				rows++
				open = yield(u, nil)
				return open
			})
			if !open {
				return
			}
			if err == nil {
				continue
			}
			if rows > 0 {
				err = capped(err, state)
			}
			if !yield(User{}, err) || !errors.Is(err, ErrListCapped) {
				return
			}
		}
	}
}

func (q UsersQuery) request(state string) wire.Request {
	query := url.Values{"state": {state}, "sortOrder": {"ascending"}}
	if q.Skills {
		query.Add("expand", "skills")
	}
	if q.Languages {
		query.Add("expand", "languages")
	}
	return wire.Request{Op: "list " + state + " users", Method: http.MethodGet, Route: "/users", Query: query, Reads: true}
}

// capped marks the 400 that a list past its last permitted row answers. The first pages were answered, so whatever the text, the row limit is what
// is wrong.
func capped(err error, state string) error {
	e, ok := errors.AsType[*APIError](err)
	if !ok || e.Status != http.StatusBadRequest {
		return err
	}
	return &model.Error{Code: model.CodeInvalid, Op: "list " + state + " users", Err: fmt.Errorf("%w (10,000 rows): %w", ErrListCapped, err)}
}

// ExternalIDs reads a user's external ids, of all authorities.
func (c *Client) ExternalIDs(ctx context.Context, user string) ([]ExternalID, error) {
	var ids []ExternalID
	r := wire.Request{Op: "read external ids of user", Method: http.MethodGet, Route: "/users/{id}/externalid", Args: []string{user}, Reads: true}
	if err := c.Call(ctx, r, &ids); err != nil {
		return nil, err
	}
	if ids == nil {
		return nil, c.strange(r, "no list")
	}
	return ids, nil
}

// one reads one object and refuses an answer without id: it is not the Platform API's.
func one[T any](ctx context.Context, c *Client, r wire.Request, id func(T) string) (T, error) {
	var v, none T
	if err := c.Call(ctx, r, &v); err != nil {
		return none, err
	}
	if id(v) == "" {
		return none, c.strange(r, "no id")
	}
	return v, nil
}

// strange is the error for an answer that is well-formed and not what the Platform API would say.
func (c *Client) strange(r wire.Request, lacks string) error {
	return c.fail(r, answer{status: http.StatusOK, sent: true, err: fmt.Errorf("the answer holds %s: check apiUrl and what is between", lacks)})
}

// Assignment is a skill or language that a user has. State tells whether the skill or language itself is deleted.
type Assignment struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Proficiency float64 `json:"proficiency"`
	State       string  `json:"state"`
}

// UserSkills reads the skills of a user, to the end.
func (c *Client) UserSkills(ctx context.Context, user string) ([]Assignment, error) {
	r := wire.Request{Op: "read skills of user", Method: http.MethodGet, Route: "/users/{id}/routingskills", Args: []string{user}, Reads: true}
	return all(ctx, c, r, pageSmall, func(a Assignment) string { return a.ID })
}

// UserLanguages reads the languages of a user, to the end.
func (c *Client) UserLanguages(ctx context.Context, user string) ([]Assignment, error) {
	r := wire.Request{Op: "read languages of user", Method: http.MethodGet, Route: "/users/{id}/routinglanguages", Args: []string{user}, Reads: true}
	return all(ctx, c, r, pageSmall, func(a Assignment) string { return a.ID })
}
