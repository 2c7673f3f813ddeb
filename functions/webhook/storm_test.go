package main

import (
	"encoding/json"
	"slices"
	"strconv"
	"testing"
	"time"

	"excs/shared/model"
)

// Ten thousand events of noise, made by the organisation itself out of log-ins, joins and settings of mapped objects and
// of changes to foreign ones: no call of the EX Org, and at most one read of the table per object and minute.
func TestStorm(t *testing.T) {
	w := synced(t)
	keys, err := w.Table.Keys(t.Context(), model.KindUser)
	if err != nil {
		t.Fatal(err)
	}
	w.news()
	queue := w.org.Queues()[0]
	for i, k := range keys {
		exID := w.exID(k)
		if err := w.org.TouchUser(exID); err != nil {
			t.Fatal(err)
		}
		if err := w.org.EditQueue(queue.ID, set("description", strconv.Itoa(i))); err != nil {
			t.Fatal(err)
		}
	}
	foreign := 0
	for i := range 10 {
		id, err := w.org.AddCode(map[string]any{"name": "foreign " + strconv.Itoa(i)})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.org.DeleteCode(id); err != nil {
			t.Fatal(err)
		}
		foreign++
	}
	// The new objects are compared with what is mapped; from then on they are noise like the rest.
	var noise []json.RawMessage
	for _, e := range w.news() {
		w.tell(e.Envelope)
		noise = append(noise, e.Envelope)
	}
	for _, m := range w.org.Members(queue.ID) {
		if err := w.org.SetMember(queue.ID, m.UserID, 1, !m.Joined); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range w.news() {
		noise = append(noise, e.Envelope)
	}
	w.org.ResetCounters()
	w.Table.ResetUnits()
	w.clock.Pass(time.Hour)
	const minutes = 5
	for i := range stormy {
		// Each event is one of its own, as far as its id tells.
		e := slices.Clone(noise[i%len(noise)])
		var whole map[string]any
		if err := json.Unmarshal(e, &whole); err != nil {
			t.Fatal(err)
		}
		whole["detail"].(map[string]any)["eventBody"].(map[string]any)["id"] = "storm-" + strconv.Itoa(i)
		body := whole["detail"].(map[string]any)["eventBody"].(map[string]any)
		if body["action"] == "Create" {
			body["action"] = "Update"
			body["propertyChanges"] = []any{map[string]any{"property": "state"}}
		}
		again, err := json.Marshal(whole)
		if err != nil {
			t.Fatal(err)
		}
		if r := w.tell(again); r.Acts() || r.Rejected > 0 {
			t.Fatalf("%+v: %s", r, again)
		}
		w.clock.Pass(minutes * time.Minute / stormy)
	}
	if total := w.org.Totals(); total.Calls != 0 {
		t.Errorf("%d calls of the EX Org: %v", total.Calls, w.org.Calls())
	}
	// An owner that is not there costs one read unit.
	if u := w.Table.Units(); u.Writes != 0 || u.Reads > float64(foreign*(minutes+1)) {
		t.Errorf("the table: %+v", u)
	}
	if w.messages() != 0 {
		t.Errorf("%d messages", w.messages())
	}
}
