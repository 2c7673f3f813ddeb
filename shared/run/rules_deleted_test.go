package run_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/model"
	"excs/shared/rules"
)

// dnTypes are the DN types that can become queues, with the alias of the desk's queue of that type.
var dnTypes = []struct {
	what, alias string
	dnType      int
}{
	{"ACD Queue", "ACD", model.DNACDQueue}, {"Routing Point", "Entry", model.DNRoutingPoint},
	{"Virtual Queue", "Virtual", model.DNVirtualQueue}, {"Routing Queue", "Routing", model.DNRoutingQueue},
}

// Every deletion in Engage, under both presets and as each setting says.
func TestRulesDeletedInEngage(t *testing.T) {
	t.Parallel()
	tryRules(t, rules.Preset202307, slices.Concat(queueDeletions(rules.Delete), deletedInEngage(), []rule{
		{name: "Person deleted in Engage: the user stays active, out of its queues, and is an orphan", do: orphanedPerson},
		{name: "Person deleted in Engage, setting users.onDelete deactivate: inactive", settings: func(s *rules.Settings) { s.Users.OnDelete = rules.Deactivate }, do: deactivatedPerson},
	}))
	tryRules(t, rules.PresetCurrent, slices.Concat(queueDeletions(rules.Empty), deletedInEngage(), []rule{
		{name: "Person deleted in Engage: the user becomes inactive", do: deactivatedPerson},
		{name: "Person deleted in Engage, setting users.onDelete orphan: stays active", settings: func(s *rules.Settings) { s.Users.OnDelete = rules.Orphan }, do: orphanedPerson},
	}))
}

// queueDeletions tries each DN type under each thing that a deletion can do; usual is the preset's own.
func queueDeletions(usual rules.OnDelete) []rule {
	outcome := map[rules.OnDelete]string{
		rules.Delete: "deleted in the EX Org", rules.Empty: "the EX queue stays and loses its members", rules.Orphan: "the EX queue stays as it is, an orphan",
	}
	var list []rule
	for _, d := range dnTypes {
		for _, what := range []rules.OnDelete{rules.Delete, rules.Empty, rules.Orphan} {
			name := fmt.Sprintf("queue deleted in Engage (%s): %s", d.what, outcome[what])
			if what != usual {
				name = fmt.Sprintf("queue deleted in Engage (%s), setting queues.onDelete %s: %s", d.what, what, outcome[what])
			}
			list = append(list, rule{name: name, settings: func(s *rules.Settings) {
				s.Queues.Types = rules.QueueTypes()
				s.Queues.OnDelete[d.dnType] = what
			}, do: func(h *house) { deleteQueue(h, d.alias, what) }})
		}
	}
	return list
}

func deleteQueue(h *house, alias string, what rules.OnDelete) {
	q, key := h.queue(alias), queueKey(h.dn(alias).DBID)
	members := h.members(alias)
	if len(members) == 0 {
		h.t.Fatal("the queue has no members to begin with")
	}
	h.do(h.DeleteQueue(h.ctx, key.DBID))
	h.run()
	switch what {
	case rules.Delete:
		if h.hasQueue(alias) {
			h.t.Error("the EX queue is still there")
		}
		if _, listed := h.listed(key); listed {
			h.t.Error("a deleted queue is listed")
		}
	case rules.Empty:
		// The members leave first; then the queue is the administrator's.
		h.run()
		h.wantMembers(alias)
		h.wantOrphan(key)
	default:
		h.wantMembers(alias, members...)
		h.wantOrphan(key)
	}
	if now, ok := h.org.Queue(q.ID); ok && now.Name != q.Name {
		h.t.Errorf("the queue is called %s", now.Name)
	}
}

