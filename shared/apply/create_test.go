package apply_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"excs/shared/apply"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
)

// A new object costs no more calls than the issue allows, and a look at it afterwards finds nothing to do.
func TestNewObjectsCostTheirFewCalls(t *testing.T) {
	in(t, func(b *bench) {
		for _, o := range []model.Object{source(), skill(1, "Billing"), language(2, "German"), code(3, "Sold"), queueOf(4, "Sales")} {
			b.org.ResetCounters()
			b.have(o)
			b.same("calls for "+o.Key.String(), len(b.calls()), 1)
		}
		b.quiet()
	})
}

// A new user with 50 skills and 50 languages costs 4 calls, each further 50 one more; the home division is read once a process.
func TestNewUsersCostFourCalls(t *testing.T) {
	in(t, func(b *bench) {
		var objects []model.Object
		for i := range int64(120) {
			objects = append(objects, skill(i+1, "S"+time.Duration(i).String()), language(i+1, "L"+time.Duration(i).String()))
		}
		b.have(objects...)
		first := user(1, "Ann")
		b.org.ResetCounters()
		b.have(first)
		b.same("calls for the first user", b.calls(), []string{
			"GET /api/v2/authorization/divisions/home", "POST /api/v2/users", "POST /api/v2/users/{userId}/externalid",
		})
		for dbid, tt := range map[int64]struct{ skills, languages, calls int }{2: {50, 50, 4}, 3: {51, 0, 4}, 4: {120, 120, 8}, 5: {0, 0, 2}} {
			o := user(dbid, "Bob")
			for i := range tt.skills {
				o.Skills = append(o.Skills, level(objects[2*i], 35))
			}
			for i := range tt.languages {
				o.Languages = append(o.Languages, level(objects[2*i+1], 40))
			}
			o.Normalize()
			b.org.ResetCounters()
			b.have(o)
			b.same("calls of a user with many skills", len(b.calls()), tt.calls)
			u := b.exUser(o)
			b.same("skills", len(u.Skills), tt.skills)
			b.same("languages", len(u.Languages), tt.languages)
		}
	})
}

// The EX id comes from the answer of the POST: no list is asked, however far behind it is.
func TestTheEXIDComesFromTheAnswer(t *testing.T) {
	in(t, func(b *bench) {
		o := queueOf(4, "Sales")
		b.have(o)
		b.same("calls", b.calls(), []string{"POST /api/v2/routing/queues"})
		b.same("EX id", b.exID(o), b.org.Queues()[0].ID)
	}, exorgtest.WithIndexLag(time.Hour))
}

// The intent is on the row before the POST goes out, and whoever finds it later looks before it posts again: also when no
// list shows the object for minutes.
func TestAnIntentPrecedesThePost(t *testing.T) {
	for _, o := range []model.Object{source(), skill(1, "Billing"), language(2, "German"), code(3, "Sold"), queueOf(4, "Sales"), user(5, "Ann")} {
		t.Run(string(o.Key.Kind), func(t *testing.T) {
			in(t, func(b *bench) {
				b.wire.after = func(_ int, r *http.Request) error {
					if r.Method != http.MethodPost || r.URL.Path == "/oauth/token" {
						return nil
					}
					if b.row(o.Key).Intent == nil {
						b.Error("the POST went out without an intent on the row")
					}
					b.wire.clear()
					return errCut
				}
				b.want(o)
				b.drain()
				if row := b.row(o.Key); row.EXID != "" || row.Intent == nil {
					b.Errorf("after a POST without an answer the row has EX id %q, intent %v", row.EXID, row.Intent)
				}
				b.settle()
				b.state(o.Key, mapping.StateConverged)
				if b.row(o.Key).Intent != nil {
					b.Error("the intent outlives the creation")
				}
				b.onlyOne(o)
				b.quiet()
			}, exorgtest.WithIndexLag(3*time.Minute), exorgtest.WithCaseSensitiveNames(true))
		})
	}
}

// onlyOne fails unless the EX Org has one living object of the key.
func (b *bench) onlyOne(o model.Object) {
	b.Helper()
	n := 0
	switch o.Key.Kind {
	case model.KindSource:
		n = len(b.org.Sources())
	case model.KindSkill:
		n = len(b.org.Skills())
	case model.KindLanguage:
		n = len(b.org.Languages())
	case model.KindWrapUpCode:
		n = len(b.org.Codes())
	case model.KindQueue:
		n = len(b.org.Queues())
	case model.KindUser:
		n = len(b.org.Users())
	}
	if n != 1 {
		b.Errorf("the EX Org has %d objects of %s", n, o.Key)
	}
}

