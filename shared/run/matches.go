package run

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"excs/shared/model"
	"excs/shared/plan"
)

// names are the folded names of EX Org objects that were not mapped when the organisation was last listed. They tell
// whether a newcomer might be there already, without a call: the EX Org refuses a second object of one name, but it is
// not proven that it does so without case.
type names struct {
	Kinds map[model.Kind]listed `json:"kinds,omitempty"`
}

type listed struct {
	At    time.Time `json:"at"`
	Names []string  `json:"names,omitempty"`
}

// namesKeep is how long a list of names is good for. A newcomer after that lists the kind once more, which is one call per
// 500 objects.
const namesKeep = 24 * time.Hour

// matches finds the EX Org objects that newcomers would adopt. The first plan of a tenant lists the whole organisation,
// and so does every run until one has carried it out.
// Later, a newcomer whose name was free when the organisation was last listed costs no call; a user is left to the
// worker, because the EX Org itself refuses a second user with one address.
func (r *Runner) matches(ctx context.Context, d *draft) (map[model.Key]plan.Match, error) {
	fresh := d.newcomers()
	if r.Org == nil || len(fresh) == 0 {
		return nil, nil //nolint:nilnil // no matches is no fault
	}
	var observed []model.Observed
	var err error
	if d.lookAll {
		observed, err = r.observeAll(ctx, d, fresh)
	} else {
		observed, err = r.observeNamesakes(ctx, d, fresh)
	}
	if err != nil {
		return nil, fmt.Errorf("look for newcomers in the EX Org: %w", err)
	}
	matches := plan.FindMatches(fresh, observed)
	return matches, r.owners(ctx, d, matches)
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

// observeAll lists the kinds that have newcomers.
func (r *Runner) observeAll(ctx context.Context, d *draft, fresh []model.Object) ([]model.Observed, error) {
	var all []model.Observed
	for _, kind := range kindsOf(fresh) {
		list, err := r.observe(ctx, d, kind)
		if err != nil {
			return nil, err
		}
		if kind == model.KindUser {
			if err := r.externalKeys(ctx, list, fresh); err != nil {
				return nil, err
			}
			if d.home, err = r.Org.HomeDivision(ctx); err != nil {
				return nil, err
			}
		}
		all = append(all, list...)
	}
	return all, nil
}

func (r *Runner) observe(ctx context.Context, d *draft, kind model.Kind) ([]model.Observed, error) {
	list, err := r.Org.Observe(ctx, kind)
	if err != nil {
		return nil, err
	}
	if kind == model.KindUser {
		return list, nil
	}
	if d.names == nil {
		d.names = &names{}
	}
	if d.names.Kinds == nil {
		d.names.Kinds = map[model.Kind]listed{}
	}
	l := listed{At: d.at}
	for _, o := range list {
		l.Names = append(l.Names, model.Fold(o.Name))
	}
	slices.Sort(l.Names)
	d.names.Kinds[kind] = l
	return list, nil
}

// externalKeys finds the users that carry the external id of a newcomer whose address nobody has, so that a user is found
// again although its address changed while the table was lost. External ids are not in the list of users, so this costs a
// call for every user whose address is not Engage's, or for every newcomer whose address is not the EX Org's: for the
// fewer of them.
func (r *Runner) externalKeys(ctx context.Context, list []model.Observed, fresh []model.Object) error {
	wanted, unknown := strangers(list, fresh)
	if len(wanted) < len(unknown) {
		return r.holdersOf(ctx, list, unknown, wanted)
	}
	if len(wanted) == 0 {
		return nil
	}
	for id, i := range unknown {
		keys, err := r.Org.ExternalKeys(ctx, id)
		if err != nil {
			return err
		}
		list[i].ExternalKeys = keys
	}
	return nil
}

// strangers gives the newcomers whose address no EX user has, and the places in the list of the living EX users whose
// address no newcomer has.
func strangers(list []model.Observed, fresh []model.Object) (wanted []model.Object, unknown map[string]int) {
	there, addresses := map[string]bool{}, map[string]bool{}
	for _, o := range list {
		there[model.Fold(o.Email)] = true
	}
	for _, o := range fresh {
		if o.Key.Kind != model.KindUser {
			continue
		}
		addresses[model.Fold(o.Email)] = true
		if !there[model.Fold(o.Email)] {
			wanted = append(wanted, model.Object{Key: o.Key, ExternalKey: o.ExternalKey})
		}
	}
	unknown = map[string]int{}
	for i, o := range list {
		if !o.Deleted && !addresses[model.Fold(o.Email)] {
			unknown[o.EXID] = i
		}
	}
	return wanted, unknown
}

// holdersOf asks for the holder of each newcomer's external id.
func (r *Runner) holdersOf(ctx context.Context, list []model.Observed, unknown map[string]int, wanted []model.Object) error {
	for _, o := range wanted {
		found, err := r.Org.Find(ctx, o)
		if err != nil {
			return err
		}
		for _, f := range found {
			if i, ok := unknown[f.EXID]; ok {
				list[i].ExternalKeys = append(list[i].ExternalKeys, f.ExternalKeys...)
			}
		}
	}
	return nil
}

// observeNamesakes reads the objects whose name a newcomer has, if the last list of the organisation knew the name.
func (r *Runner) observeNamesakes(ctx context.Context, d *draft, fresh []model.Object) ([]model.Observed, error) {
	known := names{}
	if err := load(ctx, r.Table, docNames, &known); err != nil {
		return nil, err
	}
	var all []model.Observed
	for _, kind := range kindsOf(fresh) {
		if kind == model.KindUser {
			continue
		}
		l := known.Kinds[kind]
		if d.at.Sub(l.At) > namesKeep {
			if d.names == nil {
				d.names = &known
			}
			list, err := r.observe(ctx, d, kind)
			if err != nil {
				return nil, err
			}
			all = append(all, list...)
			continue
		}
		for _, o := range fresh {
			if o.Key.Kind != kind {
				continue
			}
			if _, taken := slices.BinarySearch(l.Names, model.Fold(o.Name)); !taken {
				continue
			}
			list, err := r.Org.Find(ctx, o)
			if err != nil {
				return nil, err
			}
			all = append(all, list...)
		}
	}
	return all, nil
}

// owners notes which keys own the matched objects and reads their rows: the object of a living key is never adopted.
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
				m.Owners = owners[m.Observed.EXID]
				matches[key] = m
				keys = append(keys, m.Owners...)
			}
		}
	}
	_, err := r.learn(ctx, d, keys)
	return err
}
