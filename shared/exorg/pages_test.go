package exorg_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"excs/shared/exorg"
	"excs/shared/exorg/internal/script"
	"excs/shared/model"
)

func page(pageSize, pageCount int, ids ...string) script.Reply {
	var rows []string
	for _, id := range ids {
		rows = append(rows, fmt.Sprintf(`{"id":%q,"name":"n-%s"}`, id, id))
	}
	body := fmt.Sprintf(`{"entities":[%s],"pageSize":%d`, strings.Join(rows, ","), pageSize)
	if pageCount > 0 {
		body += fmt.Sprintf(`,"pageCount":%d`, pageCount)
	}
	return script.OK(body + "}")
}

func numbers(s *script.Server) string {
	var out []string
	for _, r := range s.Requests() {
		out = append(out, r.Query.Get("pageSize")+"/"+r.Query.Get("pageNumber"))
	}
	return strings.Join(out, " ")
}

func ids(n, from int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = strconv.Itoa(from + i)
	}
	return out
}

func TestPagingEnds(t *testing.T) {
	tests := []struct {
		name    string
		replies []script.Reply
		want    int
		pages   string
	}{
		{"with an empty list", []script.Reply{page(100, 0)}, 0, "100/1"},
		{"with a short page where there is no count", []script.Reply{page(100, 0, ids(100, 0)...), page(100, 0, ids(7, 100)...)}, 107, "100/1 100/2"},
		{"with an empty page after a full last one", []script.Reply{page(100, 0, ids(100, 0)...), page(100, 0)}, 100, "100/1 100/2"},
		{"with the page count, be the page short or not", []script.Reply{page(100, 2, ids(60, 0)...), page(100, 2, ids(100, 60)...)}, 160, "100/1 100/2"},
		{"when the server gives smaller pages than asked for", []script.Reply{page(25, 0, ids(25, 0)...), page(25, 0, ids(3, 25)...)}, 28, "100/1 100/2"},
		{"when the server ignores the page number", []script.Reply{page(100, 0, ids(100, 0)...), page(100, 0, ids(100, 0)...)}, 100, "100/1 100/2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, s, _ := played(t, tt.replies...)
			members, err := c.Members(t.Context(), "q1")
			if err != nil {
				t.Fatal(err)
			}
			if len(members) != tt.want || members == nil || numbers(s) != tt.pages || s.Left() != 0 {
				t.Errorf("%d members by pages %s with %d replies left", len(members), numbers(s), s.Left())
			}
			for _, r := range s.Requests() {
				if r.Query.Get("memberBy") != "user" {
					t.Errorf("asked for %v: members by way of a group can not be removed as users", r.Query)
				}
			}
		})
	}
}

func TestAListThatFailsInTheMiddleIsNoList(t *testing.T) {
	c, _, _ := played(t, page(100, 0, ids(100, 0)...), script.Status(403, "x", "y"))
	members, err := c.Members(t.Context(), "q1")
	wantCode(t, err, model.CodeDenied)
	if members != nil {
		t.Errorf("half a list came back: %d members", len(members))
	}
}

// Rows shift between pages while others write: a row may come twice, never does the walk give it twice.
func TestShiftedPagesGiveEachRowOnce(t *testing.T) {
	c, s, _ := played(t)
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 350).Draw(rt, "rows")
		shift := 0
		var replies []script.Reply
		for first := 0; ; first += 100 {
			rows := ids(max(min(100, n-first+shift), 0), first-shift)
			replies = append(replies, page(100, 0, rows...))
			if len(rows) < 100 {
				break
			}
			shift += rapid.IntRange(0, 3).Draw(rt, "created meanwhile")
		}
		s.Then(replies...)
		members, err := c.Members(t.Context(), "q1")
		if err != nil {
			rt.Fatal(err)
		}
		if !slices.Equal(members, ids(n, 0)) {
			rt.Fatalf("%d rows became %d", n, len(members))
		}
	})
}

func collect(t *testing.T, c *exorg.Client, q exorg.UsersQuery) (got []string, errs []error) {
	t.Helper()
	for u, err := range c.Users(t.Context(), q) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		got = append(got, u.ID+":"+u.State)
	}
	return got, errs
}

