package main

import (
	"context"
	"strings"

	"excs/shared/doctor"
)

// DoctorAnswer is the answer to doctor: one line for each check, and the worst verdict.
type DoctorAnswer struct {
	Verdict doctor.Verdict `json:"verdict"`
	Lines   []doctor.Line  `json:"lines"`
}

// doctor checks everything that a first plan needs. It answers where every other action is refused, too: that is when it is asked.
func (h *Handler) doctor(ctx context.Context, _ request) (shown, error) {
	c := h.Doctor
	c.Lacks, c.Outdated, c.Now = h.Lacks(), h.Outdated(), h.now
	lines := doctor.Check(ctx, c)
	return DoctorAnswer{Verdict: doctor.Worst(lines), Lines: lines}, nil
}

func (a DoctorAnswer) title() string {
	n := 0
	for _, l := range a.Lines {
		if l.Verdict == doctor.Wrong || l.Verdict == doctor.Warning {
			n++
		}
	}
	if n == 0 {
		return "Everything is as it must be"
	}
	return some(n, "check needs", "checks need") + " your eye"
}

func (a DoctorAnswer) text() string {
	lines := []string{a.title()}
	for _, l := range a.Lines {
		lines = append(lines, "  "+plain(l.String()))
	}
	return strings.Join(lines, "\n") + "\n"
}
