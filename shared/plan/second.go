package plan

import (
	"fmt"
	"time"

	"excs/shared/model"
)

// wait notes that a second complete read must agree to what the ids name, and gives those that no read before has agreed to
// for long enough. Each id waits for itself and for as long as every read wants it: what came later waits longer, and what
// came before does not begin anew because of it.
func (s *site) wait(d *draft, length time.Duration, ids ...string) (open []string, since time.Time) {
	if d.waited == nil {
		d.waited = map[string]time.Time{}
	}
	since = s.in.Now
	for _, id := range ids {
		at, seen := s.in.Waiting[id]
		if !seen {
			at = s.in.Now
		}
		d.waited[id] = at
		if at.Before(since) {
			since = at
		}
		if !seen || s.in.Now.Sub(at) < length {
			open = append(open, id)
		}
	}
	return open, since
}

func secondRead(what string, length time.Duration, since time.Time) hold {
	return hold{code: HeldSecond, reason: fmt.Sprintf("%s: a second complete read, %s after %s, must agree", what, span(length), since.UTC().Format(time.RFC3339))}
}

// doubtLoss makes a queue that would lose many of its members wait for a second complete read that agrees: those go whom both
// want away. Who joins does so at once, unless everybody leaves: then the whole list is in doubt. A loss that had to wait goes
// on waiting when those who joined have made its share smaller.
func (s *site) doubtLoss(d *draft) {
	size, loss, g := len(d.before), len(d.leave), s.in.Settings.Guard
	many := size >= g.QueueSize && float64(loss) > g.QueueLoss*float64(size)
	if loss == 0 || !many && len(s.in.Waiting) == 0 {
		return
	}
	leaving, ids := s.doubted(d, many)
	if len(ids) == 0 {
		return
	}
	length, all := s.in.Settings.SecondRead.Members, many && loss == size
	if many && 2*loss > size {
		length = s.in.Settings.SecondRead.AllMembers
	}
	open, since := s.wait(d, length, ids...)
	if len(open) == 0 {
		return
	}
	h := secondRead(fmt.Sprintf("%d of %d members would leave", loss, size), length, since)
	if all && !d.change.From.IsZero() {
		d.holds = append(d.holds, h)
		return
	}
	for _, id := range open {
		leaving[id].holds = append(leaving[id].holds, h)
	}
	if all {
		d.holdJoins(h)
	}
}

// doubted gives who leaves and must be agreed on, by their ids and in order: everybody of a queue that loses many, else those who wait
// already.
func (s *site) doubted(d *draft, many bool) (leaving map[string]*piece, ids []string) {
	leaving = map[string]*piece{}
	for _, p := range d.leaving() {
		id := p.what()
		if _, seen := s.in.Waiting[id]; many || seen {
			leaving[id] = p
			ids = append(ids, id)
		}
	}
	return leaving, ids
}

// doubtGrowth makes a queue that would have several times its members wait for a second complete read: who joins waits.
func (s *site) doubtGrowth(d *draft) {
	size, g := len(d.before), s.in.Settings.Guard
	grows := size >= g.QueueSize && len(d.change.Object.Members) > g.QueueGrowth*size
	if !grows && len(s.in.Waiting) == 0 {
		return
	}
	for _, p := range d.parts {
		if !p.joins {
			continue
		}
		id := p.what()
		if _, seen := s.in.Waiting[id]; !grows && !seen {
			continue
		}
		if open, since := s.wait(d, s.in.Settings.SecondRead.Members, id); len(open) > 0 {
			p.holds = append(p.holds, secondRead(fmt.Sprintf("%d members would be %d", size, len(d.change.Object.Members)), s.in.Settings.SecondRead.Members, since))
		}
	}
}

// doubtAddress makes the address of a user that exists and that another mapped user had within guard.removalWindow wait for a second complete read: a
// table that was joined wrongly gives everybody the address of somebody else.
func (s *site) doubtAddress(d *draft) {
	c := d.change
	if c.Key.Kind != model.KindUser || d.field(model.FieldEmail) == nil {
		return
	}
	whose := s.hadAddress(c.Object.Email, c.Key)
	if whose == "" {
		return
	}
	length := s.in.Settings.SecondRead.Address
	open, since := s.wait(d, length, digest(c.Key.String(), "address", model.Fold(c.Object.Email)))
	if len(open) == 0 {
		return
	}
	part := d.fieldPiece(model.FieldEmail)
	h := secondRead("its address was "+whose+" within "+span(s.in.Settings.Guard.RemovalWindow), length, since)
	if part == nil {
		d.holds = append(d.holds, h)
		return
	}
	part.holds = append(part.holds, h)
}

// hadAddress says whose the address was a short while ago, "" if nobody else's who was mapped.
func (s *site) hadAddress(address string, key model.Key) string {
	if s.had == nil {
		s.had = map[string][]model.Key{}
		for k, known := range s.in.Facts {
			if k.Kind == model.KindUser && known.EXID != "" && !known.Orphan && !model.SameName(known.Object.Email, s.desired[k].Email) {
				s.had[model.Fold(known.Object.Email)] = append(s.had[model.Fold(known.Object.Email)], k)
			}
		}
	}
	for _, k := range sortedKeys(s.had[model.Fold(address)]) {
		if k != key && s.heir[k] != key {
			return "that of " + k.String()
		}
	}
	// Two names stand in the window: the address alone, and with who had it. Only its own former address comes back at once.
	if s.counted(model.KindUser, ClassFormer, formerAddress(address)) && !s.counted(model.KindUser, ClassFormer, formerAddressOf(address, key)) {
		return "another user's"
	}
	return ""
}

func formerAddress(address string) string { return model.Fold(address) }

func formerAddressOf(address string, key model.Key) string {
	return model.Fold(address) + " " + key.String()
}
