package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

// now is the time of every run in these tests; nothing here reads a clock.
var now = time.Date(2025, 11, 25, 10, 0, 0, 0, time.UTC)

// world is a mapping table as far as plans see it: rows, the index over them, and which rows are converged.
type world struct {
	settings rules.Settings
	rows     map[model.Key]model.Known
	index    map[model.Key]model.Fingerprint
	settled  map[model.Key]bool
}

func newWorld(preset rules.Preset) *world {
	return &world{
		settings: rules.Default(1, preset),
		rows:     map[model.Key]model.Known{},
		index:    map[model.Key]model.Fingerprint{},
		settled:  map[model.Key]bool{},
	}
}

func world2023() *world    { return newWorld(rules.Preset202307) }
func worldCurrent() *world { return newWorld(rules.PresetCurrent) }

// exID is the EX id that an object gets when it is created here.
func exID(k model.Key) string { return "ex-" + strings.ReplaceAll(k.String(), "/", "-") }

// have puts mapped, converged rows into the world.
func (w *world) have(objects ...model.Object) *world {
	for _, o := range objects {
		owner := o.Key
		if o.SameAs != 0 {
			owner.DBID = o.SameAs
		}
		w.rows[o.Key] = model.Known{Object: o, EXID: exID(owner)}
		w.index[o.Key] = o.Fingerprint()
		w.settled[o.Key] = true
	}
	return w
}

// orphan puts rows into the world whose Engage object went some time ago.
func (w *world) orphan(objects ...model.Object) *world {
	for _, o := range objects {
		w.rows[o.Key] = model.Known{Object: o, EXID: exID(o.Key), Orphan: true}
	}
	return w
}

// leaving puts rows into the world whose EX object is being deleted, or was (no EX id).
func (w *world) leaving(exID string, objects ...model.Object) *world {
	for _, o := range objects {
		w.rows[o.Key] = model.Known{Object: o, EXID: exID, Leaving: true}
	}
	return w
}

// input gives the input of a run that finds these objects in Engage.
func (w *world) input(desired ...model.Object) plan.Input {
	in := plan.Input{
		Settings: w.settings, Proof: proof(), Objects: desired, Now: now,
		Facts: model.Facts{}, Settled: map[model.Key]bool{}, Matches: map[model.Key]plan.Match{},
		Waiting: map[string]time.Time{}, Approved: map[string]bool{},
		Delta: model.Delta{Mapped: map[model.Kind]int{}},
	}
	want := map[model.Key]bool{}
	for _, o := range desired {
		want[o.Key] = true
		f, ok := w.index[o.Key]
		switch {
		case !ok:
			in.Delta.New = append(in.Delta.New, o.Key)
		case f != o.Fingerprint():
			in.Delta.Changed = append(in.Delta.Changed, o.Key)
		}
	}
	for k := range w.index {
		in.Delta.Mapped[k.Kind]++
		if !want[k] {
			in.Delta.Lost = append(in.Delta.Lost, k)
			in.Settled[k] = w.settled[k]
		}
	}
	for _, k := range slices.Concat(in.Delta.New, in.Delta.Changed, in.Delta.Lost) {
		w.tell(in.Facts, k)
		if k.Kind == model.KindMembers {
			w.tell(in.Facts, queue(k.DBID))
		}
	}
	for k, row := range w.rows {
		if row.Orphan || row.Leaving {
			in.Facts[k] = row
		}
	}
	return in
}

func (w *world) tell(facts model.Facts, k model.Key) {
	if row, ok := w.rows[k]; ok {
		facts[k] = row
	}
}

// run plans and carries the plan out, as run and apply do.
func (w *world) run(in plan.Input) plan.Plan {
	p := plan.Make(in)
	w.carryOut(p)
	return p
}

// carryOut does to rows and index what Plan's comment says the caller does.
func (w *world) carryOut(p plan.Plan) {
	for _, c := range p.Changes {
		w.settled[c.Key] = true
		switch c.Action {
		case model.ActionDelete:
			w.rows[c.Key] = model.Known{Object: c.Object, Leaving: true}
		case model.ActionOrphan:
			w.rows[c.Key] = model.Known{Object: c.Object, EXID: w.rows[c.Key].EXID, Orphan: true}
		default:
			id := w.rows[c.Key].EXID
			if c.Adopt != "" {
				id = c.Adopt
			}
			if id == "" || c.Action == model.ActionCreate {
				id = exID(c.Key) + "/" + model.Fold(c.Object.Name)
			}
			w.rows[c.Key] = model.Known{Object: c.Object, EXID: id}
		}
		if !c.From.IsZero() {
			delete(w.rows, c.From)
		}
	}
	for _, f := range p.Forget {
		if !f.IndexOnly {
			delete(w.rows, f.Key)
		}
	}
	for k, row := range w.rows {
		// A key that shares an EX object gets its owner's id.
		if owner, ok := w.rows[key(k.Kind, row.Object.SameAs)]; ok && row.Object.SameAs != 0 && !row.Orphan {
			row.EXID = owner.EXID
			w.rows[k] = row
		}
	}
	for k, f := range p.Index() {
		if f == 0 {
			delete(w.index, k)
			continue
		}
		w.index[k] = f
	}
}

