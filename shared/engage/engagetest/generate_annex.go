package engagetest

import (
	"fmt"
	"strings"
)

// firstPart is the part of a value that fits a row, and of the first row of one that does not. That numbering starts with 1 and not with 0 is a
// guess; only the order is known to matter.
const firstPart = 1

// transaction makes the vendor's settings object with made-up values.
func (g *generator) transaction() {
	const list = 21 // CfgTransactionType
	s := g.site
	dbid := g.next(&s.last.transaction)
	s.Transactions = append(s.Transactions, Transaction{dbid, MainTenant, HybridIntegration, HybridIntegration, list, StateEnabled})
	s.addSection(ObjectTransaction, dbid, "agent_state_sync",
		option{"client_id", []string{"made-up-client"}}, option{"client_secret", []string{"made-up-secret"}}, option{"agent_polling_interval", []string{"60"}})
	s.addSection(ObjectTransaction, dbid, "config_sync", option{"client_id", []string{"made-up-client"}}, option{"client_secret", []string{"made-up-secret"}})
}

// option is an annex option: its name and its value, cut into the parts that go into one row each.
type option struct {
	name  string
	parts []string
}

// addSection adds a section with options to the annex of an object and returns its DBID.
func (s *Site) addSection(t ObjectType, object int64, name string, options ...option) int64 {
	section := next(&s.last.prop)
	s.Props = append(s.Props, Prop{DBID: section, Object: object, Type: t, Part: firstPart, Name: name})
	for _, o := range options {
		s.addOption(t, object, section, firstPart, o)
	}
	return section
}

// addOption adds an option to a section, its parts numbered from first.
func (s *Site) addOption(t ObjectType, object, section int64, first int, o option) {
	dbid := next(&s.last.prop)
	for i, value := range o.parts {
		s.Props = append(s.Props, Prop{DBID: dbid, Object: object, Type: t, Parent: section, Part: first + i, Name: o.name, Value: value})
	}
}

// addScript gives an agent group a skill expression, its parts numbered from first.
func (s *Site) addScript(group int64, first int, parts []string) {
	section := s.addSection(ObjectAgentGroup, group, ScriptSection)
	s.addOption(ObjectAgentGroup, group, section, first, option{ScriptOption, parts})
}

// splitParts cuts a value into the parts of at most 255 characters that fit a row each. The empty value has one part.
func splitParts(value string) []string {
	runes := []rune(value)
	var parts []string
	for len(runes) > 255 {
		parts, runes = append(parts, string(runes[:255])), runes[255:]
	}
	return append(parts, string(runes))
}

// annex fills cfg_flex_prop up to the tier's number of rows with what sites keep there: telephony options of DNs and desktop
// options of persons, now and then one that is too long for a row. None of it means anything to the rules.
func (g *generator) annex() {
	type owner struct {
		t    ObjectType
		dbid int64
	}
	var owners []owner
	for _, d := range g.site.DNs {
		owners = append(owners, owner{ObjectDN, d.DBID})
	}
	for _, p := range g.site.Persons {
		owners = append(owners, owner{ObjectPerson, p.DBID})
	}
	sections := []string{"TServer", "interaction-workspace", "security", "AuthServer", "routing", "recording", "archive"}
	for i := 0; ; i++ {
		left := g.size.Props - len(g.site.Props)
		if left <= 0 {
			return
		}
		o := owners[i%len(owners)]
		name := sections[(i/len(owners))%len(sections)]
		g.site.addSection(o.t, o.dbid, name, g.options(min(left-1, 3+g.rng.IntN(5)))...)
	}
}

// options returns options that take so many rows altogether.
func (g *generator) options(rows int) []option {
	names := []string{"contact", "display-name", "sip-cti-control", "dual-dialog-enabled", "media.voice", "outbound.timeout", "shift.pattern", "note"}
	var out []option
	for i := 0; rows > 0; i++ {
		parts := []string{fmt.Sprint(g.rng.IntN(100_000))}
		if rows > 1 && g.rng.IntN(40) == 0 {
			parts = splitParts(strings.Repeat("sip:10.20.30.40:5060;", 14)) // 294 characters
		}
		out = append(out, option{names[i%len(names)], parts})
		rows -= len(parts)
	}
	return out
}
