package run

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/sides"
)

// Identity tells which organisation the credentials lead to. A *model.ForeignOrg is the error when they lead to more than one.
type Identity interface {
	Org(ctx context.Context) (model.Org, error)
}

// side is what one run knows of the two sides.
type side struct {
	record sides.Record
	// org is where the credentials lead; zero: not known, and nothing is bound to it.
	org model.Org
	// table is the id of the mapping table.
	table string
	// approved says that the first plan was approved for this organisation and this table.
	approved bool
	// foreign says that one was approved for another organisation: nothing is written before this one is approved too.
	foreign bool
	// unknown says that nobody can tell the organisation now, and none is approved yet.
	unknown bool
	// inherits says that the record is missing because an earlier release wrote the table, and is made from what the run saw.
	inherits bool
	// noted says that a note of another organisation stands; other is the note, where it is to be shown.
	noted bool
	other *sides.Foreign
}

// of gives the site as a run must take it: without an approved first plan for these two sides there is none.
func (s side) of(site Site) Site {
	if !s.approved {
		site.FirstPlan, site.FirstPlanHash, site.FirstRun = time.Time{}, "", time.Time{}
	}
	return site
}

// enter finds out who the two sides are and gives the context that is bound to them: what is read and written under it is the
// organisation's that the credentials lead to, and no other's.
//
// An EX Org that does not answer is taken for the approved one: what the run sends is written by workers, who know better.
//
// Errors: denied, naming two organisations, when the credentials that read or write do not all lead to the same one.
func (r *Runner) enter(ctx context.Context) (context.Context, side, error) {
	s, known, err := r.recorded(ctx)
	if err != nil {
		return ctx, s, err
	}
	if s.org, err = r.where(ctx, s.record); err != nil {
		return ctx, s, err
	}
	if !known {
		if err := r.inherit(ctx, &s); err != nil {
			return ctx, s, err
		}
	}
	if s.record.Org.IsZero() && !s.inherits && s.record.Plain == "" {
		s.unknown = r.Identity != nil && s.org.IsZero()
		return s.record.Bind(ctx, s.org), s, nil
	}
	s.foreign = s.org.ID != s.record.Org.ID
	s.approved = !s.foreign && (s.inherits || s.table == s.record.Table)
	return s.record.Bind(ctx, s.org), s, r.agree(ctx, &s)
}

func (r *Runner) recorded(ctx context.Context) (s side, known bool, err error) {
	if s.record, known, err = sides.Load(ctx, r.Table); err != nil {
		return s, known, err
	}
	if s.table, err = r.Table.TableID(ctx); err != nil {
		return s, known, fmt.Errorf("tell the mapping table's id: %w", err)
	}
	return s, known, nil
}

// where asks which organisation the credentials lead to.
func (r *Runner) where(ctx context.Context, record sides.Record) (model.Org, error) {
	if r.Identity == nil {
		return record.Org, nil
	}
	org, err := r.Identity.Org(ctx)
	switch {
	case err == nil:
		return org, nil
	case model.ForeignOrgOf(err) != nil:
		return model.Org{}, err
	default:
		r.Log.WarnContext(ctx, "the EX Org does not tell which organisation it is: the approved one, if there is one, is assumed, and workers make sure", "code", model.CodeOf(err), "error", err.Error())
		return record.Org, nil
	}
}

// disagreement is how long the note of a worker whose credentials lead elsewhere stops runs. A worker that meets them again writes
// it anew, and after a correction nobody has to take it back.
const disagreement = 5 * time.Minute

// agree compares the credentials that read with those that write.
func (r *Runner) agree(ctx context.Context, s *side) error {
	note, err := sides.LoadForeign(ctx, r.Table)
	if err != nil {
		return err
	}
	if note != nil && note.Writing && r.Now().Sub(note.At) < disagreement && note.Have.ID != s.org.ID {
		return sides.Foreign{Have: note.Have, Want: s.org}.Err("compare the credentials that read with those that write")
	}
	s.noted = note != nil
	return nil
}

