package run_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"excs/shared/mapping"
)

// hear takes in every event since a change of the organisation.
func (h *house) hear(since int) {
	h.t.Helper()
	var bodies [][]byte
	for _, e := range h.org.EventsSince(since) {
		bodies = append(bodies, e.Envelope)
	}
	if _, err := h.Hear(h.ctx, bodies...); err != nil {
		h.t.Fatal(err)
	}
}

// seq is the number of the organisation's latest change.
func (h *house) seq() int {
	changes := h.org.Changes()
	if len(changes) == 0 {
		return 0
	}
	return changes[len(changes)-1].Seq
}

// Somebody who changes the same field back each time is not fought for ever: after five repairs within an hour the object
// waits and is listed with the reason, and after an hour EXCS sets it right once more.
func TestFightsAreDamped(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	key := codeKey(h.wrapUp("Resolved").DBID)
	id := h.code("Resolved").ID
	quarrel := func(name string) string {
		since := h.seq()
		h.do(h.org.EditCode(id, func(raw map[string]any) { raw["name"] = name }))
		h.hear(since)
		if _, err := h.Drain(h.ctx, nil); err != nil {
			t.Fatal(err)
		}
		c, _ := h.org.Code(id)
		return c.Name
	}
	for i := range h.Settings.Fights {
		if got := quarrel(fmt.Sprint("Mine ", i)); got != "Resolved" {
			t.Fatalf("change %d was not undone: the code is called %q", i, got)
		}
		h.pass(2 * time.Minute)
	}
	if got := quarrel("Mine for good"); got != "Mine for good" {
		t.Fatalf("the fight goes on: the code is called %q", got)
	}
	row := h.row(key)
	if row.State != mapping.StateWaiting || !strings.HasPrefix(row.Reason, mapping.Damped) || !strings.Contains(row.Reason, h.org.AdminID()) {
		t.Errorf("the row is %s: %s", row.State, row.Reason)
	}
	if l, ok := h.listed(key); !ok || !strings.HasPrefix(l.Reason, mapping.Damped) {
		t.Errorf("it is not listed: %+v", l)
	}
	h.pass(time.Hour)
	h.run()
	h.rest()
	if got := h.code("Resolved").ID; got != id {
		t.Errorf("an hour later the code is another one: %s", got)
	}
}
