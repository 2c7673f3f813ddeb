package model_test

import (
	"encoding/json"
	"slices"
	"testing"

	"excs/shared/model"
)

// The guard counts what takes something away; an orphan stays as it is, and an update takes away only what a set lost.
func TestWhichActionsRemove(t *testing.T) {
	t.Parallel()
	want := map[model.Action]bool{
		model.ActionCreate: false, model.ActionAdopt: false, model.ActionUpdate: false, model.ActionRestore: false, model.ActionDelete: true,
		model.ActionEmpty: true, model.ActionDeactivate: true, model.ActionOrphan: false, model.ActionRefresh: false,
	}
	if len(model.Actions()) != len(want) {
		t.Errorf("there are %v", model.Actions())
	}
	for _, a := range model.Actions() {
		removes, known := want[a]
		if !known || a.Removes() != removes {
			t.Errorf("%s removes: %v, want %v", a, a.Removes(), removes)
		}
	}
	if model.Action("").Removes() {
		t.Error("no action removes something")
	}
}

// Plans, audit lines, metrics and the table hold these words.
func TestWordsOfChanges(t *testing.T) {
	t.Parallel()
	actions := []model.Action{"create", "adopt", "update", "restore", "delete", "empty", "deactivate", "orphan", "refresh"}
	if !slices.Equal(model.Actions(), actions) {
		t.Errorf("the actions are %v", model.Actions())
	}
	for got, want := range map[model.Cause]string{
		model.CauseEngage: "engage", model.CauseManual: "manual", model.CauseRequeue: "requeue", model.CauseDrift: "drift", model.CauseDeleted: "deleted",
		model.CauseReplay: "replay", model.CauseApproval: "approval",
	} {
		if string(got) != want {
			t.Errorf("the cause %q should be %q", got, want)
		}
	}
	for got, want := range map[string]string{
		model.FieldName: "name", model.FieldEmail: "email", model.FieldState: "state", model.FieldDivision: "division", model.FieldExternalID: "externalId",
		model.FieldPeerID: "peerId", model.FieldSkills: "skills", model.FieldLanguages: "languages", model.FieldMembers: "members",
	} {
		if got != want {
			t.Errorf("the field %q should be %q", got, want)
		}
	}
}

// What is written down in tables, plans and answers keeps its form.
func TestTheJSONOfTheOtherWords(t *testing.T) {
	t.Parallel()
	user, old := model.Key{Kind: model.KindUser, DBID: 2}, model.Key{Kind: model.KindUser, DBID: 1}
	for _, tc := range []struct {
		name string
		in   any
		want string
	}{
		{
			"a change", model.Change{
				Key: user, Action: model.ActionAdopt, Object: model.Object{Key: user, Name: "Jane"}, Adopt: "ex-1", From: old, Label: "jane@example.com",
				Fields: []model.Field{{Name: model.FieldName, Before: "J", After: "Jane"}, {Name: model.FieldSkills, Added: []string{"Billing(3)"}, Removed: []string{"Sales(1)"}}},
			},
			`{"key":"user/2","action":"adopt","fields":[{"name":"name","before":"J","after":"Jane"},{"name":"skills","added":["Billing(3)"],"removed":["Sales(1)"]}],` +
				`"object":{"key":"user/2","name":"Jane"},"adopt":"ex-1","from":"user/1","label":"jane@example.com"}`,
		},
		{"a change with nothing beside", model.Change{Key: user, Action: model.ActionOrphan}, `{"key":"user/2","action":"orphan","object":{"key":""}}`},
		{"a reject", model.Reject{Key: user, Reason: "no address"}, `{"key":"user/2","reason":"no address"}`},
		{"a note", model.Note{Text: "two transaction objects"}, `{"text":"two transaction objects"}`},
		{
			"what a row tells", model.Known{Object: model.Object{Key: user}, EXID: "ex-1", Orphan: true, Leaving: true},
			`{"object":{"key":"user/2"},"exId":"ex-1","orphan":true,"leaving":true}`,
		},
		{
			"what the EX Org says", model.Observed{
				Kind: model.KindUser, EXID: "ex-1", Name: "Jane", Version: 4, Deleted: true, State: model.StateInactive, ExternalKeys: []string{"2"},
				Skills: []model.Assigned{{EXID: "s-1", Name: "Billing", Level: 35}},
			},
			`{"kind":"user","exId":"ex-1","name":"Jane","version":4,"deleted":true,"state":"inactive","externalKeys":["2"],"skills":[{"exId":"s-1","name":"Billing","level":3.5}]}`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got, err := json.Marshal(tc.in); err != nil || string(got) != tc.want {
				t.Errorf("got  %s, %v\nwant %s", got, err, tc.want)
			}
		})
	}
}

func TestADeltaIsEmptyWithoutKeys(t *testing.T) {
	t.Parallel()
	keys := []model.Key{{Kind: model.KindUser, DBID: 1}}
	for _, tc := range []struct {
		name string
		d    model.Delta
		want bool
	}{
		{"nothing", model.Delta{}, true},
		{"what is mapped is no difference", model.Delta{Mapped: map[model.Kind]int{model.KindUser: 5}}, true},
		{"something new", model.Delta{New: keys}, false},
		{"something changed", model.Delta{Changed: keys}, false},
		{"something lost", model.Delta{Lost: keys}, false},
	} {
		if got := tc.d.Empty(); got != tc.want {
			t.Errorf("%s: empty is %v", tc.name, got)
		}
	}
}
