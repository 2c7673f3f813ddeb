package run

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

// Newcomers are looked up in the EX Org before a plan shows them, within these bounds:
//
//	newcomers that nobody looked up yet    how
//	up to 50 in a run, and no first plan   a search each: 1 call, a user or a queue 2
//	more                                   a list of their kind: 1 call per 100 objects (skills, codes: 500), kept for 24 hours
//	the first plan                         a list of their kind in every run: it opens the door, so it goes by what is there now
//	users whose address nobody has         a read of external ids for each of them, or for each EX user whose address nobody in
//	                                       Engage has: of whichever there are fewer, 200 in a run, the rest in the next runs
//
// For what is found after the first plan the rule of adoption wants more: a user's external ids, skills and languages (3 calls),
// the members of a queue that has a member list (1 call per 100). What was found is good for 10 minutes, so that a change that
// waits for an approval costs few calls.
const (
	searchesPerRun  = 50
	keysPerRun      = 200
	listKept        = 24 * time.Hour
	searchKept      = 10 * time.Minute
	lookingReason   = "looking: whether it is in the EX Org already is not known yet, so nothing is made"
	lookingNoAnswer = lookingReason + "; the EX Org could not be asked: "
)

// lookups are what runs know of the EX Org for the sake of newcomers.
type lookups struct {
	Lists map[model.Kind]*keptList  `json:"lists,omitempty"`
	Found map[model.Key]*keptSearch `json:"found,omitempty"`
	Home  string                    `json:"home,omitempty"`
}

// keptList is the list of one kind. External ids are not in it; they are filled in as they are read.
type keptList struct {
	At      time.Time        `json:"at"`
	Objects []model.Observed `json:"objects,omitempty"`
	// Keys are the external ids of the users of which they were read, by EX id.
	Keys map[string][]string `json:"keys,omitempty"`
}

// keptSearch is what a search for one newcomer found, under the marks that it had then.
type keptSearch struct {
	At    time.Time        `json:"at"`
	Marks string           `json:"marks"`
	Seen  []model.Observed `json:"seen,omitempty"`
	// Full says that Seen has all that the rule of adoption wants; Leave are the users that a member list would lose.
	Full  bool        `json:"full,omitempty"`
	Leave []model.Key `json:"leave,omitempty"`
}

// marksOf are the marks that a newcomer is looked for by.
func marksOf(o model.Object) string {
	return strings.Join([]string{o.ExternalKey, o.PeerID, model.Fold(o.Email), model.Fold(o.Name)}, "\x00")
}

// lookup is the looking up of one run's newcomers.
type lookup struct {
	*Runner
	d     *draft
	known *lookups
	fresh []model.Object
	// observed collects what may be adopted, looking the newcomers that are not looked up yet, with the reason.
	observed []model.Observed
	looking  map[model.Key]string
	searches int
	keys     int
	failure  error
	changed  bool
}

// matches finds the EX Org objects that newcomers would adopt. An EX Org that does not answer holds up newcomers and nothing
// else: those that it could not be asked about are looking.
func (r *Runner) matches(ctx context.Context, d *draft) (map[model.Key]plan.Match, error) {
	l := lookup{Runner: r, d: d, known: &lookups{}, fresh: d.newcomers(), looking: map[model.Key]string{}}
	if r.Org == nil || len(l.fresh) == 0 {
		return nil, nil //nolint:nilnil // no matches is no fault
	}
	if err := load(ctx, r.Table, docLookups, l.known); err != nil {
		return nil, err
	}
	l.forgetOld()
	for _, kind := range kindsOf(l.fresh) {
		l.lookUp(ctx, kind)
		if err := l.ends(ctx); err != nil {
			return nil, fmt.Errorf("look for newcomers in the EX Org: %w", err)
		}
	}
	matches := plan.FindMatches(l.fresh, l.observed)
	if err := r.owners(ctx, d, matches); err != nil {
		return nil, err
	}
	l.completeAll(ctx, matches)
	for key := range l.looking {
		delete(matches, key)
	}
	if l.failure != nil {
		r.Log.WarnContext(ctx, "newcomers could not be looked up in the EX Org", "newcomers", len(l.looking), "code", model.CodeOf(l.failure), "error", l.failure.Error())
	}
	d.looking, d.home = l.looking, l.known.Home
	if l.changed {
		d.lookups = l.known
	}
	return matches, nil
}

// ends says why the run can not go on: its time is up, or there is no first plan yet and the credentials are refused, so that all
// would be looking for ever.
func (l *lookup) ends(ctx context.Context) error {
	if l.d.first && model.CodeOf(l.failure) == model.CodeDenied {
		return l.failure
	}
	return ctx.Err()
}

