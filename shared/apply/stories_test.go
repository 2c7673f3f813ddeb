package apply_test

import (
	"slices"
	"time"

	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
)

// The site of the stories.

func billing() model.Object { return skill(1, "Billing") }
func sales() model.Object   { return skill(2, "Sales") }
func german() model.Object  { return language(3, "German") }

func ann() model.Object {
	o := user(11, "Ann", level(billing(), 35), level(sales(), 20))
	o.Languages = []model.Assignment{level(german(), 25)}
	return o
}

func bob() model.Object { return user(12, "Bob", level(billing(), 10)) }

func line() model.Object { return queueOf(21, "Line") }

func nothing(*bench) {}

func checkAll(b *bench) { b.true() }

func skillsThere(b *bench) { b.have(billing(), sales(), german()) }

func peopleThere(b *bench) {
	skillsThere(b)
	b.have(ann(), bob(), line())
	b.have(membersOf(21, 11, 12))
}

func creating(o model.Object) story {
	return story{name: "create " + string(o.Key.Kind), setup: nothing, act: func(b *bench) { b.want(o) }, check: func(b *bench) { b.true(); b.onlyOne(o) }}
}

// stories lists what can happen.
func stories() []story {
	return slices.Concat(
		[]story{
			creating(source()), creating(skill(1, "Billing")), creating(language(2, "German")), creating(code(3, "Sold")), creating(queueOf(4, "Line")),
		},
		userStories(), queueStories(), nameStories(),
	)
}

func userStories() []story {
	return []story{
		{name: "create user", setup: skillsThere, act: func(b *bench) { b.want(ann()) }, check: checkAll},
		{name: "adopt user", setup: func(b *bench) {
			skillsThere(b)
			b.addUser("Ann", "p11@example.org")
		}, act: func(b *bench) { b.want(ann()) }, check: func(b *bench) { b.true(); b.onlyOne(ann()) }},
		{name: "adopt user by plan", setup: func(b *bench) {
			skillsThere(b)
			b.addUser("Annie", "p11@example.org")
		}, act: func(b *bench) {
			w := present(ann())
			w.Adopt, w.Approved = b.org.Users()[0].ID, true
			b.wish(w)
		}, check: func(b *bench) { b.true(); b.onlyOne(ann()) }},
		{name: "update user", setup: peopleThere, act: func(b *bench) {
			o := ann()
			o.Name, o.Email = "Ann Lee", "lee@example.org"
			o.Skills, o.Languages = []model.Assignment{level(sales(), 50)}, nil
			b.want(o)
		}, check: checkAll},
		{name: "deactivate user", setup: peopleThere, act: func(b *bench) {
			o := ann()
			o.State = model.StateInactive
			b.want(o)
		}, check: checkAll},
		{name: "restore user", setup: func(b *bench) {
			peopleThere(b)
			b.ok(b.org.DeleteUser(b.exID(ann())))
		}, act: func(b *bench) { b.hint(ann().Key, model.CauseDeleted) }, check: func(b *bench) {
			b.true()
			b.same("users", len(b.org.Users()), 2)
		}},
		{name: "take over user", setup: peopleThere, act: func(b *bench) {
			o := ann()
			o.Key.DBID, o.ExternalKey = 13, "13"
			w := present(o)
			w.From = ann().Key
			b.keys[ann().Key] = false
			b.wish(w, present(membersOf(21, 12, 13)))
		}, check: func(b *bench) {
			b.true()
			b.gone(ann().Key)
			b.same("users", len(b.org.Users()), 2)
		}},
		{name: "exchange addresses", setup: peopleThere, act: func(b *bench) {
			x, y := ann(), bob()
			x.Email, y.Email = y.Email, x.Email
			b.want(x, y)
		}, check: checkAll},
	}
}

