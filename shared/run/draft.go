package run

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/translate"
)

// draft is one run up to its plan: everything read and decided, nothing written.
type draft struct {
	// recovered says that the runs before could not read Engage.
	recovered bool
	site      Site // as it is to be remembered
	side      side
	pauses    mapping.Pauses
	docs      *kept
	settings  string
	snapshot  *model.Snapshot
	counts    model.Counts
	before    Site // as it was read
	proof     model.Proven
	result    translate.Result
	delta     model.Delta
	facts     model.Facts
	rows      map[model.Key]mapping.Row
	held      heldDocument
	heldRows  map[string]int64 // versions of rows that workers held, by the id of the change shown for them
	approvals approvals
	lookups   *lookups             // what newcomers were found to be, nil when nothing new is known
	looking   map[model.Key]string // newcomers that are not looked up yet, with the reason
	first     bool                 // there is no approved first plan
	lookAll   bool                 // the whole organisation is listed for newcomers
	home      string               // the home division, "" when it was not read
	// unfinished says that rows of a table that is not approved would change what is in the EX Org.
	unfinished bool
	// fresh and lost are what the index lacked and had too much when the run began; rowless of those have no row.
	fresh, lost, rowless []model.Key
	marked               map[model.Key]bool // keys whose index entry says that they are being changed
	plan                 plan.Plan
	let                  map[model.Key][]string // what the guard let through, by change
	refused              []model.Reject         // rows that the table could not hold
	recognition          recognition
	at                   time.Time
	readTook             time.Duration
}

// draft reads Engage and makes the plan. seen is what the run read of unconverged rows, nil if it has not.
func (r *Runner) draft(ctx context.Context, side side, site Site, req Request, pauses mapping.Pauses, seen *survey) (*draft, error) {
	site = side.of(site)
	d := &draft{side: side, site: site, pauses: pauses, docs: newKept(r.Table), at: r.Now(), facts: model.Facts{}, rows: map[model.Key]mapping.Row{}, marked: map[model.Key]bool{}, settings: r.Settings.Hash()}
	d.first, d.lookAll = site.FirstPlan.IsZero(), site.FirstRun.IsZero()
	if d.first && !side.approved {
		var err error
		if d.unfinished, err = r.unfinished(ctx, seen); err != nil {
			return nil, err
		}
	}
	if err := r.prove(ctx, d); err != nil {
		return nil, err
	}
	if err := r.loadDecisions(ctx, d); err != nil {
		return nil, err
	}
	if err := r.translate(ctx, d); err != nil {
		return nil, err
	}
	r.doubtEmptied(d)
	d.settle()
	if err := r.recognise(ctx, d); err != nil {
		return nil, err
	}
	if err := r.predecessors(ctx, d); err != nil {
		return nil, err
	}
	if err := r.heritage(ctx, d); err != nil {
		return nil, err
	}
	matches, err := r.matches(ctx, d)
	if err != nil {
		return nil, err
	}
	input, err := r.input(ctx, d, matches, req)
	if err != nil {
		return nil, err
	}
	d.plan = plan.Make(input)
	held, err := r.heldRows(ctx, seen)
	if err != nil {
		return nil, fmt.Errorf("list held rows: %w", err)
	}
	d.addHeldRows(held, req.Kinds)
	d.forgetRowless()
	d.limit(req)
	d.plan.Seal()
	return d, nil
}

// prove reads Engage and proves the read.
func (r *Runner) prove(ctx context.Context, d *draft) error {
	snapshot, counted, err := r.Read(ctx)
	if err != nil {
		return err
	}
	d.before, d.counts = d.site, counted
	d.snapshot, d.readTook = snapshot, r.Now().Sub(d.at)
	if d.approvals, err = loadApprovals(ctx, d.docs, d.side.table); err != nil {
		return err
	}
	memory := d.site.Memory
	if d.approvals.acceptsSource(d.at) {
		memory.Highest, memory.Total, memory.Newest = nil, nil, nil
	}
	proof, after, err := model.Prove(snapshot, counted, memory, r.Settings.SecondRead.Kind, d.at)
	if err != nil {
		return err
	}
	d.proof, d.site.Memory = proof, after
	return nil
}

