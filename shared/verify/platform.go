package verify

import (
	"context"
	"errors"

	"excs/shared/exorg"
	"excs/shared/model"
	"excs/shared/rules"
)

// Org is what a sweep reads of the EX Org. Errors carry a model.Code; not_found means that the object is not there or can
// not be seen, throttled that the budget is spent.
type Org interface {
	// HomeDivision is the id of the home division.
	HomeDivision(ctx context.Context) (string, error)
	// Observe lists the objects of a kind that has one list: source (deactivated ones too), skill, language, wrap-up code,
	// queue (both peer halves).
	Observe(ctx context.Context, kind model.Kind) ([]model.Observed, error)
	// ObserveQueues lists the queues, both peer halves, and shows the whole body of each.
	ObserveQueues(ctx context.Context, show func(seen model.Observed, raw []byte)) ([]model.Observed, error)
	// QueueCodes reads the EX ids of the wrap-up codes on a queue.
	QueueCodes(ctx context.Context, queueID string) ([]string, error)
	// Users lists the users of one state with skills and languages; nil sets were not given. capped says that the EX Org
	// gave no more than its first rows.
	Users(ctx context.Context, state string) (list []model.Observed, capped bool, err error)
	// Get reads one object by its EX id. A soft-deleted user comes back with Deleted set.
	Get(ctx context.Context, kind model.Kind, exID string) (seen model.Observed, raw []byte, err error)
	// Sets reads a user's skills and languages by their own calls.
	Sets(ctx context.Context, userID string) (skills, languages []model.Assigned, err error)
	// ExternalKeys reads a user's keys under EXCS's authority.
	ExternalKeys(ctx context.Context, userID string) ([]string, error)
	// Members reads the users that are members of a queue as users.
	Members(ctx context.Context, queueID string) ([]string, error)
	// Calls counts the requests made so far.
	Calls() int
}

// Platform is a sweep's Org over the Platform API, at the pace of its share.
type Platform struct {
	*exorg.Reader
	client *exorg.Client
	pace   *Pace
}

var _ Org = (*Platform)(nil)

// Open makes a Platform with a client of its own, so that its pace binds nobody else. cfg is the configuration of a client
// that shares tokens and budget with the other functions; share is 0 for DefaultShare.
func Open(cfg exorg.Config, s rules.Settings, share float64) *Platform {
	if share <= 0 {
		share = DefaultShare
	}
	pace := NewPace(cfg.Budget, share, s.Requests.PerMinute, cfg.Sleep)
	cfg.Budget, cfg.Rank = pace, model.RankBulk
	client := exorg.New(cfg)
	return &Platform{Reader: exorg.NewReader(client, s.Users.Authority), client: client, pace: pace}
}

// Calls counts the requests made so far, repeated ones too; requests for a token are not counted, and do not count for the
// EX Org's limit.
func (p *Platform) Calls() int { return p.pace.Calls() }

// ObserveQueues lists the queues and shows the whole body of each.
func (p *Platform) ObserveQueues(ctx context.Context, show func(seen model.Observed, raw []byte)) ([]model.Observed, error) {
	list := []model.Observed{}
	err := p.client.QueueBodies(ctx, func(q exorg.Queue) {
		o := q.Observed()
		list = append(list, o)
		show(o, q.Raw)
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// Users lists the users of one state.
func (p *Platform) Users(ctx context.Context, state string) (list []model.Observed, capped bool, err error) {
	for u, err := range p.client.Users(ctx, exorg.UsersQuery{States: []string{state}, Skills: true, Languages: true}) {
		if errors.Is(err, exorg.ErrListCapped) {
			return list, true, nil
		}
		if err != nil {
			return nil, false, err
		}
		list = append(list, u.Observed("", nil))
	}
	return list, false, nil
}
