package apply_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/rules"
)

func sharing(o model.Object, owner int64) model.Object {
	o.SameAs = owner
	return o
}

// Names that are one for the EX Org are one object with several owners; it stays as long as one of them lives.
func TestEqualNamesShareOneObject(t *testing.T) {
	in(t, func(b *bench) {
		b.have(skill(1, "Billing"), sharing(skill(2, "BILLING"), 1), code(3, "Sold"), sharing(code(4, "sold"), 3))
		b.onlyOne(skill(1, ""))
		b.onlyOne(code(3, ""))
		b.same("spelling", b.org.Codes()[0].Name, "Sold")
		b.true()
		b.quiet()

		// The owner is gone: the other key owns the object alone.
		id := b.exID(skill(1, ""))
		b.ok(b.table.Disown(b.Context(), model.KindSkill, id, skill(1, "").Key))
		b.ok(b.table.Forget(b.Context(), skill(1, "").Key))
		b.keys[skill(1, "").Key] = false
		b.have(skill(2, "BILLING"))
		b.same("owners", b.owners(model.KindSkill, id), []model.Key{skill(2, "").Key})
		b.onlyOne(skill(2, ""))
		b.quiet()
	})
}

// A new key of a lower DBID than the owner's so far becomes an owner beside it.
func TestALowerNamesakeBecomesTheOwner(t *testing.T) {
	in(t, func(b *bench) {
		b.have(skill(5, "Billing"))
		w := present(skill(2, "billing"))
		w.Adopt = b.exID(skill(5, ""))
		b.wish(w, present(sharing(skill(5, "Billing"), 2)))
		b.settle()
		b.onlyOne(skill(2, ""))
		b.same("owners", len(b.owners(model.KindSkill, w.Adopt)), 2)
		b.true()
		b.quiet()
	})
}

// A key whose name becomes another's leaves its own object, which nobody has then: an orphan for the administrator.
func TestAKeyThatSharesLeavesItsObject(t *testing.T) {
	in(t, func(b *bench) {
		b.have(skill(1, "Billing"), skill(2, "Chess"))
		chess := b.exID(skill(2, ""))
		b.have(sharing(skill(2, "billing"), 1))
		b.same("EX id", b.exID(skill(2, "")), b.exID(skill(1, "")))
		b.orphaned(model.KindSkill, chess, "Chess")
		b.quiet()
	})
}

// orphaned fails unless an orphan's row keeps that EX object.
func (b *bench) orphaned(kind model.Kind, exID, name string) model.Key {
	b.Helper()
	owners := b.owners(kind, exID)
	if len(owners) != 1 {
		b.Fatalf("the left object has the owners %v", owners)
	}
	row := b.state(owners[0], mapping.StateOrphan)
	b.same("name and EX id of the orphan", []string{row.Desired.Name, row.EXID}, []string{name, exID})
	items := must[[]mapping.Item](b)(b.table.List(b.Context(), []mapping.State{mapping.StateOrphan}, []model.Kind{kind}))
	if !slices.ContainsFunc(items, func(i mapping.Item) bool { return i.Key == owners[0] }) {
		b.Error("the administrator's list does not show the orphan")
	}
	return owners[0]
}

// A code that gets a name of its own leaves the common object to the keys that still have the old name, renamed or not.
func TestACodePartsFromItsSharers(t *testing.T) {
	in(t, func(b *bench) {
		b.have(code(3, "Sold"), sharing(code(4, "sold"), 3), sharing(code(5, "SOLD"), 3))
		id := b.exID(code(3, ""))
		b.have(code(3, "Lost"), code(4, "sold"), sharing(code(5, "SOLD"), 4))
		b.same("EX ids", []string{b.exID(code(4, "")), b.exID(code(5, ""))}, []string{id, id})
		b.same("owners", len(b.owners(model.KindWrapUpCode, id)), 2)
		b.same("codes", len(b.org.Codes()), 2)
		b.true()
		b.quiet()

		b.have(code(4, "Gone"), sharing(code(5, "GONE"), 4)) // all of them: the object itself is renamed
		b.same("EX id", b.exID(code(4, "")), id)
		b.true()
	})
}

// A worker that dies while a renamed skill lets its object go leaves it with another owner: the next look goes on from there.
func TestALeaveThatDidNotFinishIsTakenUp(t *testing.T) {
	in(t, func(b *bench) {
		b.have(skill(1, "Billing"))
		id := b.exID(skill(1, ""))
		orphan := skill(70_000_000_001, "Billing")
		b.wish(goal(orphan, mapping.GoalOrphan))
		b.ok(b.table.Own(b.Context(), model.KindSkill, id, orphan.Key, []model.Key{skill(1, "").Key}, false))
		b.have(skill(1, "Invoices"))
		if b.exID(skill(1, "")) == id {
			b.Error("it has the object of its old name")
		}
		b.true()
		b.quiet()
	})
}