func (r *Runner) loadDecisions(ctx context.Context, d *draft) error {
	if err := load(ctx, d.docs, docHeld, &d.held); err != nil {
		return err
	}
	hints := map[model.Key]model.Known{}
	if err := load(ctx, d.docs, docHints, &hints); err != nil {
		return err
	}
	maps.Copy(d.facts, hints)
	return nil
}

// passesAtMost bounds the search for a translation that asks nothing more. Each pass only adds facts, and two are usual:
// one that asks and one that knows.
const passesAtMost = 8

// translate repeats the translation until it asks for no row that is not known. Rows are read for keys in question only:
// a run without changes reads none.
func (r *Runner) translate(ctx context.Context, d *draft) error {
	for range passesAtMost {
		d.result = translate.Translate(d.proof, r.Settings, d.facts)
		delta, err := r.Table.Delta(ctx, fingerprints(d.result.Objects))
		if err != nil {
			return fmt.Errorf("compare with the mapping index: %w", err)
		}
		d.delta = delta
		if d.mistrustsHints() {
			continue
		}
		fresh, err := r.learn(ctx, d, slices.Concat(d.result.Asks, delta.Changed, delta.Lost))
		if err != nil {
			return err
		}
		if fresh == 0 {
			return nil
		}
	}
	return model.Errorf(model.CodeInternal, "translate", "the translation asks for more after %d passes", passesAtMost)
}

// mistrustsHints notes the marked keys. Where there are any, the last run did not come to its end, and what it left as hints
// may be older than the rows: they are forgotten, once, and the rows are read instead.
func (d *draft) mistrustsHints() bool {
	first := len(d.marked) == 0 && len(d.delta.Marked) > 0
	for _, key := range d.delta.Marked {
		d.marked[key] = true
	}
	if !first {
		return false
	}
	d.facts = model.Facts{}
	for key, row := range d.rows {
		d.facts[key] = model.Known{}
		if row.Version > 0 {
			d.facts[key] = row.Known()
		}
	}
	return true
}

func fingerprints(objects []model.Object) map[model.Key]model.Fingerprint {
	want := make(map[model.Key]model.Fingerprint, len(objects))
	for _, o := range objects {
		want[o.Key] = o.Fingerprint()
	}
	return want
}

// learn reads the rows of keys that were not read in this run and says for how many. Hints count as facts but not as
// rows: a key that changed is read although there is a hint of it.
func (r *Runner) learn(ctx context.Context, d *draft, keys []model.Key) (int, error) {
	var missing []model.Key
	for _, key := range keys {
		if _, ok := d.rows[key]; !ok {
			d.rows[key] = mapping.Row{}
			missing = append(missing, key)
		}
	}
	if len(missing) == 0 {
		return 0, nil
	}
	rows, err := r.Table.GetMany(ctx, missing)
	if err != nil {
		return 0, fmt.Errorf("read rows: %w", err)
	}
	for _, key := range missing {
		row, ok := rows[key]
		if !ok {
			d.facts[key] = model.Known{}
			continue
		}
		d.rows[key] = row
		d.facts[key] = r.knownOf(row)
	}
	return len(missing), nil
}

// knownOf gives what the rules need of a row. Of a queue of which the row does not tell who made it, the EX Org's own word is
// taken: one of EXCS's OAuth clients.
func (r *Runner) knownOf(row mapping.Row) model.Known {
	known := row.Known()
	if !known.Adopted || row.Origin != mapping.OriginUnknown {
		return known
	}
	var body struct {
		CreatedBy string `json:"createdBy"`
	}
	if json.Unmarshal(row.Seen, &body) == nil && body.CreatedBy != "" && slices.Contains(r.Clients, body.CreatedBy) {
		known.Adopted = false
	}
	return known
}

// living says whether Engage has the key now, be it rejected.
func (d *draft) living(key model.Key) bool {
	_, desired := d.desired(key)
	_, rejected := d.rejected(key)
	return desired || rejected
}

