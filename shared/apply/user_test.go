package apply_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/rules"
)

// A user that was deleted in the EX Org is restored under its id, with skills, languages, external id and the memberships
// of all its queues, in every way in which an organisation may keep or lose them.
func TestADeletedUserIsRestoredWithAllItHad(t *testing.T) {
	for i, opts := range [][]exorgtest.Option{
		nil,
		{exorgtest.WithDeletedUsersFreeExternalIDs(true)},
		{exorgtest.WithSkillsSurvive(true), exorgtest.WithMembershipsSurvive(true)},
		{exorgtest.WithSkillsMoveVersion(true), exorgtest.WithVersionConflictForm(http.StatusBadRequest)},
		{exorgtest.WithReadLag(20 * time.Second)},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			in(t, func(b *bench) {
				peopleThere(b)
				b.have(queueOf(22, "Desk"), queueOf(23, "Other"))
				b.have(membersOf(22, 11), membersOf(23, 12))
				time.Sleep(10 * time.Minute)
				id := b.exID(ann())
				b.ok(b.org.DeleteUser(id))
				time.Sleep(time.Minute)
				b.drift(ann().Key)
				b.same("EX id", b.exID(ann()), id)
				b.true()
				b.same("queues", len(b.org.QueuesOf(id)), 2)
				if h := b.row(ann().Key).History; !slices.ContainsFunc(h, func(e mapping.Entry) bool {
					return e.Action == model.ActionRestore && strings.Contains(e.Note, "roles")
				}) {
					b.Errorf("the history says %+v", h)
				}
				time.Sleep(time.Minute)
				b.quiet()
			}, opts...)
		})
	}
}

// Users of one queue that are deleted and restored one after the other all sit in it again: that is nobody's fight over the
// member list.
func TestManyRestoredUsersSitInTheirQueueAgain(t *testing.T) {
	in(t, func(b *bench) {
		users, dbids := people(9)
		b.have(append(users, line())...)
		b.have(membersOf(21, dbids...))
		for _, u := range users {
			b.ok(b.org.DeleteUser(b.exID(u)))
			b.look(u.Key, model.CauseDrift)
			b.minutes(3)
		}
		b.true()
	})
}

// A disabled Person's user that was deleted stays deleted, and that is right; once the Person is enabled it is restored.
func TestADeletedUserOfADisabledPersonStaysDeleted(t *testing.T) {
	in(t, func(b *bench) {
		o := user(5, "Ann")
		o.State = model.StateInactive
		b.have(o)
		id := b.exID(o)
		b.ok(b.org.DeleteUser(id))
		b.drift(o.Key)
		b.same("state", b.exUser(o).State, "deleted")
		if r := b.state(o.Key, mapping.StateConverged).Reason; r != "left deleted: deleted in the EX Org, disabled in Engage" {
			b.Errorf("reason %q", r)
		}
		b.quiet()
		o.State = model.StateActive
		b.have(o)
		b.true()
		b.same("EX id", b.exID(o), id)
	})
}