// The parts of a complete read.
var tables = []model.Table{
	model.TablePerson, model.TableSkill, model.TableSkillLevel, model.TableDN, model.TableGroup, model.TableGroupAgent,
	model.TableGroupDN, model.TableScript, model.TableAttribute, model.TableAttrValue, model.TableSwitch,
}

// proof is a complete read in which no table is in doubt.
func proof() model.Proven { return proofWithout() }

// proofWithout is a complete read in which some tables that had rows came back empty.
func proofWithout(empty ...model.Table) model.Proven {
	s := &model.Snapshot{Tenant: model.Tenant{DBID: 1, Name: "t", State: model.CfgEnabled}, Read: map[model.Table]int{}, Valued: map[string]int{}}
	before := model.Memory{Rows: map[model.Table]int{}}
	for _, name := range []string{"Language", "DispositionCode", "Product"} {
		s.Valued[name], before.Rows[model.ValuesOf(name)] = 5, 5
		if slices.Contains(empty, model.ValuesOf(name)) {
			s.Valued[name] = 0
		}
	}
	for _, t := range tables {
		s.Read[t], before.Rows[t] = 100, 100
	}
	for _, t := range empty {
		if !t.IsValues() {
			s.Read[t] = 0
		}
	}
	return mustProve(s, before)
}

// proofBack is a complete read of a source that went back.
func proofBack() model.Proven {
	s := &model.Snapshot{
		Tenant: model.Tenant{DBID: 1, Name: "t", State: model.CfgEnabled}, Read: map[model.Table]int{model.TablePerson: 5},
		Total: map[model.Table]int{model.TablePerson: 5}, Highest: map[model.Table]int64{model.TablePerson: 100},
	}
	return mustProve(s, model.Memory{
		Total: map[model.Table]int{model.TablePerson: 6}, Highest: map[model.Table]int64{model.TablePerson: 900},
	})
}

func mustProve(s *model.Snapshot, before model.Memory) model.Proven {
	p, _, err := model.Prove(s, model.Counts(s.Read), before, 15*time.Minute, now)
	if err != nil {
		panic(err)
	}
	return p
}

func key(kind model.Kind, dbid int64) model.Key { return model.Key{Kind: kind, DBID: dbid} }
func queue(dbid int64) model.Key                { return key(model.KindQueue, dbid) }
func user(dbid int64) model.Key                 { return key(model.KindUser, dbid) }
func members(dbid int64) model.Key              { return key(model.KindMembers, dbid) }
func skill(dbid int64) model.Key                { return key(model.KindSkill, dbid) }

// aUser is an active user whose identity is made from the DBID.
func aUser(dbid int64, edits ...func(*model.Object)) model.Object {
	o := model.Object{
		Key: user(dbid), Name: fmt.Sprintf("User %d", dbid), Email: fmt.Sprintf("u%d@example.com", dbid), State: model.StateActive,
		ExternalKey: fmt.Sprint(dbid),
		Identity: model.Identity{EmployeeID: fmt.Sprintf("E%d", dbid), UserName: fmt.Sprintf("u%d", dbid),
			Address: fmt.Sprintf("u%d@example.com", dbid), AddressStep: 1},
	}
	return edited(o, edits)
}

// aQueue is a queue of a DN of the given type.
func aQueue(dbid int64, edits ...func(*model.Object)) model.Object {
	o := model.Object{
		Key: queue(dbid), Name: fmt.Sprintf("Queue %d", dbid), PeerID: fmt.Sprint(dbid),
		Identity: model.Identity{Number: fmt.Sprint(8000 + dbid), Switch: "sw", DNType: model.DNVirtualQueue, BaseName: fmt.Sprintf("Queue %d", dbid)},
	}
	return edited(o, edits)
}

func aMembers(dbid int64, users ...int64) model.Object {
	o := model.Object{Key: members(dbid), Members: users}
	o.Normalize()
	return o
}

