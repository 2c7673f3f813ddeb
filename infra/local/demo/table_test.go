package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/shared/model"
	"excs/shared/plan"
)

// The table of a plan with every sort of change, and the calls of the routes that EXCS uses.
func TestTable(t *testing.T) {
	p := plan.Plan{Counts: map[model.Kind]plan.Counts{
		model.KindSource:     {Engage: 1, Unchanged: 1},
		model.KindSkill:      {Engage: 12, Create: 9, Adopt: 2, Orphan: 1, Unchanged: 1},
		model.KindLanguage:   {Engage: 3, Create: 3},
		model.KindWrapUpCode: {Engage: 8, Update: 1, Unchanged: 7},
		model.KindQueue:      {Engage: 12, Update: 2, Delete: 4, Unchanged: 10, Rejected: 0},
		model.KindUser:       {Engage: 1234, Create: 1000, Restore: 3, Update: 30, Deactivate: 1, Unchanged: 190, Rejected: 10, Refresh: 0},
		model.KindMembers:    {Engage: 5, Update: 2, Empty: 1, Unchanged: 2},
	}}
	calls := map[string]int{
		"GET /api/v2/users": 3, "GET /api/v2/routing/queues": 2, "GET /api/v2/authorization/divisions/home": 1, "POST /oauth/token": 7,
		"POST /api/v2/routing/skills": 9, "POST /api/v2/routing/languages": 3, "PUT /api/v2/routing/wrapupcodes/{codeId}": 1,
		"PUT /api/v2/routing/queues/{queueId}": 2, "DELETE /api/v2/routing/queues/{queueId}": 4,
		"POST /api/v2/users": 1000, "PATCH /api/v2/users/{userId}/routingskills/bulk": 2100,
		"POST /api/v2/routing/queues/{queueId}/members": 7, "GET /api/v2/routing/queues/{queueId}/members": 1,
	}
	var out strings.Builder
	if err := table(&out, p, calls); err != nil {
		t.Fatal(err)
	}
	golden(t, "table.golden", out.String())
}

// A plan of nothing has a table of zeros and no call per object.
func TestTableOfNothing(t *testing.T) {
	var out strings.Builder
	if err := table(&out, plan.Plan{}, nil); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
	if len(lines) != 9 || lines[8] != "beside these, for all of them together: 0 calls (none)" {
		t.Fatalf("%d lines:\n%s", len(lines), out.String())
	}
	for i, k := range model.Kinds() {
		if d := cmp.Diff([]string{string(k), "0", "0", "0", "0", "0", "0", "0", "-"}, strings.Fields(lines[i+1])); d != "" {
			t.Error(d)
		}
	}
}

// Every call is counted for one kind, or for all together; tokens are none of either.
func TestKindOfRoute(t *testing.T) {
	tests := []struct {
		route string
		want  model.Kind
	}{
		{"POST /api/v2/users", model.KindUser},
		{"POST /api/v2/users/search", model.KindUser},
		{"GET /api/v2/users/{userId}", model.KindUser},
		{"PUT /api/v2/users/{userId}/routinglanguages/bulk", model.KindUser},
		{"GET /api/v2/users/external-id/{authorityName}/{externalKey}", model.KindUser},
		{"POST /api/v2/authorization/divisions/{divisionId}/objects/{objectType}", model.KindUser},
		{"POST /api/v2/routing/skills", model.KindSkill},
		{"DELETE /api/v2/routing/skills/{skillId}", model.KindSkill},
		{"POST /api/v2/routing/languages", model.KindLanguage},
		{"GET /api/v2/routing/wrapupcodes/{codeId}", model.KindWrapUpCode},
		{"POST /api/v2/presence/sources", model.KindSource},
		{"PUT /api/v2/routing/queues/{queueId}", model.KindQueue},
		{"POST /api/v2/routing/queues/{queueId}/wrapupcodes", model.KindQueue},
		{"POST /api/v2/routing/queues/{queueId}/members", model.KindMembers},
		{"GET /api/v2/routing/queues/{queueId}/members", model.KindMembers},
		{"GET /api/v2/users", ""},
		{"GET /api/v2/routing/queues", ""},
		{"GET /api/v2/presence/sources", ""},
		{"GET /api/v2/authorization/divisions/home", ""},
		{"GET /api/v2/something/new", ""},
		{"POST /api/v2/something/new", ""},
	}
	calls := map[string]int{"POST /oauth/token": 100}
	for _, test := range tests {
		if got := kindOfRoute(test.route); got != test.want {
			t.Errorf("%s counts for %q, want %q", test.route, got, test.want)
		}
		calls[test.route]++
	}
	sum := 0
	for _, n := range spent(calls) {
		sum += n
	}
	if sum != len(tests) {
		t.Errorf("%d of %d calls are counted", sum, len(tests))
	}
}

// full is an output that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// A table that can not be written is an error.
func TestTableFails(t *testing.T) {
	if err := table(full{}, plan.Plan{}, nil); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("error %v", err)
	}
}
