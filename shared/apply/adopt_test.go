package apply_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
)

// approve lets a held row pass, as sync approve does, and sends its message.
func (b *bench) approve(key model.Key) {
	b.Helper()
	row := must[mapping.Row](b)(b.table.Release(b.Context(), key, 0, true, model.CauseApproval, time.Now()))
	b.same("state after the approval", row.State, mapping.StatePending)
	b.hint(key, model.CauseApproval)
	b.settle()
}

// A user that has nothing but the address in common with a Person is not renamed, deactivated or taken from somebody without
// an approval, and stays nobody's until then, also when Engage changes in between.
func TestAdoptionByAddressAloneWaitsForApproval(t *testing.T) {
	inactive := user(5, "Ann")
	inactive.State = model.StateInactive
	tests := map[string]struct {
		there func(b *bench) string
		want  model.Object
		why   string
	}{
		"it would rename":     {func(b *bench) string { return b.addUser("Zoe", "p5@example.org") }, user(5, "Ann"), "rename"},
		"it would deactivate": {func(b *bench) string { return b.addUser("Ann", "p5@example.org") }, inactive, "deactivate"},
		"it has another key": {func(b *bench) string {
			id := b.addUser("Ann", "p5@example.org")
			b.ok(b.org.AddExternalID(id, exorgtest.ExternalID{Authority: "engage", Key: "77"}))
			return id
		}, user(5, "Ann"), "external id 77"},
		"it is deleted and called otherwise": {func(b *bench) string {
			id := b.addUser("Zoe", "p5@example.org")
			b.ok(b.org.DeleteUser(id))
			return id
		}, user(5, "Ann"), "rename"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in(t, func(b *bench) {
				id := tt.there(b)
				before, _ := b.org.Raw(exorgtest.KindUser, id)
				b.want(tt.want)
				b.settle()
				row := b.state(tt.want.Key, mapping.StateHeld)
				if !strings.Contains(row.Reason, tt.why) || strings.Contains(row.Reason, "Zoe") {
					b.Errorf("reason %q", row.Reason)
				}
				changed := tt.want
				changed.Identity.UserName = "changed"
				b.want(changed)
				b.settle()
				if row = b.state(tt.want.Key, mapping.StateHeld); row.EXID != "" {
					b.Errorf("the row has the EX id of a user that it may not adopt")
				}
				b.same("owners", b.owners(model.KindUser, id), []model.Key{})
				after, _ := b.org.Raw(exorgtest.KindUser, id)
				b.same("the user", after, before)
				b.approve(tt.want.Key)
				b.state(tt.want.Key, mapping.StateConverged)
				b.same("EX id", b.exID(tt.want), id)
				b.true()
				b.quiet()
			})
		})
	}
}

// What the first plan adopts was approved with the plan: it passes, whatever it changes.
func TestAdoptionByPlanPasses(t *testing.T) {
	in(t, func(b *bench) {
		id := b.addUser("Zoe", "zoe@example.org")
		w := present(user(5, "Ann"))
		w.Adopt, w.Approved = id, true
		b.wish(w)
		b.settle()
		b.same("EX id", b.exID(user(5, "")), id)
		b.true()
		b.quiet()
	})
}

