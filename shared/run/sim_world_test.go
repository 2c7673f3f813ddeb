package run_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"excs/shared/excstest/reference"
	"excs/shared/exorg/exorgtest"
	"excs/shared/rules"
)

// pickOne draws one of a list that fits; ok is false when there is none.
func pickOne[T any](l *life, list []T, fits func(T) bool) (one T, ok bool) {
	list = slices.DeleteFunc(slices.Clone(list), func(x T) bool { return !fits(x) })
	if len(list) == 0 {
		return one, false
	}
	return list[l.rng.IntN(len(list))], true
}

// meddle does what people do in the EX Org: with what Engage controls (it is set right on a look), and with what it does
// not (it stays).
func (l *life) meddle() string {
	l.t.Helper()
	user, ok := pickOne(l, l.org.Users(), func(u exorgtest.User) bool { return u.State == "active" && len(u.External) > 0 })
	q, okq := pickOne(l, l.org.Queues(), func(q exorgtest.Queue) bool { return q.PeerID != "" })
	skill, oks := pickOne(l, l.org.Skills(), func(s exSkill) bool { return s.State != "deleted" })
	code, okc := pickOne(l, l.org.Codes(), func(exorgtest.Code) bool { return true })
	if !ok || !okq || !oks || !okc {
		return "nothing to meddle with"
	}
	type deed struct {
		what string
		do   func() error
	}
	deeds := []deed{
		{"rename user " + user.Email, func() error {
			return l.org.EditUser(user.ID, func(raw map[string]any) { raw["name"] = "Meddled" })
		}},
		{"title of " + user.Email, func() error {
			return l.org.EditUser(user.ID, func(raw map[string]any) { raw["title"] = fmt.Sprint("Title ", l.rng.IntN(100)) })
		}},
		{"deactivate " + user.Email, func() error { return l.org.DeactivateUser(user.ID) }},
		{"delete " + user.Email, func() error { return l.org.DeleteUser(user.ID) }},
		{"give " + user.Email + " " + skill.Name, func() error { return l.org.SetUserSkill(user.ID, skill.ID, 3) }},
		{"touch " + user.Email, func() error { return l.org.TouchUser(user.ID) }},
		{"delete queue " + q.Name, func() error { return l.org.DeleteQueue(q.ID) }},
		{"rename queue " + q.Name, func() error {
			return l.org.EditQueue(q.ID, func(raw map[string]any) { raw["name"] = fmt.Sprint("Meddled ", l.rng.IntN(1_000_000)) })
		}},
		{"description of queue " + q.Name, func() error {
			return l.org.EditQueue(q.ID, func(raw map[string]any) { raw["description"] = fmt.Sprint("Text ", l.rng.IntN(100)) })
		}},
		{"put " + user.Email + " into " + q.Name, func() error { return l.org.AddMembers(q.ID, user.ID) }},
		{"put a stranger into " + q.Name, func() error { return l.org.AddMembers(q.ID, l.newcomer()) }},
		{"delete skill " + skill.Name, func() error { return l.org.DeleteSkill(skill.ID) }},
		{"code " + code.Name + " onto " + q.Name, func() error { return l.org.AssignCodes(q.ID, code.ID) }},
		{"delete code " + code.Name, func() error { return l.org.DeleteCode(code.ID) }},
		{"new skill by hand", func() error {
			id, err := l.org.AddSkill(fmt.Sprint("By hand ", l.rng.IntN(1_000_000)))
			l.ours[id] = true
			l.guardian.keepOff(id, "a skill made by hand")
			return err
		}},
	}
	d := deeds[l.rng.IntN(len(deeds))]
	l.do(d.do())
	return d.what
}

// newcomer is a user that Engage never knows.
func (l *life) newcomer() string {
	l.t.Helper()
	id := l.stranger(fmt.Sprint("stranger", l.rng.IntN(1_000_000)))
	l.ours[id] = true
	return id
}

