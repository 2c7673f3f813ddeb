package exorg

import (
	"context"
	"errors"
	"fmt"

	"excs/shared/model"
)

// Observe lists the objects of a kind: users of every state (the deleted ones hold their addresses), sources deactivated
// or not, queues with and without a peer. A list is a hint: a miss proves nothing.
func (r *Reader) Observe(ctx context.Context, kind model.Kind) ([]model.Observed, error) {
	switch kind {
	case model.KindUser:
		return r.users(ctx)
	case model.KindQueue:
		return observed(r.client.Queues(ctx))
	case model.KindSkill:
		return observed(r.client.Skills(ctx))
	case model.KindLanguage:
		return observed(r.client.Languages(ctx))
	case model.KindWrapUpCode:
		return observed(r.client.WrapUpCodes(ctx))
	case model.KindSource:
		return r.sources(ctx)
	default:
		return nil, fmt.Errorf("kind %s has no list of its own", kind)
	}
}

// users lists users of every state. The EX Org stops a list of inactive or deleted users at 10,000 rows; who is beyond is
// found by its address when it is needed.
func (r *Reader) users(ctx context.Context) ([]model.Observed, error) {
	var list []model.Observed
	states := []string{StateActive, StateInactive, StateDeleted}
	for u, err := range r.client.Users(ctx, UsersQuery{States: states, Skills: true, Languages: true}) {
		if errors.Is(err, ErrListCapped) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, u.Observed(r.authority, nil))
	}
	return list, nil
}

func (r *Reader) sources(ctx context.Context) ([]model.Observed, error) {
	active, err := observed(r.client.Sources(ctx, false))
	if err != nil {
		return nil, err
	}
	deactivated, err := observed(r.client.Sources(ctx, true))
	return append(active, deactivated...), err
}
