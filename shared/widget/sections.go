package widget

import (
	"cmp"
	"fmt"
	"strings"

	"excs/shared/run"
	"excs/shared/widget/words"
)

// sentence makes a foreign text fit into a sentence.
func sentence(s string) string { return strings.TrimRight(words.Plain(s, words.ReasonShown), ".") }

// listed says where the objects are that a section does not name.
const listed = ": List all names them"

// more says how many objects a section does not name.
func more(all, shown int, where string) string {
	if all <= shown {
		return ""
	}
	return fmt.Sprintf("and %s more%s", words.Count(all-shown), where)
}

// paused is what operators keep EXCS from writing to.
func (w viewer) paused() section {
	if len(w.Pauses) == 0 {
		return section{}
	}
	shown := w.Pauses[:min(len(w.Pauses), Few)]
	s := section{
		Title: "Paused", Count: words.Count(len(w.Pauses)), Level: note, More: more(len(w.Pauses), len(shown), ""),
		Lead: "Nothing in them is written. What if resumed shows the plan that would follow, and the hash with which to resume.",
	}
	for _, p := range shown {
		r := objectRow{Name: scopeOf(p), Text: words.Plain(p.Note, words.ReasonShown), Age: words.Age(p.Since, w.At), At: words.Clock(p.Since, w.At, w.Location()), Buttons: []button{w.resume(p.Scope)}}
		if r.Text == "" {
			r.Text = "no reason given"
		}
		if p.Resting > 0 {
			r.Chip, r.Level = words.Some(p.Resting, "object")+" at rest", note
		}
		r.Key = "by " + cmp.Or(words.Plain(p.Who, words.NameShown), "somebody")
		s.Rows = append(s.Rows, r)
	}
	return s
}

// scopeOf names what is paused: everything, a kind, or an object.
func scopeOf(p run.Rest) string {
	switch {
	case !p.Key.IsZero():
		return strings.TrimSpace(p.Key.String() + " " + words.Plain(p.Name, words.NameShown))
	case p.Kind != "":
		return "All " + strings.ToLower(words.Title(p.Kind))
	default:
		return "Everything"
	}
}

// stopped is the last plan as far as it was held.
func (w viewer) stopped() section {
	p := w.Stopped
	if p.Count == 0 && p.WentBack == "" {
		return section{}
	}
	s := section{
		Title: "Held", Count: words.Count(p.Count), Level: watch, Buttons: []button{w.plan()},
		Lead: fmt.Sprintf("The last plan, %s, waits with these changes. An approval holds for this very set; what comes later is not covered.", words.ShortHash(p.Hash)),
	}
	if p.WentBack != "" {
		s.Level = trouble
	}
	switch {
	case p.Count == 0:
		s.Title, s.Count, s.Lead = "Source to accept", "", "Engage was restored from a backup, migrated, or read from a replica that lags. Accept it only if it is meant to decide from now on."
	case p.First:
		s.Title, s.Lead = "First plan", fmt.Sprintf("Plan %s is this tenant's first. Look at all of it before you approve it; until then nothing is written.", words.ShortHash(p.Hash))
	}
	s.Groups = w.decisions(p)
	for _, l := range p.Lines {
		s.Rows = append(s.Rows, w.heldRow(l))
	}
	s.More = more(p.Count, len(p.Lines), ": Plan shows all")
	return s
}

// decisions are what an operator can approve: the source, everything, or one kind.
func (w viewer) decisions(p run.Stopped) []group {
	var groups []group
	if p.WentBack != "" {
		groups = append(groups, group{Title: "Source", Text: sentence(p.WentBack) + ".", Buttons: []button{w.acceptSource(cmp.Or(p.Database, p.Source))}})
	}
	open, kinds := 0, 0
	for _, g := range p.Groups {
		open += g.Open
		if g.Open > 0 {
			kinds++
		}
	}
	if open > 0 && (p.First || kinds > 1) {
		groups = append(groups, group{Title: "All kinds", Text: words.Some(open, "change") + " can be approved, hash " + words.ShortHash(p.All) + ".", Buttons: []button{w.approveAll(p.All, open, p.First)}})
	}
	for _, g := range p.Groups {
		// Nobody approves a first plan by halves, and the table above counts its kinds.
		if !p.First || g.Open == 0 {
			groups = append(groups, w.decision(g))
		}
	}
	return groups
}

