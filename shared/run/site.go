package run

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"excs/shared/model"
)

// Documents is the part of the mapping table that keeps what one run leaves for the next.
type Documents interface {
	GetDocument(ctx context.Context, name string) ([]byte, error)
	PutDocument(ctx context.Context, name string, run int64, body []byte) error
	DeleteDocument(ctx context.Context, name string) error
}

// The names of the documents.
const (
	docSite      = "site"
	docHints     = "hints"
	docHeld      = "held"
	docApprovals = "approvals"
	docRejects   = "rejects"
	docLookups   = "lookups"
)

// Site is what runs remember of the tenant. It is read and written once a run.
type Site struct {
	// Deployed is the hash of the document of the settings and the version that the last run had.
	Deployed string `json:"deployed,omitempty"`
	// Told is what the last whole run held and rejected, as the history has it.
	Told string `json:"told,omitempty"`
	// Table is the name of the table that the document was written into. Releases that do not know the table's id tell a
	// restored table by it.
	Table string `json:"table"`
	// FirstPlan says when and under which hash the first plan was approved; zero: only plans are made.
	FirstPlan     time.Time `json:"firstPlan,omitzero"`
	FirstPlanHash string    `json:"firstPlanHash,omitempty"`
	// FirstRun says when a whole run carried the first plan out, with every adoption in it. Until then runs list the whole
	// organisation: the run after the approval must find again what the plan showed.
	FirstRun time.Time `json:"firstRun,omitzero"`

	Memory model.Memory `json:"memory"`
	// Identities says what is remembered of who the mapped Persons and DNs are; zero: nothing yet.
	Identities Known `json:"identities,omitzero"`
	// Database is another database than the one that was remembered, since it was first seen.
	Database Database `json:"database,omitzero"`
	// EmptySince is when all objects of a kind were first gone at once.
	EmptySince map[model.Kind]time.Time `json:"emptySince,omitempty"`
	// SettingsHash is the hash of the settings under which the last run removed things freely.
	SettingsHash string `json:"settingsHash,omitempty"`
	// Mapped and Memberships are the counts after the last run.
	Mapped      map[model.Kind]int `json:"mapped,omitempty"`
	Memberships int                `json:"memberships,omitempty"`
	// Baseline are earlier counts, one an hour for a day, for the guard's shares.
	Baseline []Point `json:"baseline,omitempty"`

	// LastWhole is when a run of everything was last made: a read after a gap has the allowances of the hours since.
	LastWhole    time.Time `json:"lastWhole,omitzero"`
	LastRun      int64     `json:"lastRun,omitempty"`
	LastProven   time.Time `json:"lastProven,omitzero"`
	ProofFailed  int       `json:"proofFailed,omitempty"` // in a row
	ProofFailure string    `json:"proofFailure,omitempty"`
	LastPlan     *Counted  `json:"lastPlan,omitempty"`
	Orphans      Orphans   `json:"orphans,omitzero"`
	// Deleted are queues whose deletion was sent a short while ago: a DN that takes the place of one finds its row by it,
	// because rows of what is deleted are in no list.
	Deleted []Deletion `json:"deleted,omitempty"`
	// Runs are the last runs, the latest last. Runs that found nothing to do are one line.
	Runs []Ran `json:"runs,omitempty"`
}

// Point is the number of mapped objects, and of memberships, at one time.
type Point struct {
	At          time.Time          `json:"at"`
	Mapped      map[model.Kind]int `json:"mapped"`
	Memberships int                `json:"memberships,omitempty"`
}

// Counted is the size of a plan, kept for status.
type Counted struct {
	Hash    string `json:"hash"`
	Changes int    `json:"changes"`
	Held    int    `json:"held"`
	Rejects int    `json:"rejects"`
	// Engage are the objects that Engage has of each kind, in scope of the rules, rejected ones among them.
	Engage map[model.Kind]int `json:"engage,omitempty"`
	// Rejected are those that can not become an object of the EX Org as they are.
	Rejected map[model.Kind]int `json:"rejectedOf,omitempty"`
	// Tripped is Figures.Tripped, Guarded the number of changes that the guard held.
	Tripped int `json:"tripped,omitempty"`
	Guarded int `json:"guarded,omitempty"`
}

// Deletion is a queue whose deletion was sent.
type Deletion struct {
	DBID int64     `json:"dbid"`
	At   time.Time `json:"at"`
}

// deletedKeep is how long a DN has to come back under another DBID to have its queue made again with the settings that it
// had: this snapshot and the last one, at any period of runs, and no more.
const deletedKeep = time.Hour

// deleted notes the deletions of a run and drops old ones.
func (s *Site) deleted(changes []model.Change, at time.Time) {
	s.Deleted = slices.DeleteFunc(slices.Clone(s.Deleted), func(d Deletion) bool { return at.Sub(d.At) > deletedKeep })
	for _, c := range changes {
		known := slices.ContainsFunc(s.Deleted, func(d Deletion) bool { return d.DBID == c.Key.DBID && d.At.Equal(at) })
		if c.Action == model.ActionDelete && !known {
			s.Deleted = append(s.Deleted, Deletion{DBID: c.Key.DBID, At: at})
		}
	}
}