// The object of a living key is never adopted, whatever says that it is the same: the owner item, the external id or the
// peer id.
func TestTheObjectOfALivingKeyIsNeverAdopted(t *testing.T) {
	t.Run("owner", func(t *testing.T) {
		in(t, func(b *bench) {
			b.have(queueOf(4, "Sales"))
			w := present(queueOf(6, "Other"))
			w.Adopt = b.exID(queueOf(4, ""))
			b.wish(w)
			b.settle()
			b.state(w.Key, mapping.StateQuarantined)
			b.same("name", b.exQueue(queueOf(4, "")).Name, "Sales")
		})
	})
	t.Run("external id", func(t *testing.T) {
		in(t, func(b *bench) {
			id := b.addUser("Ann", "p5@example.org")
			b.ok(b.org.AddExternalID(id, exorgtest.ExternalID{Authority: "engage", Key: "6"}))
			b.want(user(6, "Zoe")) // not in the EX Org yet, and its user is the one
			must[mapping.Row](b)(b.table.Record(b.Context(), mapping.Outcome{Key: user(6, "").Key, Version: 1, State: mapping.StateHeld}, time.Now()))
			b.want(user(5, "Ann"))
			b.settle()
			b.state(user(5, "").Key, mapping.StateQuarantined)
		})
	})
	t.Run("peer id", func(t *testing.T) {
		in(t, func(b *bench) {
			id := must[string](b)(b.org.AddQueue(map[string]any{"name": "Sales", "peerId": "6"}))
			b.want(queueOf(6, "Sales"))
			must[mapping.Row](b)(b.table.Record(b.Context(), mapping.Outcome{Key: queueOf(6, "").Key, Version: 1, State: mapping.StateHeld}, time.Now()))
			b.want(queueOf(5, "Sales"))
			b.settle()
			b.state(queueOf(5, "").Key, mapping.StateQuarantined)
			b.same("owners", b.owners(model.KindQueue, id), []model.Key{})
		})
	})
}

// A name or an address that its holder is to give up is waited for.
func TestANewcomerWaitsForTheNameOfAnother(t *testing.T) {
	in(t, func(b *bench) {
		b.have(queueOf(4, "Sales"), user(11, "Ann"))
		time.Sleep(2 * time.Minute)
		newcomer, mover := user(12, "Bob"), user(11, "Ann")
		newcomer.Email, mover.Email = "p11@example.org", "new@example.org"
		b.want(queueOf(5, "Sales"), newcomer, queueOf(4, "Desk"), mover)
		b.settle()
		b.true()
		b.quiet()
	})
}

// A takeover gives the new key the EX object, its id and what hangs on it, and the old row goes.
func TestATakeoverKeepsTheEXObject(t *testing.T) {
	in(t, func(b *bench) {
		peopleThere(b)
		id := b.exID(ann())
		o := ann()
		o.Key.DBID, o.ExternalKey = 13, "13"
		w := present(o)
		w.From = ann().Key
		b.keys[ann().Key] = false
		b.org.ResetCounters()
		b.wish(w, present(membersOf(21, 12, 13)))
		b.settle()
		b.same("EX id", b.exID(o), id)
		b.gone(ann().Key)
		b.same("owners", b.owners(model.KindUser, id), []model.Key{o.Key})
		b.same("writes", b.writes(), []string{"POST /api/v2/users/{userId}/externalid", "DELETE /api/v2/users/{userId}/externalid/{authorityName}/{externalKey}"})
		b.true()
		b.quiet()
	})
}

// A key that is in Engage again keeps what it has: an older order to take it over is void.
func TestATakeoverFromAKeyThatLivesAgainIsVoid(t *testing.T) {
	in(t, func(b *bench) {
		b.have(user(5, "Ann"))
		id := b.exID(user(5, ""))
		o := user(6, "Ann")
		o.Email = "p5@example.org"
		w := present(o)
		w.From = user(5, "").Key
		b.wish(w)
		b.want(user(5, "Anna"))
		b.settle()
		b.same("EX id", b.exID(user(5, "")), id)
		b.same("name", b.exUser(user(5, "")).Name, "Anna")
		b.state(o.Key, mapping.StateQuarantined)
	})
}

