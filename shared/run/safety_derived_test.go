package run_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

// loss is a way in which a part of Engage is gone at once.
type loss struct {
	name  string
	set   func(*rules.Settings)
	after func(site *engagetest.Site) // takes rows away
	table engagetest.Table            // of these tables
	more  []engagetest.Table
}

// emptied is a loss of all rows of tables.
func emptied(tables ...engagetest.Table) loss {
	return loss{name: fmt.Sprint(tables), table: tables[0], more: tables[1:], after: func(s *engagetest.Site) {
		for _, t := range tables {
			switch t {
			case engagetest.TablePerson:
				s.Persons = nil
			case engagetest.TableSkill:
				s.Skills = nil
			case engagetest.TableLevel:
				s.Levels = nil
			case engagetest.TableDN:
				s.DNs = nil
			case engagetest.TableSwitch:
				s.Switches = nil
			case engagetest.TableGroup:
				s.Groups = nil
			case engagetest.TableMember:
				s.Members = nil
			case engagetest.TableLink:
				s.Links = nil
			case engagetest.TableProp:
				s.Props = nil
			case engagetest.TableAttribute:
				s.Attributes = nil
			case engagetest.TableValue:
				s.Values = nil
			default:
				panic("no such table: " + t)
			}
		}
	}}
}

// valuesGone is the loss of the values of one Business Attribute, or of the attribute too.
func valuesGone(attribute string, itself bool) loss {
	l := loss{name: "the values of " + attribute, table: engagetest.TableValue, after: func(s *engagetest.Site) {
		for _, a := range s.Attributes {
			if a.Name == attribute {
				s.Values = slices.DeleteFunc(s.Values, func(v engagetest.Value) bool { return v.Attribute == a.DBID })
			}
		}
		if itself {
			s.Attributes = slices.DeleteFunc(s.Attributes, func(a engagetest.Attribute) bool { return a.Name == attribute })
		}
	}}
	if itself {
		l.name, l.more = attribute+" itself", []engagetest.Table{engagetest.TableAttribute}
	}
	return l
}

func (l loss) under(name string, set func(*rules.Settings)) loss {
	l.name, l.set = l.name+", "+name, set
	return l
}

func losses() []loss {
	pilot := func(s *rules.Settings) { s.Scope.Groups = []string{"Front", "Back"} }
	linked := func(s *rules.Settings) { s.Scope.Linked = true }
	return []loss{
		emptied(engagetest.TablePerson), emptied(engagetest.TableSkill), emptied(engagetest.TableLevel), emptied(engagetest.TableDN),
		emptied(engagetest.TableSwitch), emptied(engagetest.TableGroup), emptied(engagetest.TableMember), emptied(engagetest.TableLink),
		emptied(engagetest.TableProp), emptied(engagetest.TableAttribute), emptied(engagetest.TableValue),
		emptied(engagetest.TableValue, engagetest.TableAttribute), emptied(engagetest.TableSwitch, engagetest.TableValue),
		valuesGone(engagetest.LanguageAttribute, false), valuesGone(engagetest.LanguageAttribute, true),
		valuesGone(engagetest.WrapUpAttribute, false), valuesGone(engagetest.WrapUpAttribute, true),
		emptied(engagetest.TableMember).under("a pilot", pilot), emptied(engagetest.TablePerson).under("a pilot", pilot),
		emptied(engagetest.TableLink).under("linked queues", linked), emptied(engagetest.TablePerson).under("linked queues", linked),
		emptied(engagetest.TableSwitch).under("one switch", func(s *rules.Settings) { s.Scope.Switches = []string{"SIP_Main"} }),
	}
}

// anatomy is the desk with a queue that only its switch names, and an agent whom his group alone puts into a queue.
func anatomy(t *testing.T) *engagetest.Site {
	site := desk(t)
	f := furnish(t, site)
	f.queue("", engagetest.VirtualQueue)
	experts := site.Groups[slices.IndexFunc(site.Groups, func(g engagetest.Group) bool { return g.Name == "Experts" })].DBID
	bob := site.Persons[slices.IndexFunc(site.Persons, func(p engagetest.Person) bool { return p.First == "Bob" })].DBID
	f.do(f.e.AddMember(t.Context(), experts, bob)) // who does not count while the expression stands
	return site
}

// Whatever follows from a part that is gone at once waits until a second complete read says the same: nothing is made,
// renamed or removed on its account. When the rows are back, it is as if nothing had been.
func TestADoubtWritesNothing(t *testing.T) {
	t.Parallel()
	for _, preset := range rules.Presets() {
		for _, l := range losses() {
			t.Run(string(preset)+"/"+l.name, func(t *testing.T) {
				t.Parallel()
				h := lot{preset: preset, site: anatomy(t), settings: l.set}.build(t)
				h.run()
				h.pass(2 * time.Hour)
				h.quiet(1)
				backup, after := h.Editor.Site().Clone(), h.Editor.Site().Clone()
				l.after(after)
				writes := h.org.Totals().Writes
				tables := append([]engagetest.Table{l.table}, l.more...)
				for _, table := range tables {
					h.do(h.RestoreTable(h.ctx, after, table))
				}
				for i := range 4 {
					report := h.run()
					if len(report.Doubts) == 0 {
						t.Errorf("run %d doubts nothing", i)
					}
					for _, c := range report.Plan.Changes {
						t.Errorf("run %d: %s %s %v", i, c.Action, c.Key, c.Fields)
					}
					for _, f := range report.Plan.Forget {
						t.Errorf("run %d forgets %s: %s", i, f.Key, f.Reason)
					}
					h.pass(4*time.Minute + 50*time.Second)
				}
				for i := len(tables) - 1; i >= 0; i-- {
					h.do(h.RestoreTable(h.ctx, backup, tables[i]))
				}
				for range 3 {
					if report := h.run(); len(report.Plan.Changes)+len(report.Plan.Held)+len(report.Doubts) > 0 {
						t.Errorf("the rows are back: %v, held %v, doubts %v", report.Plan.Changes, report.Plan.Held, report.Doubts)
					}
					h.pass(10 * time.Minute)
				}
				if n := h.org.Totals().Writes - writes; n > 0 {
					t.Errorf("%d writes", n)
				}
				h.quiet(1)
			})
		}
	}
}