// What a person did to a user in the EX Org is set right, and nothing else of the user is touched.
func TestOnlyControlledFieldsAreSetBack(t *testing.T) {
	in(t, func(b *bench) {
		peopleThere(b)
		id := b.exID(ann())
		division := must[string](b)(b.org.AddDivision("East"))
		chess := must[string](b)(b.org.AddSkill("Chess"))
		b.ok(b.org.EditUser(id, func(raw map[string]any) {
			raw["name"], raw["email"], raw["title"], raw["department"] = "Zoe", "zoe@example.org", "Boss", "East"
		}))
		b.ok(b.org.MoveUser(id, division))
		b.ok(b.org.SetUserSkill(id, chess, 5))
		b.ok(b.org.RemoveUserSkill(id, b.exID(sales())))
		b.ok(b.org.RemoveUserLanguage(id, b.exID(german())))
		b.ok(b.org.AddExternalID(id, exorgtest.ExternalID{Authority: "engage", Key: "99"}))
		b.ok(b.org.AddExternalID(id, exorgtest.ExternalID{Authority: "other", Key: "11"}))
		b.ok(b.org.DeactivateUser(id))
		b.drift(ann().Key)
		u := b.exUser(ann())
		b.same("title and department", []any{u.Extra["title"], u.Extra["department"]}, []any{"Boss", "East"})
		b.same("external ids", u.External, []exorgtest.ExternalID{{Authority: "engage", Key: "11"}, {Authority: "other", Key: "11"}})
		b.ok(b.org.RemoveExternalID(id, exorgtest.ExternalID{Authority: "other", Key: "11"}))
		b.true(chess)
		h := b.row(ann().Key).History
		if n := h[len(h)-1].Note; !strings.Contains(n, "active again") {
			b.Errorf("the note %q does not tell that the user was reactivated", n)
		}
		b.quiet()
	})
}

// Each of name, address and state may be given at creation only, or not be Engage's at all; a division at creation only.
func TestControlsOfUsers(t *testing.T) {
	tests := map[string]struct {
		set               func(s *rules.Settings)
		created, repaired []string // name, address, state
		inHome            bool
	}{
		"controlled": {func(*rules.Settings) {}, []string{"Ann", "p5@example.org", "inactive"}, []string{"Ann", "p5@example.org", "inactive"}, true},
		"at creation": {func(s *rules.Settings) {
			s.Users.Name, s.Users.Email, s.Users.State, s.Users.Division = rules.AtCreation, rules.AtCreation, rules.AtCreation, rules.AtCreation
		}, []string{"Ann", "p5@example.org", "inactive"}, []string{"Zoe", "zoe@example.org", "active"}, false},
		"ignored": {func(s *rules.Settings) {
			s.Users.Name, s.Users.Email, s.Users.State = rules.Ignored, rules.Ignored, rules.Ignored
		},
			[]string{"Ann", "p5@example.org", "active"}, []string{"Zoe", "zoe@example.org", "active"}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in(t, func(b *bench) {
				b.set(tt.set)
				o := user(5, "Ann")
				o.State = model.StateInactive
				b.have(o)
				u := b.exUser(o)
				b.same("created", []string{u.Name, u.Email, u.State}, tt.created)
				b.same("division", u.DivisionID, b.org.HomeDivision())
				east := must[string](b)(b.org.AddDivision("East"))
				b.ok(b.org.EditUser(u.ID, func(raw map[string]any) { raw["name"], raw["email"] = "Zoe", "zoe@example.org" }))
				b.ok(b.org.ActivateUser(u.ID))
				b.ok(b.org.MoveUser(u.ID, east))
				b.drift(o.Key)
				u = b.exUser(o)
				b.same("repaired", []string{u.Name, u.Email, u.State}, tt.repaired)
				b.same("in the home division", u.DivisionID == b.org.HomeDivision(), tt.inHome)
				b.quiet()
				b.ok(b.org.DeleteUser(u.ID))
				b.drift(o.Key)
				if u = b.exUser(o); u.State != "deleted" {
					b.Errorf("a deleted user whom Engage wants inactive, or whose state is not Engage's, is %s", u.State)
				}
			})
		})
	}
}

// A version that moved while EXCS was at it is read again, in both forms of the API's refusal, and the foreign edit stays.
func TestAStaleVersionIsReadAgain(t *testing.T) {
	for _, status := range []int{http.StatusConflict, http.StatusBadRequest} {
		in(t, func(b *bench) {
			b.have(user(5, "Ann"))
			id := b.exID(user(5, ""))
			n := 0
			b.wire.before = func(_ int, r *http.Request) error {
				if r.Method == http.MethodPatch && n < 3 {
					n++
					b.ok(b.org.EditUser(id, func(raw map[string]any) { raw["title"] = fmt.Sprint("Boss ", n) }))
				}
				return nil
			}
			o := user(5, "Anna")
			o.State = model.StateInactive
			b.have(o)
			b.true()
			b.same("title", b.exUser(o).Extra["title"], "Boss 3")
			b.same("attempts", len(b.row(o.Key).History), 2)
			b.quiet()
		}, exorgtest.WithVersionConflictForm(status))
	}
}

