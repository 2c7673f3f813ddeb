package listen_test

import (
	"strconv"
	"testing"

	"excs/shared/model"
	"excs/shared/notice"
)

// What the listener remembers is bounded: after tens of thousands of other events and objects the first are forgotten, and
// an event that comes again is one look more. The last ten thousand are remembered.
func TestMemoryIsBounded(t *testing.T) {
	h := newHouse(t)
	h.row(ada, "u-1")
	first := drift(model.KindUser, "u-1")
	h.hear(first)
	h.take()
	const others = 30_000
	var last notice.Notice
	for i := range others {
		n := drift(model.KindSkill, "foreign-"+strconv.Itoa(i))
		n.Properties = []string{"state"}
		h.hear(n)
		if i == others-10_000 {
			last = n
		}
	}
	if r := h.hear(last); r.Replayed != 1 {
		t.Errorf("one of the last ten thousand events is forgotten: %+v", r)
	}
	if r := h.hear(first); r.Sent != 1 {
		t.Errorf("the first event is remembered after %d others: %+v", others, r)
	}
}