// A second complete read that is late enough settles a doubt; what follows is then a change like any other.
func TestASettledDoubtIsCarriedOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		l    loss
		done func(h *house) bool
	}{
		{"switches", emptied(engagetest.TableSwitch), func(h *house) bool {
			return !slices.ContainsFunc(h.org.Queues(), func(q exorgtest.Queue) bool { return strings.Contains(q.Name, "@") })
		}},
		{"values of Language", valuesGone(engagetest.LanguageAttribute, false), func(h *house) bool {
			return slices.ContainsFunc(h.org.Skills(), func(s exSkill) bool { return s.Name == "English" })
		}},
		{"expressions", emptied(engagetest.TableProp), func(h *house) bool { return slices.Contains(h.members("Routing"), "Bob Agent") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := lot{site: anatomy(t), unwatched: true}.build(t)
			h.run()
			h.pass(2 * time.Hour)
			after := h.Editor.Site().Clone()
			c.l.after(after)
			h.do(h.RestoreTable(h.ctx, after, c.l.table))
			h.run()
			h.pass(h.Settings.SecondRead.Kind - time.Second)
			h.run()
			if c.done(h) {
				t.Fatal("it was settled too early")
			}
			h.pass(time.Second)
			if report := h.run(); len(report.Doubts) > 0 || !c.done(h) {
				t.Errorf("a second complete read after %s did not settle it: %v", h.Settings.SecondRead.Kind, report.Doubts)
			}
		})
	}
}

// All objects of a kind may go without any table being empty: the agents of the pilot's group are gone, those of others
// are there. The doubt stands until a read that is late enough, not until the next one, and it ends when they are back.
func TestAnEmptiedKindIsInDoubtUntilALateRead(t *testing.T) {
	t.Parallel()
	empty := func(t *testing.T) (*house, *engagetest.Site) {
		h := lot{preset: rules.PresetCurrent, settings: func(s *rules.Settings) { s.Scope.Groups = []string{"Front"} }}.build(t)
		h.run()
		h.pass(2 * time.Hour)
		backup, front := h.Editor.Site().Clone(), h.group("Front").DBID
		for _, m := range backup.Members {
			if m.Group == front {
				h.do(h.RemoveMember(h.ctx, front, m.Person))
			}
		}
		return h, backup
	}
	ann, bob := mail("Ann"), mail("Bob")
	held := func(h *house, what string) {
		h.t.Helper()
		report := h.run()
		if c, ok := heldOf(report.Plan, userKey(h.person("Ann").DBID)); !ok || c.Code != plan.HeldUnproven {
			h.t.Errorf("%s: held %+v", what, c)
		}
		if len(report.Plan.Changes) > 0 || h.user(ann).State != "active" || h.user(bob).State != "active" || len(h.members("Virtual")) == 0 {
			h.t.Errorf("%s: somebody left, or is about to: %v", what, report.Plan.Changes)
		}
	}
	t.Run("it stays so", func(t *testing.T) {
		t.Parallel()
		h, _ := empty(t)
		held(h, "the first read")
		h.pass(time.Minute)
		held(h, "the very next read")
		h.pass(h.Settings.SecondRead.Kind - time.Minute - time.Second)
		held(h, "a read a second too early")
		h.pass(time.Second)
		report := h.run()
		if _, ok := heldOf(report.Plan, userKey(h.person("Ann").DBID)); ok || h.user(ann).State != "inactive" {
			t.Errorf("a read %s after the first does not settle it", h.Settings.SecondRead.Kind)
		}
	})
	t.Run("they are back, and go again", func(t *testing.T) {
		t.Parallel()
		h, backup := empty(t)
		after := h.Editor.Site().Clone()
		held(h, "the first read")
		h.pass(10 * time.Minute)
		h.do(h.RestoreTable(h.ctx, backup, engagetest.TableMember))
		if report := h.run(); len(report.Plan.Held)+len(report.Plan.Changes) > 0 {
			t.Errorf("they are back: %v, held %v", report.Plan.Changes, report.Plan.Held)
		}
		h.do(h.RestoreTable(h.ctx, after, engagetest.TableMember))
		h.pass(10 * time.Minute)
		held(h, "gone again: the time starts anew")
		h.pass(h.Settings.SecondRead.Kind - time.Second)
		held(h, "a second too early again")
	})
	// A run of some keys, or one that can not read Engage, is not a second read that agrees.
	t.Run("reads that prove nothing in between", func(t *testing.T) {
		t.Parallel()
		h, _ := empty(t)
		held(h, "the first read")
		h.do(h.SetTenantState(h.ctx, engagetest.MainTenant, engagetest.StateDisabled))
		h.pass(h.Settings.SecondRead.Kind - time.Minute)
		if _, err := h.Service.Sync(h.ctx); err == nil {
			t.Fatal("a disabled tenant is a proof")
		}
		h.do(h.SetTenantState(h.ctx, engagetest.MainTenant, engagetest.StateEnabled))
		h.someKinds(model.KindUser)
		h.pass(time.Minute - time.Second)
		held(h, "a second too early")
	})
}
