package verify_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/verify"
)

// A site that equals Engage has no findings, and its sweep writes nothing but its own document.
func TestNothingFound(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	g.org.ResetCounters()
	g.tableWrites()
	first := g.sweep(t, verify.Request{})
	for _, kind := range model.Kinds() {
		if first.Kinds[kind] == nil || first.Kinds[kind].Compared == 0 {
			t.Errorf("no %s was compared: the test shows nothing", kind)
		}
	}
	if found := g.day(t); len(first.Findings)+len(found) > 0 {
		t.Errorf("found %v in a site that is right", what(append(found, first.Findings...)))
	}
	g.nobodyHeard(t)
	if w := g.tableWrites(); len(w) > 1 || len(w) == 1 && w[0] != "PutDocument" {
		t.Errorf("the table was written to by %v", w)
	}
}

// picture is the EX Org as its administrator sees it, without ids, versions and times: what a repair must bring back.
func (g *stage) picture(t testing.TB) map[string][]string {
	t.Helper()
	p := map[string][]string{}
	names := map[string]string{}
	add := func(kind, text string) { p[kind] = append(p[kind], text) }
	for _, s := range g.org.Skills() {
		if names[s.ID] = s.Name; s.State != "deleted" {
			add("skill", s.Name)
		}
	}
	for _, s := range g.org.Languages() {
		if names[s.ID] = s.Name; s.State != "deleted" {
			add("language", s.Name)
		}
	}
	for _, c := range g.org.Codes() {
		names[c.ID] = c.Name
		add("code", c.Name)
	}
	for _, s := range g.org.Sources() {
		if !s.Deactivated {
			add("source", s.Name)
		}
	}
	for _, u := range g.org.Users() {
		names[u.ID] = u.Email
		add("user", text(t, []any{u.Name, u.Email, u.State, u.DivisionID, named(u.Skills, names), named(u.Languages, names), u.External}))
	}
	for _, q := range g.org.Queues() {
		var members, codes []string
		for _, m := range g.org.Members(q.ID) {
			members = append(members, names[m.UserID])
		}
		for _, c := range q.Codes {
			codes = append(codes, names[c])
		}
		slices.Sort(members)
		slices.Sort(codes)
		add("queue", text(t, []any{q.Name, q.PeerID, q.Settings["description"], members, codes}))
	}
	for _, list := range p {
		slices.Sort(list)
	}
	return p
}

func named(levels map[string]float64, names map[string]string) map[string]float64 {
	m := map[string]float64{}
	for id, level := range levels {
		m[names[id]] = level
	}
	return m
}

