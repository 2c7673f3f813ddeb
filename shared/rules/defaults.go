package rules

import (
	"time"

	"excs/shared/model"
)

// DefaultTemplate is the template of an address when email.domain is given and email.template is not.
const DefaultTemplate = "{employee_id}@{domain}"

// Default gives every default of a preset (RULES 3 and 4). An unknown preset gives the default one's.
func Default(tenant int64, preset Preset) Settings {
	s := Settings{
		Tenant: tenant,
		Preset: Preset202307,
		Users: Users{
			Who: WhoAgents, OnDelete: Orphan,
			Name: Controlled, Email: Controlled, State: Controlled, Division: Controlled,
			Authority: "engage", Skills: Exact, Languages: Exact,
		},
		Queues:      Queues{Types: QueueTypes(), OnDelete: onDeleteAll(Delete), AdoptedDelete: AdoptedApprove},
		Members:     Members{Control: Exact},
		Languages:   Languages{Attribute: "Language"},
		WrapUpCodes: WrapUpCodes{Attributes: []string{"DispositionCode"}},
		SourceName:  "EXCS",
		Limits:      Limits{Queues: 5000, QueueMembers: 5000, BulkPerCall: 50, MembersPerCall: 100},
		Guard: Guard{
			Removals:      Threshold{Count: 10, Share: 0.05},
			RemovalWindow: 24 * time.Hour,
			Updates:       Threshold{Count: 50, Share: 0.30},
			UpdateWindow:  60 * time.Minute,
			ActiveFrom:    10,
			QueueLoss:     0.20,
			QueueSize:     10,
			Agents:        Threshold{Count: 50, Share: 0.30},

			MemberLossCount: 50,
			MemberLoss:      0.30,
			Joins:           Threshold{Count: 1000, Share: 0.50},
			QueueGrowth:     3,
			Made:            Threshold{Count: 1000, Share: 1},
			Names:           Threshold{Count: 50, Share: 0.50},
			Assignments:     Threshold{Count: 100, Share: 0.60},
			Addresses:       Threshold{Count: 10, Share: 0.05},
			GapHours:        24,
		},
		Approval:   60 * time.Minute,
		SecondRead: SecondRead{Members: 60 * time.Second, AllMembers: 5 * time.Minute, Kind: 15 * time.Minute, Address: 15 * time.Minute},
		TimeZone:   "UTC",
		IndexLag:   5 * time.Minute,
		Attempts:   8,
		Requests:   Requests{PerMinute: 300, BulkShare: 0.8},
		Verify:     Verify{Share: 0.20, Absence: 90 * time.Second, Round: 24 * time.Hour},
		Fights:     5,
	}
	if preset == PresetCurrent {
		s.Preset = PresetCurrent
		s.Users.OnDelete = Deactivate
		s.Users.Division = AtCreation
		s.Queues = Queues{Types: []int{model.DNVirtualQueue}, OnDelete: onDeleteAll(Empty), AdoptedDelete: AdoptedApprove}
	}
	return s
}

// Presets lists the presets, the default one first.
func Presets() []Preset { return []Preset{Preset202307, PresetCurrent} }

// QueueTypes lists the DN types that can become queues, in the order of their numbers.
func QueueTypes() []int {
	return []int{model.DNACDQueue, model.DNRoutingPoint, model.DNVirtualQueue, model.DNRoutingQueue}
}

// The values of Users.Who.
const (
	WhoAgents = "agents" // Persons with is_agent = 2
	WhoAll    = "all"    // every Person of the tenant
)

func onDeleteAll(what OnDelete) map[int]OnDelete {
	m := make(map[int]OnDelete, len(QueueTypes()))
	for _, t := range QueueTypes() {
		m[t] = what
	}
	return m
}