func TestUsersComeInPassesByState(t *testing.T) {
	t.Run("active and inactive unless told otherwise", func(t *testing.T) {
		c, s, _ := played(t, page(500, 1, "a", "b"), page(500, 1, "b", "c"))
		got, errs := collect(t, c, exorg.UsersQuery{Skills: true, Languages: true})
		if fmt.Sprint(got) != "[a:active b:active c:inactive]" || errs != nil {
			t.Errorf("got %v, %v: a user that changed sides meanwhile comes once", got, errs)
		}
		for i, state := range []string{"active", "inactive"} {
			q := s.Requests()[i].Query
			if q.Get("state") != state || q.Get("pageSize") != "500" || fmt.Sprint(q["expand"]) != "[skills languages]" {
				t.Errorf("pass %d asked %v", i, q)
			}
		}
	})
	t.Run("deleted ones too when asked for", func(t *testing.T) {
		c, _, _ := played(t, page(500, 1, "a"), page(500, 1), page(500, 1, "d"))
		got, _ := collect(t, c, exorg.UsersQuery{States: []string{exorg.StateActive, exorg.StateInactive, exorg.StateDeleted}})
		if fmt.Sprint(got) != "[a:active d:deleted]" {
			t.Errorf("got %v", got)
		}
	})
	t.Run("and stop when the caller has enough", func(t *testing.T) {
		c, s, _ := played(t, page(500, 2, "a", "b"))
		for u, err := range c.Users(t.Context(), exorg.UsersQuery{}) {
			if err != nil || u.ID != "a" {
				t.Fatal(u.ID, err)
			}
			break
		}
		if n := len(s.Requests()); n != 1 {
			t.Errorf("%d pages were read", n)
		}
	})
	t.Run("an error ends the list", func(t *testing.T) {
		c, s, _ := played(t, page(500, 2, "a"), script.Status(403, "x", "y"))
		got, errs := collect(t, c, exorg.UsersQuery{})
		if fmt.Sprint(got) != "[a:active]" || len(errs) != 1 || model.CodeOf(errs[0]) != model.CodeDenied || len(s.Requests()) != 2 {
			t.Errorf("got %v, %v after %d requests", got, errs, len(s.Requests()))
		}
	})
	t.Run("the row limit of one state does not hide the others", func(t *testing.T) {
		c, _, _ := played(t, page(500, 1, "a"), page(500, 2, "i"), script.Status(400, "bad.request", "too far"), page(500, 1, "d"))
		got, errs := collect(t, c, exorg.UsersQuery{States: []string{exorg.StateActive, exorg.StateInactive, exorg.StateDeleted}})
		if fmt.Sprint(got) != "[a:active i:inactive d:deleted]" || len(errs) != 1 || !errors.Is(errs[0], exorg.ErrListCapped) {
			t.Errorf("got %v, %v", got, errs)
		}
	})
	t.Run("a 400 to the first page is a bad request, not the row limit", func(t *testing.T) {
		c, _, _ := played(t, script.Status(400, "bad.request", "no"))
		_, errs := collect(t, c, exorg.UsersQuery{})
		if len(errs) != 1 || errors.Is(errs[0], exorg.ErrListCapped) {
			t.Errorf("got %v", errs)
		}
	})
}

func TestNamesAreFoundWithoutCaseAndOuterSpace(t *testing.T) {
	c, s, _ := played(t,
		script.OK(`{"entities":[{"id":"1","name":"SALES"},{"id":"2","name":"Sales"},{"id":"3","name":"Sales 2"},{"id":"4","name":"sales","state":"deleted"}],"pageCount":1}`))
	found, err := c.SkillsByName(t.Context(), " Sales ")
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 2 {
		t.Fatalf("found %+v", found)
	}
	if got := s.Requests()[0].Query.Get("name"); got != " Sales " {
		t.Errorf("asked for %q", got)
	}
	c, _, _ = played(t, script.OK(`{"entities":[{"id":"1","name":"SALES"},{"id":"2","name":"Sales"}],"pageCount":1}`))
	found, err = c.SkillsByName(t.Context(), "Sales")
	if err != nil || len(found) != 2 || found[0].ID != "2" {
		t.Errorf("found %+v, %v: the same spelling comes first", found, err)
	}
}

