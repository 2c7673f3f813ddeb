package apply_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
)

const (
	queuesRoute = "/api/v2/routing/queues"
	queueRoute  = "/api/v2/routing/queues/{queueId}"
)

type raw = map[string]any

// groupRouting is a conditional group routing as a GET gives it: the first rule names the queue itself.
func groupRouting(self, other string) raw {
	rule := func(queue string) any {
		return raw{"metric": "ServiceLevel", "operator": "LessThan", "conditionValue": 50.0, "waitSeconds": 20.0, "queue": raw{"id": queue}, "groups": []any{raw{"id": "g1", "type": "GROUP"}}}
	}
	return raw{"rules": []any{rule(self), rule(other), rule(self)}}
}

// note is the last line of a row's history.
func (b *bench) note(key model.Key) string {
	b.Helper()
	h := b.row(key).History
	return h[len(h)-1].Note
}

// seen edits the line's EX queue, has EXCS see it, and gives its settings.
func (b *bench) seen(edit func(raw)) raw {
	b.Helper()
	b.ok(b.org.EditQueue(b.exID(line()), edit))
	time.Sleep(10 * time.Minute)
	b.drift(line().Key)
	return b.exQueue(line()).Settings
}

// A queue with conditional group routing is renamed, although the queue of its first rule must not be sent: nothing else of it changes.
func TestAQueueWithConditionalGroupRoutingIsRenamed(t *testing.T) {
	in(t, func(b *bench) {
		b.have(line(), queueOf(22, "Desk"))
		id := b.exID(line())
		before := b.seen(func(q raw) { q["conditionalGroupRouting"] = groupRouting(id, b.exID(queueOf(22, ""))) })
		b.org.ResetCounters()
		b.have(queueOf(line().Key.DBID, "Renamed"))
		b.same("settings", b.exQueue(line()).Settings, before)
		b.same("calls", b.calls(), []string{"GET " + queueRoute, "PUT " + queueRoute, "GET " + queueRoute + "/wrapupcodes"})
		b.true()
		b.quiet()
	})
}

// A queue that is made again has everything that was seen of it. What referred to its own former id now means the queue itself; references to
// other queues, and texts that hold the id, stay.
func TestAQueueMadeAgainDropsReferencesToItself(t *testing.T) {
	in(t, func(b *bench) {
		b.have(line(), queueOf(22, "Desk"))
		id, other := b.exID(line()), b.exID(queueOf(22, ""))
		metric := func(queue string) raw {
			return raw{"operator": "LessThan", "value": 3.0, "simpleMetric": raw{"metric": "IdleAgentCount", "queue": raw{"id": queue}}}
		}
		b.seen(func(q raw) {
			q["conditionalGroupRouting"] = groupRouting(id, other)
			q["conditionalGroupActivation"] = raw{
				"pilotRule": raw{"conditions": []any{metric(id)}, "conditionExpression": "C1"},
				"rules":     []any{raw{"conditions": []any{metric(other), metric(id)}, "conditionExpression": "C1 and C2", "groups": []any{raw{"id": "g1", "type": "TEAM"}}}},
			}
			q["directRouting"] = raw{"backupQueueId": id, "waitForAgent": true}
			q["description"] = "was " + id
			q["acwSettings"] = raw{"wrapupPrompt": "OPTIONAL"}
		})
		b.ok(b.org.DeleteQueue(id))
		b.org.ResetCounters()
		b.drift(line().Key)
		got := b.exQueue(line()).Settings
		routing := groupRouting(id, other)
		delete(routing["rules"].([]any)[0].(raw), "queue")
		delete(routing["rules"].([]any)[2].(raw), "queue")
		own, foreign := metric(id), metric(other)
		delete(own["simpleMetric"].(raw), "queue")
		b.same("routing", got["conditionalGroupRouting"], any(routing))
		b.same("activation", got["conditionalGroupActivation"], any(raw{
			"pilotRule": raw{"conditions": []any{own}, "conditionExpression": "C1"},
			"rules":     []any{raw{"conditions": []any{foreign, own}, "conditionExpression": "C1 and C2", "groups": []any{raw{"id": "g1", "type": "TEAM"}}}},
		}))
		b.same("direct routing", got["directRouting"], any(raw{"waitForAgent": true}))
		b.same("description", got["description"], any("was "+id))
		b.same("after-call work", got["acwSettings"], any(raw{"wrapupPrompt": "OPTIONAL"}))
		b.same("queues posted", b.org.Calls()["POST "+queuesRoute], 1)
		if n := b.note(line().Key); strings.Contains(n, "could not be restored") {
			b.Errorf("note %q", n)
		}
		b.true()
		b.quiet()
	}, exorgtest.WithQueueReferencesChecked(true))
}