// When the owner's object is made again under a new id, the keys that share it follow.
func TestSharersFollowTheirOwner(t *testing.T) {
	in(t, func(b *bench) {
		b.have(skill(1, "Billing"), sharing(skill(2, "billing"), 1))
		time.Sleep(10 * time.Minute)
		b.ok(b.org.DeleteSkill(b.exID(skill(1, ""))))
		b.drift(skill(1, "").Key)
		b.true()
		b.same("EX id", b.exID(skill(2, "")), b.exID(skill(1, "")))
		b.quiet()
	})
}

// A renamed skill or language is made anew, the old one is left as an orphan, and users move from the one to the other
// without being without any in between.
func TestARenamedSkillMovesItsUsers(t *testing.T) {
	for _, order := range []string{"user first", "skill first"} {
		t.Run(order, func(t *testing.T) {
			in(t, func(b *bench) {
				people := []model.Object{user(11, "Ann", level(billing(), 35)), user(12, "Bob", level(billing(), 35), level(sales(), 10))}
				b.have(append(people, billing(), sales())...)
				old := b.exID(billing())
				renamed := skill(1, "Invoices")
				var wishes []model.Object
				for _, o := range people {
					o.Skills = slices.Clone(o.Skills)
					o.Skills[0] = level(renamed, 35)
					wishes = append(wishes, o)
				}
				b.wire.before = func(_ int, r *http.Request) error {
					if u, _ := b.org.User(b.exID(people[0])); r.Method != http.MethodGet && len(u.Skills) == 0 {
						t.Error("Ann has neither the old skill nor the new one")
					}
					return nil
				}
				if order == "user first" {
					b.want(append(wishes, renamed)...)
				} else {
					b.want(append([]model.Object{renamed}, wishes...)...)
				}
				b.settle()
				b.wire.clear()
				b.true()
				b.orphaned(model.KindSkill, old, "Billing")
				b.quiet()
			})
		})
	}
}

// The new name may be there already: then the EX object of that name is adopted.
func TestARenamedSkillAdoptsWhatHasItsName(t *testing.T) {
	in(t, func(b *bench) {
		b.have(language(3, "German"))
		id := must[string](b)(b.org.AddLanguage("Deutsch"))
		b.have(language(3, "Deutsch"))
		b.same("EX id", b.exID(language(3, "")), id)
		b.quiet()
	})
}

// A rename that is one of case only is nothing to do for a skill.
func TestCaseIsNoRename(t *testing.T) {
	in(t, func(b *bench) {
		b.have(skill(1, "Billing"), code(3, "Sold"))
		id := b.exID(skill(1, ""))
		b.org.ResetCounters()
		b.have(skill(1, "BILLING"), code(3, "SOLD"))
		b.same("EX id", b.exID(skill(1, "")), id)
		b.same("writes", b.writes(), []string{"PUT /api/v2/routing/wrapupcodes/{codeId}"})
		b.same("code", b.org.Codes()[0].Name, "SOLD")
	})
}

// Queues, codes and addresses that are exchanged, in twos or in a ring, keep their EX ids.
func TestExchangedNamesKeepTheirIDs(t *testing.T) {
	for _, n := range []int64{2, 3, 5} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			in(t, func(b *bench) {
				var before, after []model.Object
				for i := range n {
					next := (i + 1) % n
					before = append(before, queueOf(i+1, fmt.Sprint("Q", i)), code(i+1, fmt.Sprint("C", i)), user(i+1, "Ann"))
					u := user(i+1, "Ann")
					u.Email = user(next+1, "").Email
					after = append(after, queueOf(i+1, fmt.Sprint("Q", next)), code(i+1, fmt.Sprint("C", next)), u)
				}
				b.have(before...)
				ids := b.ids(before...)
				time.Sleep(2 * time.Minute)
				b.want(after...)
				b.settle()
				b.true()
				b.same("EX ids", b.ids(after...), ids)
				b.quiet()
			})
		})
	}
}