// A read that is old is no proof that somebody holds the new address.
func TestAnOldReadIsNotTakenForATakenAddress(t *testing.T) {
	in(t, func(b *bench) {
		b.have(user(5, "Ann"))
		time.Sleep(time.Minute)
		b.ok(b.org.TouchUser(b.exID(user(5, "")))) // reads do not show this version for 30 s
		o := user(5, "Ann")
		o.Email = "new@example.org"
		b.want(o)
		b.settle()
		b.state(o.Key, mapping.StateConverged)
		b.same("address", b.exUser(o).Email, "new@example.org")
		b.same("letters", len(b.letters()), 0)
	}, exorgtest.WithReadLag(30*time.Second))
}

// The external id is that of the setting's authority. Another user that holds it is not touched, and people are told.
func TestTheExternalIDIsUnderTheSettingsAuthority(t *testing.T) {
	in(t, func(b *bench) {
		b.set(func(s *rules.Settings) { s.Users.Authority = "genesys" })
		b.have(user(5, "Ann"))
		b.same("external id", b.exUser(user(5, "")).External, []exorgtest.ExternalID{{Authority: "genesys", Key: "5"}})
		b.quiet()

		zoe := b.addUser("Zoe", "zoe@example.org")
		b.ok(b.org.AddExternalID(zoe, exorgtest.ExternalID{Authority: "genesys", Key: "6"}))
		w := present(user(6, "Bob"))
		w.Adopt = b.addUser("Bob", "p6@example.org")
		b.wish(w)
		b.settle()
		if r := b.state(w.Key, mapping.StateWaiting).Reason; !strings.HasPrefix(r, mapping.Refused) || !strings.Contains(r, zoe) {
			b.Errorf("reason %q does not name the holder", r)
		}
	})
}

// An answer that was lost after the external id was given is no conflict with oneself.
func TestAnExternalIDGivenAlreadyIsNoConflict(t *testing.T) {
	in(t, func(b *bench) {
		o := user(5, "Ann")
		b.have(o)
		id, own := b.exID(o), exorgtest.ExternalID{Authority: "engage", Key: "5"}
		b.ok(b.org.RemoveExternalID(id, own))
		b.wire.on(http.MethodPost, "/externalid", func() { b.ok(b.org.AddExternalID(id, own)) })
		b.drift(o.Key)
		b.wire.clear()
		b.true()
		if strings.Contains(b.log.String(), "try failed") {
			b.Error("that counted as an attempt")
		}
		b.quiet()
	})
}

// A user waits for skills that are on their way, so that it is created with all it needs, and stands back when one of them
// will not come: everything else is done then, and waiting costs no call.
func TestABadSkillDoesNotHoldUpItsUsers(t *testing.T) {
	in(t, func(b *bench) {
		bad := skill(9, "Bad")
		b.org.Fail(exorgtest.Fault{Method: http.MethodPost, Route: "/api/v2/routing/skills", Body: "Bad", Status: http.StatusForbidden})
		o := user(11, "Ann", level(billing(), 35), level(bad, 20))
		b.want(o, billing())
		b.minutes(1)
		b.same("users before the skill has a row", len(b.org.Users()), 1) // a key without a row will not come by itself
		b.want(bad)
		b.minutes(3)
		b.state(bad.Key, mapping.StateQuarantined)
		b.same("skills", b.exUser(o).Skills, map[string]float64{b.exID(billing()): 3.5})
		row := b.state(o.Key, mapping.StateWaiting)
		b.same("it waits for", row.WaitsFor, bad.Key)
		b.org.ResetCounters()
		b.minutes(120)
		b.same("calls while it waits", b.calls(), []string{})
		b.org.Heal()
		must[mapping.Row](b)(b.table.Release(b.Context(), bad.Key, 0, false, model.CauseManual, time.Now()))
		b.settle()
		b.true()
		b.quiet()
	})
}

