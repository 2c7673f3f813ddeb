package run_test

import (
	"compress/gzip"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/excstest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/run"
)

// november is a mapping table as the release of November 2026 wrote it for the small site of these tests, with the ids that the EX Org had
// given. Its memory twin was written out item by item: settled after a first load and two quiet runs; middle with a pause, a user whose
// creation was answered and not recorded, and changed rows whose messages were lost with the queue.
type november struct {
	At    time.Time
	IDs   map[string]string
	Items []mapping.Stored
}

func novemberTable(t *testing.T, name string) november {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "november-"+name+".json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var n november
	if err := json.NewDecoder(z).Decode(&n); err != nil {
		t.Fatal(err)
	}
	if len(n.Items) < 50 {
		t.Fatalf("%d items", len(n.Items))
	}
	return n
}

// house returns a tenant whose EX Org is as it was in November, and whose table is November's.
func (n november) house(t *testing.T) *house {
	t.Helper()
	ids := exorgtest.WithIDs(func(kind exorgtest.Kind, name string) string { return n.IDs[string(kind)+" "+name] })
	h := lot{unwatched: true, org: []exorgtest.Option{ids}}.build(t).settled()
	if now := h.Clock.Now(); now.Before(n.At) {
		h.pass(n.At.Sub(now) + time.Minute)
	}
	h.rebuild(func(c *excstest.Config) {})
	h.do(h.Table.Load(n.Items))
	return h
}

// A table of the release of November 2026 goes on under this one as if nothing had happened: no first plan, no hold, no write to the EX Org, and
// no row is written. What this release knows of the two sides is recorded: the organisation, the table's id, the digest of the database.
func TestATableOfNovember(t *testing.T) {
	t.Parallel()
	h := novemberTable(t, "settled").house(t)
	h.org.ResetCounters()
	asked := &excstest.Asked{}
	h.Table.SetFault(asked.Note)
	for i := range 3 {
		report := h.run()
		if n := len(report.Plan.Changes) + len(report.Plan.Held); n > 0 || report.FirstPlan || report.Foreign != nil || report.Database.Waits() {
			t.Fatalf("run %d: %d changes or held, first plan %v, foreign %v, database %+v", i+1, n, report.FirstPlan, report.Foreign, report.Database)
		}
		h.pass(time.Minute)
	}
	if n := h.org.Totals().Writes; n > 0 {
		t.Errorf("%d writes to the EX Org", n)
	}
	rows := slices.DeleteFunc(asked.Writes(), func(op string) bool {
		return strings.Contains(op, "Lease") || strings.Contains(op, "Document") || op == "SaveToken" || op == "PutEvent"
	})
	if len(rows) > 0 {
		t.Errorf("rows were written: %v", rows)
	}
	status, err := h.Runner.Status(h.ctx)
	h.do(err)
	if status.Org.ID == "" || status.FirstPlan.IsZero() || len(status.States) > 0 {
		t.Errorf("the status is %+v", status)
	}
	// From now on this release's promises hold: a table restored from here is told.
	h.Table = h.Table.Restore()
	h.rebuild(func(c *excstest.Config) {
		c.Beside = &excstest.Service{Table: h.Table, Work: h.Work, Dead: h.Dead, Counter: h.Counter}
	})
	h.do(h.RenamePerson(h.ctx, h.person("Ann").DBID, "Anna", "Agent"))
	if report := h.run(); !report.FirstPlan {
		t.Error("a table that was restored since is taken for the old one")
	}
}

