package engagetest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"excs/shared/engage/engagetest"
)

// An edit of something that is not there, or that is there already, says so and changes neither the model nor the database.
func TestEditsRefuse(t *testing.T) {
	const nobody = 999_999
	db := openSQLite(t)
	s := engagetest.New(engagetest.Tiny, 2)
	write(t, s, db, engagetest.SQLite)
	e := engagetest.NewEditor(s, db, engagetest.SQLite)
	c := newCast(t, s)
	before := fingerprint(t, s)
	type edit = func(context.Context) error
	missing := map[string]edit{
		"firing nobody":    func(ctx context.Context) error { return e.Fire(ctx, nobody) },
		"disabling nobody": func(ctx context.Context) error { return e.SetPersonState(ctx, nobody, engagetest.StateDisabled) },
		"hiring with an unknown skill": func(ctx context.Context) error {
			return errOf(e.Hire(ctx, engagetest.Newcomer{Levels: map[int64]int{nobody: 1}}))
		},
		"hiring into an unknown group": func(ctx context.Context) error {
			return errOf(e.Hire(ctx, engagetest.Newcomer{Groups: []int64{nobody}}))
		},
		"swapping with nobody":      func(ctx context.Context) error { return e.SwapEmails(ctx, c.agent.DBID, nobody) },
		"swapping nobody":           func(ctx context.Context) error { return e.SwapSkillNames(ctx, nobody, c.skillA.DBID) },
		"deleting no skill":         func(ctx context.Context) error { return e.DeleteSkill(ctx, nobody) },
		"making nothing a language": func(ctx context.Context) error { return errOf(e.MakeLanguage(ctx, nobody)) },
		"a level of nobody":         func(ctx context.Context) error { return e.AddLevel(ctx, nobody, c.has, 1) },
		"a level of no skill":       func(ctx context.Context) error { return e.AddLevel(ctx, c.agent.DBID, nobody, 1) },
		"changing no level":         func(ctx context.Context) error { return e.ChangeLevel(ctx, c.agent.DBID, c.hasNot, 1) },
		"removing no level":         func(ctx context.Context) error { return e.RemoveLevel(ctx, c.agent.DBID, c.hasNot) },
		"a value of no attribute":   func(ctx context.Context) error { return errOf(e.AddValue(ctx, "NoSuchAttribute", "a", "b")) },
		"deleting no value":         func(ctx context.Context) error { return e.DeleteValue(ctx, nobody) },
		"deleting no queue":         func(ctx context.Context) error { return e.DeleteQueue(ctx, nobody) },
		"re-creating no queue":      func(ctx context.Context) error { return errOf(e.RecreateQueue(ctx, nobody, true)) },
		"a queue of no group": func(ctx context.Context) error {
			return errOf(e.AddQueue(ctx, engagetest.NewQueue{Groups: []int64{nobody}}))
		},
		"linking no group":              func(ctx context.Context) error { return e.Link(ctx, nobody, c.queueA.DBID) },
		"linking no queue":              func(ctx context.Context) error { return e.Link(ctx, c.explicit, nobody) },
		"unlinking what is not linked":  func(ctx context.Context) error { return e.Unlink(ctx, c.virtual, c.unlinked) },
		"deleting no group":             func(ctx context.Context) error { return e.DeleteGroup(ctx, nobody) },
		"adding nobody to a group":      func(ctx context.Context) error { return e.AddMember(ctx, c.explicit, nobody) },
		"adding to no group":            func(ctx context.Context) error { return e.AddMember(ctx, nobody, c.agent.DBID) },
		"removing no member":            func(ctx context.Context) error { return e.RemoveMember(ctx, c.other, c.member.Person) },
		"moving no member":              func(ctx context.Context) error { return e.MoveMember(ctx, c.member.Person, c.other, c.explicit) },
		"moving to no group":            func(ctx context.Context) error { return e.MoveMember(ctx, c.member.Person, c.explicit, nobody) },
		"a script of no group":          func(ctx context.Context) error { return e.SetScript(ctx, nobody, "x") },
		"removing no script":            func(ctx context.Context) error { return e.RemoveScript(ctx, c.explicit) },
		"deleting no tenant":            func(ctx context.Context) error { return e.DeleteTenant(ctx, nobody) },
		"disabling no tenant":           func(ctx context.Context) error { return e.SetTenantState(ctx, nobody, engagetest.StateDisabled) },
		"removing no column":            func(ctx context.Context) error { return e.RemoveColumn(ctx, engagetest.TablePerson, "no_such_column") },
		"removing no table":             func(ctx context.Context) error { return e.RemoveTable(ctx, "cfg_no_such_table") },
		"emptying no table":             func(ctx context.Context) error { return e.EmptyTable(ctx, "cfg_no_such_table") },
		"emptying the table of locales": func(ctx context.Context) error { return e.EmptyTable(ctx, engagetest.TableLocale) },
		"halving the table of locales":  func(ctx context.Context) error { return e.TruncateTable(ctx, engagetest.TableLocale, 0.5) },
	}
	for name, do := range missing {
		if err := do(t.Context()); !errors.Is(err, engagetest.ErrNoSuchObject) {
			t.Errorf("%s: %v", name, err)
		}
	}
	conflicts := map[string]edit{
		"a level that is there":  func(ctx context.Context) error { return e.AddLevel(ctx, c.agent.DBID, c.has, 1) },
		"a link that is there":   func(ctx context.Context) error { return e.Link(ctx, c.linked.Group, c.linked.DN) },
		"a member that is there": func(ctx context.Context) error { return e.AddMember(ctx, c.explicit, c.member.Person) },
		"a number that is there": func(ctx context.Context) error {
			return errOf(e.AddQueue(ctx, engagetest.NewQueue{Number: c.queueA.Number, Switch: c.queueA.Switch}))
		},
		"moving to where it already": func(ctx context.Context) error { return e.MoveMember(ctx, c.member.Person, c.explicit, c.explicit) },
	}
	for name, do := range conflicts {
		if err := do(t.Context()); !errors.Is(err, engagetest.ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := errOf(e.Rehire(t.Context(), c.agent, 0)); err == nil || !strings.Contains(err.Error(), "SameEmployee") {
		t.Errorf("an unknown way to re-hire gave %v", err)
	}
	if fingerprint(t, s) != before {
		t.Error("a refused edit changed the model")
	}
	if err := s.Check(t.Context(), db, engagetest.SQLite); err != nil {
		t.Errorf("a refused edit changed the database: %v", err)
	}
}

// An edit that the database refuses leaves the model as it was, and says what it was about.
func TestAFailedEditLeavesTheModel(t *testing.T) {
	db := openSQLite(t)
	s := engagetest.New(engagetest.Tiny, 2)
	write(t, s, db, engagetest.SQLite)
	e := engagetest.NewEditor(s, db, engagetest.SQLite)
	c := newCast(t, s)
	before := fingerprint(t, s)
	if _, err := db.ExecContext(t.Context(), "DROP TABLE cfg_agent_group"); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"fire person":    e.Fire(t.Context(), c.agent.DBID),
		"add person":     e.AddMember(t.Context(), c.other, c.member.Person),
		"restore":        e.RestoreBackup(t.Context(), s.Clone()),
		"empty cfg":      e.EmptyTable(t.Context(), engagetest.TableMember),
		"hire person":    errOf(e.Hire(t.Context(), engagetest.Newcomer{Groups: []int64{c.explicit}})),
		"truncate cfg_a": e.TruncateTable(t.Context(), engagetest.TableMember, 0.5),
	} {
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "no such table") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if fingerprint(t, s) != before {
		t.Error("a failed edit changed the model")
	}
	if got, want := text(t, db, "SELECT COUNT(*) FROM cfg_skill_level"), fmt.Sprint(len(s.Levels)); got != want {
		t.Errorf("the failed firing took skill levels along: %s left of %s", got, want)
	}
}

// ids are all DBIDs of a site per table.
func ids(s *engagetest.Site) map[string][]int64 {
	out := map[string][]int64{}
	for _, p := range s.Persons {
		out["person"] = append(out["person"], p.DBID)
	}
	for _, k := range s.Skills {
		out["skill"] = append(out["skill"], k.DBID)
	}
	for _, d := range s.DNs {
		out["DN"] = append(out["DN"], d.DBID)
	}
	for _, g := range s.Groups {
		out["group"] = append(out["group"], g.DBID)
	}
	for _, v := range s.Values {
		out["value"] = append(out["value"], v.DBID)
	}
	for _, p := range s.Props {
		out["prop"] = append(out["prop"], p.DBID)
	}
	return out
}

// Whatever is edited, a DBID that was given once is never given again: each new one is above all that ever were.
func TestDBIDsAreNeverReused(t *testing.T) {
	base := engagetest.New(engagetest.Tiny, 9)
	rapid.Check(t, func(rt *rapid.T) {
		e := engagetest.NewEditor(base.Clone(), nil, engagetest.SQLite)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		highest := map[string]int64{}
		known := map[string]map[int64]bool{}
		look := func(what string) {
			now := ids(e.Site())
			for kind, list := range now {
				former := highest[kind]
				for _, id := range list {
					if !known[kind][id] && id <= former {
						rt.Fatalf("%s: %s %d was given again, the highest was %d", what, kind, id, former)
					}
					highest[kind] = max(highest[kind], id)
				}
				known[kind] = map[int64]bool{}
				for _, id := range list {
					known[kind][id] = true
				}
			}
		}
		look("at first")
		for range rapid.IntRange(1, 60).Draw(rt, "edits") {
			what, err := e.Everyday(context.Background(), rng)
			if err != nil {
				rt.Fatal(err)
			}
			look(what)
		}
	})
}

// Ordinary days of edits, one after the other, leave the database as the model says, and the same seed gives the same days.
func TestEverydayEditsKeepModelAndDatabaseEqual(t *testing.T) {
	onBoth(t, func(t *testing.T, db *sql.DB, d engagetest.Dialect) {
		s := engagetest.New(engagetest.Tiny, 6)
		write(t, s, db, d)
		twin := engagetest.NewEditor(s.Clone(), nil, d)
		e := engagetest.NewEditor(s, db, d)
		rng, again := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(1, 2))
		done := map[string]bool{}
		for range 200 {
			what, err := e.Everyday(t.Context(), rng)
			if err != nil {
				t.Fatal(err)
			}
			if same, err := twin.Everyday(t.Context(), again); err != nil || same != what {
				t.Fatalf("the same seed gave %q (%v) and %q", same, err, what)
			}
			done[strings.Fields(what)[0]] = true
		}
		if err := s.Check(t.Context(), db, d); err != nil {
			t.Error(err)
		}
		if fingerprint(t, s) != fingerprint(t, twin.Site()) {
			t.Error("the edits without a database gave another model")
		}
		if len(done) < 10 {
			t.Errorf("200 edits were of %d sorts only: %v", len(done), done)
		}
	})
}
