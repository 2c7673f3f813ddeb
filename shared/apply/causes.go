package apply

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// Documents keeps what the workers share about refusals.
type Documents interface {
	GetDocument(ctx context.Context, name string) ([]byte, error)
	PutDocument(ctx context.Context, name string, run int64, body []byte) error
}

// cause is a skill or language that the EX Org refuses to a user, as it is refused to all others: only one of them, the canary, tries
// it at the pace of refusals.
type cause struct {
	Canary model.Key       `json:"canary"`
	Last   mapping.Refusal `json:"last"` // what the EX Org said to the canary
	At     time.Time       `json:"at"`   // when
}

// canaryLost is the age of the canary's last try from which somebody else is the canary: its own is a day at most.
const canaryLost = 26 * time.Hour

// causes are the known causes, as this process knows them.
type causes struct {
	docs Documents

	mu    sync.Mutex
	read  time.Time
	known map[string]cause
}

const (
	docCauses = "causes"
	// causesBelieved is how long a process believes what it read of them.
	causesBelieved = time.Minute
)

func causeOf(part, exID string) string { return part + " " + exID }

// grouped says of which parts there are causes: those that many objects have in common.
func grouped(r mapping.Refusal) bool {
	return r.EXID != "" && (r.Part == model.FieldSkills || r.Part == model.FieldLanguages)
}

// all gives the known causes. The table is not asked under the lock.
func (c *causes) all(ctx context.Context, now time.Time) (map[string]cause, error) {
	c.mu.Lock()
	known, read := c.known, c.read
	c.mu.Unlock()
	if age := now.Sub(read); known != nil && age >= 0 && age < causesBelieved {
		return known, nil
	}
	return c.fresh(ctx, now)
}

func (c *causes) fresh(ctx context.Context, now time.Time) (map[string]cause, error) {
	body, err := c.docs.GetDocument(ctx, docCauses)
	if err != nil && model.CodeOf(err) != model.CodeNotFound {
		return nil, fmt.Errorf("read what the EX Org refuses: %w", err)
	}
	known := map[string]cause{}
	if json.Unmarshal(body, &known) != nil || known == nil {
		// Damaged, or of another release: it only spares calls, so no user may wait for it. The next refusal writes it anew.
		known = map[string]cause{}
	}
	c.keep(known, now)
	return known, nil
}

func (c *causes) keep(known map[string]cause, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known, c.read = known, now
}

// change alters the causes. Of two processes that do so at once one may be lost: it is noted again with the next refusal.
func (c *causes) change(ctx context.Context, now time.Time, alter func(map[string]cause)) error {
	known, err := c.fresh(ctx, now)
	if err != nil {
		return err
	}
	known = maps.Clone(known)
	maps.DeleteFunc(known, func(_ string, k cause) bool { return now.Sub(k.At) > canaryLost })
	alter(known)
	body, err := json.Marshal(known)
	if err != nil {
		return err
	}
	if err := c.docs.PutDocument(ctx, docCauses, 0, body); err != nil {
		return fmt.Errorf("note what the EX Org refuses: %w", err)
	}
	c.keep(known, now)
	return nil
}

// follows says whether another object is the canary of a refusal, and makes this one it otherwise.
func (l *look) follows(ctx context.Context, r mapping.Refusal) (bool, error) {
	id := causeOf(r.Part, r.EXID)
	known, err := l.causes.all(ctx, l.now)
	if err != nil {
		return false, err
	}
	if k, is := known[id]; is && k.Canary != l.row.Key && l.now.Sub(k.At) < canaryLost {
		return true, nil
	}
	return false, l.causes.change(ctx, l.now, func(known map[string]cause) { known[id] = cause{l.row.Key, r, l.now} })
}

// restTime is the least time after which an object tries by itself what a canary tries for it, and how much longer it may be.
const restTime = 24 * time.Hour