// A name that somebody else has for good ends the rename, with a reason that says who; the others go on.
func TestATakenNameIsReported(t *testing.T) {
	in(t, func(b *bench) {
		id := must[string](b)(b.org.AddQueue(map[string]any{"name": "Desk"}))
		u := b.addUser("Zoe", "zoe@example.org")
		b.have(queueOf(4, "Sales"), user(5, "Ann"))
		time.Sleep(2 * time.Minute)
		o := user(5, "Ann")
		o.Email = "zoe@example.org"
		b.want(queueOf(4, "Desk"), o)
		b.settle()
		if r := b.state(queueOf(4, "").Key, mapping.StateQuarantined).Reason; !strings.Contains(r, id) {
			b.Errorf("reason %q", r)
		}
		if r := b.state(o.Key, mapping.StateWaiting).Reason; !strings.HasPrefix(r, mapping.Refused) || !strings.Contains(r, u) || strings.Contains(r, "zoe@") {
			b.Errorf("reason %q", r)
		}
		b.same("letters", len(b.letters()), 1)
	})
}

// Somebody gave an EX queue the name that another one is to get. The queue's key does not know; it is asked to look.
func TestTheHolderOfANameIsWoken(t *testing.T) {
	in(t, func(b *bench) {
		b.have(queueOf(4, "Sales"), queueOf(5, "Desk"), user(11, "Ann"), user(12, "Bob"))
		time.Sleep(2 * time.Minute)
		b.ok(b.org.EditQueue(b.exID(queueOf(5, "")), func(raw map[string]any) { raw["name"] = "Hotline" }))
		b.ok(b.org.EditUser(b.exID(user(12, "")), func(raw map[string]any) { raw["email"] = "new@example.org" }))
		o := user(11, "Ann")
		o.Email = "new@example.org"
		b.want(queueOf(4, "Hotline"), o)
		b.settle()
		b.true()
		b.quiet()
	})
}

// Under control additive a renamed skill is added and the old one stays with the user.
func TestAdditiveNeverRemoves(t *testing.T) {
	in(t, func(b *bench) {
		b.set(func(s *rules.Settings) { s.Users.Skills, s.Users.Languages = rules.Additive, rules.Additive })
		b.have(billing(), sales(), german(), ann())
		o := ann()
		o.Skills, o.Languages = []model.Assignment{level(billing(), 50)}, []model.Assignment{level(language(4, "French"), 30)}
		b.have(language(4, "French"), o)
		b.same("skills", b.exUser(o).Skills, map[string]float64{b.exID(billing()): 5, b.exID(sales()): 2})
		b.same("languages", len(b.exUser(o).Languages), 2)
		b.quiet()
		b.set(func(s *rules.Settings) { s.Users.Skills, s.Users.Languages = rules.SetIgnored, rules.SetIgnored })
		n := user(15, "Cid", level(billing(), 10))
		b.have(n)
		b.same("skills of a new user when skills are ignored", len(b.exUser(n).Skills), 0)
		b.same("replacements", b.org.Calls()["PUT /api/v2/users/{userId}/routingskills/bulk"], 0)
	})
}

// The orphan that a rename left is there for whoever takes its name next, the same key too.
func TestARenameThereAndBack(t *testing.T) {
	in(t, func(b *bench) {
		b.have(skill(1, "Billing"))
		id := b.exID(skill(1, ""))
		b.have(skill(1, "Invoices"))
		b.have(skill(1, "Billing"))
		b.same("EX id", b.exID(skill(1, "")), id)
		b.same("skills", len(b.org.Skills()), 2)
		b.quiet()
	}, exorgtest.WithDeletedNamesHeld(true))
}

// A user whom people deleted and Engage disabled stays deleted, with the address that it has. Who is to get that address is listed as kept from it,
// instead of waiting in silence for one that never moves.
func TestAnAddressThatALeftDeletedUserKeeps(t *testing.T) {
	in(t, func(b *bench) {
		x, y := user(11, "Ann"), user(12, "Bob")
		b.have(x, y)
		time.Sleep(10 * time.Minute)
		b.ok(b.org.DeleteUser(b.exID(y)))
		had := y.Email
		y.State, y.Email = model.StateInactive, "bob.elsewhere@example.org"
		b.want(y)
		b.minutes(5)
		if row := b.row(y.Key); !row.LeftDeleted() {
			b.Fatalf("the deleted user is %s: %s", row.State, row.Reason)
		}
		x.Email = had
		b.want(x)
		b.minutes(30)
		if row := b.row(x.Key); !strings.HasPrefix(row.Reason, mapping.Kept) && !row.Refusing() {
			b.Errorf("who is to get the address is %s: %q", row.State, row.Reason)
		}
	})
}
