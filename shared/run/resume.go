package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"excs/shared/mapping"
	"excs/shared/model"
)

// ResumeRequest says which pauses to end: those of exactly these kinds and objects or, with neither, the pause of
// everything; the others stay. Without a hash the plan that would follow is shown and nothing is written.
type ResumeRequest struct {
	PauseRequest
	// Hash is that of the Resumption that was shown: exactly that is carried out.
	Hash string
}

// Resumption is the plan that follows the end of a pause, and what else begins again.
type Resumption struct {
	Report
	// Hash covers all that is resumed: the pauses that end, the plan, and every object that rests.
	Hash string `json:"resumeHash"`
	// Ended are the pauses that end; Resumed says that they have ended.
	Ended   mapping.Pauses `json:"ended"`
	Resumed bool           `json:"resumed"`
	// Objects were on their way when the pause came, or changed in the EX Org since: they are looked at again. More is how
	// many of them are not listed.
	Objects []Resting `json:"objects"`
	More    int       `json:"more,omitempty"`
	// Unfinished says what failed after the pauses had ended: the next run goes on with it.
	Unfinished string `json:"unfinished,omitempty"`
}

// Resting is an object whose row waits for the end of a pause.
type Resting struct {
	Listed
	// Action is what its row asks for.
	Action model.Action `json:"action"`
}

// restingShown is how many resting objects an answer lists.
const restingShown = 200

// Resume ends pauses, in two steps. Without a hash it plans as if they had ended and writes nothing. With the hash of what it
// showed it ends them and carries that plan out at once, limited to what was paused; what rests since the pause is put back on
// the queue.
//
// Errors, all of them before a pause has ended: not_found when a scope is not paused; conflict when it is not what the hash
// stands for any more, or while a run holds the lease; those of reading Engage and of the table.
func (r *Runner) Resume(ctx context.Context, req ResumeRequest) (Resumption, error) {
	if req.Hash == "" {
		out, _, err := r.resumable(ctx, req, nil)
		return out, err
	}
	lease, err := r.patientLease(ctx)
	if err != nil {
		return Resumption{}, err
	}
	var out Resumption
	err = r.under(ctx, lease, func(ctx context.Context) error {
		out, err = r.resume(ctx, lease, req)
		return err
	})
	out.Run = lease.Run
	return out, err
}

// resumable plans as if the pauses had ended.
func (r *Runner) resumable(ctx context.Context, req ResumeRequest, seen *survey) (Resumption, *draft, error) {
	ctx, side, err := r.enter(ctx)
	if err != nil {
		return Resumption{}, nil, err
	}
	pauses, err := r.Table.Pauses(ctx)
	if err != nil {
		return Resumption{}, nil, err
	}
	scopes := req.scopes()
	out := Resumption{Ended: pauses.In(scopes)}
	if err := out.standing(scopes, pauses); err != nil {
		return out, nil, err
	}
	left := pauses.Without(scopes)
	site, err := loadSite(ctx, r.Table)
	if err != nil {
		return out, nil, err
	}
	run := limitedTo(req)
	for _, p := range out.Ended {
		if run.PausedSince.IsZero() || p.Since.Before(run.PausedSince) {
			run.PausedSince = p.Since
		}
	}
	d, err := r.draft(ctx, side, site, run, left, seen)
	if err != nil {
		return out, nil, err
	}
	out.Report = d.report()
	if seen == nil {
		items, err := r.Table.List(ctx, onTheirWay(), nil)
		if err != nil {
			return out, nil, fmt.Errorf("list rows that rest: %w", err)
		}
		seen = &survey{items: items}
	}
	if err := r.rests(ctx, &out, seen.in(onTheirWay()...), scopes, left); err != nil {
		return out, nil, err
	}
	out.seal(scopes, d.plan.Hash)
	return out, d, nil
}

// seal makes the hash, and leaves out of the list what is too much to show.
func (out *Resumption) seal(scopes []mapping.Scope, plan string) {
	h := sha256.New()
	for _, s := range scopes {
		fmt.Fprintln(h, "end", s) //nolint:errcheck // a hash takes everything
	}
	fmt.Fprintln(h, "plan", plan) //nolint:errcheck // see above
	for _, o := range out.Objects {
		fmt.Fprintln(h, "rests", o.Key, o.Action) //nolint:errcheck // see above
	}
	out.Hash = hex.EncodeToString(h.Sum(nil))[:len(plan)]
	if n := len(out.Objects) - restingShown; n > 0 {
		out.Objects, out.More = out.Objects[:restingShown], n
	}
}

// limitedTo gives the run that follows: of everything, or of what was paused.
func limitedTo(req ResumeRequest) Request {
	run := Request{Cause: model.CauseEngage, Kinds: slices.Clone(req.Kinds)}
	if slices.Contains(run.Kinds, model.KindQueue) && !slices.Contains(run.Kinds, model.KindMembers) {
		run.Kinds = append(run.Kinds, model.KindMembers)
	}
	if len(req.Keys) > 0 {
		run.Scopes = req.scopes()
	}
	return run
}

// standing refuses to end what is not paused, and names what is.
func (out Resumption) standing(scopes []mapping.Scope, pauses mapping.Pauses) error {
	for _, s := range scopes {
		if len(pauses.In([]mapping.Scope{s})) > 0 {
			continue
		}
		all := make([]mapping.Scope, 0, len(pauses))
		for _, p := range pauses {
			all = append(all, p.Scope)
		}
		subject := s.String() + " is"
		switch {
		case len(pauses) == 0:
			return model.Errorf(model.CodeNotFound, "", "%s not paused: nothing is", subject)
		case !s.Key.IsZero() && pauses.Covers(s.Key):
			p, _ := pauses.Of(s.Key)
			return model.Errorf(model.CodeNotFound, "", "%s not paused by itself: %s; resume that", subject, p.Why())
		}
		return model.Errorf(model.CodeNotFound, "", "%s not paused; paused are: %s", subject, named(all))
	}
	return nil
}

