package engage_test

import (
	"fmt"
	"strings"
	"testing"

	"excs/shared/model"
)

// prop is a row of cfg_flex_prop.
type prop struct {
	dbid, object, objectType int64
	parent                   any
	name                     string
	value                    any
	part                     int64
}

func insertProps(t *testing.T, p place, props ...prop) {
	t.Helper()
	for _, r := range props {
		holders := "?,?,?,?,?,?,?"
		if p.secret.Driver == "postgres" {
			holders = "$1,$2,$3,$4,$5,$6,$7"
		}
		if _, err := p.db.ExecContext(t.Context(), strings.TrimSuffix(aProp, " VALUES ")+" VALUES ("+holders+")",
			r.dbid, r.object, r.objectType, r.parent, r.name, r.value, r.part); err != nil {
			t.Fatal(err)
		}
	}
}

// What the annex of agent group 1 gives as its expression.
func TestScripts(t *testing.T) {
	root := func(dbid int64, parent any, name string) prop {
		return prop{dbid, 1, 5, parent, name, nil, 1}
	}
	section := root(10, 0, "virtual")
	option := func(dbid, parent int64, name string, part int64, value any) prop {
		return prop{dbid, 1, 5, parent, name, value, part}
	}
	cases := []struct {
		name   string
		props  []prop
		script string
		has    bool
		note   string
	}{
		{name: "a group without an annex has no expression"},
		{name: "a section without the option has no expression", props: []prop{section, option(11, 10, "scripts", 1, "x")}},
		{name: "an expression of one part", props: []prop{section, option(11, 10, "script", 1, `Skill("A")>=5`)}, script: `Skill("A")>=5`, has: true},
		{name: "an empty expression is there", props: []prop{section, option(11, 10, "script", 1, "")}, has: true},
		{name: "an expression that is NULL is there and empty", props: []prop{section, option(11, 10, "script", 1, nil)}, has: true},
		{
			name:   "parts are joined in their order and never trimmed",
			props:  []prop{section, option(11, 10, "script", 3, " c "), option(11, 10, "script", 1, " a "), option(11, 10, "script", 2, "  ")},
			script: " a    c ", has: true,
		},
		{name: "a part that is NULL adds nothing", props: []prop{section, option(11, 10, "script", 0, "a"), option(11, 10, "script", 1, nil), option(11, 10, "script", 2, "b")}, script: "ab", has: true},
		{name: "ten parts keep the order of numbers", props: tenParts(section), script: "0123456789ab", has: true},
		{name: "the root parent NULL is the root", props: []prop{root(10, nil, "virtual"), option(11, 10, "script", 1, "x")}, script: "x", has: true},
		{name: "a section below another one is no section", props: []prop{root(9, 0, "folder"), root(10, 9, "virtual"), option(11, 10, "script", 1, "x")}},
		{name: "names are compared without case and outer space", props: []prop{root(10, 0, " VIRTUAL"), option(11, 10, "Script ", 1, "x")}, script: "x", has: true},
		{
			name:  "the annex of another type of object with the same DBID is another annex",
			props: []prop{{10, 1, 2, 0, "virtual", nil, 1}, {11, 1, 2, 10, "script", "x", 1}, {12, 1, 3, 0, "virtual", nil, 1}, {13, 1, 3, 12, "script", "x", 1}},
		},
		{
			name:   "of two options the one made first counts",
			props:  []prop{section, option(12, 10, "script", 1, "second"), option(11, 10, "script", 1, "first")},
			script: "first", has: true, note: "agent group 1: its annex holds 2 options virtual/script; the one with DBID 11 counts",
		},
		{
			name:   "of two sections the one spelt as documented counts",
			props:  []prop{root(10, 0, "Virtual"), option(11, 10, "script", 1, "other case"), root(20, 0, "virtual"), option(21, 20, "script", 1, "as documented")},
			script: "as documented", has: true, note: "the one with DBID 21 counts",
		},
		{
			name:   "a section of two parts does not double its options",
			props:  []prop{section, {10, 1, 5, 0, "virtual", nil, 2}, option(11, 10, "script", 1, "a"), option(11, 10, "script", 2, "b")},
			script: "ab", has: true,
		},
		{
			name:   "a part that is missing is noted",
			props:  []prop{section, option(11, 10, "script", 1, "a"), option(11, 10, "script", 3, "c")},
			script: "ac", has: true, note: "agent group 1: a part of its option virtual/script is missing",
		},
	}
	onBoth(t, bare, func(t *testing.T, p place) {
		p.exec(t, aGroup+"(1,101,'Virtual',1,1)")
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				p.exec(t, "DELETE FROM cfg_flex_prop")
				insertProps(t, p, c.props...)
				s := read(t, open(t, p.secret), standard())
				if g := s.Groups[0]; g.Script != c.script || g.HasScript != c.has {
					t.Errorf("the expression is %q (%v), want %q (%v)", g.Script, g.HasScript, c.script, c.has)
				}
				if got := notes(s, "virtual/script"); (len(got) == 1) != (c.note != "") || c.note != "" && !strings.Contains(got[0], c.note) {
					t.Errorf("the notes are %v, want %q", got, c.note)
				}
			})
		}
	})
}

func tenParts(section prop) []prop {
	props := []prop{section}
	for i, c := range "0123456789ab" {
		props = append(props, prop{11, 1, 5, 10, "script", string(c), int64(i + 1)})
	}
	return props
}

// A letter whose bytes lie across the border of two parts is whole after joining.
func TestALetterAcrossAPartBorder(t *testing.T) {
	p := sqlitePlace(t, bare())
	p.exec(t, aGroup+"(1,101,'Virtual',1,1)",
		aProp+"(10,1,5,0,'virtual',NULL,1),(11,1,5,10,'script',CAST(x'41c3' AS TEXT),1),(11,1,5,10,'script',CAST(x'a942' AS TEXT),2)")
	s := read(t, open(t, p.secret), standard())
	if s.Groups[0].Script != "AéB" || len(notes(s, "UTF-8")) != 0 {
		t.Errorf("the expression is %q with the notes %v", s.Groups[0].Script, s.Notes)
	}
}

// Only parts of virtual/script of agent groups are read of the annex, however large it is.
func TestTheRestOfTheAnnexIsNotRead(t *testing.T) {
	onBoth(t, bare, func(t *testing.T, p place) {
		p.exec(t, aGroup+"(1,101,'Virtual',1,1)", aProp+"(10,1,5,0,'virtual',NULL,1),(11,1,5,10,'script','x',1)")
		for i := range 200 {
			p.exec(t, fmt.Sprintf(aProp+"(%d,1,5,0,'TServer',NULL,1),(%d,1,5,%d,'script','y',1)", 1000+2*i, 1001+2*i, 1000+2*i))
		}
		if s := read(t, open(t, p.secret), standard()); s.Read[model.TableScript] != 1 || s.Groups[0].Script != "x" {
			t.Errorf("%d rows of the annex were read, the expression is %q", s.Read[model.TableScript], s.Groups[0].Script)
		}
	})
}
