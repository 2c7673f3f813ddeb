package apply

import (
	"context"
	"fmt"

	"excs/shared/exorg"
	"excs/shared/model"
)

// Platform is the worker's Org over the Platform API: it turns the client's types into what the core compares.
type Platform struct {
	client    *exorg.Client
	authority string
}

var _ Org = (*Platform)(nil)

// NewPlatform makes the reading half for one EX Org. authority is the external id authority of the settings.
func NewPlatform(client *exorg.Client, authority string) *Platform {
	return &Platform{client: client, authority: authority}
}

// Reserve takes n slots of the request budget.
func (p *Platform) Reserve(ctx context.Context, n int, bulk bool) (context.Context, error) {
	rank := exorg.RankPeople
	if bulk {
		rank = exorg.RankBulk
	}
	paid, _, err := p.client.Reserve(ctx, n, rank)
	if err != nil {
		return ctx, err
	}
	return paid, nil
}

// HomeDivision is the id of the home division.
func (p *Platform) HomeDivision(ctx context.Context) (string, error) {
	d, err := p.client.HomeDivision(ctx)
	return d.ID, err
}

// Get reads one object by its EX id.
func (p *Platform) Get(ctx context.Context, kind model.Kind, exID string) (model.Observed, []byte, error) {
	switch kind {
	case model.KindUser:
		u, err := p.client.User(ctx, exID)
		return u.Observed(p.authority, nil), nil, err
	case model.KindQueue:
		q, err := p.client.Queue(ctx, exID)
		return q.Observed(), q.Raw, err
	case model.KindSkill:
		s, err := p.client.Skill(ctx, exID)
		return s.Observed(), nil, err
	case model.KindLanguage:
		l, err := p.client.Language(ctx, exID)
		return l.Observed(), nil, err
	case model.KindWrapUpCode:
		c, err := p.client.WrapUpCode(ctx, exID)
		return c.Observed(), nil, err
	case model.KindSource:
		s, err := p.client.Source(ctx, exID)
		return s.Observed(), nil, err
	default:
		return model.Observed{}, nil, fmt.Errorf("kind %s has no object of its own", kind)
	}
}

// Find looks an object up by what identifies it beside its EX id.
func (p *Platform) Find(ctx context.Context, want model.Object) ([]model.Observed, error) {
	switch want.Key.Kind {
	case model.KindUser:
		return p.findUser(ctx, want)
	case model.KindQueue:
		return p.findQueue(ctx, want)
	case model.KindSkill:
		return observed(p.client.SkillsByName(ctx, want.Name))
	case model.KindLanguage:
		return observed(p.client.LanguagesByName(ctx, want.Name))
	case model.KindWrapUpCode:
		return observed(p.client.WrapUpCodesByName(ctx, want.Name))
	case model.KindSource:
		return observed(p.client.SourcesByName(ctx, want.Name))
	default:
		return nil, fmt.Errorf("kind %s has no object of its own", want.Key.Kind)
	}
}

// FindNamed looks an object up by its mark and, by the API's name filter alone, by its name.
func (p *Platform) FindNamed(ctx context.Context, want model.Object) ([]model.Observed, error) {
	switch want.Key.Kind {
	case model.KindQueue:
		found, err := p.findPeer(ctx, want.PeerID)
		if err != nil || len(found) > 0 {
			return found, err
		}
		return observed(p.client.QueuesNamed(ctx, want.Name))
	case model.KindSkill:
		return observed(p.client.SkillsNamed(ctx, want.Name))
	case model.KindLanguage:
		return observed(p.client.LanguagesNamed(ctx, want.Name))
	case model.KindWrapUpCode:
		return observed(p.client.WrapUpCodesNamed(ctx, want.Name))
	default:
		return p.Find(ctx, want)
	}
}

func observed[T interface{ Observed() model.Observed }](found []T, err error) ([]model.Observed, error) {
	if err != nil {
		return nil, err
	}
	list := make([]model.Observed, 0, len(found))
	for _, f := range found {
		list = append(list, f.Observed())
	}
	return list, nil
}

// findUser asks for the holder of the external key, which needs no index, and searches by e-mail.
func (p *Platform) findUser(ctx context.Context, want model.Object) ([]model.Observed, error) {
	found, err := p.findHolder(ctx, want.ExternalKey)
	if err != nil || want.Email == "" {
		return found, err
	}
	users, err := p.client.FindUsersByEmail(ctx, want.Email)
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		found = append(found, u.Observed(p.authority, nil))
	}
	return found, nil
}

func (p *Platform) findHolder(ctx context.Context, key string) ([]model.Observed, error) {
	if key == "" {
		return nil, nil
	}
	holder, err := p.client.UserByExternalKey(ctx, p.authority, key)
	if model.CodeOf(err) == model.CodeNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	o := holder.Observed(p.authority, nil)
	o.ExternalKeys = []string{key}
	return []model.Observed{o}, nil
}

func (p *Platform) findQueue(ctx context.Context, want model.Object) ([]model.Observed, error) {
	found, err := p.findPeer(ctx, want.PeerID)
	if err != nil || len(found) > 0 {
		return found, err
	}
	return observed(p.client.QueuesByName(ctx, want.Name))
}

func (p *Platform) findPeer(ctx context.Context, peer string) ([]model.Observed, error) {
	if peer == "" {
		return nil, nil
	}
	return observed(p.client.QueuesByPeerID(ctx, peer))
}

// Sets reads a user's skills and languages by their own calls.
func (p *Platform) Sets(ctx context.Context, userID string) (skills, languages []model.Assigned, err error) {
	s, err := p.client.UserSkills(ctx, userID)
	if err != nil {
		return nil, nil, err
	}
	l, err := p.client.UserLanguages(ctx, userID)
	if err != nil {
		return nil, nil, err
	}
	return exorg.Skillset(s), exorg.Languageset(l), nil
}

// ExternalKeys reads a user's keys under EXCS's authority; an empty list is not nil.
func (p *Platform) ExternalKeys(ctx context.Context, userID string) ([]string, error) {
	ids, err := p.client.ExternalIDs(ctx, userID)
	if err != nil {
		return nil, err
	}
	keys := []string{}
	for _, id := range ids {
		if id.Authority == p.authority {
			keys = append(keys, id.Key)
		}
	}
	return keys, nil
}

// Members reads the users that are members of a queue as users.
func (p *Platform) Members(ctx context.Context, queueID string) ([]string, error) {
	return p.client.Members(ctx, queueID)
}

// QueueCodes reads the EX ids of the wrap-up codes on a queue.
func (p *Platform) QueueCodes(ctx context.Context, queueID string) ([]string, error) {
	return p.client.QueueWrapUpCodes(ctx, queueID)
}