// rests lists the rows that wait for the end of the pauses.
func (r *Runner) rests(ctx context.Context, out *Resumption, items []mapping.Item, scopes []mapping.Scope, left mapping.Pauses) error {
	var some []mapping.Item
	for _, i := range items {
		covered := slices.ContainsFunc(scopes, func(s mapping.Scope) bool { return s.Covers(i.Key) })
		if (covered || i.AtRest()) && !left.Covers(i.Key) {
			some = append(some, i)
		}
	}
	slices.SortFunc(some, func(a, b mapping.Item) int { return a.Key.Compare(b.Key) })
	keys := make([]model.Key, 0, len(some))
	for _, i := range some {
		keys = append(keys, i.Key)
	}
	rows, err := r.Table.GetMany(ctx, keys)
	if err != nil {
		return fmt.Errorf("read rows that rest: %w", err)
	}
	out.Objects = make([]Resting, 0, len(some))
	for _, i := range some {
		row, ok := rows[i.Key]
		if !ok {
			continue
		}
		out.Objects = append(out.Objects, Resting{Action: actionOf(row), Listed: Listed{Key: i.Key, State: string(i.State), Since: i.Since, Reason: i.Reason, EXID: i.EXID}})
	}
	return nil
}

// resume ends the pauses and carries the plan out. The pauses end before the first message is sent, or workers would put the
// objects aside once more; a crash in between leaves the next run with the same plan.
func (r *Runner) resume(ctx context.Context, lease mapping.Lease, req ResumeRequest) (Resumption, error) {
	seen, err := r.survey(ctx, nil)
	if err != nil {
		return Resumption{}, err
	}
	out, d, err := r.resumable(ctx, req, seen)
	if err != nil {
		return out, err
	}
	if out.Hash != req.Hash {
		return Resumption{}, model.Errorf(model.CodeConflict, "", "the plan is another one than that of %s by now: its hash is %s, with %d changes, %d held and %d objects that rest; everything stays paused; look at it and resume with its hash",
			req.Hash, out.Hash, len(d.plan.Changes), len(d.plan.Held), len(out.Objects)+out.More)
	}
	scopes := req.scopes()
	left, err := r.Table.Resume(ctx, scopes)
	if err != nil {
		return Resumption{}, err
	}
	out.Resumed, seen.pauses = true, left
	r.Log.InfoContext(ctx, "resumed", "run", lease.Run, "scope", named(scopes), "hash", req.Hash, "who", req.Who, "note", req.Note)
	r.acted(ctx, mapping.ActionResume, named(scopes), req.By)
	// The pauses have ended: an error would make it look as if they had not. What is left undone the next run does.
	if err := r.carryOn(ctx, lease, req, d, seen, &out); err != nil {
		out.Unfinished = err.Error()
		r.Log.ErrorContext(ctx, "the pauses have ended, and what follows is left to the next run", "run", lease.Run, "code", model.CodeOf(err), "error", out.Unfinished)
	}
	return out, nil
}

// carryOn carries out the plan that a resume showed, and puts what rests back on the queue.
func (r *Runner) carryOn(ctx context.Context, lease mapping.Lease, req ResumeRequest, d *draft, seen *survey, out *Resumption) error {
	run := limitedTo(req)
	var err error
	if run.Keys, err = r.mapped(ctx, req.Keys); err != nil {
		return err
	}
	if err := r.noteInHistory(ctx, run.Keys, mapping.ActionResume, req.By); err != nil {
		r.Log.WarnContext(ctx, "the resume could not be noted in the history of its objects", "code", model.CodeOf(err), "error", err.Error())
	}
	if err := r.wake(ctx, seen); err != nil {
		return err
	}
	requeued, err := r.requeue(ctx, lease.Run, seen.in(comeBack()...), seen.pauses)
	if err != nil {
		return err
	}
	out.Report, err = r.finish(ctx, lease, d, run, seen)
	out.Requeued = requeued
	return err
}

// wake lets rows go at once that wait for something that was paused, a member list for one of its users. They would come by
// themselves, some minutes later.
func (r *Runner) wake(ctx context.Context, seen *survey) error {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(writesAtOnce)
	for n := range seen.items {
		i := &seen.items[n]
		if !i.AtRest() || seen.pauses.Covers(i.Key) || !r.Now().Before(i.WaitUntil) {
			continue
		}
		group.Go(func() error {
			_, err := r.Table.Release(inner, i.Key, 0, false, model.CauseRequeue, r.Now())
			if err != nil && model.CodeOf(err) != model.CodeNotFound {
				return fmt.Errorf("let %s go: %w", i.Key, err)
			}
			i.WaitUntil, i.QueuedAt = time.Time{}, time.Time{}
			return nil
		})
	}
	return group.Wait()
}

// mapped gives those of the keys that have a row: they are looked at, whatever has changed.
func (r *Runner) mapped(ctx context.Context, keys []model.Key) ([]model.Key, error) {
	rows, err := r.Table.GetMany(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("read what was paused: %w", err)
	}
	return slices.DeleteFunc(slices.Clone(keys), func(k model.Key) bool { row, ok := rows[k]; return !ok || row.Goal == mapping.GoalOrphan }), nil
}
