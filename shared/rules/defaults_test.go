package rules_test

import (
	"testing"
	"time"

	"excs/shared/model"
	"excs/shared/rules"
)

// The cells in which the two presets differ (RULES 1, 2): DN types, what a deletion does, the division.
func TestPresets(t *testing.T) {
	old, current := rules.Default(1, rules.Preset202307), rules.Default(1, rules.PresetCurrent)
	same(t, []int{3, 4, 5, 22}, old.Queues.Types)
	same(t, []int{5}, current.Queues.Types)
	for _, dnType := range rules.QueueTypes() {
		same(t, rules.Delete, old.OnDeleteOf(model.KindQueue, dnType))
		same(t, rules.Empty, current.OnDeleteOf(model.KindQueue, dnType))
	}
	same(t, rules.Orphan, old.OnDeleteOf(model.KindUser, 0))
	same(t, rules.Deactivate, current.OnDeleteOf(model.KindUser, 0))
	same(t, rules.Controlled, old.Users.Division)
	same(t, rules.AtCreation, current.Users.Division)
	for _, k := range []model.Kind{model.KindSkill, model.KindLanguage, model.KindWrapUpCode, model.KindSource} {
		same(t, rules.Orphan, old.OnDeleteOf(k, 0))
		same(t, rules.Orphan, current.OnDeleteOf(k, 0))
	}
	// The cells above apart, the presets are one.
	current.Preset, current.Queues, current.Users.OnDelete, current.Users.Division = old.Preset, old.Queues, old.Users.OnDelete, old.Users.Division
	same(t, old, current)
	same(t, old, rules.Default(1, "no preset"))
}

// The defaults of RULES 2 to 4 that both presets share.
func TestDefaults(t *testing.T) {
	s := rules.Default(1, rules.Preset202307)
	same(t, rules.Users{Who: "agents", OnDelete: rules.Orphan, Name: rules.Controlled, Email: rules.Controlled, State: rules.Controlled, Division: rules.Controlled,
		Authority: "engage", Skills: rules.Exact, Languages: rules.Exact}, s.Users)
	same(t, rules.Email{}, s.Email)
	same(t, rules.Members{Control: rules.Exact}, s.Members)
	same(t, rules.Languages{Attribute: "Language"}, s.Languages)
	same(t, rules.WrapUpCodes{Attributes: []string{"DispositionCode"}}, s.WrapUpCodes)
	same(t, "EXCS", s.SourceName)
	same(t, rules.Limits{Queues: 5000, QueueMembers: 5000, BulkPerCall: 50, MembersPerCall: 100}, s.Limits)
	same(t, rules.Guard{
		Removals: rules.Threshold{Count: 10, Share: 0.05}, RemovalWindow: 24 * time.Hour,
		Updates: rules.Threshold{Count: 50, Share: 0.3}, UpdateWindow: time.Hour,
		ActiveFrom: 10, QueueLoss: 0.2, QueueSize: 10,
		Agents: rules.Threshold{Count: 50, Share: 0.3}, MemberLossCount: 50, MemberLoss: 0.3,
		Joins: rules.Threshold{Count: 1000, Share: 0.5}, QueueGrowth: 3,
		Made: rules.Threshold{Count: 1000, Share: 1}, Names: rules.Threshold{Count: 50, Share: 0.5},
		Assignments: rules.Threshold{Count: 100, Share: 0.6}, Addresses: rules.Threshold{Count: 10, Share: 0.05}, GapHours: 24,
	}, s.Guard)
	same(t, time.Hour, s.Approval)
	same(t, rules.SecondRead{Members: time.Minute, AllMembers: 5 * time.Minute, Kind: 15 * time.Minute, Address: 15 * time.Minute}, s.SecondRead)
	same(t, 5*time.Minute, s.IndexLag)
	same(t, 8, s.Attempts)
	same(t, rules.Requests{PerMinute: 300, BulkShare: 0.8}, s.Requests)
}

// "Trips above the larger of count and share."
func TestThreshold(t *testing.T) {
	removals := rules.Default(1, rules.Preset202307).Guard.Removals
	for mapped, want := range map[int]int{0: 10, 100: 10, 200: 10, 220: 11, 10000: 500} {
		if got := removals.Limit(mapped); got != want {
			t.Errorf("%d mapped: %d, want %d", mapped, got, want)
		}
	}
}

// Two settings share no memory: a change of one leaves the other's.
func TestDefaultsAreFresh(t *testing.T) {
	a := rules.Default(1, rules.Preset202307)
	a.Queues.OnDelete[5] = rules.Orphan
	a.Queues.Types[0] = 99
	a.WrapUpCodes.Attributes[0] = "x"
	b := rules.Default(1, rules.Preset202307)
	same(t, rules.Delete, b.Queues.OnDelete[5])
	same(t, 3, b.Queues.Types[0])
	same(t, "DispositionCode", b.WrapUpCodes.Attributes[0])
}
