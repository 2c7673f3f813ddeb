package write_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/exorg/internal/script"
	"excs/shared/exorg/write"
	"excs/shared/model"
)

func TestAUserIsCreatedWithWhatItIsGiven(t *testing.T) {
	for _, state := range []model.UserState{model.StateActive, model.StateInactive} {
		b := newBench(t)
		u := must[exorg.User](t)(b.CreateUser(t.Context(), write.NewUser{Name: "Ann Lee", Email: "ann@example.org", DivisionID: b.org.HomeDivision(), State: state}))
		got := must[exorg.User](t)(b.read.User(t.Context(), u.ID))
		if got.Name != "Ann Lee" || got.Email != "ann@example.org" || got.State != string(state) || got.Division.ID != b.org.HomeDivision() || got.Version != u.Version {
			t.Errorf("created %+v, reads %+v", u, got)
		}
	}
}

func TestATakenAddressIsAConflictWhateverTheStateOfItsHolder(t *testing.T) {
	b := newBench(t)
	ann := b.newUser(t, "Ann")
	for _, change := range []func(string) error{func(string) error { return nil }, b.org.DeactivateUser, b.org.DeleteUser} {
		done(t, change(ann.ID))
		_, err := b.CreateUser(t.Context(), write.NewUser{Name: "Ann Two", Email: "ANN@example.org", DivisionID: b.org.HomeDivision(), State: model.StateActive})
		if !exorg.IsConflict(err) || !exorg.IsDuplicate(err) {
			t.Errorf("error is %v", err)
		}
		if strings.Contains(strings.ToLower(err.Error()), "ann") {
			t.Errorf("the error shows a name or an address: %q", err)
		}
	}
}

func TestAUserIsPatchedUnderItsVersion(t *testing.T) {
	for _, status := range []int{http.StatusConflict, http.StatusBadRequest} {
		t.Run(fmt.Sprintf("stale as %d", status), func(t *testing.T) {
			b := newBench(t, exorgtest.WithVersionConflictForm(status))
			u := b.newUser(t, "Ann")
			next := must[exorg.User](t)(b.PatchUser(t.Context(), u.ID, u.Version, write.UserFields{Name: ptr("Ann Lee")}))
			if next.Name != "Ann Lee" || next.Email != "ann@example.org" || next.Version <= u.Version {
				t.Errorf("patched to %+v", next)
			}
			_, err := b.PatchUser(t.Context(), u.ID, u.Version, write.UserFields{Email: ptr("lee@example.org")})
			if !exorg.IsStaleVersion(err) {
				t.Errorf("error is %v", err)
			}
			next = must[exorg.User](t)(b.PatchUser(t.Context(), u.ID, next.Version, write.UserFields{Email: ptr("lee@example.org")}))
			if next.Name != "Ann Lee" || next.Email != "lee@example.org" {
				t.Errorf("patched to %+v", next)
			}
		})
	}
}

func TestTheStateIsAPatchOfItsOwnAndRestoresADeletedUser(t *testing.T) {
	b := newBench(t)
	u := b.newUser(t, "Ann")
	u = must[exorg.User](t)(b.SetUserState(t.Context(), u.ID, u.Version, model.StateInactive))
	if u.State != exorg.StateInactive {
		t.Errorf("state is %s", u.State)
	}
	done(t, b.org.DeleteUser(u.ID))
	u = must[exorg.User](t)(b.read.User(t.Context(), u.ID))
	u = must[exorg.User](t)(b.SetUserState(t.Context(), u.ID, u.Version, model.StateActive))
	if u.State != exorg.StateActive || u.Name != "Ann" {
		t.Errorf("restored to %+v", u)
	}
	for _, r := range b.org.Requests() {
		if r.Method == http.MethodPatch && strings.Contains(r.Body, `"name"`) {
			t.Errorf("a state came with other fields: %s", r.Body)
		}
	}
}

func TestExternalIDs(t *testing.T) {
	b := newBench(t)
	ann, bob := b.newUser(t, "Ann"), b.newUser(t, "Bob")
	id := exorg.ExternalID{Authority: "engage/1", Key: "10 1"}
	done(t, b.AddExternalID(t.Context(), ann.ID, id))
	if u := must[exorg.User](t)(b.read.UserByExternalKey(t.Context(), "engage/1", "10 1")); u.ID != ann.ID {
		t.Errorf("found %+v", u)
	}
	if err := b.AddExternalID(t.Context(), bob.ID, id); !exorg.IsConflict(err) {
		t.Errorf("a taken pair: %v", err)
	}
	done(t, b.RemoveExternalID(t.Context(), ann.ID, id))
	if err := b.RemoveExternalID(t.Context(), ann.ID, id); !exorg.IsNotFound(err) {
		t.Errorf("a pair that is gone: %v", err)
	}
}

