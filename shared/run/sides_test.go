package run_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"excs/shared/excstest"
	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/run"
	"excs/shared/sides"
)

// leads is where the credentials of a house lead: the secret is exchanged by pointing it at another organisation.
type leads struct {
	mu sync.Mutex
	to *exorgtest.Org
}

// RoundTrip sends a request to the organisation of the moment.
func (l *leads) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	to := l.to
	l.mu.Unlock()
	return to.Client().Transport.RoundTrip(r)
}

// line gives the house its way to the EX Org.
func (h *house) line() *http.Client {
	h.leads = &leads{to: h.org}
	return &http.Client{Transport: h.leads}
}

// exchange puts the secret of another organisation in place of the one there is.
func (h *house) exchange(to *exorgtest.Org) {
	h.leads.mu.Lock()
	defer h.leads.mu.Unlock()
	h.leads.to = to
}

// stranger is another organisation, in which there are people and queues that EXCS would take for the tenant's, and an OAuth client
// of its own beside one that has the name of the tenant's.
func stranger(t *testing.T, h *house) *exorgtest.Org {
	t.Helper()
	other := exorgtest.New(exorgtest.WithClock(h.Now), exorgtest.WithName("other"), exorgtest.WithClients(
		exorgtest.Client{ID: exorgtest.DefaultClientID, Secret: exorgtest.DefaultClientSecret},
		exorgtest.Client{ID: strangersID, Secret: exorgtest.DefaultClientSecret},
	))
	if _, err := other.AddUser(map[string]any{"name": "Robert by hand", "email": mail("Bob"), "state": "active"}); err != nil {
		t.Fatal(err)
	}
	if _, err := other.AddQueue(map[string]any{"name": "Virtual"}); err != nil {
		t.Fatal(err)
	}
	return other
}

const strangersID = "strangers-client"

// redeploy exchanges the secret for one of the OAuth clients given, and starts every process anew.
func (h *house) redeploy(to *exorgtest.Org, clients ...string) {
	h.exchange(to)
	c := h.config
	c.Secret.Clients = nil
	for _, id := range clients {
		c.Secret.Clients = append(c.Secret.Clients, exorg.NewCredentials(id, exorgtest.DefaultClientSecret))
	}
	c.Beside = h.Service
	h.Service = excstest.New(c)
}

// minutesAnywhere lets runs and workers go on for some minutes; a run may be refused.
func (h *house) minutesAnywhere(n int) (last run.Report) {
	h.t.Helper()
	for range n {
		h.pass(time.Minute)
		report, err := h.Service.Sync(h.ctx)
		if err != nil && model.ForeignOrgOf(err) == nil {
			h.t.Fatal(err)
		}
		if err == nil {
			last = report
		}
		_, err = h.Drain(h.ctx, nil)
		h.do(err)
	}
	return last
}

// The case: the secret of another organisation is put in while everything is right. Nothing is written there by anybody, whatever
// happens in Engage and whatever is reported; both organisations are named; and the former credentials resume at once.
func TestAnotherOrganisationIsNotWrittenTo(t *testing.T) {
	for name, deploys := range map[string]bool{"processes that go on": false, "new processes": true} {
		t.Run(name, func(t *testing.T) {
			h := lot{unwatched: true}.build(t).settled()
			other := stranger(t, h)
			h.exchange(other)
			if deploys {
				h.redeploy(other, strangersID)
			}
			h.do(h.RenamePerson(h.ctx, h.person("Ann").DBID, "Ann", "Renamed"))
			report := h.minutesAnywhere(12)
			if n := other.Totals().Writes; n != 0 {
				t.Fatalf("%d writes into an organisation that nobody approved a plan for: %v", n, other.Calls())
			}
			if !report.FirstPlan || len(report.Plan.Changes) > 0 {
				t.Errorf("a run for another organisation plans %d changes, first plan: %v", len(report.Plan.Changes), report.FirstPlan)
			}
			status, err := h.Runner.Status(h.ctx)
			h.do(err)
			if status.OtherOrg == nil || status.OtherOrg.Have.Name != "other" || status.OtherOrg.Want.ID != h.org.ID() || status.Org.ID != h.org.ID() {
				t.Errorf("status names %v, other %+v", status.Org, status.OtherOrg)
			}
			h.wantNone(mapping.StateQuarantined, mapping.StateHeld)
			h.exchange(h.org)
			if deploys {
				h.redeploy(h.org, exorgtest.DefaultClientID)
			}
			h.minutesAnywhere(2)
			h.equal()
			h.rest()
			if status, err = h.Runner.Status(h.ctx); err != nil || status.OtherOrg != nil {
				t.Errorf("after the return status still names %+v, %v", status.OtherOrg, err)
			}
			if _, dead, err := h.Dead.Depth(h.ctx); err != nil || dead > 0 {
				t.Errorf("%d dead letters, %v", dead, err)
			}
		})
	}
}

