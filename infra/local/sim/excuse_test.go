package sim

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"excs/shared/excstest/reference"
	"excs/shared/mapping"
	"excs/shared/model"
)

// What an object that is left to a person says: an orphan, which EXCS does not write to, has its new name or address, or
// another object has it that is left to a person itself.
var (
	orphanHasIt  = regexp.MustCompile(`an orphan that was (\S+), has the new (?:name|e-mail address) of (\S+):`)
	belongsTo    = regexp.MustCompile(`that it would adopt belongs to (\S+)$`)
	anotherHasIt = regexp.MustCompile(`(?:^kept from its name: (\S+) has its name or address and can not get its own|^(\S+) has the name or address that is to be its own, and is to get another one first)`)
	// A stranger's object has the name: people are told to rename it, or to correct the name in Engage.
	strangerHasIt = regexp.MustCompile(`the EX object (\S+) has the new (?:name|e-mail address) of (\S+): (?:rename that one|free the address there)`)
	lacksUsers    = regexp.MustCompile(`^everything is done but for \d+ that are not in the EX Org \(\d+ of them do not come by themselves\), from (\S+) to (\S+)$`)
	queueIsNotYet = regexp.MustCompile(`^(queue/\d+) is not in the EX Org yet$`)
)

// leftToPeople gives the objects that are not right at rest and that only a person can make right. They are listed, with the
// reason, and everything else of them is right.
func (l *life) leftToPeople(items []mapping.Item) map[model.Key]bool {
	orphans, left := map[string]bool{}, map[model.Key]bool{}
	for _, i := range items {
		orphans[i.Key.String()] = i.State == mapping.StateOrphan
	}
	for range items {
		for _, i := range items {
			left[i.Key] = left[i.Key] || l.isLeft(i, orphans, left)
		}
	}
	for _, is := range left {
		if is {
			l.struckBy("left to a person")
		}
	}
	return left
}

// isLeft says whether one object is left to a person, by its reason and what is left already.
func (l *life) isLeft(i mapping.Item, orphans map[string]bool, left map[model.Key]bool) bool {
	isLeft := func(text string) bool {
		key, err := model.ParseKey(text)
		return err == nil && left[key]
	}
	if m := anotherHasIt.FindStringSubmatch(i.Reason); m != nil {
		return isLeft(m[1] + m[2])
	}
	if m := belongsTo.FindStringSubmatch(i.Reason); m != nil && i.State == mapping.StateQuarantined {
		return isLeft(m[1])
	}
	if m := orphanHasIt.FindStringSubmatch(i.Reason); m != nil && (i.State == mapping.StateQuarantined || i.Refusing()) {
		return orphans[m[1]] && m[2] == i.Key.String()
	}
	if m := strangerHasIt.FindStringSubmatch(i.Reason); m != nil {
		return m[2] == i.Key.String() && l.isStrangers(i.Key.Kind, m[1])
	}
	if m := lacksUsers.FindStringSubmatch(i.Reason); m != nil && i.Key.Kind == model.KindMembers {
		return isLeft(m[1]) && isLeft(m[2])
	}
	if m := queueIsNotYet.FindStringSubmatch(i.Reason); m != nil {
		return isLeft(m[1])
	}
	if i.Key.Kind == model.KindMembers && strings.Contains(i.Reason, "could not be made in the EX Org") {
		return left[model.Key{Kind: model.KindQueue, DBID: i.Key.DBID}]
	}
	return i.Refusing() && l.refusesOnlyWhatIsGone(i.Key)
}

// isStrangers says that an EX object is no living key's: nobody but its administrators can rename it.
func (l *life) isStrangers(kind model.Kind, exID string) bool {
	owners, err := l.root.Table.Owners(context.Background(), kind, []string{exID})
	if err != nil {
		panic(err)
	}
	for _, key := range owners[exID].Unjudged() {
		row, err := l.root.Table.Get(context.Background(), key)
		if err == nil && row.EXID == exID && row.Goal == mapping.GoalPresent {
			return false
		}
	}
	return true
}

