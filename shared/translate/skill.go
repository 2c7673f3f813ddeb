package translate

import (
	"excs/shared/model"
)

// capability is what a skill of Engage is in the EX Org: a skill or a language, under the lowest living DBID of those
// whose names are equal but for case and outer space (RULES 4.5).
type capability struct {
	owner    int64
	name     string
	language bool
}

// skillTable knows every living skill.
type skillTable struct {
	rows []model.Skill // by DBID
	at   map[int64]int // index in rows by DBID
	is   []capability  // by index; the zero capability for a skill that is rejected
}

// capabilities tells skills from languages, merges equal names and emits an object for every skill row: each of the
// merged keys maps to the one EX object.
func (t *translation) capabilities() {
	rows := living(t.snapshot.Skills, func(s *model.Skill) model.CfgState { return s.State }, func(s *model.Skill) int64 { return s.DBID })
	table := skillTable{rows: rows, at: make(map[int64]int, len(rows)), is: make([]capability, len(rows))}
	isLanguage := t.languageRule()
	owners := make(map[string]capability, len(rows))
	for i := range rows {
		table.at[rows[i].DBID] = i
		name := t.skillName(rows[i])
		if name == "" {
			continue
		}
		fold := model.Fold(name)
		c, merged := owners[fold]
		if !merged {
			c = capability{owner: rows[i].DBID, name: name, language: isLanguage(name)}
			owners[fold] = c
		}
		table.is[i] = c
		key := model.Key{Kind: c.kind(), DBID: rows[i].DBID}
		o := model.Object{Key: key, Name: c.name}
		if merged {
			o.SameAs = c.owner
			t.note(key, "Skill %d '%s' and Skill %d '%s' are one %s in the EX Org: it tells no names apart by case or outer space",
				rows[i].DBID, name, c.owner, c.name, c.kind())
		}
		t.emit(o)
	}
	t.skills = table
}

func (c capability) kind() model.Kind {
	if c.language {
		return model.KindLanguage
	}
	return model.KindSkill
}

// skillName gives the trimmed name, for a mapped skill that has none any more its last one.
func (t *translation) skillName(s model.Skill) string {
	name, legible := model.Clean(s.Name), model.IsText(s.Name)
	if name != "" && legible {
		return name
	}
	for _, kind := range []model.Kind{model.KindSkill, model.KindLanguage} {
		key := model.Key{Kind: kind, DBID: s.DBID}
		if row, ok := t.mapped(key); ok {
			t.freeze(key)
			if !legible {
				t.rejectUnreadable(key, describe("Skill", s.DBID, s.Name))
				return row.Object.Name
			}
			t.reject(key, "Skill %d has no name any more: it keeps the name '%s'; give it one in Engage", s.DBID, row.Object.Name)
			return row.Object.Name
		}
	}
	if !legible {
		t.rejectUnreadable(model.Key{Kind: model.KindSkill, DBID: s.DBID}, describe("Skill", s.DBID, s.Name))
		return ""
	}
	t.reject(model.Key{Kind: model.KindSkill, DBID: s.DBID}, "Skill %d has no name: give it one in Engage", s.DBID)
	return ""
}
