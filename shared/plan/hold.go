package plan

import (
	"time"

	"excs/shared/model"
)

// hold is one reason why a draft waits.
type hold struct {
	code   HeldCode
	reason string
	// batch is since when the guard has held it.
	batch time.Time
	// away says that only what a part takes away is held.
	away bool
}

// strength orders codes as their constants are listed.
func (c HeldCode) strength() int {
	for i, x := range []HeldCode{HeldUnproven, HeldDatabase, HeldWentBack, HeldLooking, HeldFirstPlan, HeldIdentity, HeldSettings, HeldAdoption, HeldAdopted, HeldGuard, HeldSecond, HeldDepends, HeldPaused} {
		if c == x {
			return i
		}
	}
	return -1
}

// doubt notes for every draft why it must wait, all but the guard's reasons.
func (s *site) doubt() {
	first := s.in.FirstRun && s.touchesAnything()
	for _, d := range s.drafts {
		s.divide(d)
		d.agreed = s.in.Database == "" && s.holds(d.change, d.approved)
		if s.in.Database != "" {
			d.holds = append(d.holds, hold{code: HeldDatabase, reason: s.in.Database})
		}
		s.doubtProof(d)
		switch {
		case s.in.Foreign != "":
			d.holds = append(d.holds, hold{code: HeldFirstPlan, reason: s.in.Foreign})
		case first:
			d.holds = append(d.holds, hold{code: HeldFirstPlan, reason: "the tenant has no approved first plan, and this plan would adopt, change or remove what is in the EX Org"})
		}
		if s.in.SettingsChanged {
			s.doubtSettings(d)
		}
		s.doubtLoss(d)
		s.doubtGrowth(d)
		s.doubtAddress(d)
		s.doubtPaused(d)
	}
}

// holds says whether the key's row holds the change already.
func (s *site) holds(c model.Change, approved bool) bool {
	return s.in.Holds != nil && s.in.Holds(c, approved)
}

// AccountOpen ends the reason of a pause that keeps the account of a disabled Person open.
const AccountOpen = "; Engage has disabled this person meanwhile, and the account stays open until the pause ends"

// doubtPaused holds what an operator paused: the object, or the one that it takes over. It is the weakest reason: whatever
// else is wrong shows while the pause lasts, and a second read that agrees is not waited for again afterwards.
func (s *site) doubtPaused(d *draft) {
	why := s.paused(d.change.Key)
	if why == "" && !d.change.From.IsZero() {
		why = s.paused(d.change.From)
	}
	if why == "" {
		return
	}
	if d.change.Action == model.ActionDeactivate || deactivates(d.change.Fields) {
		why += AccountOpen
	}
	d.holds = append(d.holds, hold{code: HeldPaused, reason: why})
}

func (s *site) paused(k model.Key) string {
	if s.in.Paused == nil {
		return ""
	}
	return s.in.Paused(k)
}

// touchesAnything says whether anything in the EX Org would be adopted, changed or removed, be it of a kind that the plan
// leaves out: a first plan of one kind must not open the door for the others.
func (s *site) touchesAnything() bool {
	if s.in.Unfinished {
		return true
	}
	for _, d := range s.whole.drafts {
		if d.touches && !s.holds(d.change, false) && d.change.Action != model.ActionRefresh && d.change.Action != model.ActionOrphan {
			return true
		}
	}
	return false
}

// doubtSettings holds every removal of the first run under new settings, what sets lose and orphans too: what left the
// scope by a slip of the pen must not leave the EX Org.
func (s *site) doubtSettings(d *draft) {
	const reason = "the settings changed since the last run, and a change of the settings removes nothing until it is approved"
	switch {
	case d.class() == ClassRemovals, d.change.Action == model.ActionOrphan:
		d.holds = append(d.holds, hold{code: HeldSettings, reason: reason})
	case len(d.leave) > 0:
		d.holdLeaving(hold{code: HeldSettings, reason: reason})
	case losesFromSet(d.change.Fields):
		d.holds = append(d.holds, hold{code: HeldSettings, reason: reason})
	}
}

func losesFromSet(fields []model.Field) bool {
	for _, f := range fields {
		if len(f.Removed) > 0 {
			return true
		}
	}
	return false
}

// blocker gives the strongest reason that holds all of the draft. An approval takes away every reason that an operator can
// decide on.
func (d *draft) blocker() *hold {
	if d.agreed {
		return nil
	}
	return strongest(d.holds, d.approved)
}

// partly gives the strongest reason that holds a part, nil if all of them go.
func (d *draft) partly() *hold {
	var best *hold
	for _, p := range d.parts {
		best = stronger(best, p.blocker())
	}
	return best
}

func strongest(holds []hold, approved bool) *hold {
	var best *hold
	for i := range holds {
		if h := &holds[i]; !approved || !h.code.Approvable() {
			best = stronger(best, h)
		}
	}
	return best
}

// stronger gives the stronger one of two reasons, either of which may be nil.
func stronger(a, b *hold) *hold {
	if a == nil || b != nil && b.code.strength() < a.code.strength() {
		return b
	}
	return a
}
