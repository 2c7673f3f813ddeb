package apply

import (
	"context"
	"errors"
	"fmt"

	"excs/shared/exorg"
	"excs/shared/model"
)

// Observe lists the objects of a kind: users of every state (the deleted ones hold their addresses), sources deactivated
// or not, queues with and without a peer. A list is a hint: a miss proves nothing.
func (p *Platform) Observe(ctx context.Context, kind model.Kind) ([]model.Observed, error) {
	switch kind {
	case model.KindUser:
		return p.users(ctx)
	case model.KindQueue:
		return observed(p.client.Queues(ctx))
	case model.KindSkill:
		return observed(p.client.Skills(ctx))
	case model.KindLanguage:
		return observed(p.client.Languages(ctx))
	case model.KindWrapUpCode:
		return observed(p.client.WrapUpCodes(ctx))
	case model.KindSource:
		return p.sources(ctx)
	default:
		return nil, fmt.Errorf("kind %s has no list of its own", kind)
	}
}

// users lists users of every state. The EX Org stops a list of inactive or deleted users at 10,000 rows; who is beyond is
// found by its address when it is needed.
func (p *Platform) users(ctx context.Context) ([]model.Observed, error) {
	var list []model.Observed
	states := []string{exorg.StateActive, exorg.StateInactive, exorg.StateDeleted}
	for u, err := range p.client.Users(ctx, exorg.UsersQuery{States: states, Skills: true, Languages: true}) {
		if errors.Is(err, exorg.ErrListCapped) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, u.Observed(p.authority, nil))
	}
	return list, nil
}

func (p *Platform) sources(ctx context.Context) ([]model.Observed, error) {
	active, err := observed(p.client.Sources(ctx, false))
	if err != nil {
		return nil, err
	}
	deactivated, err := observed(p.client.Sources(ctx, true))
	return append(active, deactivated...), err
}
