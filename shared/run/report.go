package run

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// Finding is one line of the report for the Engage administrator: an object that somebody must correct, and where.
type Finding struct {
	// What is the sort of finding, one of Findings.
	What string    `json:"what"`
	Key  model.Key `json:"key"`
	// Name and Number are what the administrators of Engage know the object by; of one that Engage has not, the name is the EX Org's.
	Name   string    `json:"name,omitempty"`
	Number string    `json:"number,omitempty"`
	Since  time.Time `json:"since,omitzero"`
	Reason string    `json:"reason"`
	// Correct says where it is put right: "Engage" or "EX Org".
	Correct string `json:"correct"`
	EXID    string `json:"exId,omitempty"`
}

// The sorts of findings, in the order in which they are listed: what can do harm first.
const (
	FindingActiveOrphan = "user without a Person that can still log in"
	FindingRejected     = "cannot be built from Engage's data"
	FindingRefused      = "refused by the EX Org"
	FindingQuarantined  = "fails for good"
	FindingInvisible    = "invisible to EXCS"
	FindingOrphan       = "left behind in the EX Org"
	FindingNote         = "to be known"
)

// Findings lists the sorts in order.
func Findings() []string {
	return []string{FindingActiveOrphan, FindingRejected, FindingRefused, FindingQuarantined, FindingInvisible, FindingOrphan, FindingNote}
}

const (
	correctEngage = "Engage"
	correctOrg    = "EX Org"
)

// Report reads Engage and the table and tells what somebody must correct, limited to kinds if any are given. It writes nothing.
func (r *Runner) Report(ctx context.Context, kinds []model.Kind) ([]Finding, error) {
	ctx, side, err := r.enter(ctx)
	if err != nil {
		return nil, err
	}
	pauses, err := r.Table.Pauses(ctx)
	if err != nil {
		return nil, err
	}
	site, err := loadSite(ctx, r.Table)
	if err != nil {
		return nil, err
	}
	d, err := r.draft(ctx, side, site, Request{Cause: model.CauseManual}, pauses, nil)
	if err != nil {
		return nil, err
	}
	since, err := r.rejectsSince(ctx, d)
	if err != nil {
		return nil, err
	}
	called := d.snapshot.Called()
	findings := d.ofEngage(since, called)
	rows, err := r.List(ctx, kinds)
	if err != nil {
		return nil, err
	}
	listed, err := r.ofRows(ctx, rows, called)
	if err != nil {
		return nil, err
	}
	findings = slices.DeleteFunc(append(findings, listed...), func(f Finding) bool {
		return len(kinds) > 0 && !slices.Contains(kinds, f.Key.Kind)
	})
	slices.SortStableFunc(findings, func(a, b Finding) int {
		order := func(f Finding) int { return slices.Index(Findings(), f.What) }
		return cmp.Or(cmp.Compare(order(a), order(b)), a.Key.Compare(b.Key))
	})
	return findings, nil
}

// ofEngage are the findings that lie in Engage's data: what cannot be built, and what was handled all the same.
func (d *draft) ofEngage(since []rejected, called map[model.Key]model.Called) []Finding {
	var findings []Finding
	for _, j := range since {
		findings = append(findings, Finding{What: FindingRejected, Key: j.Key, Name: called[j.Key].Name, Number: called[j.Key].Number, Since: j.Since, Reason: j.Reason, Correct: correctEngage})
	}
	for _, n := range d.notes() {
		if n.Key.IsZero() {
			continue
		}
		findings = append(findings, Finding{What: FindingNote, Key: n.Key, Name: called[n.Key].Name, Number: called[n.Key].Number, Reason: n.Text, Correct: correctEngage})
	}
	return findings
}

// ofRows are the findings that rows tell of: orphans, refused parts, what fails for good or cannot be seen.
func (r *Runner) ofRows(ctx context.Context, listed []Listed, called map[model.Key]model.Called) ([]Finding, error) {
	keys := make([]model.Key, 0, len(listed))
	for _, l := range listed {
		keys = append(keys, l.Key)
	}
	rows, err := r.Table.GetMany(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("read the rows of what is listed: %w", err)
	}
	var findings []Finding
	for _, l := range listed {
		row, ok := rows[l.Key]
		if !ok {
			continue
		}
		f := Finding{Key: l.Key, Name: row.Desired.Name, Since: l.Since, Reason: l.Reason, Correct: correctOrg, EXID: l.EXID}
		if c, ok := called[l.Key]; ok {
			f.Name, f.Number = c.Name, c.Number
		}
		switch mapping.State(l.State) {
		case mapping.StateOrphan:
			f.What = FindingOrphan
			if l.Active {
				f.What = FindingActiveOrphan
			}
		case mapping.StateQuarantined:
			f.What = FindingQuarantined
		case mapping.StateInvisible:
			f.What = FindingInvisible
		default:
		}
		if len(row.Refused) > 0 && f.What != FindingActiveOrphan && f.What != FindingOrphan {
			findings = append(findings, refusedParts(f, row)...)
			continue
		}
		if f.What != "" {
			findings = append(findings, f)
		}
	}
	return findings, nil
}

// refusedParts is a finding for each part that the EX Org does not take.
func refusedParts(f Finding, row mapping.Row) []Finding {
	findings := make([]Finding, 0, len(row.Refused))
	for _, p := range row.Refused {
		one := f
		one.What, one.Since = FindingRefused, p.Since
		what := p.Part
		if name := cmp.Or(p.Name, p.Value); name != "" {
			what += " " + name
		}
		one.Reason = strings.TrimSpace(what + ": " + p.Reason)
		findings = append(findings, one)
	}
	return findings
}