func TestUsersAreMovedAHundredACall(t *testing.T) {
	b := newBench(t)
	far := must[string](t)(b.org.AddDivision("Far"))
	var users []string
	for i := range 205 {
		id := must[string](t)(b.org.AddUser(map[string]any{"name": "u", "email": fmt.Sprintf("u%d@example.org", i)}))
		users = append(users, id)
	}
	done(t, b.MoveUsers(t.Context(), far, users))
	if n := b.org.Calls()["POST /api/v2/authorization/divisions/{divisionId}/objects/{objectType}"]; n != 3 {
		t.Errorf("%d calls", n)
	}
	for _, id := range []string{users[0], users[204]} {
		if u := must[exorg.User](t)(b.read.User(t.Context(), id)); u.Division.ID != far {
			t.Errorf("user is in %+v", u.Division)
		}
	}
	done(t, b.MoveUsers(t.Context(), far, nil))
}

// A write whose answer was lost is ambiguous and goes out once, whatever it is; the organisation did it all the same.
func TestNoWriteIsSentTwice(t *testing.T) {
	level := []write.Level{{ID: "s1", Level: 30}}
	writes := map[string]func(*testing.T, *write.Writer) error{
		"CreateUser": func(t *testing.T, w *write.Writer) error {
			_, err := w.CreateUser(t.Context(), write.NewUser{Name: "Ann", Email: "a@b.c", DivisionID: "d", State: model.StateActive})
			return err
		},
		"PatchUser": func(t *testing.T, w *write.Writer) error {
			_, err := w.PatchUser(t.Context(), "u1", 1, write.UserFields{Name: ptr("x")})
			return err
		},
		"SetUserState": func(t *testing.T, w *write.Writer) error {
			_, err := w.SetUserState(t.Context(), "u1", 1, model.StateActive)
			return err
		},
		"AddExternalID": func(t *testing.T, w *write.Writer) error {
			return w.AddExternalID(t.Context(), "u1", exorg.ExternalID{Authority: "a", Key: "1"})
		},
		"RemoveExternalID": func(t *testing.T, w *write.Writer) error {
			return w.RemoveExternalID(t.Context(), "u1", exorg.ExternalID{Authority: "a", Key: "1"})
		},
		"MoveUsers":      func(t *testing.T, w *write.Writer) error { return w.MoveUsers(t.Context(), "d", []string{"u1"}) },
		"ReplaceSkills":  func(t *testing.T, w *write.Writer) error { return w.ReplaceSkills(t.Context(), "u1", level) },
		"AddSkills":      func(t *testing.T, w *write.Writer) error { return w.AddSkills(t.Context(), "u1", level) },
		"RemoveSkill":    func(t *testing.T, w *write.Writer) error { return w.RemoveSkill(t.Context(), "u1", "s1") },
		"AddLanguages":   func(t *testing.T, w *write.Writer) error { return w.AddLanguages(t.Context(), "u1", level) },
		"RemoveLanguage": func(t *testing.T, w *write.Writer) error { return w.RemoveLanguage(t.Context(), "u1", "l1") },
		"CreateSkill": func(t *testing.T, w *write.Writer) error {
			_, err := w.CreateSkill(t.Context(), "x")
			return err
		},
		"CreateLanguage": func(t *testing.T, w *write.Writer) error {
			_, err := w.CreateLanguage(t.Context(), "x")
			return err
		},
		"CreateWrapUpCode": func(t *testing.T, w *write.Writer) error {
			_, err := w.CreateWrapUpCode(t.Context(), "x")
			return err
		},
		"CreateSource": func(t *testing.T, w *write.Writer) error {
			_, err := w.CreateSource(t.Context(), "x")
			return err
		},
		"CreateQueue": func(t *testing.T, w *write.Writer) error {
			_, err := w.CreateQueue(t.Context(), write.NewQueue{Name: "x"})
			return err
		},
		"UpdateQueue": func(t *testing.T, w *write.Writer) error {
			_, err := w.UpdateQueue(t.Context(), exorg.Queue{ID: "q1", Raw: []byte(`{"name":"x"}`)}, write.QueueFields{Name: ptr("y")})
			return err
		},
		"DeleteQueue":   func(t *testing.T, w *write.Writer) error { return w.DeleteQueue(t.Context(), "q1") },
		"AddMembers":    func(t *testing.T, w *write.Writer) error { return w.AddMembers(t.Context(), "q1", []string{"u1"}) },
		"RemoveMembers": func(t *testing.T, w *write.Writer) error { return w.RemoveMembers(t.Context(), "q1", []string{"u1"}) },
		"AddQueueWrapUpCodes": func(t *testing.T, w *write.Writer) error {
			return w.AddQueueWrapUpCodes(t.Context(), "q1", []string{"c1"})
		},
	}
	faults := map[string]script.Reply{
		"a reset": script.Reset(), "503": script.Status(503, "x", "y"), "504": script.Status(504, "x", "y"), "408": script.Status(408, "x", "y"),
	}
	for name, send := range writes {
		for fault, reply := range faults {
			t.Run(name+" after "+fault, func(t *testing.T) {
				w, s := played(t, reply)
				err := send(t, w)
				if !exorg.IsAmbiguous(err) {
					t.Errorf("error is %v", err)
				}
				if n := len(s.Requests()); n != 1 {
					t.Errorf("sent %d times", n)
				}
			})
		}
	}
	for name, put := range map[string]func(*testing.T, *write.Writer) error{
		"RenameWrapUpCode": func(t *testing.T, w *write.Writer) error {
			_, err := w.RenameWrapUpCode(t.Context(), "c1", "y")
			return err
		},
		"UpdateSource": func(t *testing.T, w *write.Writer) error {
			_, err := w.UpdateSource(t.Context(), "s1", "y")
			return err
		},
	} {
		t.Run(name+" after a reset of its PUT", func(t *testing.T) {
			w, s := played(t, script.OK(`{"id":"c1","name":"x"}`), script.Reset())
			if err := put(t, w); !exorg.IsAmbiguous(err) {
				t.Errorf("error is %v", err)
			}
			if n := len(s.Requests()); n != 2 {
				t.Errorf("%d requests, want one GET and one PUT", n)
			}
		})
	}
}