// A POST that never arrived is made again once the index has caught up, not before.
func TestAnIntentWithoutAnObjectIsPostedAgainAfterTheLag(t *testing.T) {
	in(t, func(b *bench) {
		o := queueOf(4, "Sales")
		posts := 0
		b.wire.before = func(_ int, r *http.Request) error {
			if r.Method != http.MethodPost || r.URL.Path == "/oauth/token" {
				return nil
			}
			if posts++; posts == 1 {
				return errCut
			}
			return nil
		}
		b.want(o)
		b.minutes(4)
		if posts != 1 {
			b.Fatalf("posted %d times within the index lag", posts)
		}
		b.settle()
		b.same("posts", posts, 2)
		b.onlyOne(o)
	})
}

// A refusal that is sure to have changed nothing leaves no intent, so the next try posts at once.
func TestARefusedPostLeavesNoIntent(t *testing.T) {
	for _, status := range []int{http.StatusTooManyRequests, http.StatusForbidden, http.StatusNotFound} {
		in(t, func(b *bench) {
			b.watch = true
			o := skill(1, "Billing")
			b.org.Fail(exorgtest.Fault{Method: http.MethodPost, Route: "/api/v2/routing/skills", Status: status, RetryAfter: time.Minute, Times: 1})
			b.want(o)
			b.drain()
			if row := b.row(o.Key); row.Intent != nil {
				b.Errorf("status %d leaves the intent %v", status, row.Intent)
			}
		})
	}
}

// Two workers that have a message of one key are not at it together: the second comes back. Where the claim does not hold, the
// intent does.
func TestTwoWorkersMakeOneObject(t *testing.T) {
	for _, claimed := range []bool{true, false} {
		in(t, func(b *bench) {
			o := queueOf(4, "Sales")
			b.want(o)
			second := b.process(b.table.Restart(), b.client)
			b.wire.on(http.MethodPost, "/routing/queues", func() {
				if !claimed {
					b.ok(b.endClaim(o.Key))
				}
				calls := b.wire.count()
				r := must[apply.Result](b)(second.Look(b.Context(), queue.Message{Key: o.Key, Token: "x", Cause: model.CauseEngage}))
				if !claimed {
					b.same("the other worker leaves the row", r.State, mapping.StateWaiting)
					return
				}
				if r.Again <= 0 || r.Again > 2*time.Second || b.wire.count() > calls {
					b.Errorf("the other worker made %d calls and comes back after %s", b.wire.count()-calls, r.Again)
				}
			})
			b.settle()
			b.onlyOne(o)
			b.state(o.Key, mapping.StateConverged)
			if row := b.row(o.Key); row.Working != nil {
				b.Errorf("the row stays claimed: %+v", row.Working)
			}
			b.quiet()
		})
	}
}

// endClaim ends the claim of whoever is at a row.
func (b *bench) endClaim(key model.Key) error {
	row := b.row(key)
	_, err := b.table.Record(b.Context(), mapping.Outcome{Key: key, Version: row.Version, Claim: row.Working.Token}, time.Now())
	return err
}

// The claim costs no write: it goes with the queued mark, and with the outcome. An idle row is not claimed.
func TestAClaimCostsNoWrite(t *testing.T) {
	in(t, func(b *bench) {
		o := skill(1, "Billing")
		b.have(o)
		b.want(skill(1, "Billing"))
		writes := map[string]int{}
		b.table.SetFault(func(op string) mapping.Fault {
			writes[op]++
			return mapping.FaultNone
		})
		b.want(skill(1, "BILLING"))
		clear(writes)
		b.drain()
		if writes["Claim"] != 1 || writes["Record"] != 1 || writes["MarkQueued"]+writes["ClearQueued"] > 0 {
			b.Errorf("the table was asked for %v", writes)
		}
		b.ok(b.work.Send(b.Context(), []queue.Message{{Key: o.Key, Token: "y", Cause: model.CauseEngage}}))
		clear(writes)
		b.drain()
		if writes["Claim"] > 0 || b.row(o.Key).Working != nil {
			b.Errorf("of an idle row the table was asked for %v", writes)
		}
	})
}

