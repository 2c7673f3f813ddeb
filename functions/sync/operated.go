package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"excs/shared/mapping"
	"excs/shared/plan"
	"excs/shared/run"
	"excs/shared/widget/words"
)

// pausedLines says what is paused, one line a pause.
func pausedLines(indent string, pauses mapping.Pauses) []string {
	lines := make([]string, 0, len(pauses))
	for i, p := range pauses {
		if i == keysShown {
			return append(lines, fmt.Sprintf("%sand %d pauses more", indent, len(pauses)-i))
		}
		lines = append(lines, indent+"PAUSED "+plain(p.Why()))
	}
	return lines
}

// approvalLine says what operators approved and no run has made yet.
func approvalLine(a run.Approval) string {
	what := fmt.Sprintf("approved: %s of kind %s", words.Some(a.Changes, "change"), a.Kind)
	if a.Source {
		what = "approved: the source as it is now"
	}
	return what + ", until " + stamp(a.Until) + signature(a.By)
}

func signature(by run.By) string {
	text := ""
	if by.Who != "" {
		text += ", by " + plain(by.Who)
	}
	if by.Note != "" {
		text += ": " + plain(by.Note)
	}
	return text
}

func (s StatusAnswer) decisionLines() []string {
	lines := make([]string, 0, len(s.Approvals))
	for _, a := range s.Approvals {
		lines = append(lines, "  "+approvalLine(a))
	}
	return lines
}

// actsShown is how many acts of operators a text names; the JSON answer has them all.
const actsShown = 5

// actLines are what operators did last, the latest first.
func (s StatusAnswer) actLines() []string {
	var lines []string
	for _, a := range s.Acts[:min(len(s.Acts), actsShown)] {
		line := fmt.Sprintf("  %s %s: %s", stamp(a.At), a.Action, plain(a.What))
		if a.Who != "" {
			line += " by " + plain(a.Who)
		}
		if a.Note != "" {
			line += ": " + plain(a.Note)
		}
		lines = append(lines, line)
	}
	return lines
}

func (s StatusAnswer) queueLines() []string {
	lines := []string{fmt.Sprintf("  messages: %d waiting, %d in flight", s.Waiting, s.InFlight)}
	if s.DeadLetters != nil {
		lines = append(lines, fmt.Sprintf("  dead letters: %d", *s.DeadLetters))
	}
	return lines
}

// runLines are the last runs, the latest first.
func (s StatusAnswer) runLines() []string {
	lines := make([]string, 0, len(s.Runs))
	for _, r := range slices.Backward(s.Runs) {
		lines = append(lines, "  "+runLine(r))
	}
	return lines
}

// runLine says what one of the last runs did.
func runLine(r run.Ran) string {
	line := fmt.Sprintf("run %d at %s: ", r.Run, stamp(r.At))
	switch {
	case r.Failed != "":
		return line + "failed: " + plain(r.Failed)
	case r.Idle > 1:
		line += fmt.Sprintf("nothing to do, as in the %d before", r.Idle-1)
	case r.Idle == 1:
		line += "nothing to do"
	default:
		line += words.Some(r.Changes, "change")
	}
	if r.Held > 0 {
		line += fmt.Sprintf(", %d held", r.Held)
	}
	if r.Resting > 0 {
		line += fmt.Sprintf(" (%d of them paused)", r.Resting)
	}
	if r.Rejects > 0 {
		line += fmt.Sprintf(", %d rejected", r.Rejects)
	}
	return line
}

// PauseAnswer is the answer to pause: what stands still now.
type PauseAnswer struct {
	run.Standstill
	resume string
}

func (a PauseAnswer) title() string {
	if len(a.Set) == 1 {
		return "Paused: " + a.Set[0].String()
	}
	return fmt.Sprintf("Paused: %d kinds or objects", len(a.Set))
}

func (a PauseAnswer) text() string {
	lines := append([]string{a.title()}, pausedLines("  ", a.Paused)...)
	for _, p := range a.Stood {
		lines = append(lines, "It was paused already: "+plain(p.Why())+". That pause has this end and this note now.")
	}
	if a.InFlight > 0 {
		lines = append(lines, fmt.Sprintf("%s in the hands of workers: an object whose writing has begun is finished, the next is not begun.", some(a.InFlight, "message is", "messages are")))
	}
	return strings.Join(append(lines,
		"Nothing is written to what is paused until it is resumed, and nothing is lost: what changes meanwhile is caught up.",
		a.ends(),
		"Next: "+a.resume+" shows the plan that would follow."), "\n") + "\n"
}

