package write_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/exorg/write"
	"excs/shared/model"
)

// An error is a promise: unless it is ambiguous, nothing happened; and what is reported done is done. Whatever goes wrong on the way.
func TestTheCodeOfAFailedCreationTellsTheTruth(t *testing.T) {
	b := newBench(t)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		b.org.Heal()
		before := rapid.SampledFrom([]int{400, 401, 403, 404, 408, 409, 413, 429, 500, 502, 503, 504})
		after := rapid.SampledFrom([]int{408, 500, 502, 503, 504}) // what a gateway says of a call that went through
		f := exorgtest.Fault{Method: http.MethodPost, Route: "/api/v2/routing/skills", Times: rapid.IntRange(1, 2).Draw(rt, "times")}
		f.Kind = rapid.SampledFrom([]exorgtest.FaultKind{
			exorgtest.Answer, exorgtest.AnswerAfter, exorgtest.Reset, exorgtest.ResetAfter, exorgtest.Truncate,
		}).Draw(rt, "fault")
		f.Status = before.Draw(rt, "status")
		if f.Kind == exorgtest.AnswerAfter {
			f.Status = after.Draw(rt, "status after")
		}
		b.org.Fail(f)
		n++
		name := fmt.Sprintf("skill %d", n)
		writer := write.New(client(t, b.url)) // without a memory of earlier Retry-After
		s, err := writer.CreateSkill(t.Context(), name)
		b.org.Heal()
		found := must[[]exorg.Skill](t)(b.read.SkillsByName(t.Context(), name))
		switch {
		case err == nil && (len(found) != 1 || found[0].ID != s.ID):
			rt.Fatalf("reported as created, found %+v", found)
		case err != nil && !exorg.IsAmbiguous(err) && len(found) != 0:
			rt.Fatalf("code %s, yet it is there: %v", model.CodeOf(err), err)
		case len(found) > 1:
			rt.Fatalf("there are %d", len(found))
		}
	})
}

// The way of RULES 1 for a user that was deleted in the EX Org: its address is taken, the holder is found among the deleted, restored under its
// version, then edited; it keeps its id.
func TestADeletedUserIsRestoredByTheseCalls(t *testing.T) {
	b := newBench(t)
	old := b.newUser(t, "Ann")
	done(t, b.org.DeleteUser(old.ID))
	_, err := b.CreateUser(t.Context(), write.NewUser{Name: "Ann", Email: "ann@example.org", DivisionID: b.org.HomeDivision(), State: model.StateActive})
	if !exorg.IsDuplicate(err) {
		t.Fatalf("error is %v", err)
	}
	found := must[[]exorg.User](t)(b.read.FindUsersByEmail(t.Context(), "ann@example.org"))
	if len(found) != 1 || !found[0].Deleted() {
		t.Fatalf("found %+v", found)
	}
	u := must[exorg.User](t)(b.read.User(t.Context(), found[0].ID))
	u = must[exorg.User](t)(b.SetUserState(t.Context(), u.ID, u.Version, model.StateActive))
	u = must[exorg.User](t)(b.PatchUser(t.Context(), u.ID, u.Version, write.UserFields{Name: ptr("Ann Lee")}))
	if u.ID != old.ID || u.Name != "Ann Lee" || u.State != exorg.StateActive {
		t.Errorf("restored to %+v", u)
	}
}

// Two writers of one user: the version lets one through at a time, and reading again lets both.
func TestWritersOfOneUserDoNotOverwriteEachOther(t *testing.T) {
	b := newBench(t)
	u := b.newUser(t, "Ann")
	const writers = 6
	var wg sync.WaitGroup
	var mu sync.Mutex
	var versions []int
	for i := range writers {
		wg.Go(func() {
			for range 50 {
				now, err := b.read.User(t.Context(), u.ID)
				if err != nil {
					t.Error(err)
					return
				}
				next, err := b.PatchUser(t.Context(), u.ID, now.Version, write.UserFields{Name: ptr(fmt.Sprintf("Ann %d", i))})
				if exorg.IsStaleVersion(err) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				versions = append(versions, next.Version)
				mu.Unlock()
				return
			}
			t.Errorf("writer %d never got through", i)
		})
	}
	wg.Wait()
	slices.Sort(versions)
	if len(versions) != writers || len(slices.Compact(versions)) != writers {
		t.Errorf("versions written are %v", versions)
	}
}

// The index lags: a search right after a creation finds nothing, while a read by id and by external id does.
func TestTheSearchIndexLagsAndTheIDDoesNot(t *testing.T) {
	b := newBench(t, exorgtest.WithIndexLag(time.Hour))
	u := b.newUser(t, "Ann")
	done(t, b.AddExternalID(t.Context(), u.ID, exorg.ExternalID{Authority: "engage", Key: "1"}))
	if found := must[[]exorg.User](t)(b.read.FindUsersByEmail(t.Context(), "ann@example.org")); len(found) != 0 {
		t.Errorf("found %+v", found)
	}
	if got := must[exorg.User](t)(b.read.UserByExternalKey(t.Context(), "engage", "1")); got.ID != u.ID {
		t.Errorf("found %+v", got)
	}
	must[exorg.User](t)(b.read.User(t.Context(), u.ID))
}

// Issue 2, "Must hold" 4: a new user with 50 skills and 50 languages is four calls, a queue with 250 members four.
func TestWhatANewUserAndANewQueueCost(t *testing.T) {
	b := newBench(t)
	skills := b.skills(t, 50)
	var languages, users []string
	for i := range 50 {
		languages = append(languages, must[string](t)(b.org.AddLanguage(fmt.Sprintf("Language %d", i))))
	}
	for i := range 250 {
		users = append(users, must[string](t)(b.org.AddUser(map[string]any{"name": "u", "email": fmt.Sprintf("u%d@example.org", i)})))
	}
	must[exorg.Division](t)(b.read.HomeDivision(t.Context()))
	b.org.ResetCounters()
	u := b.newUser(t, "Ann")
	done(t, b.AddExternalID(t.Context(), u.ID, exorg.ExternalID{Authority: "engage", Key: "1"}))
	done(t, b.ReplaceSkills(t.Context(), u.ID, levels(skills, 30)))
	done(t, b.AddLanguages(t.Context(), u.ID, levels(languages, 30)))
	if n := b.org.Totals().Calls; n != 4 {
		t.Errorf("a user costs %d calls", n)
	}
	b.org.ResetCounters()
	q := must[exorg.Queue](t)(b.CreateQueue(t.Context(), write.NewQueue{Name: "Sales", PeerID: "1", DivisionID: b.org.HomeDivision()}))
	done(t, b.AddMembers(t.Context(), q.ID, users))
	if n := b.org.Totals().Calls; n != 4 {
		t.Errorf("a queue with 250 members costs %d calls", n)
	}
}
