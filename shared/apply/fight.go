package apply

import (
	"context"
	"fmt"
	"slices"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// fightWindow is the time over which repairs of one field are counted, and how long a fight is left to people.
const fightWindow = time.Hour

// fights stops a repair that has been made too often: somebody (or something) in the EX Org changes the field back each
// time, and fighting for ever helps nobody. The row waits an hour and is listed; what Engage or an operator asks for goes
// on. The row's own history tells how often.
func (l *look) fights(ctx context.Context, fields []model.Field) error {
	if !changedThere(l.msg.Cause) {
		return nil
	}
	for _, f := range fields {
		n, latest := 0, time.Time{}
		for _, e := range l.row.History {
			if changedThere(e.Cause) && l.now.Sub(e.At) < fightWindow && touches(e.Fields, f.Name) {
				n++
				latest = e.At
			}
		}
		if n < l.Settings.Fights {
			continue
		}
		who := whoFights(l.row.History)
		l.Log.WarnContext(ctx, "fight damped", l.attrs("field", f.Name, "times", n, "who", who)...)
		return waitUntil(latest.Add(fightWindow), fmt.Sprintf("%s%s was set back %d times within an hour and is changed again each time%s: find out who changes it, or pause or exclude the object",
			mapping.Damped, f.Name, n, who))
	}
	return nil
}

// whoFights names the users and clients that the history knows to have made the changes.
func whoFights(history []mapping.Entry) string {
	var who []string
	for _, e := range history {
		if e.Who != "" && changedThere(e.Cause) && !slices.Contains(who, e.Who) {
			who = append(who, e.Who)
		}
	}
	if len(who) == 0 {
		return ""
	}
	return fmt.Sprintf(" (by %v)", who)
}

// changedThere says whether the cause is a change that was made in the EX Org.
func changedThere(c model.Cause) bool { return c == model.CauseDrift || c == model.CauseDeleted }
