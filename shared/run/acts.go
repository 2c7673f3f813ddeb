package run

import (
	"context"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// docActs is the document of the last acts of operators.
const docActs = "acts"

// actsKept is how many are kept: what somebody who comes on duty wants to know. The log has all of them.
const actsKept = 20

// Act is something that an operator did: a pause and its end, a release, a link, a forget, an approval.
type Act struct {
	At     time.Time    `json:"at"`
	Action model.Action `json:"action"`
	// What says to what: scopes, keys, or the hash of a plan.
	What string `json:"what"`
	By
}

// Acts reads the last acts of operators, the latest first.
func (r *Runner) Acts(ctx context.Context) ([]Act, error) {
	var acts []Act
	ctx = mapping.Under(ctx, mapping.Space{Plain: true}) // they are the tenant's, whatever the organisation is
	if err := load(ctx, r.Table, docActs, &acts); err != nil {
		return nil, err
	}
	return acts, nil
}

// acted remembers what an operator did. It is done by then and stands in the log, so a failure here is only told: of two acts
// at the very same moment one may be missing from the list.
func (r *Runner) acted(ctx context.Context, action model.Action, what string, by By) {
	ctx = mapping.Under(ctx, mapping.Space{Plain: true})
	r.happened(ctx, Event{Action: action, What: what, By: by}, "act-"+r.NewToken())
	acts, err := r.Acts(ctx)
	if err == nil {
		acts = append([]Act{{At: r.Now(), Action: action, What: what, By: by}}, acts...)
		err = save(ctx, r.Table, docActs, 0, acts[:min(len(acts), actsKept)])
	}
	if err != nil {
		r.Log.WarnContext(ctx, "what an operator did is missing in the list of it", "action", action, "code", model.CodeOf(err), "error", err.Error())
	}
}

// keysNamedIn writes keys for the list of acts, the first few of them.
func keysNamedIn(keys []model.Key) string {
	scopes := make([]mapping.Scope, 0, len(keys))
	for _, k := range keys {
		scopes = append(scopes, mapping.Scope{Key: k})
	}
	return named(scopes)
}

// approvedBefore finds the last approval of the very same, nil when there is none among the acts that are kept.
func (r *Runner) approvedBefore(ctx context.Context, w which) (*Act, error) {
	acts, err := r.Acts(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range acts {
		if a.Action == mapping.ActionApprove && a.What == w.String() {
			return &a, nil
		}
	}
	return nil, nil //nolint:nilnil // it was not approved
}

func byWhom(by By) string {
	if by.Who == "" {
		return ""
	}
	return " by " + by.Who
}
