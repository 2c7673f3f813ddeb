package listen_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/notice"
)

// A new object, or one that changed what it is known by, is compared with what is mapped; the key that it resembles is
// looked at.
func TestStranger(t *testing.T) {
	user, sales, code := key(model.KindUser, 101), key(model.KindQueue, 7), key(model.KindWrapUpCode, 31)
	create := func(kind model.Kind, id, name string) notice.Notice {
		n := about(kind, id, notice.ActionCreate)
		n.Name = name
		return n
	}
	cases := []struct {
		name  string
		n     notice.Notice
		keys  []model.Key
		reads int
	}{
		{"a user with the e-mail address", create(model.KindUser, "new-email", ""), []model.Key{user}, 2},
		{"a user with the external id", create(model.KindUser, "new-external", ""), []model.Key{user}, 2},
		{"a user of the same name only", create(model.KindUser, "new-name", ""), nil, 2},
		{"a user that is not there yet", create(model.KindUser, "nowhere", ""), nil, 1},
		{"a queue with the peer id", create(model.KindQueue, "new-peer", "Other"), []model.Key{sales}, 1},
		{"a queue with the name", create(model.KindQueue, "new-sales", "SALES"), []model.Key{sales}, 1},
		{"a queue that is not there yet, by the event's name", create(model.KindQueue, "nowhere", " sales "), []model.Key{sales}, 1},
		{"a queue with a peer id of somebody else", create(model.KindQueue, "new-other", "Other"), nil, 1},
		{"a code with the name, without a read", create(model.KindWrapUpCode, "c-9", "callback"), []model.Key{code}, 0},
		{"a code whose event has no name", create(model.KindWrapUpCode, "new-code", ""), []model.Key{code}, 1},
		{"a code of another name", create(model.KindWrapUpCode, "c-9", "No answer"), nil, 0},
		{"a stranger takes the name", about(model.KindQueue, "new-sales", notice.ActionUpdate, "name"), []model.Key{sales}, 1},
		{"a stranger changes otherwise", about(model.KindQueue, "new-sales", notice.ActionUpdate, "state"), nil, 0},
		{"a stranger goes", deletion(model.KindQueue, "new-sales"), nil, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			h.row(user, "u-1", func(o *model.Object) { o.Name, o.Email = "Ada", "ada@agents.example" })
			h.row(sales, "q-1", func(o *model.Object) { o.Name = "Sales" })
			h.row(code, "c-1", func(o *model.Object) { o.Name = "Callback" })
			h.org.objects = map[string]model.Observed{
				"new-email":    {Kind: model.KindUser, Name: "A", Email: "ADA@agents.example"},
				"new-external": {Kind: model.KindUser, Name: "A", Email: "other@agents.example"},
				"new-name":     {Kind: model.KindUser, Name: "Ada", Email: "third@agents.example"},
				"new-peer":     {Kind: model.KindQueue, Name: "Other", PeerID: "7"},
				"new-sales":    {Kind: model.KindQueue, Name: "Sales"},
				"new-other":    {Kind: model.KindQueue, Name: "Other", PeerID: "007"},
				"new-code":     {Kind: model.KindWrapUpCode, Name: "CALLBACK"},
			}
			h.org.external = map[string][]string{"new-external": {"x", "101"}}
			r := h.hear(c.n)
			if got := keysOf(h.take()); !slices.Equal(got, c.keys) && len(got)+len(c.keys) > 0 {
				t.Errorf("messages for %v, want %v; %+v", got, c.keys, r)
			}
			if h.org.gets != c.reads {
				t.Errorf("%d reads of the EX Org, want %d", h.org.gets, c.reads)
			}
			if len(c.keys) == 0 && r.Ignored["unknown id"] != 1 {
				t.Errorf("report %+v", r)
			}
			h.hear(c.n, about(c.n.Kind, c.n.EXID, notice.ActionCreate), about(c.n.Kind, c.n.EXID, notice.ActionUpdate, "name"))
			if c.reads > 0 && h.org.gets != c.reads {
				t.Errorf("read again within the minute: %d", h.org.gets)
			}
		})
	}
}

// The webhook asks the rule of adoption: an object that carries the mark of a key that has no object yet is that key's, so
// that another key of its name is not looked at. A mark of a key that has another object forbids nothing.
func TestAStrangerWithAMarkIsItsKeys(t *testing.T) {
	seven, nine := key(model.KindQueue, 7), key(model.KindQueue, 9)
	for exID, want := range map[string][]model.Key{"": {seven}, "q-7": {seven, nine}} {
		h := newHouse(t)
		h.row(seven, exID, func(o *model.Object) { o.Name = "Support" })
		h.row(nine, "q-9", func(o *model.Object) { o.Name = "Sales" })
		h.org.objects["new"] = model.Observed{Kind: model.KindQueue, Name: "Sales", PeerID: "7"}
		h.hear(about(model.KindQueue, "new", notice.ActionCreate))
		if got := keysOf(h.take()); !slices.Equal(got, want) {
			t.Errorf("queue/7 has %q: messages for %v, want %v", exID, got, want)
		}
	}
}