func text(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// heal lets verify alone find what happened, and the worker put it right. A dependant may need the object first, so some
// hours may pass.
func (g *stage) heal(t testing.TB, sweeps int) []verify.Finding {
	t.Helper()
	var found []verify.Finding
	for range sweeps {
		found = append(found, g.sweep(t, verify.Request{}).Findings...)
		found = append(found, g.sweep(t, verify.Request{Kinds: []model.Kind{model.KindMembers}}).Findings...)
		g.converge(t)
		g.rest()
	}
	return found
}

// An object of each kind that is deleted in the EX Org is found by verify alone and comes back with everything that hung
// on it.
func TestDeletedComesBack(t *testing.T) {
	cases := []struct {
		name string
		kind model.Kind
		fits func(mapping.Row) bool
		gone func(g *stage, row mapping.Row) error
		want verify.What
		// sweeps is how many sweeps it takes until what hung on it is back too.
		sweeps  int
		options []exorgtest.Option
	}{
		{name: "source", kind: model.KindSource, fits: anyRow, gone: func(g *stage, r mapping.Row) error { return g.org.DeleteSource(r.EXID) }, want: verify.Drift, sweeps: 1},
		{name: "source removed for good", kind: model.KindSource, fits: anyRow, gone: func(g *stage, r mapping.Row) error { return g.org.DeleteSource(r.EXID) }, want: verify.Missing, sweeps: 1,
			options: []exorgtest.Option{exorgtest.WithSourceDeleteRemoves(true)}},
		{name: "skill", kind: model.KindSkill, fits: anyRow, gone: func(g *stage, r mapping.Row) error { return g.org.DeleteSkill(r.EXID) }, want: verify.Missing, sweeps: 1},
		{name: "language", kind: model.KindLanguage, fits: anyRow, gone: func(g *stage, r mapping.Row) error { return g.org.DeleteLanguage(r.EXID) }, want: verify.Missing, sweeps: 1},
		{name: "wrap-up code", kind: model.KindWrapUpCode, fits: anyRow, gone: func(g *stage, r mapping.Row) error { return g.org.DeleteCode(r.EXID) }, want: verify.Missing, sweeps: 1},
		{name: "queue", kind: model.KindQueue, fits: anyRow, gone: func(g *stage, r mapping.Row) error { return g.org.DeleteQueue(r.EXID) }, want: verify.Missing, sweeps: 1},
		{name: "user", kind: model.KindUser, fits: func(r mapping.Row) bool { return r.Desired.State == model.StateActive && len(r.Desired.Skills) > 0 },
			gone: func(g *stage, r mapping.Row) error { return g.org.DeleteUser(r.EXID) }, want: verify.Deleted, sweeps: 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := newStage(t, settings(), engagetest.Tiny, c.options...)
			before := g.picture(t)
			row := g.pick(t, c.kind, c.fits)
			if err := c.gone(g, row); err != nil {
				t.Fatal(err)
			}
			found := g.heal(t, c.sweeps)
			if !slices.ContainsFunc(found, func(f verify.Finding) bool { return f.Key == row.Key && f.What == c.want && f.Queued }) {
				t.Errorf("found %v, want %s %s", what(found), c.want, row.Key)
			}
			if d := cmp.Diff(before, g.picture(t)); d != "" {
				t.Errorf("the EX Org is not as it was (-before +after):\n%s", d)
			}
			if rest := g.heal(t, 1); len(rest) > 0 {
				t.Errorf("the next sweep still finds %v", what(rest))
			}
		})
	}
}