// What exists already is adopted, whatever says that it is the same: for each kind the strongest mark, then the weaker one.
func TestWhatIsThereIsAdopted(t *testing.T) {
	tests := map[string]struct {
		make func(b *bench) string
		want model.Object
	}{
		"source by name":             {func(b *bench) string { return must[string](b)(b.org.AddSource(map[string]any{"name": "excs"})) }, source()},
		"skill by name without case": {func(b *bench) string { return must[string](b)(b.org.AddSkill("BILLING")) }, skill(1, "Billing")},
		"language by name":           {func(b *bench) string { return must[string](b)(b.org.AddLanguage("German")) }, language(2, "German")},
		"code by name":               {func(b *bench) string { return must[string](b)(b.org.AddCode(map[string]any{"name": "Sold"})) }, code(3, "Sold")},
		"queue by name":              {func(b *bench) string { return must[string](b)(b.org.AddQueue(map[string]any{"name": "sales"})) }, queueOf(4, "Sales")},
		"queue by peer id": {func(b *bench) string {
			return must[string](b)(b.org.AddQueue(map[string]any{"name": "Sales", "peerId": "4"}))
		}, queueOf(4, "Sales")},
		"user by address": {func(b *bench) string { return b.addUser("Ann", "P5@example.org") }, user(5, "Ann")},
		"deactivated source by name": {func(b *bench) string {
			id := must[string](b)(b.org.AddSource(map[string]any{"name": "EXCS"}))
			b.ok(b.org.DeleteSource(id))
			return id
		}, source()},
		"deleted user by its address": {func(b *bench) string { id := b.addUser("Ann", "p5@example.org"); b.ok(b.org.DeleteUser(id)); return id }, user(5, "Ann")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in(t, func(b *bench) {
				id := tt.make(b)
				b.have(tt.want)
				b.same("EX id", b.exID(tt.want), id)
				b.onlyOne(tt.want)
				b.same("owners", b.owners(tt.want.Key.Kind, id), []model.Key{tt.want.Key})
				if !slices.ContainsFunc(b.row(tt.want.Key).History, func(e mapping.Entry) bool { return e.Action == model.ActionAdopt || e.Action == model.ActionRestore }) {
					b.Errorf("the history does not tell of the adoption: %+v", b.row(tt.want.Key).History)
				}
				b.quiet()
			}, exorgtest.WithDeletedNamesHeld(true))
		})
	}
}

func (b *bench) addUser(name, email string) string {
	b.Helper()
	return must[string](b)(b.org.AddUser(map[string]any{"name": name, "email": email}))
}

// Something that EXCS can not see holds the name or the address: nothing is made, and people are told what to do. Once the
// role reaches it, it is adopted.
func TestAnInvisibleHolderIsReported(t *testing.T) {
	for _, status := range []int{http.StatusConflict, http.StatusBadRequest} {
		in(t, func(b *bench) {
			hidden := must[string](b)(b.org.AddDivision("Hidden"))
			o, q := user(5, "Ann"), queueOf(4, "Sales")
			b.have(o, q)
			b.ok(b.org.MoveUser(b.exID(o), hidden))
			b.ok(b.org.MoveQueue(b.exID(q), hidden))
			b.org.Blind(exorgtest.DefaultClientID, hidden)
			b.look(o.Key, model.CauseDrift)
			b.look(q.Key, model.CauseDrift)
			b.settle()
			for _, key := range []model.Key{o.Key, q.Key} {
				if row := b.state(key, mapping.StateInvisible); row.EXID == "" {
					b.Errorf("%s lost its EX id", key)
				}
			}
			b.same("users", len(b.org.Users()), 1)
			b.same("queues", len(b.org.Queues()), 1)
			b.org.Unblind(exorgtest.DefaultClientID)
			b.minutes(61)
			b.settle()
			b.state(o.Key, mapping.StateConverged)
			b.state(q.Key, mapping.StateConverged)
			b.same("division", b.exUser(o).DivisionID, b.org.HomeDivision())
		}, exorgtest.WithDuplicateStatus(status))
	}
}

// A holder of the name that a list shows late is adopted, not called invisible.
func TestALateListIsWaitedFor(t *testing.T) {
	in(t, func(b *bench) {
		id := must[string](b)(b.org.AddSkill("Billing"))
		o := skill(1, "Billing")
		b.have(o)
		b.same("EX id", b.exID(o), id)
		b.same("POSTs", b.org.Calls()["POST /api/v2/routing/skills"], 1)
	}, exorgtest.WithIndexLag(2*time.Minute))
}

// A disabled Person is created inactive, in one go.
func TestADisabledPersonIsCreatedInactive(t *testing.T) {
	in(t, func(b *bench) {
		o := user(5, "Ann")
		o.State = model.StateInactive
		b.have(o)
		b.same("state", b.exUser(o).State, "inactive")
		b.same("writes", b.writes(), []string{"POST /api/v2/users", "POST /api/v2/users/{userId}/externalid"})
		b.same("external id", b.exUser(o).External, []exorgtest.ExternalID{{Authority: "engage", Key: "5"}})
	})
}

