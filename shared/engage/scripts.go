package engage

import (
	"context"
	"strings"

	"excs/shared/model"
)

// option is one virtual/script of a group's annex, while its parts arrive.
type option struct {
	section, dbid int64
	exact         bool // section and option are spelt in lower case, as Genesys documents them
	value         strings.Builder
	last          int64 // the last part
	gap           bool  // a part is missing before it
	bytes         bool  // its parts came as bytes
}

// annex is the annex of one group, while it arrives.
type annex struct {
	group   int64
	options []*option
}

// readScripts reads the skill expressions of virtual agent groups. A long one is several rows with one DBID and rising
// part; they are joined exactly, because a space at the border is part of the expression, and repaired only then,
// because a letter may lie across the border.
func (b *reading) readScripts(ctx context.Context) error {
	var group, sectionID, optionID, part number
	var section, name, value text
	var a annex
	err := b.each(ctx, b.sql.scripts(), func(int) {}, []any{&group, &sectionID, &section, &optionID, &name, &part, &value}, func() {
		if !b.isNamed(section, scriptSection) || !b.isNamed(name, scriptOption) {
			return
		}
		if group.value != a.group {
			b.endAnnex(a)
			a = annex{group: group.value}
		}
		o := a.option(sectionID.value, optionID.value)
		if o == nil {
			o = &option{section: sectionID.value, dbid: optionID.value, last: part.value}
			o.exact = strings.TrimSpace(section.raw) == scriptSection && strings.TrimSpace(name.raw) == scriptOption
			a.options = append(a.options, o)
		} else if part.value == o.last {
			return // the section itself has several parts, which repeats the option's rows
		} else {
			o.gap = o.gap || part.value != o.last+1
			o.last = part.value
		}
		o.value.WriteString(value.raw)
		o.bytes = o.bytes || value.bytes
	})
	if err == nil {
		b.endAnnex(a)
	}
	return err
}

// isNamed compares a name without case and outer space, in Go: what LOWER makes of letters depends on the server's locale
// (a Turkish one makes a dotless i of I).
func (b *reading) isNamed(raw text, name string) bool {
	s, _ := b.reader.decode(raw)
	return model.SameName(s, name)
}

// option gives the option under way, nil for a new one: rows come in the order of their DBIDs.
func (a annex) option(section, dbid int64) *option {
	if len(a.options) == 0 {
		return nil
	}
	if o := a.options[len(a.options)-1]; o.section == section && o.dbid == dbid {
		return o
	}
	return nil
}

// chosen is the option that counts where there are several: one spelt as documented before others, then the one that
// was made first (the lowest DBIDs).
func (a annex) chosen() *option {
	for _, o := range a.options {
		if o.exact {
			return o
		}
	}
	return a.options[0]
}

// endAnnex gives the group its expression.
func (b *reading) endAnnex(a annex) {
	if len(a.options) == 0 {
		return
	}
	i, ok := b.groups[a.group]
	if !ok { // a group that is gone, or in state 3
		for range a.options {
			b.drop(model.TableScript)
		}
		return
	}
	o := a.chosen()
	if len(a.options) > 1 {
		b.note("agent group %d: its annex holds %d options %s/%s; the one with DBID %d counts: delete the others", a.group, len(a.options), scriptSection, scriptOption, o.dbid)
	}
	if o.gap {
		b.note("agent group %d: a part of its option %s/%s is missing, so the expression is not the one that was entered: enter it again", a.group, scriptSection, scriptOption)
	}
	s, whole := b.reader.decode(text{o.value.String(), o.bytes})
	if !whole {
		b.broken[model.TableScript] = b.broken[model.TableScript].add(a.group)
	}
	b.snap.Groups[i].Script, b.snap.Groups[i].HasScript = s, true
}
