package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// same compares what Engage decides in two organisations. Ids differ, so everything is told by name.
func same(t *testing.T, want, got *town) {
	t.Helper()
	if d := cmp.Diff(want.picture(), got.picture()); d != "" {
		t.Errorf("the organisations differ (-want +got):\n%.4000s", d)
	}
}

// picture writes a line for every object.
func (t *town) picture() []string {
	names := t.namesByID()
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for _, s := range t.org.Skills() {
		if s.State == "active" {
			add("skill %s", s.Name)
		}
	}
	for _, l := range t.org.Languages() {
		if l.State == "active" {
			add("language %s", l.Name)
		}
	}
	for _, c := range t.org.Codes() {
		add("code %s", c.Name)
	}
	for _, s := range t.org.Sources() {
		add("source %s %v", s.Name, s.Deactivated)
	}
	for _, u := range t.org.Users() {
		add("user %s %q %s %v skills %v languages %v", u.Email, u.Name, u.State, u.External, named(u.Skills, names), named(u.Languages, names))
	}
	for _, q := range t.org.Queues() {
		var members []string
		for _, m := range t.org.Members(q.ID) {
			members = append(members, names[m.UserID])
		}
		slices.Sort(members)
		add("queue %s peer %s: %s", q.Name, q.PeerID, strings.Join(members, " "))
	}
	slices.Sort(lines)
	return lines
}

func (t *town) namesByID() map[string]string {
	names := map[string]string{}
	for _, s := range t.org.Skills() {
		names[s.ID] = s.Name
	}
	for _, l := range t.org.Languages() {
		names[l.ID] = l.Name
	}
	for _, u := range t.org.Users() {
		names[u.ID] = u.Email
	}
	return names
}

func named(levels map[string]float64, names map[string]string) []string {
	var out []string
	for id, level := range levels {
		out = append(out, fmt.Sprintf("%s=%v", names[id], level))
	}
	slices.Sort(out)
	return out
}
