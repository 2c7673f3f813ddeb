package wiring

import (
	"context"

	"excs/shared/sides"
)

// Base is what every function's handler rests on; embed it. The zero Base changes nothing.
type Base struct {
	docs     sides.Reader
	outdated string
}

// Base gives the base of a handler.
func (p *Parts) Base() Base { return Base{docs: p.Table, outdated: p.outdated} }

// Bind binds an invocation to the approved organisation: to its part of the table, and to its credentials.
func (b Base) Bind(ctx context.Context) (context.Context, error) {
	if b.docs == nil {
		return ctx, nil
	}
	return sides.Home(ctx, b.docs)
}

// Outdated says why nothing may be done by the settings that the handler was built with, "" where they are its deployment's. Such a
// handler is built anew for the next invocation: by then its process may read the settings that belong to it.
func (b Base) Outdated() string { return b.outdated }
