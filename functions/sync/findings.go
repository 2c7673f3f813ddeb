package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"strings"

	"excs/shared/run"
)

// FindingsAnswer is the answer to report: what the administrators of Engage and of the EX Org have to correct.
type FindingsAnswer struct {
	Counts   map[string]int `json:"counts"`
	Findings []run.Finding  `json:"findings"`
	// Omitted counts findings that are not shown: a Lambda answers at most 6 MB. Kinds narrow the report.
	Omitted int `json:"omitted,omitempty"`
}

// findingsShown bounds an answer.
const findingsShown = 10_000

func (h *Handler) report(ctx context.Context, r request) (shown, error) {
	list, err := h.Operator.Report(ctx, r.Kinds)
	if err != nil {
		return nil, err
	}
	a := FindingsAnswer{Counts: map[string]int{}, Findings: append([]run.Finding{}, list...)}
	for _, f := range list {
		a.Counts[f.What]++
	}
	if over := len(list) - findingsShown; over > 0 {
		a.Findings, a.Omitted = a.Findings[:findingsShown], over
	}
	return a, nil
}

func (a FindingsAnswer) title() string {
	if len(a.Findings) == 0 {
		return "Nothing is to be corrected"
	}
	return "To be corrected: " + some(len(a.Findings)+a.Omitted, "finding", "findings")
}

func (a FindingsAnswer) text() string {
	lines := []string{a.title()}
	for _, what := range run.Findings() {
		n := a.Counts[what]
		if n == 0 {
			continue
		}
		lines = append(lines, "", fmt.Sprintf("%s: %d", what, n))
		for _, f := range a.Findings {
			if f.What == what {
				lines = append(lines, "  "+findingLine(f))
			}
		}
	}
	if a.Omitted > 0 {
		lines = append(lines, "", fmt.Sprintf("and %d more: narrow the report with kinds", a.Omitted))
	}
	return strings.Join(lines, "\n") + "\n"
}

func findingLine(f run.Finding) string {
	line := f.Key.String()
	if f.Name != "" {
		line += " " + plain(f.Name)
	}
	if f.Number != "" {
		line += " (" + plain(f.Number) + ")"
	}
	if !f.Since.IsZero() {
		line += " since " + stamp(f.Since)
	}
	return line + ": " + plain(f.Reason)
}

// csv is the report as a spreadsheet takes it, one line a finding.
func (a FindingsAnswer) csv() (string, error) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	records := [][]string{{"what", "key", "name", "number", "since", "reason", "correct in", "EX id"}}
	for _, f := range a.Findings {
		since := ""
		if !f.Since.IsZero() {
			since = stamp(f.Since)
		}
		records = append(records, []string{f.What, f.Key.String(), cell(f.Name), cell(f.Number), since, cell(f.Reason), f.Correct, cell(f.EXID)})
	}
	if err := w.WriteAll(records); err != nil {
		return "", fmt.Errorf("write the report: %w", err)
	}
	return b.String(), nil
}

// cell makes a text harmless for a spreadsheet, which takes one that begins like a formula for a formula.
func cell(text string) string {
	text = plain(text)
	if strings.ContainsAny(firstOf(text), "=+-@") {
		return "'" + text
	}
	return text
}

func firstOf(text string) string {
	if text == "" {
		return ""
	}
	return text[:1]
}