// Messages, hints and sweeps that are on their way when the secret is exchanged write nothing, and none of them is lost.
func TestASecretIsExchangedAtEveryStepOfALife(t *testing.T) {
	held := func(t *testing.T, h *house) string {
		t.Helper()
		report := h.sync()
		if !report.FirstPlan || report.Plan.HeldHashAll == "" {
			t.Fatalf("no first plan: %+v", report.Plan.Held)
		}
		return report.Plan.HeldHashAll
	}
	for _, step := range []struct {
		name   string
		before func(h *house)
		// until leads a life to the moment of the exchange, away acts under the other organisation.
		until func(t *testing.T, h *house)
		away  func(t *testing.T, h *house)
	}{
		{name: "the first plan waits", before: occupied, until: func(t *testing.T, h *house) { held(t, h) }},
		{
			name: "the first plan is approved", before: occupied,
			until: func(t *testing.T, h *house) {
				_, err := h.Runner.Approve(h.ctx, held(t, h), nil, run.By{Who: "jane"})
				h.do(err)
			},
		},
		{name: "in the middle of the first load", until: func(_ *testing.T, h *house) { h.sync() }},
		{
			name: "a deletion is on its way",
			until: func(_ *testing.T, h *house) {
				h.settled()
				h.do(h.DeleteQueue(h.ctx, h.dn("Virtual").DBID))
				h.sync()
			},
		},
		{
			name: "somebody changed the former organisation",
			until: func(_ *testing.T, h *house) {
				h.settled()
				h.do(h.org.EditUser(h.user(mail("Bob")).ID, func(raw map[string]any) { raw["name"] = "Robert" }))
			},
			away: func(_ *testing.T, h *house) {
				_, err := h.Runner.Sync(h.ctx, run.Request{Cause: model.CauseManual})
				h.do(err)
			},
		},
	} {
		t.Run(step.name, func(t *testing.T) {
			h := lot{unwatched: true, before: step.before}.build(t)
			step.until(t, h)
			other := stranger(t, h)
			h.exchange(other)
			if step.away != nil {
				step.away(t, h)
			}
			h.minutesAnywhere(5)
			if n := other.Totals().Writes; n != 0 {
				t.Fatalf("%d writes into the other organisation: %v", n, other.Calls())
			}
			h.exchange(h.org)
			if _, err := h.Service.Sync(h.ctx); err != nil {
				t.Fatal(err)
			}
			if step.name == "the first plan waits" {
				_, err := h.Runner.Approve(h.ctx, held(t, h), nil, run.By{Who: "jane"})
				h.do(err)
			}
			h.minutesAnywhere(6)
			h.rest()
			h.wantNone(mapping.StateQuarantined, mapping.StateHeld)
		})
	}
}

// occupied gives the organisation somebody whom the first plan would adopt.
func occupied(h *house) {
	_, err := h.org.AddUser(map[string]any{"name": "Bob", "email": mail("Bob"), "state": "active"})
	h.do(err)
}

// A plan that was shown for one organisation approves nothing in another.
func TestAnApprovalIsForTheOrganisationThatWasShown(t *testing.T) {
	h := lot{unwatched: true, before: occupied}.build(t)
	hash := h.sync().Plan.HeldHashAll
	other := stranger(t, h)
	h.redeploy(other, strangersID)
	if _, err := h.Runner.Approve(h.ctx, hash, nil, run.By{Who: "jane"}); model.CodeOf(err) != model.CodeConflict {
		t.Errorf("approved, %v", err)
	}
	h.minutesAnywhere(4)
	if n := other.Totals().Writes; n != 0 {
		t.Fatalf("%d writes by an approval that was given for another organisation: %v", n, other.Calls())
	}
}

