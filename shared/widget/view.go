package widget

import (
	"fmt"
	"slices"
	"time"

	"excs/shared/model"
	"excs/shared/run"
	"excs/shared/widget/answer"
	"excs/shared/widget/words"
)

// View is what the dashboard's widget shows.
type View struct {
	run.Overview
	// Dead is how many letters the dead-letter queue holds, roughly; DeadFailure says why that could not be read.
	Dead        int
	DeadFailure string
	// Stale is from which age on the last run is too old; 0: DefaultStale.
	Stale time.Duration
	// SyncARN and ReplayARN are the functions behind the buttons.
	SyncARN, ReplayARN string
}

// DefaultStale is fifteen runs of a schedule of one minute.
const DefaultStale = 15 * time.Minute

// Few is how many objects of each sort the widget names. A dashboard is for a look: list and plan tell all.
const Few = 10

// board is the View as the template writes it: words, in order.
type board struct {
	Dark     bool
	Verdict  verdict
	Facts    []fact
	Kinds    []kindRow
	Total    kindRow
	Columns  []string
	Sections []section
	Foot     string
}

// fact is one figure of the strip below the verdict.
type fact struct {
	Label, Value, Note string
	Level              level
}

// section is a list of objects that share a fate.
type section struct {
	Title   string
	Count   string
	Level   level
	Lead    string
	Buttons []button
	Groups  []group
	Rows    []objectRow
	More    string
}

// group is a part of a section that a button is for.
type group struct {
	Title, Text string
	Buttons     []button
}

// objectRow is one object of a section.
type objectRow struct {
	Name, Key, Chip string
	Level           level
	Text            string
	Age, At         string
	Buttons         []button
}

// viewer knows who looks, and when.
type viewer struct {
	View
	answer.Context
	desk
}

// Render writes the widget. Two calls with the same arguments write the same.
func Render(v View, c answer.Context) (string, error) {
	if v.Stale == 0 {
		v.Stale = DefaultStale
	}
	w := viewer{View: v, Context: c, desk: desk{sync: v.SyncARN, replay: v.ReplayARN}}
	b := board{Dark: c.Dark, Verdict: w.verdict(), Facts: w.facts(), Foot: w.foot()}
	b.Columns, b.Kinds, b.Total = w.kinds()
	for _, s := range []section{w.paused(), w.stopped(), w.quarantined(), w.invisible(), w.fought(), w.rejected(), w.orphaned(), w.acts()} {
		if s.Title != "" {
			b.Sections = append(b.Sections, s)
		}
	}
	slices.SortStableFunc(b.Sections, func(x, y section) int { return y.Level.rank() - x.Level.rank() })
	return execute(b)
}

func (w viewer) total(of func(run.Tally) int) int {
	n := 0
	for _, t := range w.Tallies {
		n += max(0, of(t))
	}
	return n
}

func (w viewer) waiting() int {
	return w.total(func(t run.Tally) int { return t.Waiting })
}

func (w viewer) quarantine() int {
	return w.total(func(t run.Tally) int { return t.Quarantined })
}

func (w viewer) rejects() int {
	return w.total(func(t run.Tally) int { return t.Rejected })
}

func (w viewer) lost() int {
	return w.total(func(t run.Tally) int { return t.Invisible })
}

func (w viewer) orphans() int {
	return w.total(func(t run.Tally) int { return t.Orphaned })
}

// facts are the figures that answer most questions.
func (w viewer) facts() []fact {
	mapped, converged := w.total(func(t run.Tally) int { return t.Mapped }), w.total(func(t run.Tally) int { return t.Converged })
	return []fact{
		w.lastRun(),
		{Label: "Converged", Value: words.Count(converged), Note: "of " + words.Some(mapped, "mapped object")},
		w.onTheirWay(),
		w.workQueue(),
		w.deadLetters(),
	}
}

// ranAt is when the last run was: that of a tenant that has none on record is the last that read Engage.
func (w viewer) ranAt() time.Time {
	if w.LastRunAt.IsZero() {
		return w.LastProven
	}
	return w.LastRunAt
}

func (w viewer) lastRun() fact {
	at := w.ranAt()
	if at.IsZero() {
		return fact{Label: "Last run", Value: "never", Note: "Engage was not read yet", Level: note}
	}
	f := fact{Label: "Last run", Value: words.Age(at, w.At) + " ago"}
	if w.late() {
		f.Level = watch
	}
	number := "run " + words.Count(int(w.LastRun))
	switch {
	case w.ProofFailed == 0:
		f.Note = number + " read Engage completely"
	case w.LastProven.IsZero():
		f.Note, f.Level = "Engage was never read completely", watch
	default:
		f.Note, f.Level = fmt.Sprintf("Engage last read completely %s ago", words.Age(w.LastProven, w.At)), watch
	}
	return f
}

// late says that the schedule seems to stand still.
func (w viewer) late() bool { return w.LastRun > 0 && w.At.Sub(w.ranAt()) > w.Stale }