// tellForeign keeps the note of another organisation up to date: people and the dashboard read it.
func (r *Runner) tellForeign(ctx context.Context, s side) error {
	now := r.Now()
	switch {
	case s.foreign:
		r.Log.ErrorContext(ctx, "the credentials lead to another organisation: only a plan is made", "org", s.org.ID, "orgName", s.org.Name, "approved", s.record.Org.ID, "approvedName", s.record.Org.Name)
		return sides.NoteForeign(ctx, r.Table, sides.Foreign{Have: s.org, Want: s.record.Org, Since: now, At: now})
	case s.noted:
		return sides.ForgetForeign(ctx, r.Table)
	default:
		return nil
	}
}

// The sample that shows whose an inherited table is.
const (
	sampled = 20
	// answering is how many of the sampled ones must be there; of fewer the same share.
	answering = 18
)

// inherit looks at a table that an earlier release wrote, which kept no organisation: it is the organisation's in which nearly all
// of the mapped objects are.
func (r *Runner) inherit(ctx context.Context, s *side) error {
	var site Site
	if err := load(ctx, r.Table, docSite, &site); err != nil {
		return err
	}
	if site.FirstPlan.IsZero() || s.org.IsZero() {
		return nil
	}
	if site.Table != "" && site.Table != r.TableName {
		return nil // restored under another name: a first plan, as for every restored table
	}
	there, of, err := r.sample(ctx)
	if err != nil {
		return err
	}
	if of == 0 || there*sampled < of*answering {
		r.Log.ErrorContext(ctx, "the mapped objects are not in this organisation: it is not the one that the table was filled from", "org", s.org.ID, "orgName", s.org.Name, "sampled", of, "there", there)
		s.record.Plain = sides.Stranger
		return nil
	}
	s.inherits = true
	s.record = sides.Record{Org: s.org, Table: s.table, Plain: s.org.ID, At: r.Now()}
	return nil
}

// sample asks for mapped objects at random and says how many of how many are there.
func (r *Runner) sample(ctx context.Context) (there, of int, err error) {
	var keys []model.Key
	for _, kind := range model.Kinds() {
		if kind == model.KindMembers {
			continue
		}
		some, err := r.Table.Keys(ctx, kind)
		if err != nil {
			return 0, 0, fmt.Errorf("tell what is mapped: %w", err)
		}
		keys = append(keys, some...)
	}
	r.shuffle(keys)
	unreadable := 0
	for len(keys) > 0 && of < sampled {
		n := min(len(keys), sampled-of)
		rows, err := r.Table.GetMany(ctx, keys[:n])
		if err != nil {
			return 0, 0, fmt.Errorf("read mapped rows: %w", err)
		}
		for _, row := range rows {
			if row.EXID == "" {
				continue
			}
			is, err := r.isThere(ctx, row)
			if err != nil && unreadable < sampled-answering && !exorgAway(err) {
				// One object that fails each time must not keep a tenant from its upgrade; another one is asked for.
				unreadable++
				r.Log.WarnContext(ctx, "an object could not be read to tell the organisation by", "key", row.Key, "code", model.CodeOf(err), "error", err.Error())
				continue
			}
			if err != nil {
				return 0, 0, err
			}
			of++
			if is {
				there++
			}
		}
		keys = keys[n:]
	}
	return there, of, nil
}

// shuffle orders keys by chance. The chance comes from the run's own source of tokens, so that a simulated life repeats itself.
func (r *Runner) shuffle(keys []model.Key) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(r.NewToken()))        // a hash takes every byte
	dice := rand.New(rand.NewPCG(h.Sum64(), 0)) //nolint:gosec // any sample will do
	dice.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
}

