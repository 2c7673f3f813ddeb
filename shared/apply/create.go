package apply

import (
	"context"
	"fmt"
	"slices"
	"time"

	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/model"
)

// findOrCreate makes the row's EX object without ever making two. The intent on the row says that a POST may have
// happened; whoever finds one looks the object up first.
//
//	intent   looked up   age            what happens
//	none     -           -              intent, POST
//	there    found       any            adopt
//	there    nothing     < indexLag     wait: searches lag behind writes
//	there    nothing     >= indexLag    new intent, POST
func (l *look) findOrCreate(ctx context.Context) (bound, error) {
	replaced := ""
	if intent := l.row.Intent; intent != nil {
		b, err := l.lookUp(ctx)
		if err != nil || b.exID != "" {
			return b, err
		}
		if age := l.now.Sub(intent.At); age < l.Settings.IndexLag {
			return bound{}, waitUntil(l.now.Add(min(lagWait, l.Settings.IndexLag-age)), "a creation was begun and its outcome is not known: looking it up until the index has caught up")
		}
		replaced = intent.Token
	}
	return l.create(ctx, replaced)
}

func (l *look) create(ctx context.Context, replaced string) (bound, error) {
	c := Creation{Object: l.row.Desired, Base: l.row.Seen}
	if l.row.Key.Kind == model.KindUser {
		home, err := l.homeDivisionID(ctx)
		if err != nil {
			return bound{}, fmt.Errorf("read the home division: %w", err)
		}
		c.DivisionID = home
	}
	intent := mapping.Intent{Token: l.NewToken(), At: l.now}
	if err := l.Rows.Intend(ctx, l.row.Key, l.row.Version, intent, replaced); err != nil {
		if model.CodeOf(err) == model.CodeConflict {
			return bound{}, waitUntil(l.now.Add(lagWait), "another worker is creating it")
		}
		return bound{}, err
	}
	made, err := l.Writer.Create(ctx, c)
	switch {
	case err == nil:
		return l.created(ctx, made)
	case exorg.IsDuplicate(err):
		return l.conflicted(ctx, err)
	case neverHappened(err):
		l.out.ClearIntent = true
	}
	return bound{}, fmt.Errorf("create %s: %w", l.row.Key, err)
}

// neverHappened says that the failed call changed nothing for certain, so that no intent needs to stand.
func neverHappened(err error) bool {
	return slices.Contains([]model.Code{model.CodeInvalid, model.CodeThrottled, model.CodeDenied, model.CodeNotFound}, model.CodeOf(err))
}

func (l *look) created(ctx context.Context, made Created) (bound, error) {
	if err := l.Rows.Own(ctx, l.row.Key.Kind, made.EXID, l.row.Key, nil, false); err != nil {
		return bound{}, fmt.Errorf("own the EX object %s just made: %w", made.EXID, err)
	}
	l.out.EXID, l.out.ClearIntent = made.EXID, true
	if made.Raw != nil {
		l.out.Seen = made.Raw
	}
	l.did(model.ActionCreate, nil)
	return bound{exID: made.EXID, created: true}, nil
}

// conflicted deals with a create that the EX Org refused because something holds the name or the address. When nothing is
// found until the index has caught up, the holder is invisible to EXCS; a 400, whose meaning is not proven, was a bad
// request then.
func (l *look) conflicted(ctx context.Context, refusal error) (bound, error) {
	b, err := l.lookUp(ctx)
	if err != nil || b.exID != "" {
		return b, err
	}
	begun := l.now
	if l.row.Intent != nil {
		begun = l.row.Intent.At
	}
	if l.now.Sub(begun) < l.Settings.IndexLag {
		return bound{}, waitUntil(l.now.Add(lagWait), "the EX Org says that its name or address is taken, and no list shows by what yet")
	}
	l.out.ClearIntent = true
	if !exorg.IsConflict(refusal) {
		return bound{}, fmt.Errorf("create %s: %w", l.row.Key, refusal)
	}
	return bound{}, invisible(l.now, "something in the EX Org holds its name or address")
}

