package widgettest

import (
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/run"
	"excs/shared/widget"
)

// The ARNs behind the buttons.
const (
	SyncARN   = "arn:aws:lambda:eu-central-1:123456789012:function:excs-dev-sync"
	ReplayARN = "arn:aws:lambda:eu-central-1:123456789012:function:excs-dev-replay"
)

// Now is the time of every view.
var Now = time.Date(2026, 3, 2, 14, 3, 7, 0, time.UTC)

func ago(d time.Duration) time.Time { return Now.Add(-d) }

func key(k model.Kind, dbid int64) model.Key { return model.Key{Kind: k, DBID: dbid} }

func tallies() []run.Tally {
	return []run.Tally{
		{Kind: model.KindSource, Engage: 1, Mapped: 1, Converged: 1},
		{Kind: model.KindSkill, Engage: 212, Mapped: 212, Converged: 212},
		{Kind: model.KindLanguage, Engage: 9, Mapped: 9, Converged: 9},
		{Kind: model.KindWrapUpCode, Engage: 148, Mapped: 148, Converged: 148},
		{Kind: model.KindQueue, Engage: 386, Mapped: 386, Converged: 386},
		{Kind: model.KindUser, Engage: 4812, Mapped: 4812, Converged: 4812},
		{Kind: model.KindMembers, Engage: 386, Mapped: 386, Converged: 386},
	}
}

// Well is a tenant without any fault.
func Well() widget.View {
	return widget.View{
		Overview: run.Overview{
			At: Now, LastRun: 20417, LastRunAt: ago(47 * time.Second), LastProven: ago(47 * time.Second), FirstPlan: ago(40 * 24 * time.Hour), Tallies: tallies(),
			LastPlan: &run.Counted{Hash: "5b0f4a3f8e1d2c9b7a60"},
		},
		SyncARN: SyncARN, ReplayARN: ReplayARN,
	}
}

func named(k model.Key, name, state, reason string, since time.Duration) run.Named {
	return run.Named{Listed: run.Listed{Key: k, State: state, Reason: reason, Since: ago(since)}, Name: name}
}

// Trouble is a tenant with something of everything.
func Trouble() widget.View {
	v := Well()
	v.LastRunAt, v.LastProven = ago(4*time.Minute), ago(4*time.Minute)
	v.Tallies[1].Orphaned = 3
	v.Tallies[4] = run.Tally{Kind: model.KindQueue, Engage: 379, Mapped: 386, Converged: 384, Waiting: 1, Held: 14, Quarantined: 1, Orphaned: 0}
	v.Tallies[5] = run.Tally{Kind: model.KindUser, Engage: 4815, Mapped: 4812, Converged: 4797, Waiting: 12, Quarantined: 2, Invisible: 1, Rejected: 3, Orphaned: 37}
	v.Tallies[6] = run.Tally{Kind: model.KindMembers, Engage: 379, Mapped: 386, Converged: 386, Held: 9}
	v.Oldest, v.OldestKey = ago(3*time.Hour+12*time.Minute), key(model.KindUser, 20113)
	v.Waiting, v.InFlight, v.Dead = 11, 2, 4
	v.Quarantined = []run.Named{
		named(key(model.KindUser, 10482), "Ada Lovelace", "quarantined", `update: the EX Org answered 400 bad.request: "name" contains a character that is not allowed`, 26*time.Hour),
		named(key(model.KindQueue, 3107), "Billing (7001@SIP_Frankfurt)", "quarantined", "create: the EX Org answered 409: a queue with this name exists in a division that EXCS does not manage", 5*time.Hour),
		named(key(model.KindUser, 11904), "Grace Hopper", "quarantined", "8 attempts: the EX Org answered 500 internal.server.error each time", 41*time.Minute),
	}
	v.Invisible = []run.Named{named(key(model.KindUser, 10077), "Katherine Johnson", "invisible", "an e-mail conflict, yet the user is in no list: grant the role in all divisions", 2*time.Hour)}
	v.Damped, v.DampedCount = []run.Named{named(key(model.KindUser, 10311), "Edsger Dijkstra", "waiting", "damped: skills was set back 5 times within an hour; last changed by a3f1c2d4-77aa-4e0b-9c55-0d1f6a2b9e10", 22*time.Minute)}, 1
	v.Rejected = []run.Named{
		named(key(model.KindUser, 12001), "", "rejected", "no e-mail address: the e-mail column is empty and user name tkahn is no address; fill in the Person's e-mail", 9*24*time.Hour),
		named(key(model.KindUser, 12044), "", "rejected", "user/10482 has the e-mail address ada@agents.example already: correct one of the two", 9*24*time.Hour),
		named(key(model.KindUser, 12045), "", "rejected", "user/10482 has the e-mail address ada@agents.example already: correct one of the two", 55*time.Hour),
	}
	v.Stopped = run.Stopped{
		Hash: "8826274a66e7358d0d7d", All: "c4d1b90a7f3e2255e6aa", Count: 23,
		Groups: []run.StoppedGroup{
			{Kind: model.KindQueue, Hash: "1f9b6e0c52d7a8834410", Open: 14},
			{Kind: model.KindMembers, Hash: "77aa0e9d3c1b5f624e8d", Open: 3, Approved: 4, Bound: 2},
		},
		Lines: []run.StoppedLine{
			held(key(model.KindQueue, 3001), "Sales North", model.ActionDelete, plan.HeldGuard, "14 removals of queues within 24 hours, the guard allows 10", false),
			held(key(model.KindQueue, 3002), "Sales South", model.ActionDelete, plan.HeldGuard, "14 removals of queues within 24 hours, the guard allows 10", false),
			held(key(model.KindMembers, 3105), "Billing", model.ActionUpdate, plan.HeldSecond, "it would lose 41 of 90 members: a second complete read must agree", true),
			held(key(model.KindMembers, 3106), "Billing, second line", model.ActionUpdate, plan.HeldUnproven, "all explicit agents of group 8012 are gone at once", false),
		},
	}
	v.Pauses = []run.Rest{
		{Pause: mapping.Pause{Scope: mapping.Scope{Kind: model.KindWrapUpCode}, Note: "codes are being renamed by hand until Friday", Who: "Jean Sammet", Since: ago(3 * time.Hour)}},
		{Pause: mapping.Pause{Scope: mapping.Scope{Key: key(model.KindUser, 10311)}, Note: "the partner looks into it", Since: ago(20 * time.Minute)}, Name: "Edsger Dijkstra", Resting: 1},
	}
	v.Acts = []run.Act{
		{At: ago(20 * time.Minute), Action: mapping.ActionPause, What: "user/10311", By: run.By{Who: "Jean Sammet", Note: "the partner looks into it"}},
		{At: ago(26 * time.Hour), Action: mapping.ActionLink, What: "user/10482 to 5a1c9f30-0000-4000-8000-00000000a001", By: run.By{Who: "Jean Sammet"}},
		{At: ago(30 * time.Hour), Action: mapping.ActionApprove, What: "plan 8826274a66e7358d0d7d, queue"},
	}
	return v
}