// A creation whose outcome nobody knows is found under the name or address that it was posted with, although Engage has
// given it another one since: no second object is made, and none is left behind unseen.
func TestABegunCreationIsFoundUnderItsOldName(t *testing.T) {
	for _, o := range []model.Object{user(5, "Ann"), code(3, "Sold"), skill(1, "Billing"), queueOf(4, "Sales")} {
		t.Run(string(o.Key.Kind), func(t *testing.T) {
			in(t, func(b *bench) {
				b.wire.after = func(_ int, r *http.Request) error {
					if r.Method == http.MethodPost && r.URL.Path != "/oauth/token" {
						b.wire.clear()
						return errCut
					}
					return nil
				}
				b.want(o)
				b.drain()
				b.same("EX id", b.row(o.Key).EXID, "")
				o.Name = "Other"
				if o.Key.Kind == model.KindUser {
					o.Email, o.State = "other@example.org", model.StateInactive
				}
				b.have(o)
				b.true()
				if o.Key.Kind == model.KindSkill {
					b.same("skills", len(b.org.Skills()), 2) // the old one is an orphan
				} else {
					b.onlyOne(o)
				}
				b.quiet()
			}, exorgtest.WithIndexLag(time.Minute))
		})
	}
}

// A user that an unfinished creation made is this key's own: no approval is asked for to change what Engage has changed since.
func TestABegunUserIsNotHeld(t *testing.T) {
	in(t, func(b *bench) {
		o := user(5, "Ann")
		b.org.Fail(exorgtest.Fault{Kind: exorgtest.ResetAfter, Method: http.MethodPost, Route: "/api/v2/users", Times: 1})
		b.want(o)
		b.drain()
		o.Name, o.State = "Anna", model.StateInactive
		b.have(o)
		b.true()
		b.onlyOne(o)
	})
}

// A user that was there before is not taken for the one that an unfinished creation made: the EX Org refused that POST.
func TestARefusedCreationMadeNothing(t *testing.T) {
	in(t, func(b *bench) {
		o := user(5, "Ann")
		b.addUser("Zoe", o.Email)
		b.want(o)
		b.minutes(1) // no list shows Zoe yet
		b.state(o.Key, mapping.StateWaiting)
		b.settle()
		b.state(o.Key, mapping.StateHeld)
		b.same("name", b.org.Users()[0].Name, "Zoe")
	}, exorgtest.WithIndexLag(2*time.Minute))
}

// The id of what was just made is on the row even if the next step fails: nothing is looked up, and nothing waits for an index.
func TestWhatWasMadeIsOnTheRowWhateverFailsNext(t *testing.T) {
	for _, o := range []model.Object{skill(1, "Billing"), language(2, "German"), code(3, "Sold"), queueOf(4, "Sales"), user(5, "Ann")} {
		in(t, func(b *bench) {
			b.table.SetFault(func(op string) mapping.Fault {
				if op == "Own" {
					return mapping.FaultBefore
				}
				return mapping.FaultNone
			})
			b.want(o)
			b.drain()
			row := b.row(o.Key)
			if row.EXID == "" || row.Intent != nil {
				b.Errorf("the row of %s has the EX id %q and the intent %v", o.Key, row.EXID, row.Intent)
			}
			b.table.SetFault(nil)
			b.settle()
			b.onlyOne(o)
			b.state(o.Key, mapping.StateConverged)
			b.same("its EX id", b.exID(o), row.EXID)
		}, exorgtest.WithIndexLag(20*time.Minute))
	}
}

// A queue that was deleted and made again by hand, with its peer id and under another name, is taken: no second one is made.
func TestAQueueThatSomebodyMadeAgainIsTaken(t *testing.T) {
	in(t, func(b *bench) {
		b.have(sales(), line())
		time.Sleep(10 * time.Minute)
		b.ok(b.org.DeleteQueue(b.exID(line())))
		b.look(line().Key, model.CauseDeleted)
		byHand := must[string](b)(b.org.AddQueue(map[string]any{"name": "By hand", "peerId": line().PeerID}))
		b.settle()
		b.same("the EX id", b.exID(line()), byHand)
		b.onlyOne(line())
		b.same("the name", b.exQueue(line()).Name, line().Name)
	})
}

// Whoever is made again under another id is put back into the queues at once.
func TestListsFollowAUserThatIsMadeAgain(t *testing.T) {
	in(t, func(b *bench) {
		u, q := user(5, "Ann"), queueOf(4, "Sales")
		b.have(u, q, membersOf(4, 5))
		time.Sleep(10 * time.Minute)
		lost := b.exID(u)
		b.ok(b.org.DeleteUser(lost))
		b.ok(b.org.EraseUser(lost))
		b.org.Fail(exorgtest.Fault{Method: http.MethodGet, Path: "/users/" + lost, Kind: exorgtest.Answer, Status: http.StatusNotFound})
		b.drift(u.Key)
		if b.exID(u) == lost {
			b.Fatal("the user was not made again")
		}
		b.same("members", b.memberIDs(q), b.ids(u))
	})
}