// Going over to another organisation is a first plan: as over an empty table, approved whole.
func TestGoingOverToAnotherOrganisation(t *testing.T) {
	h := lot{unwatched: true}.build(t).settled()
	former := h.names()
	other := stranger(t, h)
	h.redeploy(other, strangersID)
	h.minutesAnywhere(3)
	report := h.sync()
	if n := len(report.Plan.Held); n < 10 || report.Plan.HeldHashAll == "" {
		t.Fatalf("the first plan for another organisation holds %d changes", n)
	}
	for _, held := range report.Plan.Held {
		if !strings.Contains(held.Reason, "other") {
			t.Fatalf("the reason does not name the organisation: %s", held.Reason)
		}
	}
	if _, err := h.Runner.Approve(h.ctx, report.Plan.HeldHash[model.KindSkill], nil, run.By{Who: "jane"}); model.CodeOf(err) != model.CodeConflict {
		t.Errorf("a part of it was approved: %v", err)
	}
	_, err := h.Runner.Approve(h.ctx, report.Plan.HeldHashAll, nil, run.By{Who: "jane"})
	h.do(err)
	first := h.org
	before := first.Totals().Writes
	h.org = other
	h.minutesAnywhere(5)
	h.ctx, err = sides.Home(h.ctx, h.Table)
	h.do(err)
	h.rest()
	h.equal()
	if n := first.Totals().Writes - before; n != 0 {
		t.Errorf("%d writes into the former organisation", n)
	}
	h.org = first
	if now := h.names(); strings.Join(now, " ") != strings.Join(former, " ") {
		t.Errorf("the former organisation holds %v, was %v", now, former)
	}
	// Its credentials are the foreign ones now.
	h.redeploy(first, exorgtest.DefaultClientID)
	h.minutesAnywhere(4)
	if n := first.Totals().Writes - before; n != 0 {
		t.Errorf("%d writes into the organisation that EXCS left", n)
	}
}

// A restored table has no approved first plan, whatever its name is: neither runs nor workers write.
func TestARestoredTableUnderItsOldName(t *testing.T) {
	h := lot{unwatched: true}.build(t).settled()
	h.do(h.RenamePerson(h.ctx, h.person("Ann").DBID, "Ann", "Renamed"))
	h.sync() // a message is on its way when the table is restored
	h.Table = h.Table.Restore()
	h.deploy()
	before := h.org.Totals().Writes
	h.do(h.RenamePerson(h.ctx, h.person("Bob").DBID, "Bob", "Renamed"))
	report := h.minutesAnywhere(5)
	if n := h.org.Totals().Writes - before; n != 0 {
		t.Fatalf("%d writes on a restored table that nobody approved a plan for", n)
	}
	if !report.FirstPlan || len(report.Plan.Held) == 0 {
		t.Fatalf("first plan %v, held %d", report.FirstPlan, len(report.Plan.Held))
	}
	_, err := h.Runner.Approve(h.ctx, report.Plan.HeldHashAll, nil, run.By{Who: "jane"})
	h.do(err)
	h.minutesAnywhere(3)
	h.rest()
	h.equal()
}

// What was on its way when the table was restored waits for the approval too, although no plan shows it: neither a run that changes
// nothing nor one that only creates opens the door for it.
func TestARestoredTableWithRowsOnTheirWay(t *testing.T) {
	for _, newcomer := range []bool{false, true} {
		h := lot{unwatched: true}.build(t).settled()
		h.do(h.RenamePerson(h.ctx, h.person("Ann").DBID, "Ann", "Renamed"))
		h.sync() // the row wants it, the index has it, and nobody has done it
		h.Table = h.Table.Restore()
		h.deploy()
		before := h.org.Totals().Writes
		if newcomer {
			furnisher{t: t, e: h.Editor}.person("Eve", nil)
		}
		report := h.minutesAnywhere(15)
		if n := h.org.Totals().Writes - before; n != 0 {
			t.Fatalf("newcomer %v: %d writes on a restored table that nobody approved a plan for", newcomer, n)
		}
		_, err := h.Runner.Approve(h.ctx, report.Plan.Hash, nil, run.By{Who: "jane"})
		h.do(err)
		h.minutesAnywhere(15)
		h.rest()
		h.equal()
	}
}
