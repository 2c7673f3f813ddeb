package exorg

import (
	"context"
	"net/http"

	"excs/shared/exorg/internal/wire"
)

// Ref is a reference to another object.
type Ref struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// Division is a division of the organisation.
type Division struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Me says whose token it is: the start-up check names organisation and OAuth client.
type Me struct {
	Organization Ref `json:"organization"`
	OAuthClient  Ref `json:"OAuthClient"`
}

// HomeDivision reads the home division, once for the life of the process: it never changes.
func (c *Client) HomeDivision(ctx context.Context) (Division, error) {
	c.home.mu.Lock()
	known := c.home.division
	c.home.mu.Unlock()
	if known.ID != "" {
		return known, nil
	}
	var d Division
	r := wire.Request{Op: "read the home division", Method: http.MethodGet, Route: "/authorization/divisions/home", Reads: true}
	if err := c.Call(ctx, r, &d); err != nil {
		return Division{}, err
	}
	if d.ID == "" {
		return Division{}, c.strange(r, "no id")
	}
	c.home.mu.Lock()
	defer c.home.mu.Unlock()
	c.home.division = d
	return d, nil
}

// Me reads whose token it is.
func (c *Client) Me(ctx context.Context) (Me, error) {
	var m Me
	err := c.Call(ctx, meRequest(), &m)
	return m, err
}

func meRequest() wire.Request {
	return wire.Request{Op: "read the token's owner", Method: http.MethodGet, Route: "/tokens/me", Reads: true}
}