// A skill that is on its way is waited for: no user is made without it.
func TestAUserWaitsForItsSkills(t *testing.T) {
	in(t, func(b *bench) {
		b.want(ann(), billing(), sales(), german())
		b.settle()
		b.true()
		b.same("calls that read the user", b.org.Calls()["GET /api/v2/users/{userId}"], 0)
		b.same("changes of the user after it was made", len(b.row(ann().Key).History), 1)
	})
}

// A skill that can not be resolved and that the user has is not taken away with others that must go.
func TestAnUnresolvedSkillStaysWithItsUser(t *testing.T) {
	in(t, func(b *bench) {
		b.have(billing(), sales(), user(11, "Ann", level(billing(), 35), level(sales(), 20)))
		changed := billing()
		changed.Identity.SystemName = "x"
		b.want(changed)
		must[mapping.Row](b)(b.table.Record(b.Context(), mapping.Outcome{Key: billing().Key, Version: b.row(billing().Key).Version, State: mapping.StateQuarantined}, time.Now()))
		b.want(user(11, "Ann", level(billing(), 35)))
		b.minutes(2)
		b.same("skills", b.exUser(ann()).Skills, map[string]float64{b.exID(billing()): 3.5})
	})
}

// A skill that was deleted in the EX Org fails every call that names it: it is made again first, then the user gets it.
func TestASkillDeletedUnderAUserIsMadeAgainFirst(t *testing.T) {
	for _, readable := range []bool{false, true} {
		in(t, func(b *bench) {
			b.have(billing(), sales(), bob())
			time.Sleep(10 * time.Minute)
			b.ok(b.org.DeleteSkill(b.exID(sales())))
			o := user(12, "Bob", level(billing(), 10), level(sales(), 30))
			b.want(o)
			b.drain()
			row := b.state(o.Key, mapping.StateWaiting)
			b.same("it waits for", row.WaitsFor, sales().Key)
			b.same("attempts", row.Attempts, 0)
			second := b.state(sales().Key, mapping.StateWaiting) // its own second look has begun
			time.Sleep(40 * time.Second)
			b.want(user(13, "Cid", level(sales(), 30)))
			b.drain()
			b.same("the second look after another user's failure", b.row(sales().Key).WaitUntil, second.WaitUntil)
			b.settle()
			b.true()
			b.same("letters", len(b.letters()), 0)
			b.quiet()
		}, exorgtest.WithDeletedSkillReadable(readable))
	}
}

// A skill that is there and is refused all the same was made so lately that not every part of the EX Org knows it.
func TestARefusedSetIsTriedAgain(t *testing.T) {
	in(t, func(b *bench) {
		b.org.Fail(exorgtest.Fault{Method: http.MethodPatch, Route: "/api/v2/users/{userId}/routingskills/bulk", Status: http.StatusBadRequest, Times: 2})
		b.have(billing(), bob())
		b.true()
		b.same("letters", len(b.letters()), 0)
	})
}

// Everybody who had a skill or language that is made again has it again, without waiting for the next sweep.
func TestUsersFollowASkillThatIsMadeAgain(t *testing.T) {
	in(t, func(b *bench) {
		peopleThere(b)
		time.Sleep(10 * time.Minute)
		b.ok(b.org.DeleteSkill(b.exID(billing())))
		b.ok(b.org.DeleteLanguage(b.exID(german())))
		b.drift(billing().Key)
		b.drift(german().Key)
		b.true()
		b.quiet()
	})
}