// Ran is one run, or several in a row that found nothing to do.
type Ran struct {
	Run int64     `json:"run"`
	At  time.Time `json:"at"`
	// Idle says how many runs the line stands for that had nothing to do, the last of them Run; 0: this one had.
	Idle    int `json:"idle,omitempty"`
	Changes int `json:"changes,omitempty"`
	Held    int `json:"held,omitempty"`
	Resting int `json:"resting,omitempty"`
	Rejects int `json:"rejects,omitempty"`
	// Failed is why Engage could not be read or the read proved nothing.
	Failed string `json:"failed,omitempty"`
}

// runsKept is how many lines of runs are kept, failedShown how long a failure in them may be: the document is written by
// every run.
const (
	runsKept    = 8
	failedShown = 160
)

// ran notes a run.
func (s *Site) ran(r Ran) {
	r.Failed = firstRunes(r.Failed, failedShown)
	idle := r.Changes == 0 && r.Failed == ""
	if n := len(s.Runs); idle && n > 0 && s.Runs[n-1].Idle > 0 {
		r.Idle = s.Runs[n-1].Idle + 1
		s.Runs = append(slices.Clone(s.Runs[:n-1]), r)
		return
	}
	if idle {
		r.Idle = 1
	}
	runs := append(slices.Clone(s.Runs), r)
	s.Runs = runs[max(0, len(runs)-runsKept):]
}

func firstRunes(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

const (
	baselineStep = time.Hour
	baselineKeep = 25 * time.Hour
)

// note adds today's counts to the baseline, at most one an hour.
func (s *Site) note(mapped map[model.Kind]int, memberships int, at time.Time) {
	s.Mapped, s.Memberships = mapped, memberships
	if n := len(s.Baseline); n > 0 && at.Sub(s.Baseline[n-1].At) < baselineStep {
		return
	}
	keep := s.Baseline[:0:0]
	for _, p := range s.Baseline {
		if at.Sub(p.At) <= baselineKeep {
			keep = append(keep, p)
		}
	}
	s.Baseline = append(keep, Point{At: at, Mapped: mapped, Memberships: memberships})
}

// Base is the number of objects that the guard's shares are taken of: the most that were mapped within the window or are
// now, so that a site that shrinks does not shrink its own guard, and a young one is not measured by its empty start.
func (s *Site) Base(window time.Duration, now time.Time) map[model.Kind]int {
	base := map[model.Kind]int{}
	grow := func(m map[model.Kind]int) {
		for k, n := range m {
			base[k] = max(base[k], n)
		}
	}
	grow(s.Mapped)
	for _, p := range s.Baseline {
		if now.Sub(p.At) <= window {
			grow(p.Mapped)
		}
	}
	return base
}

// Start is what was mapped when a window of that length began, and the memberships under the kind members: what the shares of
// additions are taken of. A site that is younger than the window began with what its first run left.
func (s *Site) Start(window time.Duration, now time.Time) map[model.Kind]int {
	start := map[model.Kind]int{}
	for i, p := range s.Baseline {
		if i > 0 && now.Sub(p.At) < window {
			break
		}
		start = maps.Clone(p.Mapped)
		start[model.KindMembers] = p.Memberships
	}
	return start
}

// MembershipBase is Base for memberships: the most that there were within the window or are now.
func (s *Site) MembershipBase(window time.Duration, now time.Time) int {
	base := s.Memberships
	for _, p := range s.Baseline {
		if now.Sub(p.At) <= window {
			base = max(base, p.Memberships)
		}
	}
	return base
}

// Census reads the counts that the guard's shares rest on. It implements apply.Census; the counts change with runs only,
// so they are kept for a minute.
type Census struct {
	docs   Documents
	now    func() time.Time
	window time.Duration

	turn   chan struct{} // held by who reads; a channel, because waiting for it must end with the context
	at     time.Time
	counts map[model.Kind]int
}

const censusKeep = time.Minute

// NewCensus makes a Census over the documents of runs. window is the longest window of the guard.
func NewCensus(docs Documents, window time.Duration, now func() time.Time) *Census {
	return &Census{docs: docs, now: now, window: window, turn: make(chan struct{}, 1)}
}

// Census gives the mapped objects per kind, and the memberships under the kind members. A tenant without a run has none.
func (c *Census) Census(ctx context.Context) (map[model.Kind]int, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, model.Errorf(model.CodeUnavailable, "count what is mapped", "%w", ctx.Err())
	}
	now := c.now()
	if c.counts != nil && now.Sub(c.at) < censusKeep {
		return c.counts, nil
	}
	site, err := loadSite(ctx, c.docs)
	if err != nil {
		return nil, err
	}
	counts := site.Base(c.window, now)
	counts[model.KindMembers] = site.MembershipBase(c.window, now)
	c.at, c.counts = now, counts
	return counts, nil
}

func loadSite(ctx context.Context, docs Documents) (Site, error) {
	var s Site
	err := load(ctx, docs, docSite, &s)
	return s, err
}

// load reads a document into v; a document that is not there leaves v as it is.
func load(ctx context.Context, docs Documents, name string, v any) error {
	body, err := docs.GetDocument(ctx, name)
	if model.CodeOf(err) == model.CodeNotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the document %s: %w", name, err)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return model.Errorf(model.CodeInternal, "read the document "+name, "%w", err)
	}
	return nil
}

func save(ctx context.Context, docs Documents, name string, run int64, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return model.Errorf(model.CodeInternal, "write the document "+name, "%w", err)
	}
	if err := docs.PutDocument(ctx, name, run, body); err != nil {
		return fmt.Errorf("write the document %s: %w", name, err)
	}
	return nil
}