// exorgAway says that the failure is nobody's object: credentials, a permission, the budget or the context's end.
func exorgAway(err error) bool {
	code := model.CodeOf(err)
	return code == model.CodeDenied || code == model.CodeThrottled || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func (r *Runner) isThere(ctx context.Context, row mapping.Row) (bool, error) {
	_, _, err := r.Org.Get(ctx, row.Key.Kind, row.EXID)
	if model.CodeOf(err) == model.CodeNotFound {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for mapped objects: %w", err)
	}
	return true, nil
}

// accept writes down for whom this run opens the door, before the first message goes out: workers write for nobody else. A run that
// changes nothing in the EX Org opens it only when it is whole and could have: putting the index right is nobody's consent to write.
func (r *Runner) accept(ctx context.Context, run int64, d *draft, req Request) error {
	switch {
	case d.side.inherits:
		return sides.Save(ctx, r.Table, run, d.side.record)
	case d.side.approved || d.side.foreign || d.side.unknown:
		return nil
	case slices.ContainsFunc(d.plan.Changes, func(c model.Change) bool { return !quiet(c.Action) }) || req.whole() && d.opens():
		return sides.Save(ctx, r.Table, run, d.side.accepted(r.Now()))
	default:
		return nil
	}
}

// accepted gives the record of the run's own two sides.
func (s side) accepted(at time.Time) sides.Record {
	plain := s.record.Plain
	if plain == "" {
		plain = s.org.ID
	}
	return sides.Record{Org: s.org, Table: s.table, Plain: plain, At: at}
}

// foreignReason is why everything is held, "" where it is not for the organisation's sake.
func (s side) foreignReason() string {
	switch {
	case s.unknown:
		return "the EX Org does not tell now which organisation it is, and none is approved yet: plan again when it answers"
	case !s.foreign:
		return ""
	}
	return fmt.Sprintf("the credentials lead to the organisation %s, and the first plan was approved for %s: correct the EX Org secret, or approve this plan to go over to the other organisation", s.org, s.record.Org)
}

// sidesNow gives what the table tells of the two sides without asking the EX Org, and the context of the approved organisation.
func (r *Runner) sidesNow(ctx context.Context) (context.Context, side, error) {
	s, known, err := r.recorded(ctx)
	if err != nil {
		return ctx, s, err
	}
	if s.other, err = sides.LoadForeign(ctx, r.Table); err != nil {
		return ctx, s, err
	}
	s.approved = !known || s.table == s.record.Table
	if s.record.Org.IsZero() {
		return ctx, s, nil
	}
	return s.record.Bind(ctx, s.record.Org), s, nil
}

// names gives the two organisations, nil where there is but one.
func (s side) names() *model.ForeignOrg {
	if !s.foreign {
		return nil
	}
	return &model.ForeignOrg{Have: s.org, Want: s.record.Org}
}

// outdated refuses to plan by settings that are not the deployment's.
func (r *Runner) outdated(op string) error {
	if r.Outdated == "" {
		return nil
	}
	return &model.Error{Code: model.CodeConflict, Op: op, Err: &sides.Refused{Why: r.Outdated, Outdated: true}}
}

// home binds a context to the approved organisation, for what an operator asks without a plan.
func (r *Runner) home(ctx context.Context) (context.Context, error) { return sides.Home(ctx, r.Table) }

// unfinished reports whether rows that are not right have an object in the EX Org. In a table that was restored workers would go on
// with them as soon as the door is open, although no plan shows what they do: the index has their desired states already.
func (r *Runner) unfinished(ctx context.Context, seen *survey) (bool, error) {
	var items []mapping.Item
	if seen != nil {
		items = seen.in(comeBack()...)
	} else {
		var err error
		if items, err = r.Table.List(ctx, comeBack(), nil); err != nil {
			return false, fmt.Errorf("list unconverged rows: %w", err)
		}
	}
	return slices.ContainsFunc(items, func(i mapping.Item) bool { return i.EXID != "" }), nil
}

// opens says whether nothing waits for the approval of a first plan, so that the run may open the door.
func (d *draft) opens() bool {
	return !d.unfinished && d.recognition.database == "" && d.side.foreignReason() == "" && !d.waitsFor(plan.HeldFirstPlan) && !(d.first && d.waitsFor(plan.HeldLooking)) && d.carriesOut()
}

func (d *draft) waitsFor(code plan.HeldCode) bool {
	for _, h := range d.plan.Held {
		if h.Code == code {
			return true
		}
	}
	return false
}