// A language level is rounded as the EX Org does, so that no look finds a difference that is none.
func TestLanguageLevelsAreWhole(t *testing.T) {
	in(t, func(b *bench) {
		o := user(5, "Ann")
		o.Languages = []model.Assignment{level(german(), 25)}
		b.have(german(), o)
		b.same("level", b.exUser(o).Languages, map[string]float64{b.exID(german()): 3})
		b.quiet()
		o.Languages = []model.Assignment{level(german(), 34)}
		b.org.ResetCounters()
		b.have(o)
		b.same("writes", len(b.writes()), 0)
		o.Languages = append(o.Languages, level(language(4, "French"), 12))
		b.have(language(4, "French"), o)
		for _, r := range b.org.Requests() {
			if strings.HasSuffix(r.Route, "/routinglanguages/bulk") {
				b.same("languages sent", strings.Count(r.Body, `"id"`), 1)
			}
		}
	})
}

// Two names that are one skill count once, with the higher level; bulk calls never hold more than 50.
func TestSetsAreWrittenInFifties(t *testing.T) {
	in(t, func(b *bench) {
		var all []model.Object
		var as []model.Assignment
		for i := range int64(130) {
			s := skill(i+1, fmt.Sprint("S", i))
			all = append(all, s)
			as = append(as, level(s, 10))
		}
		b.have(all...)
		b.have(user(5, "Ann", as[:120]...))
		b.have(user(5, "Ann", as[10:]...)) // ten go, ten come
		b.true()
		for _, r := range b.org.Requests() {
			if n := strings.Count(r.Body, `"id"`); strings.HasSuffix(r.Route, "/bulk") && n > 50 {
				b.Errorf("%s %s holds %d", r.Method, r.Route, n)
			}
		}
		b.quiet()
	})
}

// Looking at a user that is right, on Engage's behalf, costs reads only of what Engage can have changed.
func TestAChangeOfSkillsDoesNotReadExternalIDs(t *testing.T) {
	in(t, func(b *bench) {
		skillsThere(b)
		b.have(bob())
		b.org.ResetCounters()
		b.have(user(12, "Bob", level(billing(), 10), level(sales(), 20)))
		want := []string{"GET /api/v2/users/{userId}", "PATCH /api/v2/users/{userId}/routingskills/bulk"}
		if got := b.calls(); !slices.Equal(got, want) {
			b.Errorf("calls %v", got)
		}
	})
}

// A language that is made again between the read of its id and the write is no refused part of the user: whoever made it again has woken the user
// before a refusal could be on record, so the next look follows at once.
func TestALanguageThatIsMadeAgainMeanwhile(t *testing.T) {
	in(t, func(b *bench) {
		o := user(11, "Ann")
		o.Languages = []model.Assignment{level(german(), 30)}
		b.have(german(), o)
		time.Sleep(10 * time.Minute)
		once := sync.Once{}
		b.wire.on(http.MethodPatch, "/routinglanguages/bulk", func() {
			once.Do(func() {
				row := b.row(german().Key)
				b.ok(b.org.DeleteLanguage(row.EXID))
				id, err := b.org.AddLanguage("German")
				b.ok(err)
				_, err = b.table.Record(b.Context(), mapping.Outcome{Key: row.Key, Version: row.Version, Loaded: row.EXID, EXID: id}, time.Now())
				b.ok(err)
				b.ok(b.table.Own(b.Context(), model.KindLanguage, id, row.Key, nil, false))
			})
		})
		o.Languages = []model.Assignment{level(german(), 50)}
		b.want(o)
		b.drain()
		if row := b.row(o.Key); len(row.Refused) > 0 {
			b.Errorf("it is on record as refused: %+v", row.Refused)
		}
		b.minutes(3)
		if row := b.row(o.Key); row.State != mapping.StateConverged || row.Refusing() {
			b.Errorf("the user is %s: %s", row.State, row.Reason)
		}
	})
}
