package apply

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"excs/shared/exorg"
	"excs/shared/exorg/write"
)

// createWithout deals with a creation that the EX Org refused for good. One from a former body is tried again without the part that is to blame,
// and without nothing else; nothing is made by a refusal, so every try but the last one changes nothing.
//
//	the EX Org's words                         tried without
//	name a part, or something within it        that part, first
//	name none                                  one part at a time, likely ones first
//	change when a part is left out             that part is one of several: it stays out, and the search goes on
//	stay the same whatever part is left out    ever more parts, in the end all of them
//
// What is left out is named in the audit line.
func (l *look) createWithout(ctx context.Context, c Creation, refusal error) (bound, error) {
	s := &partSearch{l: l, c: c, refusal: refusal}
	if c.Base != nil && exorg.IsRefusedBody(refusal) {
		made, err := s.run(ctx)
		if err == nil {
			l.note(fmt.Sprintf("%s could not be restored: the EX Org refuses it (%s)", strings.Join(s.c.Without, ", "), exorg.WordsOf(s.refusal)))
			return l.created(ctx, made)
		}
		refusal = err
	}
	if neverHappened(refusal) {
		l.out.ClearIntent = true
	}
	return bound{}, fmt.Errorf("create %s: %w", l.row.Key, refusal)
}

// partSearch looks for the parts of a body that the EX Org refuses. refusal is what it said last of the body without Without.
type partSearch struct {
	l       *look
	c       Creation
	refusal error
}

// run creates the object without the refused parts. Its error is the refusal of a body without any part, or what ended the search.
func (s *partSearch) run(ctx context.Context) (Created, error) {
	for {
		made, found, err := s.one(ctx)
		if err != nil {
			return Created{}, err
		}
		if made.EXID != "" {
			return made, nil
		}
		if !found {
			return s.more(ctx)
		}
	}
}

// one tries without one more part at a time. found says that a part is to blame and others are too.
func (s *partSearch) one(ctx context.Context) (made Created, found bool, err error) {
	said := exorg.WordsOf(s.refusal)
	for _, part := range s.candidates() {
		made, err := s.try(ctx, append(slices.Clone(s.c.Without), part))
		if err == nil || !exorg.IsRefusedBody(err) {
			return made, false, err
		}
		if exorg.WordsOf(err) != said {
			s.c.Without, s.refusal = append(s.c.Without, part), err
			return Created{}, true, nil
		}
	}
	return Created{}, false, nil
}

// more tries without twice as many parts each time, likely ones first.
func (s *partSearch) more(ctx context.Context) (Created, error) {
	parts := s.candidates()
	for n := 2; ; n *= 2 {
		n = min(n, len(parts))
		made, err := s.try(ctx, slices.Concat(s.c.Without, parts[:n]))
		if err == nil || !exorg.IsRefusedBody(err) || n == len(parts) {
			return made, err
		}
	}
}

// try creates the object without some parts. A success keeps them in Without.
func (s *partSearch) try(ctx context.Context, without []string) (Created, error) {
	c := s.c
	c.Without = without
	made, err := s.l.Writer.Create(ctx, c)
	if err == nil {
		s.c.Without = without
	}
	return made, err
}

// candidates lists the parts that are still in the body: those that the refusal names, then those of which something within is named, then the
// others, in each group those that refer to other objects first.
func (s *partSearch) candidates() []string {
	ranks := map[string]int{}
	var names []string
	for _, p := range write.Parts(s.c.Base) {
		if slices.Contains(s.c.Without, p.Name) {
			continue
		}
		names = append(names, p.Name)
		ranks[p.Name] = len(likelyParts()) + 1
		if i := slices.Index(likelyParts(), p.Name); i >= 0 {
			ranks[p.Name] = i
		}
		mentions := func(word string) bool { return exorg.Mentions(s.refusal, word) }
		switch {
		case mentions(p.Name):
			ranks[p.Name] -= 2000
		case slices.ContainsFunc(p.Words, mentions):
			ranks[p.Name] -= 1000
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return ranks[a] - ranks[b] })
	return names
}

// likelyParts are the parts of a queue that refer to other objects, which may be gone.
func likelyParts() []string {
	return []string{"conditionalGroupRouting", "conditionalGroupActivation", "directRouting", "bullseye", "routingRules", "memberGroups", "queueFlow",
		"emailInQueueFlow", "messageInQueueFlow", "whisperPrompt", "onHoldPrompt", "defaultScripts", "outboundEmailAddress", "outboundMessagingAddresses",
		"cannedResponseLibraries", "division", "mediaSettings"}
}
