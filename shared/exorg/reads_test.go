package exorg_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/shared/exorg"
	"excs/shared/exorg/exorgtest"
	"excs/shared/model"
)

// orgClient is a client of a simulated organisation.
func orgClient(t *testing.T, opts ...exorgtest.Option) (*exorg.Client, *exorgtest.Org) {
	t.Helper()
	org, url := exorgtest.Start(t, opts...)
	clk := newClock()
	cfg := config(t, url, clk)
	cfg.Clients = []exorg.Credentials{exorg.NewCredentials(exorgtest.DefaultClientID, exorgtest.DefaultClientSecret)}
	return exorg.New(cfg), org
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func done(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func user(name string) map[string]any {
	return map[string]any{"name": name, "email": strings.ToLower(name) + "@example.org"}
}

func TestTheHomeDivisionIsReadOnce(t *testing.T) {
	c, org := orgClient(t)
	for range 3 {
		d, err := c.HomeDivision(t.Context())
		if err != nil || d.ID != org.HomeDivision() {
			t.Fatal(d, err)
		}
	}
	if n := org.Calls()["GET /api/v2/authorization/divisions/home"]; n != 1 {
		t.Errorf("it was read %d times", n)
	}
}

func TestMeNamesOrganisationAndClient(t *testing.T) {
	c, org := orgClient(t, exorgtest.WithName("Umbrella"))
	me := must[exorg.Me](t)(c.Me(t.Context()))
	if me.Organization.ID != org.ID() || me.Organization.Name != "Umbrella" || me.OAuthClient.ID != exorgtest.DefaultClientID {
		t.Errorf("me is %+v", me)
	}
}

func TestAUserIsReadWhateverItsState(t *testing.T) {
	c, org := orgClient(t)
	id := must[string](t)(org.AddUser(user("Ann")))
	for _, step := range []struct {
		change func(string) error
		state  string
	}{{func(string) error { return nil }, "active"}, {org.DeactivateUser, "inactive"}, {org.DeleteUser, "deleted"}} {
		done(t, step.change(id))
		u := must[exorg.User](t)(c.User(t.Context(), id))
		if u.ID != id || u.Name != "Ann" || u.Email != "ann@example.org" || u.State != step.state || u.Version == 0 || u.Division.ID != org.HomeDivision() {
			t.Errorf("user is %+v", u)
		}
		if o := u.Observed("engage", nil); o.Deleted != (step.state == "deleted") || o.State != model.UserState(step.state) {
			t.Errorf("observed is %+v", o)
		}
	}
	_, err := c.User(t.Context(), "00000000-0000-4000-8000-000000000000")
	if !exorg.IsNotFound(err) {
		t.Errorf("a user that never was: %v", err)
	}
}

func TestAUserIsFoundByExternalKey(t *testing.T) {
	c, org := orgClient(t)
	id := must[string](t)(org.AddUser(user("Ann")))
	done(t, org.AddExternalID(id, exorgtest.ExternalID{Authority: "engage", Key: "101"}))
	done(t, org.AddExternalID(id, exorgtest.ExternalID{Authority: "Engage", Key: "7"}))
	u := must[exorg.User](t)(c.UserByExternalKey(t.Context(), "engage", "101"))
	if u.ID != id {
		t.Errorf("found %+v", u)
	}
	_, err := c.UserByExternalKey(t.Context(), "engage", "102")
	if !exorg.IsNotFound(err) {
		t.Errorf("another key: %v", err)
	}
	ids := must[[]exorg.ExternalID](t)(c.ExternalIDs(t.Context(), id))
	if len(ids) != 2 {
		t.Errorf("external ids are %+v", ids)
	}
	if o := u.Observed("engage", ids); !slices.Equal(o.ExternalKeys, []string{"101"}) {
		t.Errorf("observed keys are %v: the case of the authority counts", o.ExternalKeys)
	}
}

func TestExternalKeysTellUnreadFromNone(t *testing.T) {
	u := exorg.User{ID: "u"}
	if k := u.Observed("engage", nil).ExternalKeys; k != nil {
		t.Errorf("unread keys are %v", k)
	}
	if k := u.Observed("engage", []exorg.ExternalID{}).ExternalKeys; k == nil || len(k) != 0 {
		t.Errorf("no keys are %#v", k)
	}
}

func TestUsersAreFoundByEmailWhateverTheirState(t *testing.T) {
	c, org := orgClient(t)
	ann := must[string](t)(org.AddUser(map[string]any{"name": "Ann", "email": "ann@example.org"}))
	must[string](t)(org.AddUser(map[string]any{"name": "Joann", "email": "joann@example.org"}))
	for _, change := range []func(string) error{func(string) error { return nil }, org.DeactivateUser, org.DeleteUser} {
		done(t, change(ann))
		found := must[[]exorg.User](t)(c.FindUsersByEmail(t.Context(), "Ann@Example.org"))
		if len(found) != 1 || found[0].ID != ann {
			t.Errorf("found %+v", found)
		}
	}
	if found := must[[]exorg.User](t)(c.FindUsersByEmail(t.Context(), "nobody@example.org")); len(found) != 0 || found == nil {
		t.Errorf("found %+v", found)
	}
}

func TestAListOfUsersIsReadToItsEnd(t *testing.T) {
	c, org := orgClient(t)
	want := map[string]string{}
	for i := range 1203 {
		id := must[string](t)(org.AddUser(user(fmt.Sprintf("u%04d", i))))
		want[id] = "active"
		switch i % 5 {
		case 1:
			done(t, org.DeactivateUser(id))
			want[id] = "inactive"
		case 2:
			done(t, org.DeleteUser(id))
			delete(want, id)
		}
	}
	got := map[string]string{}
	for u, err := range c.Users(t.Context(), exorg.UsersQuery{Skills: true}) {
		done(t, err)
		if got[u.ID] != "" {
			t.Errorf("user %s came twice", u.ID)
		}
		got[u.ID] = u.State
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := org.Calls()["GET /api/v2/users"]; n != 3 {
		t.Errorf("%d pages, want 2 of active and 1 of inactive users", n)
	}
}

func TestTheRowLimitOfInactiveUsersIsTold(t *testing.T) {
	c, org := orgClient(t, exorgtest.WithRowCap(0, 500))
	for i := range 520 {
		done(t, org.DeactivateUser(must[string](t)(org.AddUser(user(fmt.Sprintf("u%03d", i))))))
	}
	rows, errs := collect(t, c, exorg.UsersQuery{})
	if len(rows) != 500 || len(errs) != 1 || !strings.Contains(errs[0].Error(), "longer than the API gives") {
		t.Errorf("%d rows, errors %v", len(rows), errs)
	}
}

func TestSkillsAndLanguagesOfAUser(t *testing.T) {
	c, org := orgClient(t)
	id := must[string](t)(org.AddUser(user("Ann")))
	for i := range 60 {
		s := must[string](t)(org.AddSkill(fmt.Sprintf("Skill %02d", i)))
		done(t, org.SetUserSkill(id, s, 2.55))
		l := must[string](t)(org.AddLanguage(fmt.Sprintf("Language %02d", i)))
		done(t, org.SetUserLanguage(id, l, 2.6))
	}
	skills := must[[]exorg.Assignment](t)(c.UserSkills(t.Context(), id))
	languages := must[[]exorg.Assignment](t)(c.UserLanguages(t.Context(), id))
	if len(skills) != 60 || len(languages) != 60 {
		t.Fatalf("%d skills and %d languages", len(skills), len(languages))
	}
	if s := exorg.Skillset(skills)[0]; s.Level != 26 || s.EXID == "" || !strings.HasPrefix(s.Name, "Skill") {
		t.Errorf("skill is %+v", s)
	}
	if l := exorg.Languageset(languages)[0]; l.Level != 30 {
		t.Errorf("language is %+v", l)
	}
}

func TestAssignmentsOfDeletedSkillsCountAsNone(t *testing.T) {
	list := []exorg.Assignment{{ID: "1", Proficiency: 3}, {ID: "2", Proficiency: 4, State: "deleted"}}
	if got := exorg.Skillset(list); len(got) != 1 || got[0].EXID != "1" {
		t.Errorf("got %+v", got)
	}
	if exorg.Skillset(nil) != nil || exorg.Languageset(nil) != nil {
		t.Error("unread became none")
	}
	if got := exorg.Languageset([]exorg.Assignment{}); got == nil {
		t.Error("none became unread")
	}
	if got := exorg.Languageset([]exorg.Assignment{{ID: "1", Proficiency: 2.5}}); got[0].Level != 30 {
		t.Errorf("level is %s, the EX Org rounds half up", got[0].Level)
	}
}

func TestSkillsAndLanguages(t *testing.T) {
	c, org := orgClient(t)
	billing := must[string](t)(org.AddSkill("Billing"))
	gone := must[string](t)(org.AddSkill("Gone"))
	german := must[string](t)(org.AddLanguage("German"))
	done(t, org.DeleteSkill(gone))
	skills := must[[]exorg.Skill](t)(c.Skills(t.Context()))
	if len(skills) != 1 || !cmp.Equal(skills[0].Observed(), model.Observed{Kind: model.KindSkill, EXID: billing, Name: "Billing"}) {
		t.Errorf("skills are %+v", skills)
	}
	languages := must[[]exorg.Language](t)(c.Languages(t.Context()))
	if len(languages) != 1 || !cmp.Equal(languages[0].Observed(), model.Observed{Kind: model.KindLanguage, EXID: german, Name: "German"}) {
		t.Errorf("languages are %+v", languages)
	}
	if s := must[exorg.Skill](t)(c.Skill(t.Context(), billing)); s.Name != "Billing" {
		t.Errorf("skill is %+v", s)
	}
	if l := must[exorg.Language](t)(c.Language(t.Context(), german)); l.Name != "German" {
		t.Errorf("language is %+v", l)
	}
	if _, err := c.Skill(t.Context(), gone); !exorg.IsNotFound(err) {
		t.Errorf("a deleted skill: %v", err)
	}
	if found := must[[]exorg.Skill](t)(c.SkillsByName(t.Context(), "billing ")); len(found) != 1 {
		t.Errorf("found %+v", found)
	}
	if found := must[[]exorg.Skill](t)(c.SkillsByName(t.Context(), "gone")); len(found) != 0 {
		t.Errorf("found %+v", found)
	}
	if found := must[[]exorg.Language](t)(c.LanguagesByName(t.Context(), "GERMAN")); len(found) != 1 {
		t.Errorf("found %+v", found)
	}
}

func TestQueuesOfBothHalves(t *testing.T) {
	c, org := orgClient(t)
	with := must[string](t)(org.AddQueue(map[string]any{"name": "Sales", "peerId": "9001"}))
	without := must[string](t)(org.AddQueue(map[string]any{"name": "Support"}))
	list := must[[]exorg.Queue](t)(c.Queues(t.Context()))
	got := map[string]string{}
	for _, q := range list {
		got[q.ID] = q.Name + "/" + q.PeerID
		if q.Raw != nil {
			t.Error("a list keeps whole bodies")
		}
	}
	if !maps.Equal(got, map[string]string{with: "Sales/9001", without: "Support/"}) {
		t.Errorf("queues are %v", got)
	}
	if found := must[[]exorg.Queue](t)(c.QueuesByName(t.Context(), "support")); len(found) != 1 || found[0].ID != without {
		t.Errorf("found %+v", found)
	}
	if found := must[[]exorg.Queue](t)(c.QueuesByName(t.Context(), "SALES")); len(found) != 1 || found[0].ID != with {
		t.Errorf("found %+v", found)
	}
	if found := must[[]exorg.Queue](t)(c.QueuesByPeerID(t.Context(), "9001")); len(found) != 1 || found[0].ID != with {
		t.Errorf("found %+v", found)
	}
	if found := must[[]exorg.Queue](t)(c.QueuesByPeerID(t.Context(), "900")); len(found) != 0 {
		t.Errorf("found %+v", found)
	}
	q := must[exorg.Queue](t)(c.Queue(t.Context(), with))
	if q.Name != "Sales" || q.PeerID != "9001" || !strings.Contains(string(q.Raw), `"skillEvaluationMethod"`) && !strings.Contains(string(q.Raw), `"mediaSettings"`) {
		t.Errorf("queue is %+v, raw %s", q, q.Raw)
	}
	if o := q.Observed(); o.PeerID != "9001" || o.Kind != model.KindQueue || o.EXID != with {
		t.Errorf("observed is %+v", o)
	}
	if _, err := c.Queue(t.Context(), "00000000-0000-4000-8000-000000000000"); !exorg.IsNotFound(err) {
		t.Errorf("a queue that never was: %v", err)
	}
}

func TestMembersAreThoseByUser(t *testing.T) {
	c, org := orgClient(t)
	q := must[string](t)(org.AddQueue(map[string]any{"name": "Sales"}))
	var users []string
	for i := range 205 {
		users = append(users, must[string](t)(org.AddUser(user(fmt.Sprintf("u%03d", i)))))
	}
	byGroup := must[string](t)(org.AddUser(user("group")))
	done(t, org.AddMembers(q, users...))
	done(t, org.AddGroupMembers(q, byGroup))
	got := must[[]string](t)(c.Members(t.Context(), q))
	slices.Sort(got)
	slices.Sort(users)
	if !slices.Equal(got, users) {
		t.Errorf("%d members, want the 205 that are members as users", len(got))
	}
	if o := exorg.MembersObserved(q, got); o.Kind != model.KindMembers || o.EXID != q || len(o.Members) != 205 {
		t.Errorf("observed is %s %s with %d", o.Kind, o.EXID, len(o.Members))
	}
}

func TestWrapUpCodes(t *testing.T) {
	c, org := orgClient(t)
	var ids []string
	for i := range 130 {
		ids = append(ids, must[string](t)(org.AddCode(map[string]any{"name": fmt.Sprintf("Code %03d", i)})))
	}
	q := must[string](t)(org.AddQueue(map[string]any{"name": "Sales"}))
	done(t, org.AssignCodes(q, ids[:100]...))
	done(t, org.AssignCodes(q, ids[100:]...))
	if n := len(must[[]exorg.WrapUpCode](t)(c.WrapUpCodes(t.Context()))); n != 130 {
		t.Errorf("%d codes", n)
	}
	if n := len(must[[]string](t)(c.QueueWrapUpCodes(t.Context(), q))); n != 130 {
		t.Errorf("%d codes on the queue", n)
	}
	found := must[[]exorg.WrapUpCode](t)(c.WrapUpCodesByName(t.Context(), "code 007"))
	if len(found) != 1 || found[0].ID != ids[7] || found[0].Observed().Name != "Code 007" {
		t.Errorf("found %+v", found)
	}
	code := must[exorg.WrapUpCode](t)(c.WrapUpCode(t.Context(), ids[7]))
	if code.Name != "Code 007" || len(code.Raw) == 0 {
		t.Errorf("code is %+v", code)
	}
}

func TestSourcesActiveAndDeactivated(t *testing.T) {
	c, org := orgClient(t)
	excs := must[string](t)(org.AddSource(map[string]any{"name": "EXCS"}))
	other := must[string](t)(org.AddSource(map[string]any{"name": "Other"}))
	done(t, org.DeleteSource(excs))
	active := must[[]exorg.Source](t)(c.Sources(t.Context(), false))
	if !slices.ContainsFunc(active, func(s exorg.Source) bool { return s.ID == other }) || slices.ContainsFunc(active, func(s exorg.Source) bool { return s.ID == excs }) {
		t.Errorf("active sources are %+v", active)
	}
	found := must[[]exorg.Source](t)(c.SourcesByName(t.Context(), "excs"))
	if len(found) != 1 || found[0].ID != excs || !found[0].Observed().Deactivated {
		t.Errorf("found %+v", found)
	}
	if s := must[exorg.Source](t)(c.Source(t.Context(), excs)); !s.Deactivated || s.Name != "EXCS" {
		t.Errorf("source is %+v", s)
	}
}

func TestADivisionThatTheClientDoesNotSeeIsInvisible(t *testing.T) {
	c, org := orgClient(t)
	division := must[string](t)(org.AddDivision("Far"))
	id := must[string](t)(org.AddUser(user("Ann")))
	done(t, org.MoveUser(id, division))
	org.Blind(exorgtest.DefaultClientID, division)
	if _, err := c.User(t.Context(), id); !exorg.IsNotFound(err) {
		t.Errorf("error is %v", err)
	}
	rows, errs := collect(t, c, exorg.UsersQuery{})
	if slices.ContainsFunc(rows, func(r string) bool { return strings.HasPrefix(r, id) }) || errs != nil {
		t.Errorf("rows are %v, %v", rows, errs)
	}
}

func TestAMissingPermissionIsNamed(t *testing.T) {
	c, _ := orgClient(t, exorgtest.WithClients(exorgtest.Client{
		ID: exorgtest.DefaultClientID, Secret: exorgtest.DefaultClientSecret, Lacks: []string{"routing:queue:view"},
	}))
	_, err := c.Queues(t.Context())
	if !exorg.IsDenied(err) || exorg.IsCredentials(err) || !strings.Contains(err.Error(), "routing:queue:view, in all divisions") {
		t.Errorf("error is %v", err)
	}
}

func TestReadsOutliveAFlakyOrg(t *testing.T) {
	c, org := orgClient(t)
	for i := range 10 {
		must[string](t)(org.AddQueue(map[string]any{"name": fmt.Sprintf("q%d", i)}))
	}
	org.Fail(exorgtest.Fault{Kind: exorgtest.Answer, Method: http.MethodGet, Every: 3})
	org.Fail(exorgtest.Fault{Kind: exorgtest.Truncate, Method: http.MethodGet, Every: 5})
	for range 10 {
		if list := must[[]exorg.Queue](t)(c.Queues(t.Context())); len(list) != 10 {
			t.Errorf("%d queues", len(list))
		}
	}
}