func (w viewer) decision(g run.StoppedGroup) group {
	var parts []string
	if g.Open > 0 {
		parts = append(parts, words.Some(g.Open, "change")+" can be approved, hash "+words.ShortHash(g.Hash))
	}
	if g.Approved > 0 {
		parts = append(parts, fmt.Sprintf("%s %s approved for the next run", words.Count(g.Approved), words.IsAre(g.Approved)))
	}
	if g.Bound > 0 {
		parts = append(parts, fmt.Sprintf("%s can not be approved, only proven by a later read or with what %s", words.Count(g.Bound), hangs(g.Bound)))
	}
	d := group{Title: words.Title(g.Kind), Text: strings.Join(parts, "; ") + "."}
	if g.Open > 0 {
		d.Buttons = []button{w.approve(g.Kind, g.Hash, g.Open)}
	}
	return d
}

func hangs(n int) string {
	if n == 1 {
		return "it hangs on"
	}
	return "they hang on"
}

func (w viewer) heldRow(l run.StoppedLine) objectRow {
	r := w.row(l.Named, w.explain(l.Key))
	r.Chip, r.Level = string(l.Action), watch
	if l.Action.Removes() {
		r.Level = trouble
	}
	if l.Approved {
		r.Chip, r.Level = string(l.Action)+", approved", well
	}
	return r
}

// quarantined is what failed for good, and the dead-letter queue. The rows are those of the mapping table: whoever
// receives from a FIFO queue hides the letter, and every other letter of its object, from a replay at the same time.
func (w viewer) quarantined() section {
	n := w.quarantine()
	if n == 0 && w.Dead == 0 {
		return section{}
	}
	s := section{
		Title: "In quarantine", Count: words.Count(n), Level: trouble, Buttons: []button{w.replayDry(), w.replayAll(w.Dead)}, More: more(n, len(w.Quarantined), listed),
		Lead: "Remove the cause, then replay. An object whose dead letter is gone after 14 days is released instead.",
	}
	switch {
	case w.DeadFailure != "":
	case w.Dead > n:
		s.Lead += fmt.Sprintf(" The dead-letter queue holds %s, more than objects here: a dry run tells of each.", words.Some(w.Dead, "letter"))
	default:
		s.Lead += fmt.Sprintf(" The dead-letter queue holds %s.", words.Some(w.Dead, "letter"))
	}
	if s.More != "" {
		s.Buttons = append([]button{w.list()}, s.Buttons...)
	}
	for _, q := range w.Quarantined {
		s.Rows = append(s.Rows, w.row(q, w.explain(q.Key), w.replayOne(q.Key), w.release(q.Key)))
	}
	return s
}

// simple is a section of rows with Explain beside each.
func (w viewer) simple(title, lead string, n int, rows []run.Named) section {
	if n == 0 {
		return section{}
	}
	s := section{Title: title, Count: words.Count(n), Level: watch, Lead: lead, More: more(n, len(rows), listed)}
	for _, r := range rows {
		s.Rows = append(s.Rows, w.row(r, w.explain(r.Key)))
	}
	if s.More != "" {
		s.Buttons = []button{w.list()}
	}
	return s
}

func (w viewer) invisible() section {
	return w.simple("Invisible", "They are in the EX Org and EXCS can not see them: grant the OAuth client's role in all divisions.", w.lost(), w.Invisible)
}

func (w viewer) fought() section {
	return w.simple("Changed back again and again", "Somebody or something sets these to other values than Engage. EXCS stands back for an hour each time; end it on one side.", w.DampedCount, w.Damped)
}

func (w viewer) rejected() section {
	return w.simple("Rejected", "They can not become EX Org objects as Engage has them. The reason says what to correct there.", w.rejects(), w.Rejected)
}

// orphaned only counts: an orphan is no fault.
// acts are what operators did last: who comes on duty sees what was decided before.
func (w viewer) acts() section {
	shown := w.Acts[:min(len(w.Acts), Few)]
	if len(shown) == 0 {
		return section{}
	}
	s := section{Title: "Done by operators", Level: note, Lead: "The latest first. What they did to one object stands in its explanation, and all of it in the log."}
	for _, a := range shown {
		s.Rows = append(s.Rows, objectRow{
			Name: string(a.Action) + " " + words.Plain(a.What, words.NameShown), Key: "by " + cmp.Or(words.Plain(a.Who, words.NameShown), "somebody"),
			Text: words.Plain(a.Note, words.ReasonShown), Age: words.Age(a.At, w.At), At: words.Clock(a.At, w.At, w.Location()),
		})
	}
	return s
}

func (w viewer) orphaned() section {
	n := w.orphans()
	if n == 0 {
		return section{}
	}
	return section{
		Title: "Orphaned", Count: words.Count(n), Level: note, Buttons: []button{w.list()},
		Lead: "Their Engage objects are gone. EXCS does not write to them; keep them or delete them in the EX Org. The list names users that can still log in first.",
	}
}
