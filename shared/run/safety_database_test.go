package run_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/run"
)

// at points the house at another database, as a changed secret does, and gives the way back.
func (h *house) at(site *engagetest.Site) (back func()) {
	h.t.Helper()
	former, read := h.Runner.Read, shelf.Open(h.t, site).Read(h.Settings)
	h.Runner.Read = func(ctx context.Context) (*model.Snapshot, model.Counts, error) { return read(ctx) }
	return func() { h.Runner.Read = former }
}

// everythingHeld makes runs and checks that none does anything, and that each says why, with one hash.
func (h *house) everythingHeld(runs int) run.Database {
	h.t.Helper()
	var first run.Database
	writes := h.org.Totals().Writes
	for i := range runs {
		report := h.run()
		if i == 0 {
			first = report.Database
		}
		if !report.Database.Waits() || report.Database.Hash != first.Hash || !report.Database.Since.Equal(first.Since) {
			h.t.Fatalf("run %d says of the database: %+v, the first said %+v", i, report.Database, first)
		}
		if n := len(report.Plan.Changes) + len(report.Plan.Forget); n > 0 {
			h.t.Errorf("run %d: %d changes, %d forgotten", i, len(report.Plan.Changes), len(report.Plan.Forget))
		}
		for _, held := range report.Plan.Held {
			if held.Code != plan.HeldDatabase {
				h.t.Fatalf("run %d: %s is held as %s", i, held.Change.Key, held.Code)
			}
		}
		// No hash of a plan lets anything of it pass.
		for _, hash := range []string{report.Plan.Hash, report.Plan.HeldHashAll, report.Plan.HeldHash[model.KindUser]} {
			if _, err := h.Runner.Approve(h.ctx, hash, nil, run.By{}); err == nil && hash != "" && report.WentBack == "" {
				h.t.Errorf("run %d: the hash %s of a plan is accepted", i, hash)
			}
		}
		h.pass(20 * time.Minute)
	}
	if n := h.org.Totals().Writes - writes; n > 0 {
		h.t.Errorf("%d writes", n)
	}
	return first
}

// The secret leads to another contact centre of the same tenant number: nothing is done, creations neither, and when it
// leads home again nothing has to be approved.
func TestAnotherDatabaseHoldsEverything(t *testing.T) {
	t.Parallel()
	for name, other := range map[string]*engagetest.Site{
		"a larger one":         engagetest.New(engagetest.Small, 99),
		"one of the same size": engagetest.New(engagetest.Tiny, 6),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := lot{site: engagetest.New(engagetest.Tiny, 5)}.build(t)
			h.run()
			h.pass(time.Hour)
			h.run()
			back := h.at(other)
			first := h.everythingHeld(4)
			if s, err := h.Runner.Status(h.ctx); err != nil || s.Database.Hash != first.Hash {
				t.Errorf("the status says %+v, %v", s.Database, err)
			}
			back()
			h.quiet(3)
			if report := h.run(); report.Database.Hash != "" || len(report.Plan.Held) > 0 {
				t.Errorf("home again: %+v, held %d", report.Database, len(report.Plan.Held))
			}
			h.do(h.DeleteQueue(h.ctx, h.Editor.Site().DNs[len(h.Editor.Site().DNs)-1].DBID))
			h.run()
			// It is another one again, first seen now.
			h.at(other)
			h.everythingHeld(2)
		})
	}
}

// Its own hash accepts it: later reads that agree stay accepted, and the guard holds what it always holds. The way back
// needs no approval.
func TestAnotherDatabaseIsAcceptedByItsOwnHash(t *testing.T) {
	t.Parallel()
	h := lot{site: engagetest.New(engagetest.Tiny, 5), unwatched: true}.build(t)
	h.run()
	h.pass(time.Hour)
	h.run()
	back := h.at(engagetest.New(engagetest.Small, 99))
	first := h.everythingHeld(2)
	decision, err := h.Runner.Approve(h.ctx, first.Hash, nil, run.By{Who: "ops"})
	if h.do(err); !decision.Database || decision.Source || decision.FirstPlan || len(decision.Changes) > 0 {
		t.Errorf("the decision is %+v", decision)
	}
	for i := range 3 {
		report := h.sync()
		if report.Database.Waits() || report.WentBack != "" {
			t.Fatalf("run %d after the approval: %+v, went back %q", i, report.Database, report.WentBack)
		}
		for _, held := range report.Plan.Held {
			if held.Code == plan.HeldDatabase {
				t.Fatalf("run %d after the approval: %s is held as %s", i, held.Change.Key, held.Code)
			}
		}
		if i == 0 && len(report.Plan.Changes) == 0 {
			t.Error("nothing is made of the accepted database")
		}
		h.pass(20 * time.Minute)
	}
	back()
	for i := range 3 {
		if report := h.sync(); report.Database.Waits() || report.WentBack != "" {
			t.Fatalf("run %d after the return: %+v, went back %q", i, report.Database, report.WentBack)
		}
		h.pass(20 * time.Minute)
	}
	// A third one is neither.
	h.at(engagetest.New(engagetest.Small, 123))
	if third := h.sync().Database; !third.Waits() || third.Hash == first.Hash {
		t.Errorf("of a third database it says %+v", third)
	}
}