// An object that is deleted already is nobody's, but a user, who can be restored.
func TestADeletedStranger(t *testing.T) {
	h := newHouse(t)
	h.row(key(model.KindUser, 101), "u-1", func(o *model.Object) { o.Email = "ada@agents.example" })
	h.row(key(model.KindQueue, 7), "q-1", func(o *model.Object) { o.Name = "Sales" })
	h.org.objects["new-user"] = model.Observed{Kind: model.KindUser, Email: "ada@agents.example", Deleted: true}
	h.org.objects["new-queue"] = model.Observed{Kind: model.KindQueue, Name: "Sales", Deleted: true}
	h.hear(about(model.KindUser, "new-user", notice.ActionCreate), about(model.KindQueue, "new-queue", notice.ActionCreate))
	if got := keysOf(h.take()); !slices.Equal(got, []model.Key{key(model.KindUser, 101)}) {
		t.Errorf("messages for %v", got)
	}
}

// A storm of new objects costs one scan of the table in five minutes, and a read of each new object.
func TestStrangerStorm(t *testing.T) {
	h := newHouse(t)
	h.row(ada, "u-1", func(o *model.Object) { o.Email = "ada@agents.example" })
	for i := range 300 {
		id := fmt.Sprintf("new-%d", i)
		h.org.objects[id] = model.Observed{Kind: model.KindUser, Email: id + "@agents.example"}
		h.hear(about(model.KindUser, id, notice.ActionCreate))
		h.pass(time.Second) // five minutes in all, but for the last event
	}
	if h.scans != 1 || h.org.gets != 600 {
		t.Errorf("%d scans, %d reads", h.scans, h.org.gets)
	}
	h.row(key(model.KindUser, 102), "u-2", func(o *model.Object) { o.Email = "late@agents.example" })
	h.org.objects["late"] = model.Observed{Kind: model.KindUser, Email: "late@agents.example"}
	if r := h.hear(about(model.KindUser, "late", notice.ActionCreate)); r.Sent != 1 || h.scans != 2 {
		t.Errorf("report %+v, %d scans", r, h.scans)
	}
}

// An EX Org that can not be asked is an error: told again, the object is compared.
func TestStrangerFails(t *testing.T) {
	for _, code := range []model.Code{model.CodeThrottled, model.CodeUnavailable, model.CodeDenied} {
		h := newHouse(t)
		h.row(ada, "u-1", func(o *model.Object) { o.Email = "ada@agents.example" })
		h.org.objects["new"] = model.Observed{Kind: model.KindUser, Email: "ada@agents.example"}
		h.org.fail = model.Errorf(code, "get", "not now")
		n := about(model.KindUser, "new", notice.ActionCreate)
		if _, err := h.listen.Hear(t.Context(), []notice.Notice{n}); model.CodeOf(err) != code {
			t.Fatalf("error %v", err)
		}
		h.org.fail = nil
		h.table.fail = map[string]error{"Rows": model.Errorf(model.CodeUnavailable, "table", "down")}
		if _, err := h.listen.Hear(t.Context(), []notice.Notice{n}); model.CodeOf(err) != model.CodeUnavailable {
			t.Fatalf("error %v", err)
		}
		h.table.fail = nil
		if r := h.hear(n); r.Sent != 1 {
			t.Errorf("report %+v", r)
		}
	}
}

// An update that overtakes the creation does not hide it.
func TestStrangerOutOfOrder(t *testing.T) {
	h := newHouse(t)
	h.row(ada, "u-1", func(o *model.Object) { o.Email = "ada@agents.example" })
	h.org.objects["new"] = model.Observed{Kind: model.KindUser, Email: "ada@agents.example"}
	if r := h.hear(about(model.KindUser, "new", notice.ActionUpdate, "state")); r.Ignored["unknown id"] != 1 {
		t.Fatalf("report %+v", r)
	}
	if r := h.hear(about(model.KindUser, "new", notice.ActionCreate)); r.Sent != 1 {
		t.Errorf("report %+v", r)
	}
}

// Rows that are on their way out are no reason to look.
func TestStrangerResemblesLeavingRow(t *testing.T) {
	h := newHouse(t)
	sales := key(model.KindQueue, 7)
	h.row(sales, "q-1", func(o *model.Object) { o.Name = "Sales" })
	wish := mapping.Wish{Key: sales, Goal: mapping.GoalAbsent, Desired: model.Object{Key: sales, Name: "Sales"}}
	if _, err := h.mem.PutDesired(t.Context(), 2, wish); err != nil {
		t.Fatal(err)
	}
	n := about(model.KindQueue, "new", notice.ActionCreate)
	n.Name = "Sales"
	if r := h.hear(n); r.Sent != 0 {
		t.Errorf("report %+v", r)
	}
}