// lookUp finds an object that is this one and adopts it; an empty bound means that there is none.
func (l *look) lookUp(ctx context.Context) (bound, error) {
	found, err := l.Org.Find(ctx, l.row.Desired)
	if err != nil {
		return bound{}, fmt.Errorf("look %s up: %w", l.row.Key, err)
	}
	best, by := pick(found, l.row.Desired)
	if best.EXID == "" {
		return bound{}, nil
	}
	if err := l.claim(ctx, best.EXID); err != nil {
		return bound{}, err
	}
	b, err := l.bindTo(ctx, best.EXID)
	b.adopted = true
	b.byEmail = by == byEmail
	return b, err
}

// The marks by which an existing object is known, strongest first.
const (
	byExternalID = iota + 1
	byPeerID
	byEmail
	byName
)

// pick chooses the object that is the desired one: by external key, peer id, e-mail, name; a living one before a deleted
// one. A deleted skill, language or queue can not be revived, so it is none.
func pick(found []model.Observed, want model.Object) (model.Observed, int) {
	best, rank := model.Observed{}, byName+1
	for _, o := range found {
		r := likeness(o, want)
		if r == 0 || (o.Deleted && want.Key.Kind != model.KindUser) {
			continue
		}
		if r < rank || (r == rank && best.Deleted && !o.Deleted) {
			best, rank = o, r
		}
	}
	if best.EXID == "" {
		return model.Observed{}, 0
	}
	return best, rank
}

func likeness(o model.Observed, want model.Object) int {
	switch {
	case want.ExternalKey != "" && slices.Contains(o.ExternalKeys, want.ExternalKey):
		return byExternalID
	case want.PeerID != "" && o.PeerID == want.PeerID:
		return byPeerID
	case want.Key.Kind == model.KindUser:
		if model.SameName(o.Email, want.Email) {
			return byEmail
		}
	case model.SameName(o.Name, want.Name):
		return byName
	}
	return 0
}

// leaveBehind lets the EX object of a renamed skill or language go. A row of its own keeps it in the administrator's list
// of orphans, and for a newcomer of its name to take over. Its DBID is beyond what Engage gives (numeric(10,0)).
func (l *look) leaveBehind(ctx context.Context, b bound) error {
	orphan := model.Key{Kind: l.row.Key.Kind, DBID: l.row.Version*leftoverStep + l.row.Key.DBID}
	object := model.Object{Key: orphan, Name: b.seen.Name}
	row, err := l.Orphans.PutDesired(ctx, l.row.Run, mapping.Wish{Key: orphan, Goal: mapping.GoalOrphan, Desired: object, Cause: l.msg.Cause})
	if err != nil {
		return fmt.Errorf("keep the old object of %s as an orphan: %w", l.row.Key, err)
	}
	if err := l.Rows.Own(ctx, orphan.Kind, b.exID, orphan, []model.Key{l.row.Key}, false); err != nil {
		return err
	}
	_, err = l.Rows.Record(ctx, mapping.Outcome{
		Key: orphan, Version: row.Version, EXID: b.exID, State: mapping.StateOrphan,
		Reason: fmt.Sprintf("left when %s was renamed to another name in Engage", l.row.Key),
	}, l.now)
	return err
}

const leftoverStep = 10_000_000_000

// putCodesBack puts the wrap-up codes that a queue had on the queue that was made again.
func (l *look) putCodesBack(ctx context.Context, b bound) error {
	if l.row.Key.Kind != model.KindQueue || len(l.row.SeenCodes) == 0 {
		return nil
	}
	if err := l.Writer.AddQueueCodes(ctx, b.exID, l.row.SeenCodes); err != nil {
		return fmt.Errorf("put the wrap-up codes back on %s: %w", l.row.Key, err)
	}
	l.fields = append(l.fields, model.Field{Name: "wrapUpCodes", Added: l.row.SeenCodes})
	return nil
}

// dependants asks for a look at what hung on an object that was made again: a queue's members.
func (l *look) dependants(ctx context.Context) error {
	if l.row.Key.Kind != model.KindQueue {
		return nil
	}
	return l.lookAt(ctx, model.Key{Kind: model.KindMembers, DBID: l.row.Key.DBID})
}

// lookAt sets another row pending and sends a message for it. A key without a row is nobody's business.
func (l *look) lookAt(ctx context.Context, key model.Key) error {
	row, err := l.Rows.Release(ctx, key, 0, false, l.msg.Cause, l.now)
	if model.CodeOf(err) == model.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	return l.send(ctx, row)
}

// lostMessage is the age from which a queued mark is taken for a lost message.
const lostMessage = 10 * time.Minute