// What an administrator may do to a whole site: it is the same database.
func TestTheSameDatabaseIsNoOther(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(s *engagetest.Site){
		"a new mail domain": func(s *engagetest.Site) {
			for i := range s.Persons {
				if local, _, ok := strings.Cut(s.Persons[i].Email, "@"); ok {
					s.Persons[i].Email = local + "@elsewhere.example"
				}
			}
		},
		"new user names": func(s *engagetest.Site) {
			for i := range s.Persons {
				s.Persons[i].UserName = fmt.Sprint("renamed", i)
			}
		},
		"new mail domain and user names": func(s *engagetest.Site) {
			for i := range s.Persons {
				s.Persons[i].UserName, s.Persons[i].Email = fmt.Sprint("renamed", i), fmt.Sprintf("p%d@elsewhere.example", i)
			}
		},
		"a renamed switch": func(s *engagetest.Site) {
			for i := range s.Switches {
				s.Switches[i].Name += "_New"
			}
		},
		"no address at all": func(s *engagetest.Site) {
			for i := range s.Persons {
				s.Persons[i].Email = ""
			}
		},
		"no DN at all":     func(s *engagetest.Site) { s.DNs = nil },
		"no Person at all": func(s *engagetest.Site) { s.Persons = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := engagetest.New(engagetest.Tiny, 5)
			h := lot{site: site, unwatched: true}.build(t)
			h.run()
			h.pass(time.Hour)
			after := h.Editor.Site().Clone()
			edit(after)
			h.do(h.RestoreBackup(h.ctx, after))
			for range 2 {
				if report := h.run(); report.Database.Hash != "" {
					t.Fatalf("taken for another database: %+v", report.Database)
				}
				h.pass(20 * time.Minute)
			}
		})
	}
}

// More than half of what is mapped is gone, or many are somebody else under old numbers: as another database.
func TestHalfOfTheSiteIsGone(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(s *engagetest.Site){
		"gone": func(s *engagetest.Site) { s.Persons, s.DNs = s.Persons[:len(s.Persons)/3], s.DNs[:len(s.DNs)/3] },
		"somebody else": func(s *engagetest.Site) {
			for i := range s.Persons {
				if i%2 == 0 {
					s.Persons[i].UserName, s.Persons[i].Email, s.Persons[i].EmployeeID = fmt.Sprint("x", i), fmt.Sprintf("x%d@x.example", i), fmt.Sprint("X", i)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := lot{site: engagetest.New(engagetest.Tiny, 5)}.build(t)
			h.run()
			h.pass(time.Hour)
			backup, after := h.Editor.Site().Clone(), h.Editor.Site().Clone()
			edit(after)
			for range 2 { // restored twice
				h.do(h.RestoreBackup(h.ctx, after))
				h.everythingHeld(2)
				h.do(h.RestoreBackup(h.ctx, backup))
				h.quiet(2)
			}
		})
	}
}

// A run that goes over to an accepted database dies at each of its writes of a document: the way back still needs no approval.
func TestAFormerDatabaseOutlivesADeath(t *testing.T) {
	t.Parallel()
	for die := 1; ; die++ {
		h := lot{site: engagetest.New(engagetest.Tiny, 5), unwatched: true}.build(t)
		h.run()
		h.pass(time.Hour)
		h.run()
		back := h.at(engagetest.New(engagetest.Small, 99))
		first := h.everythingHeld(1)
		_, err := h.Runner.Approve(h.ctx, first.Hash, nil, run.By{Who: "ops"})
		h.do(err)
		writes := 0
		h.Table.SetFault(func(op string) mapping.Fault {
			if op == "PutDocument" {
				writes++
			}
			if writes >= die {
				return mapping.FaultBefore
			}
			return mapping.FaultNone
		})
		_, err = h.Service.Sync(h.ctx)
		h.Table.SetFault(nil)
		if err == nil {
			if writes >= die || die < 4 {
				t.Errorf("a run without an error wrote %d documents and was to die at the %d.", writes, die)
			}
			return
		}
		h.pass(20 * time.Minute)
		h.sync()
		h.pass(20 * time.Minute)
		h.sync()
		back()
		if report := h.sync(); report.Database.Waits() {
			t.Errorf("died at the %d. write: the way back waits: %+v", die, report.Database)
		}
	}
}