// foreseen gives the refusals that a user is spared, because another one was refused the same: what it wants, and has not tried.
func (l *look) foreseen(ctx context.Context, part string, wants []model.Assigned) ([]mapping.Refusal, error) {
	if l.insists() {
		return nil, nil
	}
	known, err := l.causes.all(ctx, l.now)
	if err != nil || len(known) == 0 {
		return nil, err
	}
	var spared []mapping.Refusal
	for _, a := range wants {
		k, is := known[causeOf(part, a.EXID)]
		tried := slices.ContainsFunc(l.row.Refused, func(r mapping.Refusal) bool { return r.Part == part && r.EXID == a.EXID })
		if !is || tried || k.Canary == l.row.Key || l.now.Sub(k.At) >= canaryLost {
			continue
		}
		r := k.Last
		r.Name, r.Since, r.Tries, r.Next = a.Name, l.now, 1, l.now.Add(restTime+l.apart(restTime))
		spared = append(spared, r)
	}
	return spared, nil
}

// spare leaves the skills and languages out that a canary tries for this user.
func (l *look) spare(ctx context.Context, refs refs) error {
	skills, err := l.foreseen(ctx, model.FieldSkills, refs.skills(l.row.Desired, nil))
	if err != nil {
		return err
	}
	languages, err := l.foreseen(ctx, model.FieldLanguages, refs.languages(l.row.Desired, nil))
	l.left = slices.Concat(l.left, skills, languages)
	return err
}

// mended ends the causes that this look has shown to be gone, and has everybody else who was refused the same tried again. A part
// that is not wanted any more shows nothing, but its cause needs another canary.
func (l *look) mended(ctx context.Context) error {
	if !l.evaluated || l.row.Key.Kind != model.KindUser {
		return nil
	}
	known, err := l.causes.all(ctx, l.now)
	if err != nil || len(known) == 0 {
		return err
	}
	for _, before := range l.row.Refused {
		same := func(r mapping.Refusal) bool { return r.Part == before.Part && r.EXID == before.EXID }
		_, is := known[causeOf(before.Part, before.EXID)]
		if !is || slices.ContainsFunc(l.left, same) || slices.ContainsFunc(l.refusals, same) {
			continue
		}
		if l.assigned(before) {
			err := l.lookAtAll(ctx, model.KindUser, func(r mapping.Row) bool { return r.Key != l.row.Key && slices.ContainsFunc(r.Refused, same) })
			if err != nil {
				return err
			}
		}
		if err := l.causes.change(ctx, l.now, func(known map[string]cause) { delete(known, causeOf(before.Part, before.EXID)) }); err != nil {
			return err
		}
	}
	return nil
}

// assigned says whether the user is still to have what it was refused.
func (l *look) assigned(r mapping.Refusal) bool {
	return slices.ContainsFunc(slices.Concat(l.row.Desired.Skills, l.row.Desired.Languages), func(a model.Assignment) bool { return a.Name == r.Name })
}

// insists says that somebody asked for this look and wants all of it tried.
func (l *look) insists() bool {
	return l.msg.Cause == model.CauseManual || l.msg.Cause == model.CauseReplay
}

// Retries of what is refused or in quarantine take this share of the budget at most, at so many calls each.
const (
	retryShare    = 0.02
	callsPerRetry = 5
)

// mayRetry bounds the retries of all objects together: what is over the bound waits for the next hour, as it is.
func (l *look) mayRetry(ctx context.Context) error {
	retry := l.row.State == mapping.StateQuarantined || l.row.Refusing() && l.row.WaitsFor.IsZero()
	if !retry || l.insists() || hints(l.msg.Cause) {
		return nil
	}
	limit := max(1, int(float64(l.Settings.Requests.PerMinute)*60*retryShare/callsPerRetry))
	window := mapping.Window{Kind: "any", Class: "retries", Length: time.Hour}
	ok, _, err := l.Window.Draw(ctx, window, []string{fmt.Sprintf("%s %d", l.row.Key, l.now.Unix())}, limit, l.now)
	if err != nil {
		return fmt.Errorf("ask for the share of retries: %w", err)
	}
	if ok {
		return nil
	}
	l.out.LastError, l.out.Trouble = l.row.LastError, l.row.Trouble
	return &stop{state: l.row.State, reason: l.row.Reason, until: l.now.Add(time.Hour + l.apart(time.Hour))}
}