// A queue that was deleted already is made again for the DN that takes its place, from what was seen of it.
func TestATakeoverOfADeletedQueueMakesItAgain(t *testing.T) {
	in(t, func(b *bench) {
		b.have(queueOf(4, "Sales"), code(31, "Sold"))
		b.ok(b.org.EditQueue(b.exID(queueOf(4, "")), func(raw map[string]any) { raw["description"] = "for customers" }))
		b.ok(b.org.AssignCodes(b.exID(queueOf(4, "")), b.exID(code(31, ""))))
		b.drift(queueOf(4, "").Key)
		b.wish(goal(queueOf(4, "Sales"), mapping.GoalAbsent))
		b.settle()
		b.state(queueOf(4, "").Key, mapping.StateGone)
		w := present(queueOf(5, "Sales"))
		w.From = queueOf(4, "").Key
		b.wish(w)
		b.settle()
		q := b.exQueue(queueOf(5, ""))
		b.same("description", q.Settings["description"], "for customers")
		b.same("codes", q.Codes, b.ids(code(31, "")))
		b.same("peer id", q.PeerID, "5")
		b.gone(queueOf(4, "").Key)
		b.quiet()
	})
}

// While an EX object is being taken over the old key's worker leaves it alone, without calling that a failure.
func TestTheOldKeyStandsBackDuringATakeover(t *testing.T) {
	in(t, func(b *bench) {
		b.have(user(5, "Ann"))
		o := user(6, "Ann")
		o.Email = "p5@example.org"
		w := present(o)
		w.From = user(5, "").Key
		b.wish(w)
		b.ok(b.table.Own(b.Context(), model.KindUser, b.exID(user(5, "")), o.Key, []model.Key{user(5, "").Key}, false))
		b.same("the old row", b.look(user(5, "").Key, model.CauseDrift).State, mapping.StateWaiting)
		b.keys[user(5, "").Key] = false
		b.settle()
		b.true()
		b.same("letters", len(b.letters()), 0)
	})
}

// An orphan whose name a newcomer takes is the newcomer's, and its row goes.
func TestAnOrphanIsTakenByItsName(t *testing.T) {
	in(t, func(b *bench) {
		b.have(skill(1, "Billing"))
		id := b.exID(skill(1, ""))
		b.wish(goal(skill(1, "Billing"), mapping.GoalOrphan))
		b.have(skill(2, "billing"))
		b.same("EX id", b.exID(skill(2, "")), id)
		b.gone(skill(1, "").Key)
		b.onlyOne(skill(2, ""))
	})
}

// Nothing is ever written to an orphan.
func TestAnOrphanIsNotWrittenTo(t *testing.T) {
	in(t, func(b *bench) {
		b.have(user(5, "Ann"))
		b.wish(goal(user(5, "Changed"), mapping.GoalOrphan))
		b.settle()
		b.org.ResetCounters()
		b.look(user(5, "").Key, model.CauseDrift)
		b.settle()
		b.state(user(5, "").Key, mapping.StateOrphan)
		must[mapping.Row](b)(b.table.Record(b.Context(), mapping.Outcome{Key: user(5, "").Key, Version: b.row(user(5, "").Key).Version, State: mapping.StatePending}, time.Now()))
		b.look(user(5, "").Key, model.CauseDrift) // whatever its state, its goal is to be left alone
		b.same("calls", len(b.calls()), 0)
	})
}

// A list that shows what a read does not is one of two old views: it decides nothing, and no second object is made.
func TestAListAgainstAReadDecidesNothing(t *testing.T) {
	in(t, func(b *bench) {
		id := must[string](b)(b.org.AddSkill("Billing"))
		reads := 0
		b.wire.before = func(_ int, r *http.Request) error {
			if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, id) {
				reads++
			}
			return nil
		}
		b.org.Fail(exorgtest.Fault{Method: http.MethodGet, Route: "/api/v2/routing/skills/{skillId}", Status: http.StatusNotFound, Times: 2})
		b.have(skill(1, "Billing"))
		b.same("EX id", b.exID(skill(1, "")), id)
		if reads < 3 {
			b.Errorf("read %d times", reads)
		}
		if strings.Contains(b.log.String(), "try failed") {
			b.Error("that counted as an attempt")
		}
	})
}
