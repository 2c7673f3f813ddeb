package exorg

import (
	"context"
	"fmt"

	"excs/shared/model"
)

// Reader reads the EX Org by kind: it turns the client's types into what the core compares.
type Reader struct {
	client    *Client
	authority string
}

// NewReader returns a Reader of the client's EX Org. authority is the external id authority of the settings.
func NewReader(client *Client, authority string) *Reader {
	return &Reader{client: client, authority: authority}
}

// Reserve takes n slots of the request budget.
func (r *Reader) Reserve(ctx context.Context, n int, bulk bool) (context.Context, error) {
	rank := model.RankPeople
	if bulk {
		rank = model.RankBulk
	}
	paid, _, err := r.client.Reserve(ctx, n, rank)
	if err != nil {
		return ctx, err
	}
	return paid, nil
}

// HomeDivision is the id of the home division.
func (r *Reader) HomeDivision(ctx context.Context) (string, error) {
	d, err := r.client.HomeDivision(ctx)
	return d.ID, err
}

// Get reads one object by its EX id.
func (r *Reader) Get(ctx context.Context, kind model.Kind, exID string) (model.Observed, []byte, error) {
	switch kind {
	case model.KindUser:
		u, err := r.client.User(ctx, exID)
		return u.Observed(r.authority, nil), nil, err
	case model.KindQueue:
		q, err := r.client.Queue(ctx, exID)
		return q.Observed(), q.Raw, err
	case model.KindSkill:
		s, err := r.client.Skill(ctx, exID)
		return s.Observed(), nil, err
	case model.KindLanguage:
		l, err := r.client.Language(ctx, exID)
		return l.Observed(), nil, err
	case model.KindWrapUpCode:
		c, err := r.client.WrapUpCode(ctx, exID)
		return c.Observed(), nil, err
	case model.KindSource:
		s, err := r.client.Source(ctx, exID)
		return s.Observed(), nil, err
	default:
		return model.Observed{}, nil, fmt.Errorf("kind %s has no object of its own", kind)
	}
}

// Find looks an object up by what identifies it beside its EX id.
func (r *Reader) Find(ctx context.Context, want model.Object) ([]model.Observed, error) {
	switch want.Key.Kind {
	case model.KindUser:
		return r.findUser(ctx, want)
	case model.KindQueue:
		return r.findQueue(ctx, want)
	case model.KindSkill:
		return observed(r.client.SkillsByName(ctx, want.Name))
	case model.KindLanguage:
		return observed(r.client.LanguagesByName(ctx, want.Name))
	case model.KindWrapUpCode:
		return observed(r.client.WrapUpCodesByName(ctx, want.Name))
	case model.KindSource:
		return observed(r.client.SourcesByName(ctx, want.Name))
	default:
		return nil, fmt.Errorf("kind %s has no object of its own", want.Key.Kind)
	}
}

// FindNamed looks an object up by its mark and, by the API's name filter alone, by its name.
func (r *Reader) FindNamed(ctx context.Context, want model.Object) ([]model.Observed, error) {
	switch want.Key.Kind {
	case model.KindQueue:
		found, err := r.findPeer(ctx, want.PeerID)
		if err != nil || len(found) > 0 {
			return found, err
		}
		return observed(r.client.QueuesNamed(ctx, want.Name))
	case model.KindSkill:
		return observed(r.client.SkillsNamed(ctx, want.Name))
	case model.KindLanguage:
		return observed(r.client.LanguagesNamed(ctx, want.Name))
	case model.KindWrapUpCode:
		return observed(r.client.WrapUpCodesNamed(ctx, want.Name))
	default:
		return r.Find(ctx, want)
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
func (r *Reader) findUser(ctx context.Context, want model.Object) ([]model.Observed, error) {
	found, err := r.findHolder(ctx, want.ExternalKey)
	if err != nil || want.Email == "" {
		return found, err
	}
	users, err := r.client.FindUsersByEmail(ctx, want.Email)
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		found = append(found, u.Observed(r.authority, nil))
	}
	return found, nil
}

func (r *Reader) findHolder(ctx context.Context, key string) ([]model.Observed, error) {
	if key == "" {
		return nil, nil
	}
	holder, err := r.client.UserByExternalKey(ctx, r.authority, key)
	if model.CodeOf(err) == model.CodeNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	o := holder.Observed(r.authority, nil)
	o.ExternalKeys = []string{key}
	return []model.Observed{o}, nil
}

func (r *Reader) findQueue(ctx context.Context, want model.Object) ([]model.Observed, error) {
	found, err := r.findPeer(ctx, want.PeerID)
	if err != nil || len(found) > 0 {
		return found, err
	}
	return observed(r.client.QueuesByName(ctx, want.Name))
}

func (r *Reader) findPeer(ctx context.Context, peer string) ([]model.Observed, error) {
	if peer == "" {
		return nil, nil
	}
	return observed(r.client.QueuesByPeerID(ctx, peer))
}

// Sets reads a user's skills and languages by their own calls.
func (r *Reader) Sets(ctx context.Context, userID string) (skills, languages []model.Assigned, err error) {
	s, err := r.client.UserSkills(ctx, userID)
	if err != nil {
		return nil, nil, err
	}
	l, err := r.client.UserLanguages(ctx, userID)
	if err != nil {
		return nil, nil, err
	}
	return Skillset(s), Languageset(l), nil
}

// SetOf reads a user's skills or languages by their own call.
func (r *Reader) SetOf(ctx context.Context, kind model.Kind, userID string) ([]model.Assigned, error) {
	if kind == model.KindLanguage {
		l, err := r.client.UserLanguages(ctx, userID)
		return Languageset(l), err
	}
	s, err := r.client.UserSkills(ctx, userID)
	return Skillset(s), err
}

// ExternalKeys reads a user's keys under EXCS's authority; an empty list is not nil.
func (r *Reader) ExternalKeys(ctx context.Context, userID string) ([]string, error) {
	ids, err := r.client.ExternalIDs(ctx, userID)
	if err != nil {
		return nil, err
	}
	keys := []string{}
	for _, id := range ids {
		if id.Authority == r.authority {
			keys = append(keys, id.Key)
		}
	}
	return keys, nil
}

// Members reads the users that are members of a queue as users.
func (r *Reader) Members(ctx context.Context, queueID string) ([]string, error) {
	return r.client.Members(ctx, queueID)
}

// QueueCodes reads the EX ids of the wrap-up codes on a queue.
func (r *Reader) QueueCodes(ctx context.Context, queueID string) ([]string, error) {
	return r.client.QueueWrapUpCodes(ctx, queueID)
}
