// Package wire describes one call of the Platform API.
//
// It reads nothing, returns nothing, and never leaves the tree below exorg: because no package outside can name Request, exorg.Client.Call is
// useless to all but the reads of exorg and the writes of exorg/write. The compiler so holds "one place writes to the EX Org".
package wire

import "net/url"

// Conflict says what 409 means for a call; the API has one status for two things (FACTS X11).
type Conflict int

// Taken: something else holds the name, e-mail or external id. Moved: the object changed meanwhile (a version, or a racing write to one user's
// skills), so reading again and repeating helps.
const (
	Taken Conflict = iota
	Moved
)

// Request is one call.
type Request struct {
	// Op says in words what is done, for errors and logs: "update user". The ids of Args are added.
	Op string
	// Method and Route are the HTTP method and the path below /api/v2 with placeholders: "/users/{id}". Args are their values, in order.
	Method, Route string
	Args          []string
	Query         url.Values
	// Body is sent as JSON; nil sends none.
	Body any
	// Reads says that nothing changes in the EX Org whatever the method, so that the call may be repeated.
	Reads bool
	// Needs is the permission that the role of the OAuth client must grant (FACTS X2), "" for none.
	Needs string
	// Conflict says what 409 means.
	Conflict Conflict
	// Unproven says that a duplicate may answer 400 as well as 409 (FACTS X6, X7 and X15).
	Unproven bool
	// Private lists values of the body that must not come back in an error text: a person's name and address.
	Private []string
}