// refusesOnlyWhatIsGone says that a user lacks nothing but skills and languages that are gone from the EX Org and from Engage: nobody makes them
// again for the sake of a Person who is gone too.
func (l *life) refusesOnlyWhatIsGone(key model.Key) bool {
	row, err := l.root.Table.Get(context.Background(), key)
	if err != nil || len(row.Refused) == 0 {
		return false
	}
	for _, r := range row.Refused {
		kind := map[string]model.Kind{model.FieldSkills: model.KindSkill, model.FieldLanguages: model.KindLanguage}[r.Part]
		for _, s := range slices.Concat(l.org.Skills(), l.org.Languages()) {
			if kind == "" || s.ID == r.EXID && s.State == "active" {
				return false
			}
		}
		if kind == "" || !l.isStrangers(kind, r.EXID) {
			return false
		}
	}
	return true
}

// excused says whether the object of a line that the EX Org lacks is right all the same: it is left to a person, and all but
// its name or address is right, or it is a user whom people deleted and Engage disabled.
func (l *life) excused(kind, line string, want, got reference.Picture) bool {
	switch kind {
	case "queue":
		peer := line[strings.LastIndex(line, " peer="):]
		key := keyOf(model.KindQueue, peer[len(" peer="):])
		row, err := l.root.Table.Get(context.Background(), key)
		return l.listed[key] && err == nil && (row.EXID == "" || hasSuffix(got[kind], peer))
	case "members":
		return l.excusedMembers(line, want, got)
	case "user":
		_, rest, _ := strings.Cut(line, " ")
		key := keyOf(model.KindUser, between(line, " ext=", " "))
		row, err := l.root.Table.Get(context.Background(), key)
		if l.listed[key] && err == nil && (row.EXID == "" || hasSuffix(got[kind], " "+rest)) {
			return true
		}
		u, ok := l.org.User(row.EXID)
		if err != nil || !ok || u.State != "deleted" || !row.LeftDeleted() || !strings.Contains(line, " inactive ") {
			return false
		}
		l.struckBy("left deleted")
		return true
	default:
		return false
	}
}

// excusedMembers compares the members of a queue without the users that are left to a person, by the name that the queue has.
func (l *life) excusedMembers(line string, want, got reference.Picture) bool {
	if len(l.listed) == 0 {
		return false
	}
	name, emails, _ := strings.Cut(line, ":")
	has := name
	for _, w := range want["queue"] {
		peer := w[strings.LastIndex(w, " peer="):]
		if fold(strings.TrimSuffix(w, peer)) != fold(name) || !l.listed[keyOf(model.KindQueue, peer[len(" peer="):])] {
			continue
		}
		for _, h := range got["queue"] {
			if strings.HasSuffix(h, peer) {
				has = strings.TrimSuffix(h, peer)
			}
		}
	}
	left := map[string]bool{}
	for _, user := range slices.Concat(want["user"], got["user"]) {
		if email, _, _ := strings.Cut(user, " "); l.listed[keyOf(model.KindUser, between(user, " ext=", " "))] {
			left[email] = true
		}
	}
	others := func(emails string) []string {
		return slices.DeleteFunc(strings.Fields(emails), func(email string) bool { return left[email] })
	}
	for _, h := range reference.Observed(l.org, func(queue string) bool { return fold(queue) == fold(has) })["members"] {
		if _, in, _ := strings.Cut(h, ":"); slices.Equal(others(in), others(emails)) {
			return true
		}
	}
	return false
}

func hasSuffix(lines []string, end string) bool {
	return slices.ContainsFunc(lines, func(line string) bool { return strings.HasSuffix(fold(line), fold(end)) })
}

// between gives the text between two others.
func between(text, from, to string) string {
	_, text, _ = strings.Cut(text, from)
	text, _, _ = strings.Cut(text, to)
	return text
}

func keyOf(kind model.Kind, dbid string) model.Key {
	n, _ := strconv.ParseInt(dbid, 10, 64)
	return model.Key{Kind: kind, DBID: n}
}
