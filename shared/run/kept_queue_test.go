package run_test

import (
	"slices"
	"testing"
	"time"

	"excs/shared/exorg/exorgtest"
	"excs/shared/verify"
)

// A person sets up a queue, an hourly sweep passes, the queue is deleted: it comes back with description, setting and codes, and nobody has ever
// asked EXCS to look at that queue.
func TestAQueueComesBackAsASweepSawIt(t *testing.T) {
	t.Parallel()
	h := lot{unwatched: true}.build(t).settled()
	before := h.queue("Virtual")
	h.do(h.org.EditQueue(before.ID, func(raw map[string]any) {
		raw["description"] = "the administrator's"
		raw["acwSettings"] = map[string]any{"wrapupPrompt": "MANDATORY_TIMEOUT", "timeoutMs": 45000}
	}))
	one, err := h.org.AddCode(map[string]any{"name": "By hand"})
	h.do(err)
	two := h.code("Resolved").ID
	h.do(h.org.AssignCodes(before.ID, one, two))
	want, _ := h.org.Raw(exorgtest.KindQueue, before.ID)
	h.pass(time.Hour)
	h.sweepWhole()
	h.do(h.org.DeleteQueue(before.ID))
	h.untilAnother("Virtual", before.ID)
	got, _ := h.org.Raw(exorgtest.KindQueue, h.queue("Virtual").ID)
	if d := rawDiff(want, got, "id", "selfUri", "dateCreated", "createdBy"); d != "" {
		h.t.Errorf("what came back differs from what was there (-was +now):\n%s", d)
	}
	if codes := h.queue("Virtual").Codes; !slices.Equal(codes, []string{one, two}) {
		h.t.Errorf("codes on the queue: %v", codes)
	}
	h.equal()
	h.quiet(3)
}

// A queue whose conditional group routing names itself, as a GET gives it, takes a new alias, and comes back when it is deleted.
func TestAQueueWithConditionalGroupRouting(t *testing.T) {
	t.Parallel()
	h := lot{unwatched: true}.build(t).settled()
	before := h.queue("Virtual")
	rule := func(queue string) any {
		return map[string]any{"metric": "ServiceLevel", "operator": "LessThan", "conditionValue": 50.0, "queue": map[string]any{"id": queue}}
	}
	h.do(h.org.EditQueue(before.ID, func(raw map[string]any) {
		raw["conditionalGroupRouting"] = map[string]any{"rules": []any{rule(before.ID), rule(before.ID)}}
		raw["directRouting"] = map[string]any{"backupQueueId": before.ID, "waitForAgent": true}
		raw["description"] = "the administrator's"
	}))
	h.pass(time.Hour)
	h.sweepWhole()
	h.do(h.SetAlias(h.ctx, h.dn("Virtual").DBID, "Renamed"))
	h.run()
	h.rest()
	renamed := h.queue("Renamed")
	if renamed.ID != before.ID || renamed.Settings["description"] != "the administrator's" {
		h.t.Errorf("the queue is %+v", renamed)
	}
	h.do(h.org.DeleteQueue(before.ID))
	h.untilAnother("Renamed", before.ID)
	again := h.queue("Renamed")
	direct, _ := again.Settings["directRouting"].(map[string]any)
	routing, _ := again.Settings["conditionalGroupRouting"].(map[string]any)
	rules, _ := routing["rules"].([]any)
	if again.Settings["description"] != "the administrator's" || direct["waitForAgent"] != true || direct["backupQueueId"] != nil || len(rules) != 2 {
		h.t.Errorf("it came back as %+v", again.Settings)
	}
	h.equal()
	h.quiet(3)
}

// sweepWhole makes a whole sweep of the EX Org and lets its findings be worked on.
func (h *house) sweepWhole() {
	h.t.Helper()
	for range 20 {
		r, err := h.Sweeper.Sweep(h.ctx, verify.Request{})
		h.do(err)
		h.rest()
		if r.Done {
			return
		}
		h.pass(2 * time.Minute)
	}
	h.t.Fatal("the sweep does not come to its end")
}

// untilAnother sweeps until a queue of the name is there that is not the lost one.
func (h *house) untilAnother(name, lost string) {
	h.t.Helper()
	for range 5 {
		h.pass(10 * time.Minute)
		h.sweepWhole()
		if h.hasQueue(name) && h.queue(name).ID != lost {
			return
		}
	}
	h.t.Fatalf("%s was not made again", name)
}