// refusals are what an EX Org may no longer take of a queue that it had.
var refusals = map[string]struct {
	edit func(b *bench, q raw)
	then func(b *bench)
	lost []string // parts that can not come back
	most int      // calls that create
}{
	"a value outside an enum": {
		edit: func(_ *bench, q raw) { q["scoringMethod"] = "RoundRobin" }, lost: []string{"scoringMethod"}, most: 2,
	},
	"a value outside an enum, deep within": {
		edit: func(_ *bench, q raw) { q["mediaSettings"].(raw)["callback"].(raw)["mode"] = "Nobody" }, lost: []string{"mediaSettings"}, most: 3,
	},
	"a value of a wrong type": {
		edit: func(_ *bench, q raw) { q["autoAnswerOnly"] = "maybe" }, lost: []string{"autoAnswerOnly"}, most: 2,
	},
	"three parts, each in other words": {
		edit: func(_ *bench, q raw) {
			q["scoringMethod"], q["lastAgentRoutingMode"] = "RoundRobin", "Anybody"
			q["acwSettings"] = raw{"wrapupPrompt": "NEVER"}
		}, lost: []string{"acwSettings", "lastAgentRoutingMode", "scoringMethod"}, most: 4,
	},
	"a reference to another queue that is gone": {
		edit: func(b *bench, q raw) { q["directRouting"] = raw{"backupQueueId": b.exID(queueOf(22, ""))} },
		then: func(b *bench) { b.ok(b.org.DeleteQueue(b.exID(queueOf(22, "")))) }, lost: []string{"directRouting"}, most: 2,
	},
	"a part that the org's words do not name": {
		edit: func(_ *bench, q raw) { q["description"] = "for customers" },
		then: func(b *bench) { b.refuse("for customers") }, lost: []string{"description"}, most: 25,
	},
	"two parts, and the org's words never change": {
		edit: func(_ *bench, q raw) {
			q["conditionalGroupRouting"] = groupRouting("x", "gone-1")
			q["directRouting"] = raw{"backupQueueId": "gone-2"}
		},
		then: func(b *bench) { b.refuse("gone-1"); b.refuse("gone-2") }, lost: []string{"conditionalGroupRouting", "directRouting"}, most: 40,
	},
}

// refuse has the org take no new queue whose body holds a text, in words that name nothing.
func (b *bench) refuse(text string) {
	b.org.Fail(exorgtest.Fault{Method: http.MethodPost, Route: queuesRoute, Body: text, Status: http.StatusBadRequest})
}

// What the EX Org no longer takes of a queue that is made again is found and left out, that alone, and the audit line names it.
func TestARefusedPartIsLeftOutAlone(t *testing.T) {
	for name, tt := range refusals {
		t.Run(name, func(t *testing.T) {
			in(t, func(b *bench) {
				b.have(line(), queueOf(22, "Desk"))
				before := b.seen(func(q raw) {
					q["callingPartyName"] = "ACME"
					q["acwSettings"] = raw{"wrapupPrompt": "OPTIONAL"}
					tt.edit(b, q)
				})
				plain := must[string](b)(b.org.AddQueue(raw{"name": "Plain"}))
				defaults, _ := b.org.Queue(plain)
				id := b.exID(line())
				b.ok(b.org.DeleteQueue(id))
				if tt.then != nil {
					tt.then(b)
				}
				b.org.ResetCounters()
				b.drift(line().Key)
				b.state(line().Key, mapping.StateConverged)
				got := b.exQueue(line()).Settings
				for part, was := range before {
					if slices.Contains(tt.lost, part) {
						was = defaults.Settings[part]
					}
					b.same(part, got[part], was)
				}
				n := b.note(line().Key)
				named, _, _ := strings.Cut(n, " could not be restored")
				b.same("named in "+n, slices.Sorted(strings.SplitSeq(named, ", ")), tt.lost)
				if posts := b.org.Calls()["POST "+queuesRoute]; posts > tt.most {
					b.Errorf("%d calls to create it", posts)
				}
			}, exorgtest.WithQueueReferencesChecked(true), exorgtest.WithValidator(nil))
		})
	}
}