// Each controlled field that somebody changes in the EX Org is found and set back.
func TestDriftIsUndone(t *testing.T) {
	active := func(r mapping.Row) bool { return r.Desired.State == model.StateActive }
	skilled := func(r mapping.Row) bool { return active(r) && len(r.Desired.Skills) > 0 }
	spoken := func(r mapping.Row) bool { return active(r) && len(r.Desired.Languages) > 0 }
	cases := []struct {
		name string
		kind model.Kind
		fits func(mapping.Row) bool
		edit func(t *testing.T, g *stage, row mapping.Row) error
		want string // field
	}{
		{"the name of the source", model.KindSource, anyRow, func(_ *testing.T, g *stage, r mapping.Row) error {
			return g.org.EditSource(r.EXID, func(raw map[string]any) { raw["name"] = "Other" })
		}, "name"},
		{"the name of a code", model.KindWrapUpCode, anyRow, func(_ *testing.T, g *stage, r mapping.Row) error {
			return g.org.EditCode(r.EXID, func(raw map[string]any) { raw["name"] = "Other" })
		}, "name"},
		{"the name of a queue", model.KindQueue, anyRow, func(_ *testing.T, g *stage, r mapping.Row) error {
			return g.org.EditQueue(r.EXID, func(raw map[string]any) { raw["name"] = "Other" })
		}, "name"},
		{"the peer id of a queue", model.KindQueue, anyRow, func(_ *testing.T, g *stage, r mapping.Row) error {
			return g.org.EditQueue(r.EXID, func(raw map[string]any) { raw["peerId"] = "999999" })
		}, "peerId"},
		{"the peer id of a queue that is taken away", model.KindQueue, anyRow, func(_ *testing.T, g *stage, r mapping.Row) error {
			return g.org.EditQueue(r.EXID, func(raw map[string]any) { delete(raw, "peerId") })
		}, "peerId"},
		{"the name of a user", model.KindUser, active, func(_ *testing.T, g *stage, r mapping.Row) error {
			return g.org.EditUser(r.EXID, func(raw map[string]any) { raw["name"] = "Other" })
		}, "name"},
		{"the address of a user", model.KindUser, active, func(_ *testing.T, g *stage, r mapping.Row) error {
			return g.org.EditUser(r.EXID, func(raw map[string]any) { raw["email"] = "other@agents.example" })
		}, "email"},
		{"the state of a user", model.KindUser, active, func(_ *testing.T, g *stage, r mapping.Row) error { return g.org.DeactivateUser(r.EXID) }, "state"},
		{"the state of a disabled user", model.KindUser, func(r mapping.Row) bool { return !active(r) }, func(_ *testing.T, g *stage, r mapping.Row) error {
			return g.org.ActivateUser(r.EXID)
		}, "state"},
		{"the division of a user", model.KindUser, active, func(t *testing.T, g *stage, r mapping.Row) error {
			id, err := g.org.AddDivision("Elsewhere")
			if err != nil {
				t.Fatal(err)
			}
			return g.org.MoveUser(r.EXID, id)
		}, "division"},
		{"the external id of a user", model.KindUser, active, func(_ *testing.T, g *stage, r mapping.Row) error {
			return g.org.RemoveExternalID(r.EXID, exorgtest.ExternalID{Authority: "engage", Key: r.Desired.ExternalKey})
		}, "externalId"},
		{"a second external id of a user", model.KindUser, active, func(_ *testing.T, g *stage, r mapping.Row) error {
			return g.org.AddExternalID(r.EXID, exorgtest.ExternalID{Authority: "engage", Key: "777777"})
		}, "externalId"},
		{"a skill that is taken from a user", model.KindUser, skilled, func(t *testing.T, g *stage, r mapping.Row) error {
			return g.org.RemoveUserSkill(r.EXID, g.row(t, model.Key{Kind: model.KindSkill, DBID: r.Desired.Skills[0].DBID}).EXID)
		}, "skills"},
		{"a skill that is given to a user", model.KindUser, active, func(t *testing.T, g *stage, r mapping.Row) error {
			id, err := g.org.AddSkill("Chess")
			if err != nil {
				t.Fatal(err)
			}
			return g.org.SetUserSkill(r.EXID, id, 2)
		}, "skills"},
		{"the level of a skill", model.KindUser, skilled, func(t *testing.T, g *stage, r mapping.Row) error {
			a := r.Desired.Skills[0]
			return g.org.SetUserSkill(r.EXID, g.row(t, model.Key{Kind: model.KindSkill, DBID: a.DBID}).EXID, 5-a.Level.Float()+0.5)
		}, "skills"},
		{"the level of a language", model.KindUser, spoken, func(t *testing.T, g *stage, r mapping.Row) error {
			a := r.Desired.Languages[0]
			return g.org.SetUserLanguage(r.EXID, g.row(t, model.Key{Kind: model.KindLanguage, DBID: a.DBID}).EXID, float64(int(a.Level.Float()+1)%6))
		}, "languages"},
		{"a language that is taken from a user", model.KindUser, spoken, func(t *testing.T, g *stage, r mapping.Row) error {
			return g.org.RemoveUserLanguage(r.EXID, g.row(t, model.Key{Kind: model.KindLanguage, DBID: r.Desired.Languages[0].DBID}).EXID)
		}, "languages"},
		{"a member that is taken out of a queue", model.KindMembers, func(r mapping.Row) bool { return len(r.Desired.Members) > 0 }, func(t *testing.T, g *stage, r mapping.Row) error {
			return g.org.RemoveMembers(r.EXID, g.row(t, model.Key{Kind: model.KindUser, DBID: r.Desired.Members[0]}).EXID)
		}, "members"},
		{"a user of EXCS that is put into a queue", model.KindMembers, anyRow, func(t *testing.T, g *stage, r mapping.Row) error {
			user := g.pick(t, model.KindUser, func(u mapping.Row) bool { return active(u) && !slices.Contains(r.Desired.Members, u.Key.DBID) })
			return g.org.AddMembers(r.EXID, user.EXID)
		}, "members"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := newStage(t, settings(), engagetest.Tiny)
			before := g.picture(t)
			row := g.pick(t, c.kind, c.fits)
			if err := c.edit(t, g, row); err != nil {
				t.Fatal(err)
			}
			delete(before, "skill") // one may have been added
			found := g.round(t)
			if !slices.Contains(what(found), "drift "+row.Key.String()+" "+c.want) {
				t.Errorf("found %v, want drift of %s in %s", what(found), row.Key, c.want)
			}
			if seen := slices.ContainsFunc(found, func(f verify.Finding) bool { return f.Key != row.Key }); seen {
				t.Errorf("found %v, want %s alone", what(found), row.Key)
			}
			g.converge(t)
			after := g.picture(t)
			delete(after, "skill")
			if d := cmp.Diff(before, after); d != "" {
				t.Errorf("the EX Org is not as it was (-before +after):\n%s", d)
			}
		})
	}
}

