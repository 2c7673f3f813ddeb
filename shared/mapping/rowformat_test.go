package mapping

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"excs/shared/model"
)

func fullRow() Row {
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	return Row{
		Key: model.Key{Kind: model.KindUser, DBID: 7}, EXID: "ex-7", Org: "org-1", Origin: OriginAdopted, Goal: GoalPresent,
		Desired: model.Object{Key: model.Key{Kind: model.KindUser, DBID: 7}, Name: "Ann"}, Version: 3, Run: 2, State: StateWaiting, Since: at,
		Queued: &Queued{Token: "q", At: at, Lane: model.LaneUrgent}, Working: &Working{Token: "w", Until: at.Add(time.Minute)},
		Refused: []Refusal{{Part: model.FieldSkills, EXID: "s-1", Status: 403, Code: "missing.division.permission", Reason: "no", Since: at, Tries: 2, Next: at.Add(time.Hour)}},
		Wrote:   map[string]OwnWrite{model.FieldSkills: {At: at, Set: map[string]int{"s-2": 35}, Gone: []string{"s-3"}}},
	}
}

// What issues to come need of a row is in its format already: lane, claim, origin, organisation, refusals, own writes.
func TestRowsComeBackWhole(t *testing.T) {
	table := NewMemory(MemoryOptions{Tenant: "1"}).table
	it, err := table.encodeRow(fullRow())
	if err != nil {
		t.Fatal(err)
	}
	got, err := table.decodeRow(fullRow().Key, it)
	if err != nil || !reflect.DeepEqual(got, fullRow()) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A row of the release of November 2026 has none of it and is read as it is; one of a later release is refused with what to do.
func TestFormatsOfRows(t *testing.T) {
	table := NewMemory(MemoryOptions{Tenant: "1"}).table
	row := fullRow()
	row.Org, row.Origin, row.Working, row.Refused, row.Wrote, row.Queued.Lane = "", "", nil, nil, nil, ""
	it, err := table.encodeRow(row)
	if err != nil {
		t.Fatal(err)
	}
	delete(it, attrFormat)
	if got, err := table.decodeRow(row.Key, it); err != nil || !reflect.DeepEqual(got, row) {
		t.Errorf("format 1: got %+v, %v", got, err)
	}
	it.setNumber(attrFormat, RowFormat+1)
	if _, err := table.decodeRow(row.Key, it); err == nil || !strings.Contains(err.Error(), "deploy the release that wrote it") {
		t.Errorf("a later format: %v", err)
	}
}
