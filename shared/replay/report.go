package replay

import (
	"cmp"
	"slices"
	"time"

	"excs/shared/model"
	"excs/shared/queue"
)

// Report says what a replay did with each letter, or what it would do when it was a dry run.
type Report struct {
	Dry bool `json:"dryRun"`
	// Counts are complete whatever the lists leave out.
	Counts Counts `json:"counts"`
	// Moved are letters whose objects get a look; Dropped those that no look is needed for. Both are off the queue.
	Moved   []Line `json:"moved"`
	Dropped []Line `json:"dropped"`
	// Left are letters that were looked at and stay; More is how many of them are not listed.
	Left []Line `json:"left"`
	More int    `json:"more,omitempty"`
	// Remaining is how many letters the dead-letter queue holds afterwards, roughly on SQS; -1: that could not be read.
	Remaining int `json:"remaining"`
	// Stopped says why the replay ended before it had looked at every letter; "" when it had.
	Stopped string `json:"stopped,omitempty"`
}

// Counts counts letters, and the objects that get a look.
type Counts struct {
	Letters int `json:"letters"`
	Moved   int `json:"moved"`
	Dropped int `json:"dropped"`
	Left    int `json:"left"`
	Objects int `json:"objects"`
}

// Acts says whether the replay changed anything, or would.
func (r Report) Acts() bool { return r.Counts.Moved+r.Counts.Dropped > 0 }

// Line is one letter. It holds a reason, which may name a person: it is for the operator who asked, not for a log.
type Line struct {
	// Key is zero when the letter can not be read.
	Key model.Key `json:"key,omitzero"`
	// ID is the queue's id of the letter.
	ID string `json:"id"`
	// Reason is why the object failed, cut to reasonShown characters; Code its sort, "" for letters that no worker wrote.
	Reason string     `json:"reason"`
	Code   model.Code `json:"code,omitempty"`
	// Since is when the object failed for good.
	Since    time.Time `json:"since"`
	Attempts int       `json:"attempts,omitempty"`
	// Why says what was done with the letter and why.
	Why string `json:"why"`
	// Body is how a letter that can not be read begins.
	Body string `json:"body,omitempty"`
}

// A Lambda answer has at most 6 MB: what is left may be ten thousand letters, and a reason may hold the EX Org's whole answer.
const (
	leftShown   = 500
	reasonShown = 500
	bodyShown   = 200
)

func newReport(req Request) Report {
	return Report{Dry: req.Dry, Moved: []Line{}, Dropped: []Line{}, Left: []Line{}}
}

// tell puts a letter into the report.
func (r *Report) tell(l queue.Received, a act, why string) {
	line := lineOf(l, why)
	switch a {
	case send, join:
		r.Counts.Moved++
		r.Moved = append(r.Moved, line)
	case drop:
		r.Counts.Dropped++
		r.Dropped = append(r.Dropped, line)
	default:
		r.Counts.Left++
		if len(r.Left) == leftShown {
			r.More++
			return
		}
		r.Left = append(r.Left, line)
	}
}

// sort puts the lines in order, oldest first: queues promise none between objects.
func (r *Report) sort() {
	for _, lines := range [][]Line{r.Moved, r.Dropped, r.Left} {
		slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Or(a.Since.Compare(b.Since), a.Key.Compare(b.Key)) })
	}
}

func lineOf(l queue.Received, why string) Line {
	line := Line{Key: l.Key, ID: l.ID, Reason: cut(reasonOf(l), reasonShown), Code: l.Code, Since: l.At.UTC(), Attempts: l.Attempts, Why: why}
	if l.At.IsZero() {
		line.Since = l.Sent.UTC()
	}
	if l.Err != nil {
		line.Code, line.Body = model.CodeOf(l.Err), cut(l.Body, bodyShown)
	}
	return line
}

// cut shortens a text to so many characters.
func cut(text string, most int) string {
	n := 0
	for i := range text {
		if n == most {
			return text[:i] + "…"
		}
		n++
	}
	return text
}