func (w viewer) onTheirWay() fact {
	f := fact{Label: "On their way", Value: words.Count(w.waiting()), Note: "nothing waits"}
	if !w.Oldest.IsZero() {
		f.Note = fmt.Sprintf("oldest %s: %s", words.Age(w.Oldest, w.At), w.OldestKey)
		if w.At.Sub(w.Oldest) >= slowAfter {
			f.Level = watch
		}
	}
	return f
}

func (w viewer) workQueue() fact {
	if w.DepthFailure != "" {
		return fact{Label: "Work queue", Value: "unknown", Note: "it could not be read", Level: watch}
	}
	return fact{Label: "Work queue", Value: words.Count(w.Waiting + w.InFlight), Note: fmt.Sprintf("%s waiting, %s in work", words.Count(w.Overview.Waiting), words.Count(w.InFlight))}
}

func (w viewer) deadLetters() fact {
	switch {
	case w.DeadFailure != "":
		return fact{Label: "Dead letters", Value: "unknown", Note: "the queue could not be read", Level: watch}
	case w.Dead == 0:
		return fact{Label: "Dead letters", Value: "0", Note: "none"}
	default:
		return fact{Label: "Dead letters", Value: words.Count(w.Dead), Note: words.Some(w.quarantine(), "object") + " in quarantine", Level: trouble}
	}
}

func (w viewer) foot() string {
	at := w.At.In(w.Location())
	zone, _ := at.Zone()
	return "As of " + at.Format("15:04:05") + ", all times " + zone + ". Buttons act with your own permissions; refresh to see what they did."
}

// kindRow is one line of the table per kind.
type kindRow struct {
	Title string
	Cells []cell
	// Share is how much of what is mapped is converged, in percent; Percent says it with a decimal. Both are 100 only when
	// all of it is.
	Share   int
	Percent string
	Empty   bool
}

type cell struct {
	Text  string
	Level level
	Zero  bool
}

// column is one column of the table per kind.
type column struct {
	title string
	level level // of a number that is not 0
	of    func(run.Tally) int
}

func (w viewer) columns() []column {
	all := []column{
		{"In Engage", well, func(t run.Tally) int { return t.Engage }},
		{"Mapped", well, func(t run.Tally) int { return t.Mapped }},
		{"Converged", well, func(t run.Tally) int { return t.Converged }},
		{"Waiting", note, func(t run.Tally) int { return t.Waiting }},
		{"Held", watch, func(t run.Tally) int { return t.Held }},
		{"Quarantined", trouble, func(t run.Tally) int { return t.Quarantined }},
		{"Invisible", watch, func(t run.Tally) int { return t.Invisible }},
		{"Rejected", watch, func(t run.Tally) int { return t.Rejected }},
		{"Orphaned", note, func(t run.Tally) int { return t.Orphaned }},
	}
	if w.lost() > 0 {
		return all
	}
	return append(all[:6], all[7:]...) // what is seldom so takes no room
}

func (w viewer) kinds() (titles []string, rows []kindRow, total kindRow) {
	columns := w.columns()
	for _, c := range columns {
		titles = append(titles, c.title)
	}
	sum := run.Tally{}
	for _, t := range w.Tallies {
		rows = append(rows, kindOf(words.Title(t.Kind), t, columns))
		sum.Engage += t.Engage
		sum.Mapped += t.Mapped
		sum.Converged += t.Converged
		sum.Waiting += t.Waiting
		sum.Held += t.Held
		sum.Quarantined += t.Quarantined
		sum.Invisible += t.Invisible
		sum.Rejected += t.Rejected
		sum.Orphaned += t.Orphaned
	}
	return titles, rows, kindOf("All", sum, columns)
}

func kindOf(name string, t run.Tally, columns []column) kindRow {
	tenths := share(t.Converged, t.Mapped)
	row := kindRow{Title: name, Share: tenths / 10, Percent: fmt.Sprintf("%d.%d %%", tenths/10, tenths%10), Empty: t.Mapped == 0}
	if tenths == 1000 {
		row.Percent = "100 %"
	}
	for _, c := range columns {
		n := c.of(t)
		switch {
		case n < 0:
			row.Cells = append(row.Cells, cell{Text: "not read yet", Zero: true})
		case n == 0:
			row.Cells = append(row.Cells, cell{Text: "0", Zero: true})
		default:
			row.Cells = append(row.Cells, cell{Text: words.Count(n), Level: c.level})
		}
	}
	return row
}

// share is a part of a whole in tenths of a percent, rounded down: one object of ten thousand that lags must show.
func share(part, whole int) int {
	if whole <= 0 {
		return 0
	}
	return min(1000, part*1000/whole)
}

// row is a listed object.
func (w viewer) row(n run.Named, buttons ...button) objectRow {
	r := objectRow{Name: words.Plain(n.Name, words.NameShown), Key: n.Key.String(), Text: words.Plain(n.Reason, words.ReasonShown), Buttons: buttons}
	if n.Key.Kind == model.KindMembers && r.Name != "" {
		r.Name = "Members of " + r.Name
	}
	if !n.Since.IsZero() {
		r.Age, r.At = words.Age(n.Since, w.At), words.Clock(n.Since, w.At, w.Location())
	}
	return r
}