func held(k model.Key, name string, a model.Action, code plan.HeldCode, reason string, approved bool) run.StoppedLine {
	return run.StoppedLine{Named: named(k, name, "held", reason, 4*time.Minute), Action: a, Code: code, Approved: approved}
}

// FirstPlan is a tenant before its first approval.
func FirstPlan() widget.View {
	v := Well()
	v.LastRun, v.FirstPlan = 1, time.Time{}
	groups := []run.StoppedGroup{}
	for i, t := range v.Tallies {
		v.Tallies[i] = run.Tally{Kind: t.Kind, Engage: t.Engage, Held: t.Engage}
		groups = append(groups, run.StoppedGroup{Kind: t.Kind, Hash: "1f9b6e0c52d7a8834410", Open: t.Engage})
	}
	v.Stopped = run.Stopped{
		Hash: "8826274a66e7358d0d7d", All: "c4d1b90a7f3e2255e6aa", First: true, Count: 5954, Groups: groups,
		Lines: []run.StoppedLine{held(key(model.KindUser, 101), "", model.ActionAdopt, plan.HeldFirstPlan, "the tenant has no approved first plan", false)},
	}
	return v
}

// Fresh is a tenant that nothing has run for.
func Fresh() widget.View {
	v := widget.View{Overview: run.Overview{At: Now}, SyncARN: SyncARN, ReplayARN: ReplayARN}
	for _, k := range model.Kinds() {
		v.Tallies = append(v.Tallies, run.Tally{Kind: k, Engage: -1})
	}
	return v
}

// Blind is a tenant whose reads fail: Engage's proof, the source, both queues.
func Blind() widget.View {
	v := Well()
	v.ProofFailed, v.ProofFailure, v.LastProven = 3, "read Engage: cfg_person has 4,100 rows and 4,812 were counted", ago(50*time.Minute)
	v.Stopped = run.Stopped{Hash: "8826274a66e7358d0d7d", Source: "8826274a66e7358d0d7d", WentBack: "the highest DBID of cfg_person fell from 20511 to 19877"}
	v.DepthFailure = "read the depth of the queue: AccessDenied"
	v.DeadFailure = "read the depth of the queue: no answer"
	return v
}

// Picture is a tenant on an ordinary bad day, for the README.
func Picture() widget.View {
	v := Trouble()
	v.Tallies[5].Invisible, v.Invisible, v.Damped, v.DampedCount, v.Pauses, v.Acts = 0, nil, nil, 0, nil, nil
	v.Tallies[6] = run.Tally{Kind: model.KindMembers, Engage: 379, Mapped: 386, Converged: 386}
	v.Tallies[5].Rejected, v.Rejected = 1, v.Rejected[:1]
	v.Tallies[1].Orphaned, v.Tallies[5].Orphaned = 0, 0
	v.Oldest, v.Dead = ago(40*time.Second), 3
	v.Stopped.Groups, v.Stopped.Lines, v.Stopped.Count = v.Stopped.Groups[:1], v.Stopped.Lines[:2], 14
	return v
}

// Hostile puts a text into every place that other systems or people write.
func Hostile(text string) widget.View {
	v := Trouble()
	for _, list := range [][]run.Named{v.Quarantined, v.Invisible, v.Damped, v.Rejected} {
		for i := range list {
			list[i].Name, list[i].Reason, list[i].EXID = text, text, text
		}
	}
	for i := range v.Stopped.Lines {
		v.Stopped.Lines[i].Name, v.Stopped.Lines[i].Reason = text, text
	}
	v.Stopped.Source, v.Stopped.WentBack, v.ProofFailed, v.ProofFailure = v.Stopped.Hash, text, 1, text
	v.DepthFailure, v.DeadFailure = text, text
	v.Acts[0].What, v.Acts[0].Who, v.Acts[0].Note = text, text, text
	v.Pauses[0].Note, v.Pauses[0].Who, v.Pauses[1].Name, v.Pauses[1].Note = text, text, text, text
	return v
}