// What the release of November left half done is finished by this one: a pause stands, a user whose creation was answered and not recorded is
// found and not made twice, rows whose messages were lost are queued again.
func TestATableOfNovemberInTheMiddleOfThings(t *testing.T) {
	t.Parallel()
	n := novemberTable(t, "middle")
	h := n.house(t)
	_, err := h.Hire(h.ctx, engagetest.Newcomer{First: "Eve", Last: "Agent", Email: mail("Eve"), Levels: map[int64]int{h.engageSkill("Billing").DBID: 4}, Groups: []int64{h.group("Front").DBID}})
	h.do(err)
	h.do(h.RenamePerson(h.ctx, h.person("Ann").DBID, "Anna", "Agent"))
	h.do(h.SetAlias(h.ctx, h.dn("Entry").DBID, "Entrance"))
	h.do(h.DeleteQueue(h.ctx, h.dn("Loose").DBID))
	h.do(h.SetPersonState(h.ctx, h.person("Cy").DBID, engagetest.StateDisabled))
	if id, err := h.org.AddUser(map[string]any{"name": "Eve Agent", "email": mail("Eve")}); err != nil || id != n.IDs["user Eve Agent"] {
		t.Fatalf("Eve's user has the id %s (%v), it was %s", id, err, n.IDs["user Eve Agent"])
	}
	bob := userKey(h.person("Bob").DBID)
	h.do(h.RenamePerson(h.ctx, bob.DBID, "Robert", "Agent"))
	for range 40 {
		report := h.sync()
		_, err := h.Drain(h.ctx, nil)
		h.do(err)
		for _, held := range report.Plan.Held {
			if held.Code == plan.HeldFirstPlan || held.Code == plan.HeldDatabase {
				t.Fatalf("held is %s: %s", held.Change.Key, held.Reason)
			}
		}
		h.pass(time.Minute)
	}
	if name := h.user(mail("Bob")).Name; name != "Bob Agent" {
		t.Errorf("whom an operator paused in November is called %q", name)
	}
	users := 0
	for _, u := range h.org.Users() {
		if strings.HasPrefix(u.Name, "Eve") {
			users++
		}
	}
	if users != 1 {
		t.Errorf("there are %d users for Eve", users)
	}
	h.resumeFor(run.PauseRequest{Keys: []model.Key{bob}})
	h.busy(5)
	h.equal()
	h.quiet(3)
}

// With another organisation's credentials a table of November is left alone: too few of its objects are there.
func TestATableOfNovemberUnderAnotherOrganisation(t *testing.T) {
	t.Parallel()
	n := novemberTable(t, "settled")
	n.IDs = nil
	h := n.house(t)
	h.org.ResetCounters()
	h.do(h.RenamePerson(h.ctx, h.person("Ann").DBID, "Anna", "Agent"))
	h.do(h.DeleteQueue(h.ctx, h.dn("Loose").DBID))
	for range 5 {
		if report, err := h.Service.Sync(h.ctx); err == nil && !report.FirstPlan && report.Foreign == nil {
			t.Fatalf("the run went on: %+v", report.Plan.Counts)
		}
		_, err := h.Drain(h.ctx, nil)
		h.do(err)
		h.pass(time.Minute)
	}
	if n := h.org.Totals().Writes; n > 0 {
		t.Errorf("%d writes to the EX Org", n)
	}
}

// The organisation of a table of November is the one in which nearly all of its objects are: nine of ten, and no fewer.
func TestHowManyObjectsOfNovemberMustBeThere(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		lost []string
		goes bool
	}{
		{[]string{"wrapupcode Resolved"}, true},
		{[]string{"wrapupcode Resolved", "wrapupcode Callback", "skill Sales"}, false},
	} {
		t.Run(strings.Join(test.lost, ", "), func(t *testing.T) {
			t.Parallel()
			n := novemberTable(t, "settled")
			for _, name := range test.lost {
				delete(n.IDs, name)
			}
			h := n.house(t)
			report, err := h.Service.Sync(h.ctx)
			h.do(err)
			status, err := h.Runner.Status(h.ctx)
			h.do(err)
			if report.FirstPlan == test.goes || status.Org.IsZero() == test.goes {
				t.Errorf("first plan %v, organisation %s", report.FirstPlan, status.Org)
			}
		})
	}
}

// One object that answers 500 each time keeps nobody from the upgrade; an EX Org that is away does, until it is back.
func TestAnObjectOfNovemberThatCannotBeRead(t *testing.T) {
	t.Parallel()
	n := novemberTable(t, "settled")
	h := n.house(t)
	h.org.Fail(exorgtest.Fault{Method: http.MethodGet, Path: n.IDs["queue ACD"], Status: http.StatusInternalServerError})
	report, err := h.Service.Sync(h.ctx)
	h.do(err)
	if report.FirstPlan || len(report.Plan.Held) > 0 {
		t.Errorf("first plan %v, held %v", report.FirstPlan, report.Plan.Held)
	}
}
