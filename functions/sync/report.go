package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/run"
	"excs/shared/widget/words"
)

// PlanAnswer is the JSON answer to plan and sync: what the run found and did (the fields of run.Report), and the plan as
// plan.Render writes it, with counts per kind, a line per object, and how many lines were left out.
type PlanAnswer struct {
	run.Report
	Plan json.RawMessage `json:"plan"`
}

// planned is a report with what is paused meanwhile, and the sentence that says what became of it.
type planned struct {
	report run.Report
	rests  []string
	did    string
}

func plannedBy(report run.Report, did string) planned {
	report.Plan.Run = report.Run
	report.FirstPlan = waitsForFirst(report.Plan)
	rests := pausedLines("", report.Paused)
	if n := report.Resting; n > 0 {
		rests = append(rests, fmt.Sprintf("%s for the end of a pause.", some(n, "change waits", "changes wait")))
	}
	return planned{report: report, rests: rests, did: did}
}

// waitsForFirst says whether the plan was only made. A tenant without an approved first plan whose organisation is empty
// needs no approval.
func waitsForFirst(p plan.Plan) bool {
	return slices.ContainsFunc(p.Held, func(h plan.Held) bool { return h.Code == plan.HeldFirstPlan })
}

func didRun(report run.Report) string {
	did := fmt.Sprintf("Run %d: %s sent, %d put back on the queue, %d looked at because asked for.", report.Run, words.Some(report.Sent, "message"), report.Requeued, report.Looks)
	if waitsForFirst(report.Plan) {
		did = "This tenant has no approved first plan: only the plan was made. " + did
	}
	return did
}

// MarshalJSON writes a PlanAnswer.
func (p planned) MarshalJSON() ([]byte, error) {
	text, err := p.report.Plan.Render(plan.FormatJSON, plan.Options{})
	if err != nil {
		return nil, err
	}
	return json.Marshal(PlanAnswer{Report: p.report, Plan: json.RawMessage(text)})
}

func (p planned) title() string { return "" } // the plan's own Markdown has one

func (p planned) text() string { return p.render(p.report.Plan.Text, p.rests) }

// markdown fences what operators wrote.
func (p planned) markdown() string {
	rests := p.rests
	if len(rests) > 0 {
		rests = append(strings.Split(inFence(strings.Join(rests, "\n")+"\n"), "\n"), "")
	}
	return p.render(p.report.Plan.Markdown, rests)
}

// render writes the plan and, below it, what else an operator must know.
func (p planned) render(write func(plan.Options) string, rests []string) string {
	lines := []string{strings.TrimRight(write(plan.Options{}), "\n"), ""}
	lines = append(append(lines, rests...), p.did)
	if db := p.report.Database; db.Waits() {
		lines = append(lines, "Another database: "+plain(db.Why)+". Nothing is done until it is accepted: "+plan.ApproveCommand(db.Hash))
	} else if p.report.WentBack != "" {
		lines = append(lines, "The source went back: "+plain(p.report.WentBack)+". Nothing is removed until it is accepted: "+plan.ApproveCommand(p.report.SourceHash))
	}
	for _, table := range slices.Sorted(maps.Keys(p.report.Doubts)) {
		lines = append(lines, "Not proven: "+plain(p.report.Doubts[table]))
	}
	return strings.Join(lines, "\n") + "\n"
}

// DecisionAnswer is the answer to approve and discard: the keys that are covered, until when, and what happens next.
type DecisionAnswer struct {
	run.Decision
	did string
}

func decided(did string, d run.Decision) DecisionAnswer {
	if d.Changes == nil {
		d.Changes = []model.Key{}
	}
	return DecisionAnswer{Decision: d, did: did}
}

func (d DecisionAnswer) title() string { return d.did + ": " + words.Some(len(d.Changes), "change") }

// keysShown is how many keys a text names; the JSON answer has them all.
const keysShown = 200

func (d DecisionAnswer) text() string {
	lines := []string{d.title()}
	if e := d.Earlier; e != nil {
		lines = append(lines, "Already approved"+signature(run.By{Who: e.Who})+" at "+stamp(e.At)+".")
	}
	for i, key := range d.Changes {
		if i == keysShown {
			lines = append(lines, fmt.Sprintf("  and %d more", len(d.Changes)-i))
			break
		}
		lines = append(lines, "  "+key.String())
	}
	if d.Source {
		lines = append(lines, "The source as it is now is accepted.")
	}
	if d.FirstPlan {
		lines = append(lines, "The tenant's first plan is approved.")
	}
	if d.Released > 0 {
		lines = append(lines, some(d.Released, "of them was held by a worker and is on the queue again.", "of them were held by a worker and are on the queue again."))
	}
	if n := len(d.Paused); n > 0 {
		lines = append(lines, some(n, "is paused and stays", "are paused and stay")+" held: approve again when the pause has ended.")
	}
	if !d.Until.IsZero() {
		lines = append(lines, "Valid until "+stamp(d.Until)+".")
	}
	return strings.Join(append(lines, "Next: "+d.Next), "\n") + "\n"
}
