package model

import (
	"errors"
	"fmt"
)

// Org is an organisation of the EX Org's platform, as its tokens tell it: the id is what it is known by, the name is for people.
type Org struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// IsZero reports whether the organisation is not known.
func (o Org) IsZero() bool { return o.ID == "" }

// String gives name and id, for people.
func (o Org) String() string {
	switch {
	case o.IsZero():
		return "an organisation that is not known"
	case o.Name == "":
		return o.ID
	default:
		return fmt.Sprintf("%q (%s)", o.Name, o.ID)
	}
}

// ForeignOrg is the error of work whose credentials lead to another organisation than the one it is for. Nothing was sent.
type ForeignOrg struct {
	// Have is where the credentials lead, Want the organisation that the work is for.
	Have, Want Org
}

// Error names both organisations.
func (e *ForeignOrg) Error() string {
	return fmt.Sprintf("the credentials lead to the organisation %s, and not to %s: correct the EX Org secret", e.Have, e.Want)
}

// ForeignOrgOf gives the ForeignOrg in err's chain, nil when there is none.
func ForeignOrgOf(err error) *ForeignOrg {
	e, _ := errors.AsType[*ForeignOrg](err)
	return e
}