func queueStories() []story {
	return []story{
		{name: "fill queue", setup: func(b *bench) {
			skillsThere(b)
			b.have(ann(), bob(), line())
		}, act: func(b *bench) { b.want(membersOf(21, 11, 12)) }, check: checkAll},
		{name: "change members", setup: func(b *bench) {
			peopleThere(b)
			b.have(user(13, "Cid"))
		}, act: func(b *bench) { b.want(membersOf(21, 12, 13)) }, check: checkAll},
		{name: "empty queue", setup: peopleThere, act: func(b *bench) { b.want(membersOf(21)) }, check: checkAll},
		{name: "rename queue", setup: func(b *bench) {
			peopleThere(b)
			time.Sleep(2 * time.Minute)
		}, act: func(b *bench) { b.want(queueOf(21, "Hotline")) }, check: func(b *bench) {
			b.true()
			b.same("queues", len(b.org.Queues()), 1)
		}},
		{name: "delete queue", setup: peopleThere, act: func(b *bench) {
			b.wish(goal(line(), mapping.GoalAbsent))
			b.keys[membersOf(21).Key] = false
			b.ok(b.table.Forget(b.Context(), membersOf(21).Key))
		},
			check: func(b *bench) {
				b.true()
				b.same("queues", len(b.org.Queues()), 0)
				b.state(line().Key, mapping.StateGone)
			}},
		{name: "make queue again", setup: func(b *bench) {
			peopleThere(b)
			b.have(code(31, "Sold"))
			b.ok(b.org.EditQueue(b.exID(line()), func(raw map[string]any) { raw["description"] = "for customers" }))
			b.ok(b.org.AssignCodes(b.exID(line()), b.exID(code(31, ""))))
			time.Sleep(10 * time.Minute)
			b.drift(line().Key)
			b.ok(b.org.DeleteQueue(b.exID(line())))
		}, act: func(b *bench) { b.hint(line().Key, model.CauseDeleted) }, check: func(b *bench) {
			b.true()
			b.same("queues", len(b.org.Queues()), 1)
			q := b.exQueue(line())
			b.same("settings", q.Settings["description"], "for customers")
			b.same("codes", q.Codes, b.ids(code(31, "")))
		}},
		{name: "take over queue", setup: peopleThere, act: func(b *bench) {
			w := present(queueOf(22, "Line"))
			w.From = line().Key
			b.keys[line().Key], b.keys[membersOf(21).Key] = false, false
			b.ok(b.table.Forget(b.Context(), membersOf(21).Key))
			b.wish(w, present(membersOf(22, 11)))
		}, check: func(b *bench) {
			b.true()
			b.gone(line().Key)
			b.same("queues", len(b.org.Queues()), 1)
		}},
		{name: "exchange queue names", setup: func(b *bench) {
			b.have(queueOf(21, "Line"), queueOf(22, "Desk"))
			time.Sleep(2 * time.Minute)
		}, act: func(b *bench) { b.want(queueOf(21, "Desk"), queueOf(22, "Line")) }, check: checkAll},
	}
}

func nameStories() []story {
	renamed := func() (s, u model.Object) {
		s = skill(1, "Invoices")
		u = bob()
		u.Skills = []model.Assignment{level(s, 10)}
		return s, u
	}
	return []story{
		{name: "rename skill", setup: func(b *bench) { skillsThere(b); b.have(bob()) }, act: func(b *bench) { s, u := renamed(); b.want(s, u) },
			check: func(b *bench) {
				b.true()
				b.same("skills", len(b.living()[model.KindSkill]), 3)
			}},
		{name: "exchange skill names", setup: skillsThere, act: func(b *bench) { b.want(skill(1, "Sales"), skill(2, "Billing")) }, check: func(b *bench) {
			b.true()
			b.same("skills", len(b.living()[model.KindSkill]), 2)
		}},
		{name: "make skill again", setup: func(b *bench) {
			skillsThere(b)
			b.have(ann(), bob())
			time.Sleep(10 * time.Minute)
			b.ok(b.org.DeleteSkill(b.exID(billing())))
		}, act: func(b *bench) { b.hint(billing().Key, model.CauseDeleted) }, check: func(b *bench) {
			b.true()
			b.same("skills", len(b.living()[model.KindSkill]), 2)
		}},
		{name: "make code again", setup: func(b *bench) {
			b.have(code(31, "Sold"), line())
			b.ok(b.org.AssignCodes(b.exID(line()), b.exID(code(31, ""))))
			time.Sleep(10 * time.Minute)
			b.drift(line().Key)
			b.ok(b.org.DeleteCode(b.exID(code(31, ""))))
		}, act: func(b *bench) { b.hint(code(31, "").Key, model.CauseDeleted) }, check: func(b *bench) {
			b.true()
			b.same("codes", b.exQueue(line()).Codes, b.ids(code(31, "")))
		}},
		{name: "part from a shared code", setup: func(b *bench) {
			other := code(32, "sold")
			other.SameAs = 31
			b.have(code(31, "Sold"), other)
		}, act: func(b *bench) { b.want(code(31, "Lost"), code(32, "sold")) }, check: func(b *bench) {
			b.true()
			b.same("codes", len(b.org.Codes()), 2)
		}},
		{name: "share a name", setup: skillsThere, act: func(b *bench) {
			o := skill(9, "BILLING")
			o.SameAs = 1
			b.want(o)
		}, check: func(b *bench) {
			b.true()
			b.same("owners", len(b.owners(model.KindSkill, b.exID(billing()))), 2)
		}},
		{name: "deactivated source", setup: func(b *bench) {
			b.have(source())
			b.ok(b.org.DeleteSource(b.exID(source())))
		}, act: func(b *bench) { b.hint(source().Key, model.CauseDrift) }, check: func(b *bench) { b.true(); b.onlyOne(source()) },
			org: []exorgtest.Option{exorgtest.WithDeletedNamesHeld(true)}},
	}
}
