package main

import (
	"excs/shared/explain"
	"excs/shared/verify"
)

// VerifyAnswer is the answer to verify: what the sweep saw and queued, per kind, and its findings.
type VerifyAnswer struct{ verify.Report }

func (a VerifyAnswer) title() string {
	if a.Dry {
		return "What a verify would find"
	}
	return "Verify"
}

func (a VerifyAnswer) text() string { return a.Report.Text() }

// ExplainAnswer is the answer to explain: the rows of Engage, the rule behind each field, what is desired and observed,
// and what would happen next.
type ExplainAnswer struct{ explain.Explanation }

func (a ExplainAnswer) title() string { return "Why " + a.Key.String() + " is as it is" }

func (a ExplainAnswer) text() string { return a.Explanation.Text() }