// What Engage does not control is never found, whoever changes it.
func TestUncontrolledIsNotFound(t *testing.T) {
	g := newStage(t, settings(), engagetest.Tiny)
	stranger, err := g.org.AddUser(map[string]any{"name": "Stranger", "email": "stranger@elsewhere.example"})
	must(t, err)
	elsewhere, err := g.org.AddDivision("Elsewhere")
	must(t, err)
	for _, row := range g.rowsOf(t, model.KindUser) {
		must(t, g.org.EditUser(row.EXID, func(raw map[string]any) {
			raw["title"], raw["department"], raw["acdAutoAnswer"] = "Boss", "Ships", true
			raw["addresses"] = []any{map[string]any{"mediaType": "PHONE", "type": "WORK", "address": "+4930123456"}}
		}))
		if row.Desired.State == model.StateActive {
			must(t, g.org.SetRoles(row.EXID, "Supervisor"))
		}
		must(t, g.org.AddExternalID(row.EXID, exorgtest.ExternalID{Authority: "payroll", Key: row.Key.String()}))
	}
	for _, row := range g.rowsOf(t, model.KindQueue) {
		must(t, g.org.EditQueue(row.EXID, func(raw map[string]any) { raw["description"] = "by hand" }))
		must(t, g.org.AddMembers(row.EXID, stranger))
		must(t, g.org.MoveQueue(row.EXID, elsewhere))
	}
	for _, row := range g.rowsOf(t, model.KindWrapUpCode) {
		must(t, g.org.EditCode(row.EXID, func(raw map[string]any) { raw["description"] = "by hand" }))
	}
	for _, row := range g.rowsOf(t, model.KindMembers) {
		for _, m := range g.org.Members(row.EXID) {
			must(t, g.org.SetMember(row.EXID, m.UserID, 3, false))
		}
	}
	g.org.ResetCounters()
	if found := g.round(t); len(found) > 0 {
		t.Errorf("found %v", what(found))
	}
	g.nobodyHeard(t)
}

// Fields and sets that the settings leave alone are not found either.
func TestControlsCount(t *testing.T) {
	s := settings()
	s.Users.Name, s.Users.Email, s.Users.State, s.Users.Division = "atCreation", "ignored", "atCreation", "atCreation"
	s.Users.Skills, s.Users.Languages, s.Members.Control = "additive", "additive", "additive"
	g := newStage(t, s, engagetest.Tiny)
	row := g.pick(t, model.KindUser, func(r mapping.Row) bool { return r.Desired.State == model.StateActive && len(r.Desired.Skills) > 0 })
	elsewhere, err := g.org.AddDivision("Elsewhere")
	must(t, err)
	chess, err := g.org.AddSkill("Chess")
	must(t, err)
	must(t, g.org.EditUser(row.EXID, func(raw map[string]any) { raw["name"], raw["email"] = "Other", "other@elsewhere.example" }))
	must(t, g.org.MoveUser(row.EXID, elsewhere))
	must(t, g.org.SetUserSkill(row.EXID, chess, 1))
	members := g.pick(t, model.KindMembers, func(r mapping.Row) bool { return !slices.Contains(r.Desired.Members, row.Key.DBID) })
	must(t, g.org.AddMembers(members.EXID, row.EXID))
	g.org.ResetCounters()
	if found := g.round(t); len(found) > 0 {
		t.Errorf("found %v", what(found))
	}
	g.nobodyHeard(t)
	must(t, g.org.RemoveUserSkill(row.EXID, g.row(t, model.Key{Kind: model.KindSkill, DBID: row.Desired.Skills[0].DBID}).EXID))
	if got := what(g.sweep(t, verify.Request{}).Findings); !slices.Contains(got, "drift "+row.Key.String()+" skills") {
		t.Errorf("found %v: an additive set that lost something is drift", got)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