// A 400 that blames something other than the name is no duplicate: nobody looks for a holder, and the row tells the org's own words.
func TestA400WithoutAHolderIsToldAsItIs(t *testing.T) {
	const words = "The queue is locked for maintenance."
	lists := func(b *bench) (n int) {
		for _, c := range b.calls() {
			if c == "GET "+queuesRoute {
				n++
			}
		}
		return n
	}
	t.Run("of a rename", func(t *testing.T) {
		in(t, func(b *bench) {
			b.have(line())
			time.Sleep(10 * time.Minute)
			f := b.org.Fail(exorgtest.Fault{Method: http.MethodPut, Route: queueRoute, Status: http.StatusBadRequest, Message: words})
			b.want(queueOf(line().Key.DBID, "Renamed"))
			b.org.ResetCounters()
			b.drain()
			if row := b.row(line().Key); !strings.Contains(row.Reason, words) {
				b.Errorf("%s: %s", row.State, row.Reason)
			}
			if n := lists(b); n != 2 {
				b.Errorf("%d lists were read for a holder", n)
			}
			f.Disarm()
			b.settle()
			b.true()
		})
	})
	t.Run("of a rename that is refused for a value", func(t *testing.T) {
		in(t, func(b *bench) {
			b.have(line())
			b.seen(func(q raw) { q["scoringMethod"] = "RoundRobin" })
			b.want(queueOf(line().Key.DBID, "Renamed"))
			b.org.ResetCounters()
			b.drain()
			if row := b.row(line().Key); !strings.Contains(row.Reason, "Value [RoundRobin] is not valid") {
				b.Errorf("%s: %s", row.State, row.Reason)
			}
			b.same("lists", lists(b), 0)
			b.same("setting", b.exQueue(line()).Settings["scoringMethod"], any("RoundRobin"))
		}, exorgtest.WithValidator(nil))
	})
	t.Run("of a new queue", func(t *testing.T) {
		in(t, func(b *bench) {
			b.org.Fail(exorgtest.Fault{Method: http.MethodPost, Route: queuesRoute, Status: http.StatusBadRequest, Message: words})
			b.want(line())
			b.drain()
			if row := b.row(line().Key); !strings.Contains(row.Reason, words) {
				b.Errorf("%s: %s", row.State, row.Reason)
			}
			b.settle()
			if row := b.row(line().Key); row.State != mapping.StateQuarantined || !strings.Contains(row.Reason, words) {
				b.Errorf("%s: %s", row.State, row.Reason)
			}
		})
	})
	t.Run("of a queue that is made again, whatever is left out", func(t *testing.T) {
		in(t, func(b *bench) {
			b.have(line())
			b.seen(func(q raw) { q["description"] = "for customers" })
			b.ok(b.org.DeleteQueue(b.exID(line())))
			b.org.ResetCounters()
			f := b.org.Fail(exorgtest.Fault{Method: http.MethodPost, Route: queuesRoute, Status: http.StatusBadRequest, Message: words})
			b.drift(line().Key)
			if row := b.row(line().Key); !strings.Contains(row.Reason, words) || len(row.Seen) == 0 {
				b.Errorf("%s: %s, body of %d bytes", row.State, row.Reason, len(row.Seen))
			}
			f.Disarm()
			must[mapping.Row](b)(b.table.Release(b.Context(), line().Key, 0, false, model.CauseManual, time.Now()))
			b.drift(line().Key)
			b.same("description", b.exQueue(line()).Settings["description"], any("for customers"))
			b.true()
		})
	})
}