func deletedInEngage() []rule {
	return []rule{
		{name: "queue member deleted in Engage: deleted in the EX Org", do: func(h *house) {
			h.do(h.RemoveMember(h.ctx, h.group("Back").DBID, h.person("Cy").DBID))
			h.run()
			h.wantMembers("Virtual", "Ann Agent", "Bob Agent")
		}},
		{name: "skill deleted in Engage: not deleted, an orphan, gone from the users", do: func(h *house) {
			s := h.engageSkill("Sales")
			h.do(h.DeleteSkill(h.ctx, s.DBID))
			h.run()
			h.skill("Sales")
			h.wantOrphan(skillKey(s.DBID))
			h.wantAbilities(mail("Cy"), "Billing=3", "German=2")
		}},
		{name: "language deleted in Engage: not deleted, an orphan, gone from the users", do: func(h *house) {
			s := h.engageSkill("German")
			h.do(h.DeleteSkill(h.ctx, s.DBID))
			h.run()
			h.language("German")
			h.wantOrphan(languageKey(s.DBID))
			h.wantAbilities(mail("Cy"), "Billing=3", "Sales=5")
		}},
		{name: "wrap-up code deleted in Engage: not deleted, an orphan", do: func(h *house) {
			v := h.wrapUp("Callback")
			h.do(h.DeleteValue(h.ctx, v.DBID))
			h.run()
			h.code("Callback")
			h.wantOrphan(codeKey(v.DBID))
		}},
		{name: "orphans are listed with active users first", do: func(h *house) {
			h.do(h.DeleteValue(h.ctx, h.wrapUp("Callback").DBID))
			h.do(h.Fire(h.ctx, h.person("Dora").DBID))
			ann := h.person("Ann").DBID
			h.do(h.Fire(h.ctx, ann))
			h.run()
			h.run()
			list, err := h.Runner.List(h.ctx, nil)
			h.do(err)
			if len(list) < 3 {
				h.t.Fatalf("listed: %+v", list)
			}
			if h.Settings.Users.OnDelete == rules.Orphan && (list[0].Key != userKey(ann) || !list[0].Active) {
				h.t.Errorf("the first line is %+v", list[0])
			}
			for _, l := range list[1:] {
				if l.Active {
					h.t.Errorf("%s is listed as active", l.Key)
				}
			}
		}},
		{name: "the Source is never deleted", do: func(h *house) {
			h.do(h.DeleteValue(h.ctx, h.wrapUp("Callback").DBID))
			h.do(h.Fire(h.ctx, h.person("Cy").DBID))
			h.run()
			h.run() // under "current" the user is inactive first, then an orphan
			if s := h.org.Sources(); len(s) != 1 || s[0].Deactivated {
				h.t.Errorf("sources: %+v", s)
			}
		}},
		{name: "Person re-created with a new DBID: takes the same user over again", do: func(h *house) {
			former := h.person("Ann")
			before := h.user(mail("Ann"))
			h.do(h.Fire(h.ctx, former.DBID))
			h.run()
			h.pass(10 * time.Minute)
			h.run()
			again, err := h.Rehire(h.ctx, former, engagetest.SameEmployee)
			h.do(err)
			h.do(h.AddMember(h.ctx, h.group("Front").DBID, again.DBID))
			h.run()
			u := h.user(mail("Ann"))
			want := []exorgtest.ExternalID{{Authority: "engage", Key: decimal(again.DBID)}}
			if u.ID != before.ID || u.State != "active" || !slices.Equal(u.External, want) {
				h.t.Errorf("the user is %+v, want %s active with %v", u, before.ID, want)
			}
			h.wantMembers("Virtual", "Ann Agent", "Bob Agent", "Cy Agent")
			if _, listed := h.listed(userKey(former.DBID)); listed {
				h.t.Error("the former Person is still listed")
			}
		}},
	}
}

func orphanedPerson(h *house) {
	ann := h.person("Ann").DBID
	h.do(h.Fire(h.ctx, ann))
	h.run()
	if u := h.user(mail("Ann")); u.State != "active" {
		h.t.Errorf("the user is %s", u.State)
	}
	h.wantAbilities(mail("Ann"), "Billing=5", "English=4")
	h.wantMembers("Virtual", "Bob Agent", "Cy Agent")
	if l := h.wantOrphan(userKey(ann)); !l.Active {
		h.t.Error("it is not listed as one that can still log in")
	}
}

func deactivatedPerson(h *house) {
	ann := h.person("Ann").DBID
	h.do(h.Fire(h.ctx, ann))
	h.run()
	if u := h.user(mail("Ann")); u.State != "inactive" {
		h.t.Errorf("the user is %s", u.State)
	}
	h.wantMembers("Virtual", "Bob Agent", "Cy Agent")
	h.run()
	if l := h.wantOrphan(userKey(ann)); l.Active {
		h.t.Error("it is listed as one that can still log in")
	}
}