// newcomers are the desired objects that have no EX object yet and do not share another's.
func (d *draft) newcomers() []model.Object {
	var fresh []model.Object
	for _, key := range d.delta.New {
		o, ok := d.desired(key)
		// A row whose creation was begun is the worker's, who looks the object up himself.
		if !ok || key.Kind == model.KindMembers || d.rows[key].EXID != "" || d.rows[key].Intent != nil {
			continue
		}
		fresh = append(fresh, o)
	}
	return fresh
}

func kindsOf(objects []model.Object) []model.Kind {
	var kinds []model.Kind
	for _, k := range model.Kinds() {
		if slices.ContainsFunc(objects, func(o model.Object) bool { return o.Key.Kind == k }) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// forgetOld drops what is not good any more, and what was found for keys that are no newcomers now.
func (l *lookup) forgetOld() {
	marks := make(map[model.Key]string, len(l.fresh))
	for _, o := range l.fresh {
		marks[o.Key] = marksOf(o)
	}
	for kind, list := range l.known.Lists {
		if l.d.at.Sub(list.At) >= listKept {
			delete(l.known.Lists, kind)
			l.changed = true
		}
	}
	for key, s := range l.known.Found {
		if m, fresh := marks[key]; !fresh || m != s.Marks || l.d.at.Sub(s.At) >= searchKept {
			delete(l.known.Found, key)
			l.changed = true
		}
	}
}

// lookUp looks up the newcomers of one kind.
func (l *lookup) lookUp(ctx context.Context, kind model.Kind) {
	var open []model.Object
	for _, o := range l.fresh {
		switch s := l.known.Found[o.Key]; {
		case o.Key.Kind != kind || o.SameAs != 0:
		case s != nil:
			l.observed = append(l.observed, s.Seen...)
		default:
			open = append(open, o)
		}
	}
	if len(open) == 0 {
		return
	}
	if kind == model.KindUser && !l.homeKnown(ctx) {
		l.wait(open)
		return
	}
	if l.d.first || len(open) > searchesPerRun-l.searches {
		l.list(ctx, kind, open)
		return
	}
	for i, o := range open {
		if !l.search(ctx, o) {
			l.wait(open[i:])
			return
		}
	}
}

// wait notes that newcomers are not looked up yet.
func (l *lookup) wait(open []model.Object) {
	reason := lookingReason
	if l.failure != nil {
		reason = lookingNoAnswer + string(model.CodeOf(l.failure))
	}
	for _, o := range open {
		l.looking[o.Key] = reason
	}
}

// homeKnown reads the home division once: adoptions show moves.
func (l *lookup) homeKnown(ctx context.Context) bool {
	if l.known.Home != "" {
		return true
	}
	home, err := l.Org.HomeDivision(ctx)
	if err != nil {
		l.failure = err
		return false
	}
	l.known.Home, l.changed = home, true
	return true
}

// search asks for one newcomer.
func (l *lookup) search(ctx context.Context, o model.Object) bool {
	if l.failure != nil {
		return false
	}
	l.searches++
	found, err := l.Org.Find(ctx, o)
	if err != nil {
		l.failure = err
		return false
	}
	l.note(o, found)
	l.observed = append(l.observed, found...)
	return true
}

func (l *lookup) note(o model.Object, found []model.Observed) {
	if l.known.Found == nil {
		l.known.Found = map[model.Key]*keptSearch{}
	}
	l.known.Found[o.Key] = &keptSearch{At: l.d.at, Marks: marksOf(o), Seen: found}
	l.changed = true
}

// list lists the kind, or takes the list that is kept.
func (l *lookup) list(ctx context.Context, kind model.Kind, open []model.Object) {
	list := l.known.Lists[kind]
	if list == nil || l.d.first {
		if l.failure != nil {
			l.wait(open)
			return
		}
		objects, err := l.Org.Observe(ctx, kind)
		if err != nil {
			l.failure = err
			l.wait(open)
			return
		}
		before := list
		list = &keptList{At: l.d.at, Objects: objects}
		if before != nil {
			list.Keys = before.Keys
		}
		if l.known.Lists == nil {
			l.known.Lists = map[model.Kind]*keptList{}
		}
		l.known.Lists[kind], l.changed = list, true
	}
	if kind == model.KindUser {
		l.externalKeys(ctx, list, open)
	}
	l.observed = append(l.observed, list.Objects...)
}

// externalKeys finds the users that carry the external id of a newcomer whose address nobody has, so that a user is found
// again although its address changed while the table was lost. External ids are not in the list of users, so this costs a
// call for every user whose address is not Engage's, or for every newcomer whose address is not the EX Org's: for the
// fewer of them. What a run does not get to is left to the next, and the newcomers wait.
func (l *lookup) externalKeys(ctx context.Context, list *keptList, open []model.Object) {
	for i, o := range list.Objects {
		list.Objects[i].ExternalKeys = list.Keys[o.EXID]
	}
	wanted, unknown := strangers(list, open)
	if len(wanted) < len(unknown) {
		l.holdersOf(ctx, wanted)
		return
	}
	if len(wanted) == 0 {
		return
	}
	for _, i := range unknown {
		if l.keys == keysPerRun || l.failure != nil {
			l.wait(wanted)
			return
		}
		l.keys++
		keys, err := l.Org.ExternalKeys(ctx, list.Objects[i].EXID)
		if err != nil && model.CodeOf(err) != model.CodeNotFound {
			l.failure = err
			l.wait(wanted)
			return
		}
		if list.Keys == nil {
			list.Keys = map[string][]string{}
		}
		list.Objects[i].ExternalKeys, list.Keys[list.Objects[i].EXID], l.changed = keys, keys, true
	}
}

// strangers gives the newcomers whose address no EX user has, and the places in the list of the living EX users whose
// address no newcomer has and whose external ids were not read yet.
func strangers(list *keptList, fresh []model.Object) (wanted []model.Object, unknown []int) {
	there, addresses := map[string]bool{}, map[string]bool{}
	for _, o := range list.Objects {
		there[model.Fold(o.Email)] = true
	}
	for _, o := range fresh {
		addresses[model.Fold(o.Email)] = true
		if !there[model.Fold(o.Email)] {
			wanted = append(wanted, o)
		}
	}
	for i, o := range list.Objects {
		if _, read := list.Keys[o.EXID]; !o.Deleted && !read && !addresses[model.Fold(o.Email)] {
			unknown = append(unknown, i)
		}
	}
	return wanted, unknown
}

// holdersOf asks for the holder of each newcomer's external id.
func (l *lookup) holdersOf(ctx context.Context, wanted []model.Object) {
	for i, o := range wanted {
		if l.keys == keysPerRun || l.failure != nil {
			l.wait(wanted[i:])
			return
		}
		l.keys++
		found, err := l.Org.Find(ctx, model.Object{Key: o.Key, ExternalKey: o.ExternalKey})
		if err != nil {
			l.failure = err
			l.wait(wanted[i:])
			return
		}
		l.note(o, found)
		l.observed = append(l.observed, found...)
	}
}

// completeAll reads what the rule of adoption wants to know of what was found. The first plan is approved as a whole, so it
// is not asked there; while a large one is carried out the worker asks it, object by object.
func (l *lookup) completeAll(ctx context.Context, matches map[model.Key]plan.Match) {
	if l.d.first || l.d.lookAll && len(matches) > searchesPerRun {
		return
	}
	for _, key := range slices.SortedFunc(maps.Keys(matches), model.Key.Compare) {
		if l.looking[key] == "" {
			matches[key] = l.complete(ctx, key, matches[key])
		}
	}
}

// complete reads what the rule of adoption wants to know of an object that was found.
func (l *lookup) complete(ctx context.Context, key model.Key, m plan.Match) plan.Match {
	s := l.known.Found[key]
	if s != nil && s.Full {
		if m.Leave = s.Leave; m.Observed.ExternalKeys == nil && !m.Observed.Deleted {
			m.Observed.ExternalKeys = []string{} // they were read, and there were none
		}
		return m
	}
	if l.failure == nil && (key.Kind != model.KindUser || l.keys < keysPerRun) {
		l.keys++
		l.failure = l.fill(ctx, key, &m)
		if l.failure == nil {
			o, _ := l.d.desired(key)
			l.note(o, []model.Observed{m.Observed})
			l.known.Found[key].Full, l.known.Found[key].Leave = true, m.Leave
			return m
		}
	}
	l.wait([]model.Object{{Key: key}})
	return m
}

func (l *lookup) fill(ctx context.Context, key model.Key, m *plan.Match) (err error) {
	switch {
	case key.Kind == model.KindUser && !m.Observed.Deleted: // of a deleted user nothing can be read
		keys, err := l.Org.ExternalKeys(ctx, m.Observed.EXID)
		if err != nil {
			return fmt.Errorf("read the external ids of the EX user %s: %w", m.Observed.EXID, err)
		}
		m.Observed.ExternalKeys = keys
		if m.Observed.Skills, m.Observed.Languages, err = l.Org.Sets(ctx, m.Observed.EXID); err != nil {
			return fmt.Errorf("read the skills and languages of the EX user %s: %w", m.Observed.EXID, err)
		}
	case key.Kind == model.KindQueue:
		m.Leave, err = l.leave(ctx, key, m.Observed.EXID)
	}
	return err
}

// leave gives the users that are members of an EX queue, are mapped, and do not belong into it.
func (l *lookup) leave(ctx context.Context, queue model.Key, exID string) ([]model.Key, error) {
	list, ok := l.d.desired(model.Key{Kind: model.KindMembers, DBID: queue.DBID})
	if !ok || list.AddOnly || l.Settings.Members.Control != rules.Exact {
		return nil, nil
	}
	ids, err := l.Org.Members(ctx, exID)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	items, err := l.Table.Owners(ctx, model.KindUser, ids)
	if err != nil {
		return nil, fmt.Errorf("tell mapped members of the EX queue %s from others: %w", exID, err)
	}
	owners, err := mapping.JudgeOwners(ctx, l.Table, items, l.Now())
	if err != nil {
		return nil, fmt.Errorf("tell mapped members of the EX queue %s from others: %w", exID, err)
	}
	var leave []model.Key
	for _, id := range ids {
		keys := owners.Keys(id)
		if len(keys) > 0 && !slices.ContainsFunc(keys, func(k model.Key) bool { return slices.Contains(list.Members, k.DBID) }) {
			leave = append(leave, keys[0])
		}
	}
	return leave, nil
}

// owners notes which keys own the matched objects, reads their rows and those of the keys whose marks the objects carry, and
// judges them: the object of a living key is never adopted.
func (r *Runner) owners(ctx context.Context, d *draft, matches map[model.Key]plan.Match) error {
	ids := map[model.Kind][]string{}
	matched := slices.SortedFunc(maps.Keys(matches), model.Key.Compare)
	for _, key := range matched {
		ids[key.Kind] = append(ids[key.Kind], matches[key].Observed.EXID)
	}
	var keys []model.Key
	for _, kind := range slices.Sorted(maps.Keys(ids)) {
		owners, err := r.Table.Owners(ctx, kind, ids[kind])
		if err != nil {
			return fmt.Errorf("read the owners of EX objects: %w", err)
		}
		for _, key := range matched {
			if m := matches[key]; key.Kind == kind {
				m.Owners = owners[m.Observed.EXID].Unjudged()
				matches[key] = m
				keys = slices.Concat(keys, m.Owners, plan.MarkHolders(key, m.Observed))
			}
		}
	}
	if _, err := r.learn(ctx, d, keys); err != nil {
		return err
	}
	for key, m := range matches {
		m.Stale = map[model.Key]bool{}
		for _, owner := range m.Owners {
			row := d.rows[owner]
			if row.Version > 0 && mapping.StandingOf(row, d.rows[row.From], m.Observed.EXID, d.at) == mapping.OwnerStale && row.Goal != mapping.GoalAbsent {
				m.Stale[owner] = true
			}
		}
		matches[key] = m
	}
	return nil
}

// takings finds out which keys that are gone from Engage have lost their EX object to a key that Engage has. The run that told of the takeover
// may have died, so that the heir is no newcomer and nothing but the owner says so.
func (r *Runner) takings(ctx context.Context, d *draft) (map[model.Key]plan.Taking, error) {
	ids, gone := map[model.Kind][]string{}, map[string]model.Key{}
	for _, key := range d.delta.Lost {
		if row := d.rows[key]; row.EXID != "" && (key.Kind == model.KindUser || key.Kind == model.KindQueue) {
			ids[key.Kind], gone[row.EXID] = append(ids[key.Kind], row.EXID), key
		}
	}
	taken := map[model.Key]plan.Taking{}
	for _, kind := range slices.Sorted(maps.Keys(ids)) {
		owners, err := r.Table.Owners(ctx, kind, ids[kind])
		if err != nil {
			return nil, fmt.Errorf("read the owners of what is gone from Engage: %w", err)
		}
		var heirs []model.Key
		for exID, item := range owners {
			for _, owner := range item.Unjudged() {
				if key := gone[exID]; owner != key && d.living(owner) {
					heirs, taken[key] = append(heirs, owner), plan.Taking{By: owner}
				}
			}
		}
		slices.SortFunc(heirs, model.Key.Compare)
		if _, err := r.learn(ctx, d, heirs); err != nil {
			return nil, err
		}
	}
	for key, t := range taken {
		t.Done = d.rows[t.By].EXID == d.rows[key].EXID
		taken[key] = t
	}
	return taken, nil
}
