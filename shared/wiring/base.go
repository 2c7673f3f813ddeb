package wiring

import (
	"context"
	"errors"

	"excs/shared/model"
	"excs/shared/sides"
)

// Base is what every function's handler rests on; embed it. The zero Base changes nothing.
type Base struct {
	docs     sides.Reader
	outdated string
	lacks    error
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

// Lacks returns why a secret cannot be used, nil where all can. Such a handler has nothing but its base, and is built anew for the next
// invocation: the secret may be corrected by then.
func (b Base) Lacks() error { return b.lacks }

// errNotSet marks a secret that still holds what the stack generated: a deployment that is not finished, not a fault.
var errNotSet = errors.New("the secret is not set yet")

// IsNotSet reports whether the cause is a secret that nobody has set since the stack made it.
func IsNotSet(err error) bool { return errors.Is(err, errNotSet) }

// Lacking gives the base of a handler that cannot use a secret: err says why. The function then starts all the same and says in each
// answer what is wrong, instead of ending as a process that Lambda starts again and again. An err that may pass by itself is given
// back.
func (p *Parts) Lacking(err error) (Base, error) {
	if model.CodeOf(err) == model.CodeUnavailable {
		return Base{}, err
	}
	b := p.Base()
	b.lacks = err
	return b, nil
}
