package apply

import (
	"context"
	"fmt"
	"slices"
	"time"

	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/rules"
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
		b, err := l.lookUpBegun(ctx, *intent)
		if err == nil && b.exID == "" {
			b, err = l.lookUp(ctx)
		}
		if err != nil || b.exID != "" {
			return b, err
		}
		if l.now.Sub(intent.At) < l.Settings.IndexLag {
			return bound{}, l.untilIndexed("a creation was begun and its outcome is not known: it is looked up until the index has caught up")
		}
		replaced = intent.Token
	}
	if l.lost != "" && l.row.Key.Kind == model.KindQueue {
		// Two queues may carry one peer id, so the EX Org does not refuse a second one: somebody may have made it already.
		if b, err := l.lookUp(ctx); err != nil || b.exID != "" {
			return b, err
		}
	}
	return l.create(ctx, replaced)
}

// untilIndexed waits between two look-ups: as long again as the creation is old, so that few calls bridge a long lag.
func (l *look) untilIndexed(reason string) error {
	age := time.Duration(0)
	if l.row.Intent != nil {
		age = l.now.Sub(l.row.Intent.At)
	}
	left := l.Settings.IndexLag - age
	return waitUntil(l.now.Add(max(time.Second, min(max(lagWait, age), left))), reason)
}

func (l *look) create(ctx context.Context, replaced string) (bound, error) {
	c, err := l.creation(ctx)
	if err != nil {
		return bound{}, err
	}
	if err := l.mayWrite(ctx, mapping.Wrote{Action: model.ActionCreate}); err != nil {
		return bound{}, err
	}
	intent := mapping.Intent{Token: l.NewToken() + markSeparator + mark(c.Object), At: l.now}
	if err := l.Rows.Intend(ctx, l.row.Key, l.row.Version, intent, replaced); err != nil {
		switch model.CodeOf(err) {
		case model.CodeConflict:
			return bound{}, waitUntil(l.now.Add(lagWait), "another worker is creating it")
		case model.CodeStale:
			return bound{}, errMoved
		}
		return bound{}, err
	}
	made, err := l.Writer.Create(ctx, c)
	switch {
	case err == nil:
		return l.created(ctx, made)
	case exorg.IsDuplicate(err):
		return l.conflicted(ctx, intent, c, err)
	}
	return l.createWithout(ctx, c, err)
}

// creation is what the object starts with. A state that Engage has no say in is the one that a user needs to work.
func (l *look) creation(ctx context.Context) (Creation, error) {
	c := Creation{Object: l.row.Desired, Base: l.row.Seen}
	if l.row.Key.Kind != model.KindUser {
		return c, nil
	}
	if l.Settings.Users.State == rules.Ignored || c.Object.State == "" {
		c.Object.State = model.StateActive
	}
	var err error
	if c.DivisionID, err = l.homeDivisionID(ctx); err != nil {
		return c, fmt.Errorf("read the home division: %w", err)
	}
	return c, nil
}

// neverHappened says that the failed call changed nothing for certain, so that no intent needs to stand.
func neverHappened(err error) bool {
	return slices.Contains([]model.Code{
		model.CodeInvalid, model.CodeThrottled, model.CodeDenied, model.CodeNotFound, model.CodeUnavailable,
	}, model.CodeOf(err))
}

func (l *look) created(ctx context.Context, made Created) (bound, error) {
	l.did(model.ActionCreate, nil)
	if l.lost == "" {
		// On the row even if the next step fails. Of an object that is made again the lost id stays there until what hung
		// on it has been told.
		l.out.EXID, l.out.Origin, l.out.ClearIntent = made.EXID, mapping.OriginMade, true
	}
	if err := l.Rows.Own(ctx, l.row.Key.Kind, made.EXID, l.row.Key, nil, false); err != nil {
		return bound{}, fmt.Errorf("own the EX object %s just made: %w", made.EXID, err)
	}
	return bound{exID: made.EXID, raw: made.Raw, created: true, origin: mapping.OriginMade}, nil
}

// conflicted deals with a create that the EX Org refused, and that something may explain which holds the name or the address.
//
//	a holder is found                    adopt it, wait for it, or be refused by it
//	none, and the EX Org says that       look again until the index has caught up; then the holder is invisible to EXCS
//	something has it
//	none, and it was made from a body    find the part of the body that is refused, and leave that out
//	none, any other 400                  look again until the index has caught up; then it was a bad request, in the EX Org's own words
func (l *look) conflicted(ctx context.Context, intent mapping.Intent, c Creation, refusal error) (bound, error) {
	find := l.Org.FindNamed
	if exorg.SaysTaken(refusal) {
		find = l.Org.Find
	}
	b, err := l.lookUpBy(ctx, find)
	if err != nil || b.exID != "" {
		// Nothing was made, so what happens next needs no look-up.
		l.out.ClearIntent = err != nil
		return b, err
	}
	if c.Base != nil && !exorg.SaysTaken(refusal) {
		return l.createWithout(ctx, c, refusal)
	}
	if l.row.Intent == nil && l.row.State != mapping.StateInvisible {
		if intent, err = l.noteRefusal(ctx, intent); err != nil {
			return bound{}, err
		}
		l.row.Intent = &intent
		return bound{}, l.untilIndexed(fmt.Sprintf("no list shows yet what has its name or address; the EX Org says: %s", exorg.WordsOf(refusal)))
	}
	l.out.ClearIntent = true
	if exorg.SaysTaken(refusal) {
		return bound{}, invisible(l.now, fmt.Sprintf("something in the EX Org holds its name or address (%s)", exorg.WordsOf(refusal)))
	}
	return bound{}, fmt.Errorf("create %s: %w", l.row.Key, refusal)
}

// refusedMark begins the token of an intent whose POST the EX Org refused: what is found later was there before.
const refusedMark = "refused-"

func (l *look) noteRefusal(ctx context.Context, intent mapping.Intent) (mapping.Intent, error) {
	refused := mapping.Intent{Token: refusedMark + intent.Token, At: intent.At}
	err := l.Rows.Intend(ctx, l.row.Key, l.row.Version, refused, intent.Token)
	if model.CodeOf(err) == model.CodeStale {
		return refused, errMoved
	}
	return refused, err
}
