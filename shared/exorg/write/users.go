package write

import (
	"context"
	"net/http"

	"excs/shared/exorg"
	"excs/shared/exorg/internal/wire"
	"excs/shared/model"
)

// NewUser is a user to create. All fields are needed. The state is always sent: without it the EX Org would choose.
type NewUser struct {
	Name, Email string
	DivisionID  string
	State       model.UserState
}

// CreateUser creates a user. conflict: a user, maybe a deleted one, holds the e-mail address. The external id is a call of its own.
func (w *Writer) CreateUser(ctx context.Context, u NewUser) (exorg.User, error) {
	body := struct {
		Name       string          `json:"name"`
		Email      string          `json:"email"`
		DivisionID string          `json:"divisionId"`
		State      model.UserState `json:"state"`
	}{u.Name, u.Email, u.DivisionID, u.State}
	return create(ctx, w, wire.Request{
		Op: "create user", Route: "/users", Body: body, Needs: needsUserAdd, Private: []string{u.Name, u.Email},
	}, func(u exorg.User) string { return u.ID })
}

// UserFields are the fields of a user to change; nil leaves one alone.
type UserFields struct {
	Name, Email *string
}

// PatchUser changes fields of a user that still has the version. stale: it has not; read again. A stale answer although the version did not move
// means that another user holds the e-mail address.
func (w *Writer) PatchUser(ctx context.Context, id string, version int, f UserFields) (exorg.User, error) {
	body := struct {
		Version int     `json:"version"`
		Name    *string `json:"name,omitempty"`
		Email   *string `json:"email,omitempty"`
	}{version, f.Name, f.Email}
	var private []string
	for _, p := range []*string{f.Name, f.Email} {
		if p != nil {
			private = append(private, *p)
		}
	}
	return w.patchUser(ctx, "update user", id, body, private)
}

// SetUserState sets the state of a user that still has the version, deleted users included (that restores them). It is a call of its own: "state"
// is the only field that a PATCH may hold beside the version (FACTS X3). stale as for PatchUser.
func (w *Writer) SetUserState(ctx context.Context, id string, version int, state model.UserState) (exorg.User, error) {
	body := struct {
		Version int             `json:"version"`
		State   model.UserState `json:"state"`
	}{version, state}
	return w.patchUser(ctx, "set state of user", id, body, nil)
}

func (w *Writer) patchUser(ctx context.Context, op, id string, body any, private []string) (exorg.User, error) {
	var u exorg.User
	err := w.org.Call(ctx, wire.Request{
		Op: op, Method: http.MethodPatch, Route: "/users/{id}", Args: []string{id}, Body: body, Needs: needsUserEdit,
		Conflict: wire.Moved, Private: private,
	}, &u)
	return u, err
}

// AddExternalID gives a user an external id. conflict: a user has the pair already, maybe this one.
func (w *Writer) AddExternalID(ctx context.Context, user string, id exorg.ExternalID) error {
	return w.org.Call(ctx, wire.Request{
		Op: "add external id to user", Method: http.MethodPost, Route: "/users/{id}/externalid", Args: []string{user}, Body: id, Needs: needsUserEdit,
	}, nil)
}

// RemoveExternalID takes an external id from a user. not_found: it has none such.
func (w *Writer) RemoveExternalID(ctx context.Context, user string, id exorg.ExternalID) error {
	return w.org.Call(ctx, wire.Request{
		Op: "remove external id of user", Method: http.MethodDelete, Route: "/users/{id}/externalid/{authority}/{key}",
		Args: []string{user, id.Authority, id.Key}, Needs: needsUserEdit,
	}, nil)
}

// MoveUsers moves users into a division, 100 a call.
func (w *Writer) MoveUsers(ctx context.Context, division string, users []string) error {
	return inBatches(users, MemberBatch, func(batch []string) error {
		return w.org.Call(ctx, wire.Request{
			Op: "move users into division", Method: http.MethodPost, Route: "/authorization/divisions/{id}/objects/USER",
			Args: []string{division}, Body: batch, Needs: needsUserEdit,
		}, nil)
	})
}
