package exorg

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"excs/shared/exorg/internal/wire"
	"excs/shared/model"
)

type underKey struct{}

// Under binds the calls made under the returned context to one organisation: a call whose token belongs to another one is not
// sent and fails with a *model.ForeignOrg (code denied). The zero Org binds to none.
func Under(ctx context.Context, org model.Org) context.Context {
	return context.WithValue(ctx, underKey{}, org)
}

func boundTo(ctx context.Context) model.Org {
	org, _ := ctx.Value(underKey{}).(model.Org)
	return org
}

// admit decides, before anything is sent, whether a call may go out with the token: the organisation must be the one that the
// context is bound to. A client that guards its writes sends none that is bound to no organisation.
func (c *Client) admit(ctx context.Context, r wire.Request, o *oauth, token string) error {
	want := boundTo(ctx)
	if want.IsZero() {
		if r.Reads || !c.guarded {
			return nil
		}
		return model.Errorf(model.CodeDenied, operation(r), "no organisation is approved for writing: approve a first plan")
	}
	have, err := c.orgOf(ctx, o, token)
	if err != nil {
		return fmt.Errorf("%s: %w", operation(r), err)
	}
	if have.ID != want.ID {
		return foreign(operation(r), have, want)
	}
	return nil
}

func foreign(op string, have, want model.Org) error {
	return &model.Error{Code: model.CodeDenied, Op: op, Err: &model.ForeignOrg{Have: have, Want: want}}
}

// Org tells which organisation the credentials lead to. Every OAuth client is asked: they must all lead to the same one, else
// the error is a *model.ForeignOrg (code denied) that names two of them. A token whose organisation is known costs no call.
func (c *Client) Org(ctx context.Context) (model.Org, error) {
	const op = "tell the organisation"
	if len(c.oauths) == 0 {
		return model.Org{}, model.Errorf(model.CodeInvalid, op, "there is no OAuth client: set clientId and clientSecret in the EX Org secret")
	}
	var first model.Org
	for _, o := range c.oauths {
		org, err := c.orgOfClient(ctx, o)
		if err != nil {
			return model.Org{}, err
		}
		if first.IsZero() {
			first = org
		}
		if org.ID != first.ID {
			return model.Org{}, foreign(op, org, first)
		}
	}
	return first, nil
}

// orgOfClient gives the organisation of one OAuth client. A token that the EX Org refuses is replaced once.
func (c *Client) orgOfClient(ctx context.Context, o *oauth) (model.Org, error) {
	for again := false; ; again = true {
		token, err := c.token(ctx, o)
		if err != nil {
			return model.Org{}, fmt.Errorf("tell the organisation: %w", err)
		}
		org, err := c.orgOf(ctx, o, token)
		if e, ok := errors.AsType[*APIError](err); err == nil || again || !ok || e.Status != http.StatusUnauthorized {
			return org, err
		}
		o.reject(token)
	}
}

// orgOf gives the organisation of a token: as it is known here or with the shared token, else by asking with it. That is one call
// for a new token, and everybody who shares the token has the answer.
func (c *Client) orgOf(ctx context.Context, o *oauth, token string) (model.Org, error) {
	if org, ok := o.orgOf(token); ok {
		return org, nil
	}
	if err := o.enter(ctx, "tell the organisation"); err != nil {
		return model.Org{}, err
	}
	defer o.leave()
	if org, ok := o.orgOf(token); ok { // somebody else asked meanwhile
		return org, nil
	}
	org, err := c.askOrg(ctx, o, token)
	if err != nil {
		return model.Org{}, err
	}
	if expires, ok := o.belongs(token, org); ok {
		c.share(ctx, o, token, org, expires)
	}
	return org, nil
}

// askOrg asks whose the token is. The call takes a slot of the token's own OAuth client, as every call does.
func (c *Client) askOrg(ctx context.Context, o *oauth, token string) (model.Org, error) {
	r := meRequest()
	target, _, err := c.prepare(r)
	if err != nil {
		return model.Org{}, err
	}
	_, wait, err := c.orSpent(c.ask(ctx, o, 1, c.rankOf(ctx), c.maxWait))
	if err == nil && wait > 0 {
		err = c.sleep(ctx, wait)
	}
	if err != nil {
		return model.Org{}, fmt.Errorf("%s: %w", operation(r), err)
	}
	if err := tooLate(ctx, operation(r)); err != nil {
		return model.Org{}, err
	}
	a := c.exchange(ctx, r, target, nil, token)
	c.learn(ctx, o, r, a)
	var me Me
	if err := c.judge(r, a, &me); err != nil {
		return model.Org{}, err
	}
	if me.Organization.ID == "" {
		return model.Org{}, c.strange(r, "no organisation")
	}
	return model.Org{ID: me.Organization.ID, Name: me.Organization.Name}, nil
}