// arm lets some of the next requests to the EX Org fail.
func (l *life) arm() string {
	kinds := []exorgtest.FaultKind{exorgtest.Answer, exorgtest.AnswerAfter, exorgtest.Reset, exorgtest.ResetAfter, exorgtest.Truncate, exorgtest.PageRepeat, exorgtest.Shuffle}
	f := exorgtest.Fault{Kind: kinds[l.rng.IntN(len(kinds))], Every: 2 + l.rng.IntN(6), Times: 1 + l.rng.IntN(4), Skip: l.rng.IntN(5), Route: "", Status: []int{503, 502, 500, 504}[l.rng.IntN(4)]}
	if l.rng.IntN(4) == 0 {
		f = exorgtest.Fault{Kind: exorgtest.Answer, Status: 429, Times: 1 + l.rng.IntN(3), RetryAfter: time.Duration(1+l.rng.IntN(60)) * time.Second}
	}
	if l.rng.IntN(3) == 0 {
		f.Method = []string{"POST", "PUT", "PATCH", "DELETE"}[l.rng.IntN(4)]
	}
	l.org.Fail(f)
	return fmt.Sprintf("kind %d, status %d, %s every %d, %d times", f.Kind, f.Status, f.Method, f.Every, f.Times)
}

// check compares the EX Org at rest with the reference and with the site's whole past.
func (l *life) check() {
	l.t.Helper()
	l.equal()
	l.onePerKey()
	l.nobodyTooMany()
	l.onlyWhatWasSeen()
	l.quiet(10)
}

// nobodyTooMany checks that a queue that Engage decides has no member of Engage's beyond the expected: a queue that lost
// its last link is empty, and whoever is gone from Engage serves no queue.
func (l *life) nobodyTooMany() {
	l.t.Helper()
	want := reference.Expected(l.Editor.Site(), domain, l.Settings.Preset == rules.PresetCurrent)
	controlled := linked(l.Service, l.t)
	for _, line := range reference.Observed(l.org, controlled)["members"] {
		name, members, _ := strings.Cut(line, ":")
		if !slices.ContainsFunc(want["members"], func(w string) bool { return fold(w) == fold(line) }) && strings.TrimSpace(members) != "" && l.living(name) {
			l.t.Errorf("the queue %s has %s, Engage says: %v", name, members, want["members"])
		}
	}
}

// living says whether a queue of that name is Engage's.
func (l *life) living(name string) bool {
	want := reference.Expected(l.Editor.Site(), domain, l.Settings.Preset == rules.PresetCurrent)
	return slices.ContainsFunc(want["queue"], func(w string) bool { return strings.HasPrefix(fold(w), fold(name)+" peer=") })
}

// onlyWhatWasSeen checks that everything in the EX Org was once in Engage, or is an administrator's.
func (l *life) onlyWhatWasSeen() {
	l.t.Helper()
	for _, u := range l.org.Users() {
		if l.ours[u.ID] {
			continue
		}
		if len(u.External) != 1 || !l.seen["user "+u.External[0].Key] {
			l.t.Errorf("nobody knows where the user %s comes from: %+v", u.Email, u)
		}
	}
	for _, q := range l.org.Queues() {
		if !l.seen["queue "+q.PeerID] {
			l.t.Errorf("nobody knows where the queue %s comes from: %+v", q.Name, q)
		}
		if _, lives := l.Editor.Site().DN(number(q.PeerID)); !lives && l.Settings.Preset == rules.Preset202307 {
			row := l.row(queueKey(number(q.PeerID)))
			l.t.Errorf("the queue %s is still there, its DN %s is not; its row: goal %s, state %s, EX id %s, run %d, %+v", q.Name, q.PeerID, row.Goal, row.State, row.EXID, row.Run, row.History)
		}
	}
	for _, s := range append(l.org.Skills(), l.org.Languages()...) {
		if s.State != "deleted" && !l.ours[s.ID] && !l.seen["skill "+fold(s.Name)] {
			l.t.Errorf("nobody knows where the skill %s comes from", s.Name)
		}
	}
	for _, c := range l.org.Codes() {
		if !l.seen["code "+fold(c.Name)] {
			l.t.Errorf("nobody knows where the wrap-up code %s comes from", c.Name)
		}
	}
}
