package widget

import (
	"fmt"
	"slices"

	"excs/shared/run"
	"excs/shared/telemetry"
	"excs/shared/widget/words"
)

// level says how much something wants a person. Its text is the class in the style sheet.
type level string

// The levels, mildest first.
const (
	well    level = ""
	note    level = "note"    // to know
	watch   level = "watch"   // to look at
	trouble level = "trouble" // to act on
)

func (l level) rank() int { return slices.Index([]level{well, note, watch, trouble}, l) }

// slowAfter is from which age on an object on its way wants a look: the age of the alarm.
const slowAfter = telemetry.UnconvergedFor

// verdict is the answer to "is all well?", with what is not, worst first.
type verdict struct {
	Level    level
	Word     string
	Text     string
	Findings []finding
}

type finding struct {
	Level level
	Text  string
}

func (w viewer) verdict() verdict {
	var v verdict
	for _, f := range slices.Concat(w.aboutReads(), w.aboutObjects(), w.aboutDecisions(), w.aboutUs()) {
		if f.Text != "" {
			v.Findings = append(v.Findings, f)
		}
	}
	slices.SortStableFunc(v.Findings, func(a, b finding) int { return b.Level.rank() - a.Level.rank() })
	if len(v.Findings) > 0 {
		v.Level = v.Findings[0].Level
	}
	switch {
	case v.Level == trouble:
		v.Word = "Action needed"
	case v.Level == watch:
		v.Word = "Needs a look"
	case len(w.Pauses) > 0:
		v.Word = "Paused"
	case w.LastRun == 0:
		v.Word = "Nothing has run yet"
	default:
		v.Word, v.Text = "All is well", w.content()
	}
	return v
}

// content says in one line what is well.
func (w viewer) content() string {
	converged := w.total(func(t run.Tally) int { return t.Converged })
	text := fmt.Sprintf("%s %s as Engage wants", words.Some(converged, "object"), words.IsAre(converged))
	if n := w.waiting(); n > 0 {
		text += fmt.Sprintf(", %s %s on the way", words.Count(n), words.IsAre(n))
	}
	return text + "."
}

// aboutReads finds what is wrong with the reads of Engage.
func (w viewer) aboutReads() []finding {
	var found []finding
	add := func(l level, format string, args ...any) {
		found = append(found, finding{l, fmt.Sprintf(format, args...)})
	}
	if f := w.OtherOrg; f != nil {
		add(trouble, "The credentials lead to another organisation: %s, and not %s. Nothing is written until the EX Org secret is corrected.", sentence(f.Have.String()), sentence(f.Want.String()))
	}
	switch {
	case w.ProofFailed > 1:
		add(trouble, "%s in a row could not read Engage completely: %s. Nothing changes on its account until one can.", words.Some(w.ProofFailed, "run"), sentence(w.ProofFailure))
	case w.ProofFailed == 1:
		add(watch, "The last run could not read Engage completely: %s.", sentence(w.ProofFailure))
	}
	if w.late() {
		add(watch, "The last run was %s ago: see whether the schedule runs.", words.Age(w.ranAt(), w.At))
	}
	switch {
	case w.Stopped.Database != "":
		add(trouble, "Engage is another database: %s. Nothing is done until it is accepted.", sentence(w.Stopped.WentBack))
	case w.Stopped.WentBack != "":
		add(trouble, "The source went back: %s. Nothing is removed until it is accepted.", sentence(w.Stopped.WentBack))
	case !w.WentBack.IsZero():
		add(trouble, "The source went back %s ago: nothing is removed until it is accepted.", words.Age(w.WentBack, w.At))
	}
	if w.LastRun == 0 {
		add(note, "The first run reads Engage and makes a plan.")
	}
	return found
}

// aboutObjects finds objects that do not get on by themselves.
func (w viewer) aboutObjects() []finding {
	var found []finding
	n := w.quarantine()
	switch {
	case n > 0:
		found = append(found, finding{trouble, fmt.Sprintf("%s %s in quarantine: failed for good, until somebody replays or releases.", words.Some(n, "object"), words.IsAre(n))})
	case w.Dead > 0:
		found = append(found, finding{trouble, fmt.Sprintf("The dead-letter queue holds %s.", words.Some(w.Dead, "letter"))})
	}
	if n := w.lost(); n > 0 {
		found = append(found, finding{watch, fmt.Sprintf("%s in the EX Org can not be seen: grant the OAuth client's role in all divisions.", words.Some(n, "object"))})
	}
	if n := w.DampedCount; n > 0 {
		found = append(found, finding{watch, fmt.Sprintf("%s %s changed back again and again by somebody.", words.Some(n, "object"), words.IsAre(n))})
	}
	if !w.Oldest.IsZero() && w.At.Sub(w.Oldest) >= slowAfter {
		found = append(found, finding{watch, fmt.Sprintf("%s has been on its way for %s.", w.OldestKey, words.Age(w.Oldest, w.At))})
	}
	if n := w.rejects(); n > 0 {
		found = append(found, finding{watch, fmt.Sprintf("%s of Engage %s rejected: correct in Engage what the reason names.", words.Some(n, "object"), words.IsAre(n))})
	}
	return found
}

// aboutDecisions finds what waits for an operator's word.
func (w viewer) aboutDecisions() []finding {
	open, bound := 0, 0
	for _, g := range w.Stopped.Groups {
		open += g.Open
		bound += g.Bound
	}
	var found []finding
	switch {
	case w.Stopped.First && open > 0:
		found = append(found, finding{watch, fmt.Sprintf("This tenant has no approved first plan: nothing is written until you approve %s.", words.Some(open, "change"))})
	case open > 0:
		found = append(found, finding{watch, fmt.Sprintf("%s %s held for your approval.", words.Some(open, "change"), words.IsAre(open))})
	case bound > 0:
		found = append(found, finding{watch, fmt.Sprintf("%s %s held until a read proves them.", words.Some(bound, "change"), words.IsAre(bound))})
	}
	if n := len(w.Pauses); n > 0 {
		found = append(found, finding{note, fmt.Sprintf("%s %s in force: nothing in them is written.", words.Some(n, "pause"), words.IsAre(n))})
	}
	return found
}

// aboutUs finds what the dashboard itself could not read.
func (w viewer) aboutUs() []finding {
	var found []finding
	if w.DepthFailure != "" {
		found = append(found, finding{watch, "The work queue's depth could not be read: " + sentence(w.DepthFailure) + "."})
	}
	if w.DeadFailure != "" {
		found = append(found, finding{watch, "The dead-letter queue's depth could not be read: " + sentence(w.DeadFailure) + "."})
	}
	return found
}