func TestACreationWithoutAnIDIsAmbiguous(t *testing.T) {
	w, _ := played(t, script.OK(`{}`), script.OK(`null`))
	_, err := w.CreateSkill(t.Context(), "x")
	wantCode(t, err, model.CodeAmbiguous)
	_, err = w.CreateUser(t.Context(), write.NewUser{Name: "Ann", Email: "a@b.c", DivisionID: "d", State: model.StateActive})
	wantCode(t, err, model.CodeAmbiguous)
}

// What an ambiguous creation left behind is found again by the look-ups that the design names.
func TestAnAmbiguousCreationCanBeFound(t *testing.T) {
	b := newBench(t)
	for _, route := range []string{"/api/v2/users", "/api/v2/routing/queues", "/api/v2/routing/skills"} {
		b.org.Fail(exorgtest.Fault{Kind: exorgtest.ResetAfter, Method: http.MethodPost, Route: route, Times: 1})
	}
	_, err := b.CreateUser(t.Context(), write.NewUser{Name: "Ann", Email: "ann@example.org", DivisionID: b.org.HomeDivision(), State: model.StateActive})
	wantCode(t, err, model.CodeAmbiguous)
	if found := must[[]exorg.User](t)(b.read.FindUsersByEmail(t.Context(), "ann@example.org")); len(found) != 1 {
		t.Errorf("found users %+v", found)
	}
	_, err = b.CreateQueue(t.Context(), write.NewQueue{Name: "Sales", PeerID: "7", DivisionID: b.org.HomeDivision()})
	wantCode(t, err, model.CodeAmbiguous)
	if found := must[[]exorg.Queue](t)(b.read.QueuesByPeerID(t.Context(), "7")); len(found) != 1 {
		t.Errorf("found queues %+v", found)
	}
	_, err = b.CreateSkill(t.Context(), "Billing")
	wantCode(t, err, model.CodeAmbiguous)
	if found := must[[]exorg.Skill](t)(b.read.SkillsByName(t.Context(), "Billing")); len(found) != 1 {
		t.Errorf("found skills %+v", found)
	}
}

func TestABatchThatFailsInTheMiddleSaysHowFarItGot(t *testing.T) {
	w, s := played(t, script.OK(``), script.Status(403, "x", "y"))
	err := w.AddMembers(t.Context(), "q1", strings.Fields(strings.Repeat("u ", 250)))
	wantCode(t, err, model.CodeDenied)
	e, ok := errors.AsType[*exorg.APIError](err)
	if !ok || e.Status != 403 || !strings.Contains(err.Error(), "after 100 of 250: add members to queue q1") || len(s.Requests()) != 2 {
		t.Errorf("error is %q after %d requests", err, len(s.Requests()))
	}
}

func TestAConflictOfAPatchIsStaleEvenWithoutTheWords(t *testing.T) {
	w, _ := played(t, script.Status(409, "general.conflict", "Conflict"), script.Status(409, "general.conflict", "Conflict"))
	_, err := w.PatchUser(t.Context(), "u1", 3, write.UserFields{Name: ptr("Ann")})
	if !exorg.IsStaleVersion(err) || exorg.IsDuplicate(err) {
		t.Errorf("error is %v", err)
	}
	if _, err = w.SetUserState(t.Context(), "u1", 3, model.StateActive); !exorg.IsStaleVersion(err) {
		t.Errorf("error is %v", err)
	}
}