func named(kind model.Kind, dbid int64, name string, edits ...func(*model.Object)) model.Object {
	return edited(model.Object{Key: key(kind, dbid), Name: name}, edits)
}

func edited(o model.Object, edits []func(*model.Object)) model.Object {
	o = o.Clone()
	for _, e := range edits {
		e(&o)
	}
	o.Normalize()
	return o
}

func inactive(o *model.Object) { o.State = model.StateInactive }
func addOnly(o *model.Object)  { o.AddOnly = true }

func name(n string) func(*model.Object) { return func(o *model.Object) { o.Name = n } }
func mail(m string) func(*model.Object) { return func(o *model.Object) { o.Email = m } }
func employee(id string) func(*model.Object) {
	return func(o *model.Object) { o.Identity.EmployeeID = id }
}
func userName(n string) func(*model.Object) { return func(o *model.Object) { o.Identity.UserName = n } }
func sameAs(dbid int64) func(*model.Object) { return func(o *model.Object) { o.SameAs = dbid } }
func dnType(t int) func(*model.Object)      { return func(o *model.Object) { o.Identity.DNType = t } }
func line(number, sw string) func(*model.Object) {
	return func(o *model.Object) { o.Identity.Number, o.Identity.Switch = number, sw }
}

func has(dbid int64, skill string, level model.Proficiency) func(*model.Object) {
	return func(o *model.Object) {
		o.Skills = append(o.Skills, model.Assignment{DBID: dbid, Name: skill, Level: level * 10})
	}
}

func speaks(dbid int64, language string, level model.Proficiency) func(*model.Object) {
	return func(o *model.Object) {
		o.Languages = append(o.Languages, model.Assignment{DBID: dbid, Name: language, Level: level * 10})
	}
}

// many makes n objects with DBIDs from first on.
func many(first, n int64, make func(int64) model.Object) []model.Object {
	os := list(n)
	for i := range n {
		os = append(os, make(first+i))
	}
	return os
}

// list is an empty list with room for n (many shadows make).
func list(n int64) []model.Object { return make([]model.Object, 0, n) }

func plainUser(dbid int64) model.Object  { return aUser(dbid) }
func plainQueue(dbid int64) model.Object { return aQueue(dbid) }

func numbers(first, n int64) []int64 {
	var out []int64
	for i := range n {
		out = append(out, first+i)
	}
	return out
}

// said writes changes short: "update user/1: name A → B" is "update user/1 name".
func said(p plan.Plan) []string {
	var out []string
	for _, c := range p.Changes {
		out = append(out, phrase(c))
	}
	return out
}

func heldSaid(p plan.Plan) []string {
	var out []string
	for _, h := range p.Held {
		out = append(out, string(h.Code)+": "+phrase(h.Change))
	}
	return out
}

func phrase(c model.Change) string {
	s := string(c.Action) + " " + c.Key.String()
	if !c.From.IsZero() {
		s += " from " + c.From.String()
	}
	if c.Adopt != "" {
		s += " adopting " + c.Adopt
	}
	for _, f := range c.Fields {
		s += " " + f.Name
		if f.Before != "" || f.After != "" {
			s += "[" + f.Before + ">" + f.After + "]"
		}
		for _, a := range f.Added {
			s += " +" + a
		}
		for _, r := range f.Removed {
			s += " -" + r
		}
	}
	return s
}

func forgotten(p plan.Plan) []string {
	var out []string
	for _, f := range p.Forget {
		s := f.Key.String()
		if f.IndexOnly {
			s += " (index)"
		}
		out = append(out, s)
	}
	return out
}

// wantLines fails unless got is want, line by line.
func wantLines(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got  %s\n want %s", what, strings.Join(got, "\n      "), strings.Join(want, "\n      "))
	}
}

// wantPlan fails unless the plan makes exactly these changes and holds exactly these.
func wantPlan(t *testing.T, p plan.Plan, changes []string, held []string) {
	t.Helper()
	wantLines(t, "changes", said(p), changes...)
	wantLines(t, "held", heldSaid(p), held...)
}

// approveAll gives the ids of everything held.
func approveAll(p plan.Plan) map[string]bool {
	ids := map[string]bool{}
	for _, h := range p.Held {
		ids[h.ID] = true
	}
	return ids
}

func waitingSince(p plan.Plan, since time.Time) map[string]time.Time {
	w := map[string]time.Time{}
	for _, h := range p.Held {
		w[h.ID] = since
		for id := range h.Waited {
			w[id] = since
		}
	}
	return w
}

func concat(lists ...[]model.Object) []model.Object { return slices.Concat(lists...) }
