package sim

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"excs/infra/local/reference"
	"excs/infra/local/world"
	"excs/infra/local/world/worldtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/rules"
	"excs/shared/run"
)

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// rest ends all trouble, lets an operator release and approve what waits for one, and lets time pass.
func (l *life) rest() {
	l.tell("all trouble ends")
	for _, a := range slices.Clone(l.actors) {
		l.gate.kill(a)
	}
	l.calm()
	l.resume()
	l.interval = 4 * time.Minute
	for range 4 {
		l.live(16 * time.Minute)
		l.decide()
	}
	for range 2 {
		l.lookAtAll()
		l.live(30 * time.Minute)
		l.decide()
	}
	l.live(10 * time.Minute)
}

// decide does what an operator does: approve what is held, accept a source that went back, release what failed for good.
func (l *life) decide() {
	plan := l.plan
	if plan.hash != "" {
		l.approve(plan.hash)
	}
	if plan.back != "" {
		l.approve(plan.back)
	}
	items, err := l.root.Table.List(context.Background(), []mapping.State{mapping.StateQuarantined, mapping.StateInvisible}, nil)
	if err != nil {
		panic(err)
	}
	for _, i := range items {
		l.operator(fmt.Sprintf("release %s: %s", i.Key, i.Reason), func(ctx context.Context, w *world.World) error {
			_, err := w.Runner.Release(ctx, []model.Key{i.Key}, run.By{})
			return err
		})
	}
	l.live(time.Minute)
}

// approve lets pass what is held.
func (l *life) approve(hash string) {
	for _, k := range l.plan.keys {
		if row, err := l.root.Table.Get(context.Background(), k); err == nil {
			l.oracle.approved[string(k.Kind)+" "+row.EXID] = true
		}
	}
	l.operator("approve "+hash, func(ctx context.Context, w *world.World) error {
		_, err := w.Runner.Approve(ctx, hash, nil, run.By{})
		return err
	})
	l.live(time.Minute)
}

// lookAtAll asks for a look at every object.
func (l *life) lookAtAll() {
	var keys []model.Key
	for _, k := range model.Kinds() {
		some, err := l.root.Table.Keys(context.Background(), k)
		if err != nil {
			panic(err)
		}
		keys = append(keys, some...)
	}
	l.operator("look at everything", func(ctx context.Context, w *world.World) error {
		_, err := w.Runner.Sync(ctx, run.Request{Keys: keys, Cause: model.CauseManual})
		return err
	})
}

// check compares the EX Org at rest with the reference, and has ten runs do nothing.
func (l *life) check() {
	l.waiting()
	l.equal()
	l.quiet()
}

// excuses says whether an object that is not right at rest is listed with a reason that only a person can mend: under the
// preset current a deleted queue stays as an orphan, and nothing but a person can give its name to another.
func excuses(reason string) bool { return strings.Contains(reason, "has the new name of") }

func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// equal compares the EX Org with the reference. What else is in the EX Org does not count here, nor does the spelling of an
// adopted object.
func (l *life) equal() {
	want := reference.Expected(l.editor.Site(), worldtest.Domain, l.preset == rules.PresetCurrent)
	names := map[string]bool{}
	for _, line := range want["members"] {
		name, _, _ := strings.Cut(line, ":")
		names[fold(name)] = true
	}
	got := reference.Observed(l.org, func(queue string) bool { return names[fold(queue)] })
	for _, kind := range []string{"source", "skill", "language", "wrapupcode", "queue", "user", "members"} {
		for _, line := range want[kind] {
			if !slices.ContainsFunc(got[kind], func(have string) bool { return fold(have) == fold(line) }) && !l.excused(kind, line) {
				l.oracle.violation("10", "at rest the EX Org lacks %s %s; it has %s", kind, line, near(line, got[kind]))
			}
		}
	}
	l.tooMuch()
}

// excused says whether a line is of a queue that is listed with a reason that only a person can mend.
func (l *life) excused(kind, line string) bool {
	return slices.ContainsFunc(l.listed, func(dbid string) bool {
		d, _ := strconv.ParseInt(dbid, 10, 64)
		queue, ok := l.editor.Site().DN(d)
		return ok && (kind == "queue" && strings.HasSuffix(line, " peer="+dbid) || kind == "members" && strings.HasPrefix(fold(line), fold(queue.Alias)))
	})
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
		if q.PeerID == "" || l.preset == rules.PresetCurrent {
			continue
		}
		if !slices.ContainsFunc(l.editor.Site().Queues(), func(d dn) bool { return fmt.Sprint(d.DBID) == q.PeerID }) {
			l.oracle.violation("10", "at rest the queue %s is there, its DN %s is not", q.Name, q.PeerID)
		}
	}
	for _, u := range l.org.Users() {
		for _, x := range u.External {
			for p, enabled := range l.oracle.facts.Persons {
				if fmt.Sprint(p) == x.Key && !enabled && u.State == "active" {
					l.oracle.violation("12", "at rest the user %s is active, and Engage disabled the Person %d", u.Email, p)
				}
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
	for _, i := range items {
		if excuses(i.Reason) {
			l.listed = append(l.listed, strconv.FormatInt(i.Key.DBID, 10))
			l.struck["left to a person"]++
			continue
		}
		if i.State != mapping.StateOrphan && i.State != mapping.StateGone {
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