// ends says when the pause is over without anybody.
func (a PauseAnswer) ends() string {
	if len(a.Set) == 0 || a.Set[0].Until.IsZero() {
		return "It has no end: it stands until somebody resumes it."
	}
	return "It ends by itself at " + stamp(a.Set[0].Until) + ", and the run after that carries out what changed meanwhile, within the guard."
}

// ResumeAnswer is the JSON answer to resume: the plan that follows, as PlanAnswer has it, what ends and what is looked at
// again. Command is the payload that resumes with this plan, "" once it has.
type ResumeAnswer struct {
	run.Resumption
	Plan    json.RawMessage `json:"plan"`
	Command string          `json:"command,omitempty"`
}

// resumption is a run.Resumption with the payload that carries it out.
type resumption struct {
	out    run.Resumption
	resume string
}

// MarshalJSON writes a ResumeAnswer.
func (r resumption) MarshalJSON() ([]byte, error) {
	text, err := r.planned().report.Plan.Render(plan.FormatJSON, plan.Options{})
	if err != nil {
		return nil, err
	}
	a := ResumeAnswer{Resumption: r.out, Plan: json.RawMessage(text), Command: r.resume}
	if r.out.Resumed {
		a.Command = ""
	}
	return json.Marshal(a)
}

// planned is the plan with the sentences below it.
func (r resumption) planned() planned {
	did := "Nothing was written. Resume with exactly this plan: " + r.resume
	switch {
	case r.out.Unfinished != "":
		did = "The pauses have ended, but what follows failed and is left to the next run: " + plain(r.out.Unfinished)
	case r.out.Resumed:
		did = didRun(r.out.Report)
	}
	p := plannedBy(r.out.Report, did)
	p.rests = append(p.rests, r.begins()...)
	return p
}

// begins says what begins again beside the plan.
func (r resumption) begins() []string {
	lines := make([]string, 0, len(r.out.Ended)+len(r.out.Objects)+2)
	word := "To be resumed: "
	if r.out.Resumed {
		word = "Resumed: "
	}
	for _, p := range r.out.Ended {
		lines = append(lines, word+plain(p.Why()))
	}
	if n := len(r.out.Objects) + r.out.More; n > 0 {
		lines = append(lines, some(n, "object was on its way or changed in the EX Org meanwhile, and is", "objects were on their way or changed in the EX Org meanwhile, and are")+" looked at again:")
	}
	for _, o := range r.out.Objects {
		lines = append(lines, fmt.Sprintf("  %s %s since %s", o.Action, o.Key, stamp(o.Since)))
	}
	if r.out.More > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more", r.out.More))
	}
	return lines
}

// some writes a number with its noun and verb.
func some(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func (r resumption) title() string { return "" } // the plan's own Markdown has one

func (r resumption) text() string { return r.planned().text() }

func (r resumption) markdown() string { return r.planned().markdown() }

func (a ReleaseAnswer) title() string {
	return fmt.Sprintf("Released: %d of %d", a.Released, len(a.Objects))
}

func (a ReleaseAnswer) text() string {
	lines := []string{a.title()}
	for _, o := range a.Objects {
		line := fmt.Sprintf("  %s was %s", o.Key, o.Was)
		if o.Reason != "" {
			line += " (" + plain(o.Reason) + ")"
		}
		lines = append(lines, line+": "+plain(o.Why))
	}
	return strings.Join(lines, "\n") + "\n"
}

func (a LinkAnswer) title() string { return fmt.Sprintf("Linked: %s to %s", a.Key, plain(a.EXID)) }

func (a LinkAnswer) text() string {
	lines := []string{a.title()}
	if a.Former != "" {
		left := "it is gone or others have it too"
		if !a.Left.IsZero() {
			left = "it is left as the orphan " + a.Left.String() + ": remove it in the EX Org if nobody needs it"
		}
		lines = append(lines, "  the EX object that it had is "+plain(a.Former)+"; "+left)
	}
	if len(a.TakenFrom) > 0 {
		lines = append(lines, "  taken from "+strings.Join(keysOf(a.TakenFrom), ", ")+", which is gone from Engage")
	}
	return strings.Join(append(lines, "Next: "+plain(a.Next)), "\n") + "\n"
}

func (a ForgetAnswer) title() string { return fmt.Sprintf("Forgotten: %d", len(a.Objects)) }

func (a ForgetAnswer) text() string {
	lines := []string{a.title()}
	for _, o := range a.Objects {
		line := fmt.Sprintf("  %s was %s", o.Key, o.State)
		if o.EXID != "" {
			line += ", the EX object " + plain(o.EXID) + " stays as it is"
		}
		lines = append(lines, line+": "+o.Next)
	}
	return strings.Join(lines, "\n") + "\n"
}
