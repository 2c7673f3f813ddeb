package reference_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/shared/engage/engagetest"
	"excs/shared/excstest/reference"
	"excs/shared/exorg/exorgtest"
)

const domain = "agents.example"

// The picture of a site has a line for everything that becomes an object, and follows the edits.
func TestExpected(t *testing.T) {
	site := engagetest.New(engagetest.Tiny, 1)
	before := reference.Expected(site, domain, false)
	size := engagetest.Tiny.Size()
	for kind, want := range map[string]int{
		"source": 1, "skill": size.Skills - size.Languages, "language": size.Languages, "wrapupcode": size.WrapUps, "queue": size.Queues(), "user": size.Agents(),
	} {
		if got := len(before[kind]); got != want {
			t.Errorf("%d of kind %s, want %d", got, kind, want)
		}
	}
	if virtual := reference.Expected(site, domain, true); len(virtual["queue"]) != size.VirtualQueues {
		t.Errorf("%d virtual queues, want %d", len(virtual["queue"]), size.VirtualQueues)
	}
	e := engagetest.NewEditor(site, nil, engagetest.SQLite)
	hired, err := e.Hire(t.Context(), engagetest.Newcomer{First: "Grace", Last: "Newcomer", NoEmail: true, EmployeeID: "E9", UserName: "gn", Levels: map[int64]int{site.Skills[0].DBID: 9}})
	if err != nil {
		t.Fatal(err)
	}
	diff := reference.Diff(before, reference.Expected(site, domain, false), 9)
	if len(diff) < 1 || !strings.Contains(strings.Join(diff, "\n"), `+ user: e9@agents.example "Grace Newcomer" active home ext=`) || !strings.Contains(diff[len(diff)-1], "=5") {
		t.Errorf("the hiring of %d changes %q", hired.DBID, diff)
	}
}

// The picture of an organisation leaves out what is deleted, and members whom EXCS did not put there.
func TestObserved(t *testing.T) {
	org := exorgtest.New()
	make := func(id string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	user := make(org.AddUser(map[string]any{"name": "Ada", "email": "Ada@x.example"}))
	stranger := make(org.AddUser(map[string]any{"name": "Bob", "email": "bob@x.example"}))
	gone := make(org.AddUser(map[string]any{"name": "Eve", "email": "eve@x.example"}))
	skill, other := make(org.AddSkill("Sales")), make(org.AddSkill("Old"))
	queue := make(org.AddQueue(map[string]any{"name": "Q", "peerId": "7"}))
	make("", org.AddExternalID(user, exorgtest.ExternalID{Authority: "engage", Key: "101"}))
	make("", org.SetUserSkill(user, skill, 3))
	make("", org.AddMembers(queue, user, stranger))
	make("", org.DeleteUser(gone))
	make("", org.DeleteSkill(other))
	want := reference.Picture{
		"user":    {`ada@x.example "Ada" active home ext=101 skills[Sales=3] languages[]`, `bob@x.example "Bob" active home skills[] languages[]`},
		"skill":   {"Sales"},
		"queue":   {"Q peer=7"},
		"members": {"Q: ada@x.example"},
	}
	if d := cmp.Diff(want, reference.Observed(org, func(name string) bool { return name == "Q" })); d != "" {
		t.Error(d)
	}
	if got := reference.Observed(org, func(string) bool { return false })["members"]; len(got) > 0 {
		t.Errorf("members that nobody asked for: %q", got)
	}
}

// A difference names what is missing and what is too much, and counts what is there twice.
func TestDiff(t *testing.T) {
	want := reference.Picture{"user": {"a", "b", "c", "d"}, "skill": {"x", "x"}}
	got := reference.Picture{"user": {"b"}, "skill": {"x"}, "queue": {"q"}}
	if d := cmp.Diff([]string{"+ queue: q", "- skill: x", "- user: a", "- user: c", "- user: and 1 more"}, reference.Diff(want, got, 2)); d != "" {
		t.Error(d)
	}
	if d := reference.Diff(want, want, 2); len(d) > 0 {
		t.Errorf("equal pictures differ: %q", d)
	}
}