// Whether the name filter minds case is unproven: a twin must not be made because of it.
func TestAMissOfTheNameFilterIsSoughtInTheWholeList(t *testing.T) {
	empty, full := page(500, 0), script.OK(`{"entities":[{"id":"1","name":"SALES"}],"pageCount":1}`)
	t.Run("skills", func(t *testing.T) {
		c, s, _ := played(t, empty, full)
		found, err := c.SkillsByName(t.Context(), "sales")
		if err != nil || len(found) != 1 || s.Requests()[1].Query.Has("name") {
			t.Errorf("found %v, %v", found, err)
		}
	})
	t.Run("languages", func(t *testing.T) {
		c, _, _ := played(t, empty, full)
		found, err := c.LanguagesByName(t.Context(), "sales")
		if err != nil || len(found) != 1 {
			t.Errorf("found %v, %v", found, err)
		}
	})
	t.Run("wrap-up codes", func(t *testing.T) {
		c, _, _ := played(t, empty, full)
		found, err := c.WrapUpCodesByName(t.Context(), "sales")
		if err != nil || len(found) != 1 {
			t.Errorf("found %v, %v", found, err)
		}
	})
	t.Run("queues, in both halves", func(t *testing.T) {
		c, s, _ := played(t, empty, empty, empty, full)
		found, err := c.QueuesByName(t.Context(), "sales")
		if err != nil || len(found) != 1 {
			t.Errorf("found %v, %v", found, err)
		}
		var halves []string
		for _, r := range s.Requests() {
			halves = append(halves, r.Query.Get("hasPeer")+r.Query.Get("name"))
		}
		if fmt.Sprint(halves) != "[truesales falsesales true false]" {
			t.Errorf("asked %v", halves)
		}
	})
	t.Run("and an error is not a miss", func(t *testing.T) {
		for _, replies := range [][]script.Reply{{script.Status(403, "x", "y")}, {empty, script.Status(403, "x", "y")}} {
			c, _, _ := played(t, replies...)
			_, err := c.SkillsByName(t.Context(), "sales")
			wantCode(t, err, model.CodeDenied)
		}
	})
}

func TestASoftlyDeletedSkillOrLanguageIsNotFound(t *testing.T) {
	for _, reply := range []script.Reply{script.OK(`{"id":"1","name":"x","state":"deleted"}`), script.Status(http.StatusNotFound, "not.found", "x")} {
		c, _, _ := played(t, reply, reply)
		_, err := c.Skill(t.Context(), "1")
		if !exorg.IsNotFound(err) {
			t.Errorf("skill: %v", err)
		}
		_, err = c.Language(t.Context(), "1")
		if !exorg.IsNotFound(err) {
			t.Errorf("language: %v", err)
		}
	}
}

func TestAnAnswerWithoutAnIDIsNoObject(t *testing.T) {
	c, s, _ := played(t)
	for range 5 {
		s.Then(script.OK(`{}`))
	}
	_, err := c.Queue(t.Context(), "q1")
	wantCode(t, err, model.CodeUnavailable)
	_, err = c.User(t.Context(), "u1")
	wantCode(t, err, model.CodeUnavailable)
	_, err = c.HomeDivision(t.Context())
	wantCode(t, err, model.CodeUnavailable)
}

// An empty object of a proxy must not pass for "there are none": adoption would create everything again.
func TestAnAnswerWithoutAListIsNoEmptyList(t *testing.T) {
	lists := map[string]func(*exorg.Client) error{
		"queues":       func(c *exorg.Client) error { _, err := c.Queues(t.Context()); return err },
		"members":      func(c *exorg.Client) error { _, err := c.Members(t.Context(), "q1"); return err },
		"sources":      func(c *exorg.Client) error { _, err := c.Sources(t.Context(), false); return err },
		"external ids": func(c *exorg.Client) error { _, err := c.ExternalIDs(t.Context(), "u1"); return err },
		"search":       func(c *exorg.Client) error { _, err := c.FindUsersByEmail(t.Context(), "a@b.c"); return err },
	}
	for name, list := range lists {
		t.Run(name, func(t *testing.T) {
			body := `{}`
			if name == "external ids" {
				body = `null`
			}
			c, _, _ := played(t, script.OK(body))
			wantCode(t, list(c), model.CodeUnavailable)
		})
	}
	for _, body := range []string{`{"entities":[]}`, `{"total":0}`, `{"pageSize":100,"entities":null}`} {
		c, _, _ := played(t, script.OK(body))
		if got, err := c.Members(t.Context(), "q1"); err != nil || len(got) != 0 {
			t.Errorf("%s gives %v, %v", body, got, err)
		}
	}
}