// predecessors reads the rows that newcomers may take over: orphans, and queues on their way out or just gone.
func (r *Runner) predecessors(ctx context.Context, d *draft) error {
	kinds := map[model.Kind]bool{}
	for _, key := range d.delta.New {
		kinds[key.Kind] = true
	}
	if len(kinds) == 0 {
		return nil
	}
	newcomers := slices.SortedFunc(maps.Keys(kinds), func(a, b model.Kind) int { return a.Order() - b.Order() })
	items, err := r.Table.List(ctx, []mapping.State{mapping.StateOrphan}, newcomers)
	if err != nil {
		return fmt.Errorf("list orphans: %w", err)
	}
	if kinds[model.KindQueue] {
		leaving, err := r.Table.List(ctx, []mapping.State{mapping.StatePending, mapping.StateWaiting, mapping.StateHeld, mapping.StateQuarantined}, []model.Kind{model.KindQueue})
		if err != nil {
			return fmt.Errorf("list queues on their way out: %w", err)
		}
		items = append(items, leaving...)
	}
	keys := make([]model.Key, 0, len(items)+len(d.delta.New))
	for _, item := range items {
		keys = append(keys, item.Key)
	}
	if kinds[model.KindQueue] {
		for _, gone := range d.site.Deleted {
			if d.at.Sub(gone.At) > deletedKeep {
				continue // a run that changed nothing left it in the document
			}
			keys = append(keys, model.Key{Kind: model.KindQueue, DBID: gone.DBID})
		}
	}
	for _, key := range d.delta.Lost {
		if key.Kind == model.KindMembers {
			keys = append(keys, model.Key{Kind: model.KindQueue, DBID: key.DBID})
		}
	}
	// A key that is new to the index may have a row all the same: an object that came back into scope.
	_, err = r.learn(ctx, d, append(keys, d.delta.New...))
	return err
}

// input collects what the plan decides by.
func (r *Runner) input(ctx context.Context, d *draft, matches map[model.Key]plan.Match, req Request) (plan.Input, error) {
	g := r.Settings.Guard
	windows, err := r.windows(ctx, d)
	if err != nil {
		return plan.Input{}, err
	}
	taken, err := r.takings(ctx, d)
	if err != nil {
		return plan.Input{}, err
	}
	settled := map[model.Key]bool{}
	for _, key := range d.delta.Lost {
		settled[key] = d.rows[key].State == mapping.StateConverged
	}
	facts := model.Facts{}
	for key, row := range d.rows {
		if row.Version != 0 {
			facts[key] = d.facts[key]
		}
	}
	return plan.Input{
		Taken: taken, Settings: r.Settings, Proof: d.proof, Objects: d.result.Objects, Rejects: d.result.Rejects, Notes: d.notes(),
		Delta: d.delta, Facts: facts, Settled: settled, Matches: matches, Drawn: windows.drawn(), Counted: windows.counted,
		Mapped: d.site.Base(max(g.RemovalWindow, g.UpdateWindow), d.at), Memberships: d.site.MembershipBase(g.UpdateWindow, d.at),
		Start:     func(window time.Duration) map[model.Kind]int { return d.site.Start(window, d.at) },
		FirstLoad: d.lookAll, Gap: d.gap(req),
		Waiting: d.held.since(), Tripped: d.held.tripped(), Approved: d.approvals.valid(d.at), Paused: why(d.pauses), Holds: d.holds(), Database: d.recognition.database,
		SettingsChanged: d.site.SettingsHash != "" && d.site.SettingsHash != d.settings,
		FirstRun:        d.first, Unfinished: d.unfinished, Looking: d.looking, Foreign: d.side.foreignReason(), Home: d.home, Now: d.at, Kinds: req.Kinds,
	}, nil
}

// gap is for how many whole hours nothing of what the run is about was carried out: Engage could not be read, or it was paused.
func (d *draft) gap(req Request) int {
	since := d.site.LastWhole
	if p := req.PausedSince; !p.IsZero() && (since.IsZero() || p.Before(since)) {
		since = p
	}
	if since.IsZero() {
		return 0
	}
	return int(d.at.Sub(since) / time.Hour)
}

func (d *draft) notes() []model.Note { return slices.Concat(d.snapshot.Notes, d.result.Notes) }

// windows are the guard's windows as a run finds them.
type windows map[model.Kind]map[plan.Class]mapping.Tally

