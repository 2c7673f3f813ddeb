package engage_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"excs/shared/engage"
	"excs/shared/engage/engagetest"
	"excs/shared/model"
)

// Whatever administrators do, each read afterwards gives the site as it is then.
func TestReadFollowsEveryEdit(t *testing.T) {
	onBoth(t, tiny, func(t *testing.T, p place) {
		e := engagetest.NewEditor(tiny(), p.db, p.dialect)
		r := open(t, p.secret)
		rng := rand.New(rand.NewPCG(1, 2))
		var done []string
		for range 40 {
			what, err := e.Everyday(t.Context(), rng)
			if err != nil {
				t.Fatal(err)
			}
			done = append(done, what)
			if d := diff(expect(e.Site(), standard()), read(t, r, standard())); d != "" {
				t.Fatalf("after %s the snapshot (+) is not the site (-):\n%s", strings.Join(done, "; "), d)
			}
		}
	})
}

// An expression comes back exactly, wherever it was cut and in whatever order its parts are stored.
func TestScriptsComeBackExactly(t *testing.T) {
	p := sqlitePlace(t, bare())
	p.exec(t, aGroup+"(1,101,'Virtual',1,1)")
	r := open(t, p.secret)
	rapid.Check(t, func(rt *rapid.T) {
		script := rapid.StringOfN(rapid.RuneFrom([]rune(` "()&|~=<>éß中 Skill5`)), 1, 60, -1).Draw(rt, "script")
		cuts := rapid.SliceOfN(rapid.IntRange(0, len(script)), 0, 5).Draw(rt, "cuts")
		first := rapid.IntRange(0, 1).Draw(rt, "first part")
		p.exec(t, "DELETE FROM cfg_flex_prop")
		rows := []prop{{10, 1, 5, 0, "virtual", nil, 1}}
		for i, part := range cutAt(script, cuts) {
			rows = append(rows, prop{11, 1, 5, 10, "script", part, int64(first + i)})
		}
		insertProps(t, p, rapid.Permutation(rows).Draw(rt, "rows")...)
		s := read(t, r, standard())
		if g := s.Groups[0]; g.Script != script || len(notes(s, "virtual/script")) != 0 {
			rt.Errorf("%q came back as %q with %v", script, g.Script, s.Notes)
		}
	})
}

// cutAt cuts a text at byte positions, also within a letter.
func cutAt(s string, at []int) []string {
	var parts []string
	for _, n := range at {
		n = min(n, len(s))
		parts, s = append(parts, s[:n]), s[n:]
	}
	return append(parts, s)
}

// Whatever the secret's text, an error is one line of the code invalid that shows no longer piece of it.
func TestParseSecretNeverQuotesTheText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dsn := rapid.StringMatching(`[a-z]+://[a-z]+:[A-Z0-9]{8}@[a-z]+/[a-z]+`).Draw(t, "dsn")
		text := `{"driver":"postgres","dsn":"` + dsn + `","schema":"genesys"}`
		at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		broken := text[:at] + rapid.SampledFrom([]string{"", `"`, "}", "\x00", "1", ","}).Draw(t, "instead") + text[at+1:]
		s, err := engage.ParseSecret([]byte(broken))
		if err == nil {
			if s.Driver != "postgres" {
				t.Errorf("%s gives the driver %s", broken, s.Driver)
			}
			return
		}
		_, password, _ := strings.Cut(dsn[strings.Index(dsn, "://")+3:], ":")
		if model.CodeOf(err) != model.CodeInvalid || strings.Contains(err.Error(), password[:8]) || strings.ContainsAny(err.Error(), "\n") {
			t.Errorf("%s: %v", broken, err)
		}
	})
}

// Whatever a schema holds, it is either resolved so that every statement can be written, or refused as invalid.
func TestResolveTakesOrRefuses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		holds := engage.DocumentedSchema()
		for range rapid.IntRange(0, 4).Draw(t, "losses") {
			table := rapid.SampledFrom(slices.Sorted(maps.Keys(holds))).Draw(t, "table")
			if len(holds[table]) == 0 || rapid.IntRange(0, 3).Draw(t, "all of it") == 0 {
				delete(holds, table)
				continue
			}
			lost := rapid.SampledFrom(holds[table]).Draw(t, "column")
			holds[table] = slices.DeleteFunc(slices.Clone(holds[table]), func(c string) bool { return c == lost })
		}
		driver := rapid.SampledFrom([]string{"postgres", "sqlserver", "oracle", "sqlite"}).Draw(t, "driver")
		res, err := engage.Resolve(driver, "", nil, standard(), holds)
		if err != nil {
			if model.CodeOf(err) != model.CodeInvalid || strings.Contains(err.Error(), "\n") {
				t.Errorf("the error is %v", err)
			}
			return
		}
		sql := strings.ReplaceAll(engage.SQL(res, standard()), "SCHEMA_NAME()", "here") // a call, no missing name
		for _, hole := range []string{". ", ".,", ".)", " ,", "FROM  ", "JOIN  ", "()", "  "} {
			if strings.Contains(sql, hole) {
				t.Errorf("a name is missing (%q) in:\n%s", hole, sql)
			}
		}
	})
}
