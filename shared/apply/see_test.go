package apply_test

import (
	"fmt"
	"net/http"
	"slices"

	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

func (b *bench) row(key model.Key) mapping.Row {
	b.Helper()
	return must[mapping.Row](b)(b.table.Get(b.Context(), key))
}

func (b *bench) exID(o model.Object) string { b.Helper(); return b.row(o.Key).EXID }

func (b *bench) state(key model.Key, want mapping.State) mapping.Row {
	b.Helper()
	row := b.row(key)
	if row.State != want {
		b.Fatalf("%s is %s, want %s; reason: %s; last error: %s", key, row.State, want, row.Reason, row.LastError)
	}
	return row
}

func (b *bench) gone(key model.Key) {
	b.Helper()
	if _, err := b.table.Get(b.Context(), key); model.CodeOf(err) != model.CodeNotFound {
		b.Errorf("the row of %s is still there", key)
	}
}

func (b *bench) owners(kind model.Kind, exID string) []model.Key {
	b.Helper()
	return must[map[string]mapping.OwnerItem](b)(b.table.Owners(b.Context(), kind, []string{exID}))[exID].Unjudged()
}

// writes are the calls that changed the EX Org since the counters were reset, "POST /api/v2/users".
func (b *bench) writes() []string {
	var out []string
	for _, r := range b.org.Requests() {
		if r.Method != http.MethodGet && r.Route != "/oauth/token" && r.Route != "/api/v2/users/search" {
			out = append(out, r.Method+" "+r.Route)
		}
	}
	return out
}

// calls are all calls but those for a token since the counters were reset.
func (b *bench) calls() []string {
	var out []string
	for _, r := range b.org.Requests() {
		if r.Route != "/oauth/token" {
			out = append(out, r.Method+" "+r.Route)
		}
	}
	return out
}

// quiet looks at every object as a sweep of the EX Org would, and fails if that writes anything.
func (b *bench) quiet() {
	b.Helper()
	b.org.ResetCounters()
	for key, there := range b.keys {
		if there {
			b.look(key, model.CauseDrift)
		}
	}
	b.settle()
	if w := b.writes(); len(w) > 0 {
		b.Errorf("a look at objects that are right wrote %v", w)
	}
}

// letters are the dead letters so far.
func (b *bench) letters() []queue.Message {
	b.Helper()
	var out []queue.Message
	for {
		batch := must[[]queue.Received](b)(b.dead.Receive(b.Context(), queue.BatchSize, 0))
		if len(batch) == 0 {
			return out
		}
		for _, r := range batch {
			out = append(out, r.Message)
		}
		b.ok(b.dead.Delete(b.Context(), batch))
	}
}

// exUser is the EX user of a Person.
func (b *bench) exUser(o model.Object) exorgtest.User {
	b.Helper()
	u, ok := b.org.User(b.exID(o))
	if !ok {
		b.Fatalf("%s has no EX user", o.Key)
	}
	return u
}

func (b *bench) exQueue(o model.Object) exorgtest.Queue {
	b.Helper()
	q, ok := b.org.Queue(b.exID(o))
	if !ok {
		b.Fatalf("%s has no EX queue", o.Key)
	}
	return q
}

// memberIDs are the EX users of a queue, sorted.
func (b *bench) memberIDs(o model.Object) []string {
	b.Helper()
	var ids []string
	for _, m := range b.org.Members(b.exID(o)) {
		ids = append(ids, m.UserID)
	}
	slices.Sort(ids)
	return ids
}

func (b *bench) ids(objects ...model.Object) []string {
	b.Helper()
	var ids []string
	for _, o := range objects {
		ids = append(ids, b.exID(o))
	}
	slices.Sort(ids)
	return ids
}

func (b *bench) same(what string, got, want any) {
	b.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		b.Errorf("%s: %s, want %s", what, g, w)
	}
}

// fault500 is an EX Org that fails so often with 500.
func fault500(method, route string, times int) exorgtest.Fault {
	return exorgtest.Fault{Method: method, Route: route, Status: http.StatusInternalServerError, Times: times}
}