func (w windows) drawn() plan.Drawn {
	drawn := plan.Drawn{}
	for k, classes := range w {
		drawn[k] = map[plan.Class]int{}
		for c, tally := range classes {
			drawn[k][c] = tally.Sum
		}
	}
	return drawn
}

func (w windows) counted(k model.Kind, c plan.Class, name string) bool { return w[k][c].Has(name) }

// windows reads the guard's windows of the kinds that it could count anything of.
func (r *Runner) windows(ctx context.Context, d *draft) (windows, error) {
	w := windows{}
	for _, k := range d.changing() {
		w[k] = map[plan.Class]mapping.Tally{}
		for _, class := range plan.Windows(k) {
			tally, err := r.Table.Drawn(ctx, r.window(k, class), d.at)
			if err != nil {
				return nil, fmt.Errorf("read the guard's windows: %w", err)
			}
			w[k][class] = tally
		}
	}
	return w, nil
}

// changing gives the kinds that differ from the index. What happens to users, queues and members is one another's business.
func (d *draft) changing() []model.Kind {
	people := []model.Kind{model.KindQueue, model.KindUser, model.KindMembers}
	has := map[model.Kind]bool{}
	for _, k := range slices.Concat(d.delta.New, d.delta.Changed, d.delta.Lost) {
		has[k.Kind] = true
		if slices.Contains(people, k.Kind) {
			for _, p := range people {
				has[p] = true
			}
		}
	}
	return slices.DeleteFunc(model.Kinds(), func(k model.Kind) bool { return !has[k] })
}

func (r *Runner) window(k model.Kind, c plan.Class) mapping.Window {
	return mapping.Window{Kind: k, Class: string(c), Length: plan.GuardWindow(r.Settings, c)}
}

// draw counts what the guard let through and this run makes, before any of it is written. A name counts once a window, so a
// run after one that died draws nothing twice.
func (r *Runner) draw(ctx context.Context, d *draft) error {
	names := map[mapping.Window][]string{}
	d.let = map[model.Key][]string{}
	made := map[model.Key]bool{}
	for _, c := range d.plan.Changes {
		made[c.Key] = true
	}
	for _, draw := range d.plan.Draws {
		by := slices.DeleteFunc(slices.Clone(draw.By), func(k model.Key) bool { return !made[k] })
		if len(by) == 0 {
			continue
		}
		if !draw.Free {
			w := r.window(draw.Kind, draw.Class)
			names[w] = append(names[w], draw.Name)
		}
		if draw.Class.Remembered() {
			continue
		}
		for _, k := range by {
			d.let[k] = append(d.let[k], plan.LetName(draw.Class, draw.Name))
		}
	}
	inOrder := func(a, b mapping.Window) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Length, b.Length))
	}
	for _, w := range slices.SortedFunc(maps.Keys(names), inOrder) {
		if _, _, err := r.Table.Draw(ctx, w, names[w], math.MaxInt32, d.at); err != nil {
			return fmt.Errorf("draw from the guard's windows: %w", err)
		}
	}
	return nil
}

// limit drops everything but what the run is limited to from the plan.
func (d *draft) limit(req Request) {
	d.plan.Changes = slices.DeleteFunc(d.plan.Changes, func(c model.Change) bool { return !req.keeps(c.Key, c.From) })
	d.plan.Held = slices.DeleteFunc(d.plan.Held, func(h plan.Held) bool { return !req.keeps(h.Change.Key, h.Change.From) })
	d.plan.Forget = slices.DeleteFunc(d.plan.Forget, func(f plan.Forget) bool { return !req.keeps(f.Key, model.Key{}) })
}

func (d *draft) report() Report {
	return Report{
		Paused: d.pauses, Resting: d.resting(),
		Plan: d.plan, Rows: d.snapshot.Read, Dropped: d.snapshot.Dropped, WentBack: d.proof.WentBack(), SourceHash: d.sourceHash(), Doubts: d.proof.Doubts(), Database: d.site.Database, FirstPlan: d.first, Foreign: d.side.names(),
	}
}

// resting counts the changes that wait for the end of a pause and for nothing else.
func (d *draft) resting() int {
	n := 0
	for _, h := range d.plan.Held {
		if h.Code == plan.HeldPaused {
			n++
		}
	}
	return n
}
