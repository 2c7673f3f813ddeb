package sim

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/excstest/reference"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/rules"
)

// roundsOfRest is how often an operator looks at what is left to do before the life is judged, at most.
const roundsOfRest = 8

// rest ends all trouble, lets an operator decide what waits for one, and lets time pass. What the organisation refuses it
// refuses for a while longer: what does not hang on that must be right all the same.
func (l *life) rest() {
	l.tell("all trouble ends")
	for _, a := range slices.Clone(l.actors) {
		l.gate.kill(a)
	}
	l.calm()
	l.resume()
	l.interval = 4 * time.Minute
	if len(l.refusals) > 0 {
		l.settle(2)
		l.leavers()
		l.tell("EX Org: nothing is refused any more")
		for _, r := range l.refusals {
			r.Disarm()
		}
	}
	l.settle(roundsOfRest)
	for range 2 {
		l.lookAt(l.keys())
		l.live(30 * time.Minute)
		l.decide()
	}
	l.live(10 * time.Minute)
}

// settle lets time pass until there is nothing left that somebody must decide, or that comes by itself.
func (l *life) settle(rounds int) {
	for n := range rounds {
		l.live(16 * time.Minute)
		if !l.decide() && n > 0 && l.converged() {
			return
		}
	}
}

// converged says whether every row is right, or gone.
func (l *life) converged() bool {
	states := slices.DeleteFunc(mapping.States(), func(s mapping.State) bool {
		return s == mapping.StateConverged || s == mapping.StateOrphan || s == mapping.StateGone
	})
	items, err := l.root.Table.List(context.Background(), states, nil)
	if err != nil {
		panic(err)
	}
	return len(items) == 0
}

// check compares the EX Org at rest with the reference, and has ten runs do nothing.
func (l *life) check() {
	l.waiting()
	l.equal()
	l.leavers()
	l.oracle.untouched()
	l.oracle.leftovers(l.orphans())
	l.quiet()
}

// orphans are the EX ids that the table lists as orphans.
func (l *life) orphans() map[string]bool {
	items, err := l.root.Table.List(context.Background(), []mapping.State{mapping.StateOrphan}, nil)
	if err != nil {
		panic(err)
	}
	ids := map[string]bool{}
	for _, i := range items {
		ids[i.EXID] = true
	}
	return ids
}

func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// equal compares the EX Org with the reference. What else is in the EX Org does not count here, nor does the spelling of an
// adopted object.
func (l *life) equal() {
	want := reference.Expected(l.editor.Site(), domain, l.preset == rules.PresetCurrent)
	names := map[string]bool{}
	for _, line := range want["members"] {
		name, _, _ := strings.Cut(line, ":")
		names[fold(name)] = true
	}
	got := reference.Observed(l.org, func(queue string) bool { return names[fold(queue)] })
	for _, kind := range []string{"source", "skill", "language", "wrapupcode", "queue", "user", "members"} {
		for _, line := range want[kind] {
			if !slices.ContainsFunc(got[kind], func(have string) bool { return fold(have) == fold(line) }) && !l.excused(kind, line, want, got) {
				l.oracle.violation("10", "at rest the EX Org lacks %s %s; it has %s", kind, line, near(line, got[kind]))
			}
		}
	}
	l.tooMuch()
}

// near gives the lines that begin as the line does.
func near(line string, have []string) string {
	word, _, _ := strings.Cut(line, " ")
	var close []string
	for _, h := range have {
		if strings.HasPrefix(fold(h), fold(word)) {
			close = append(close, h)
		}
	}
	return strings.Join(close, " | ")
}

// tooMuch looks for queues whose DN is gone, and for users who may log in although Engage disabled them.
func (l *life) tooMuch() {
	for _, q := range l.org.Queues() {
		if q.PeerID == "" || l.preset == rules.PresetCurrent || l.oracle.forgotten[keyOf(model.KindQueue, q.PeerID)] {
			continue
		}
		if !slices.ContainsFunc(l.editor.Site().Queues(), func(d engagetest.DN) bool { return fmt.Sprint(d.DBID) == q.PeerID }) {
			l.oracle.violation("10", "at rest the queue %s is there, its DN %s is not", q.Name, q.PeerID)
		}
	}
}

// leavers looks for users who may log in although Engage disabled them, whatever else of them is refused.
func (l *life) leavers() {
	for _, u := range l.org.Users() {
		for _, x := range u.External {
			p, _ := strconv.ParseInt(x.Key, 10, 64)
			if enabled, there := l.oracle.facts.Persons[p]; there && !enabled && u.State == "active" {
				l.oracle.violation("12", "at rest the user %s is active, and Engage disabled the Person %d", u.Email, p)
			}
		}
	}
}

// waiting looks for rows that are not right at rest.
func (l *life) waiting() {
	items, err := l.root.Table.List(context.Background(), mapping.States(), nil)
	if err != nil {
		panic(err)
	}
	l.listed = l.leftToPeople(items)
	for _, i := range items {
		if i.State != mapping.StateOrphan && i.State != mapping.StateGone && !l.listed[i.Key] {
			l.oracle.violation("11", "at rest %s is %s: %s", i.Key, i.State, i.Reason)
		}
	}
}

// quiet lets ten runs pass, which write nothing.
func (l *life) quiet() {
	before := l.org.Totals().Writes
	l.weather.sweeps, l.interval, l.dry = 0, time.Minute, 0
	for range 30 {
		if l.live(time.Minute); l.dry >= 10 {
			break
		}
	}
	if n := l.org.Totals().Writes - before; n > 0 && len(l.listed) == 0 {
		l.oracle.violation("P1", "quiet runs wrote %d times", n)
	}
	if l.dry < 10 {
		l.oracle.violation("P1", "of the last runs only %d found nothing to do", l.dry)
	}
}
