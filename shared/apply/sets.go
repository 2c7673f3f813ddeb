package apply

import (
	"context"
	"fmt"
	"slices"

	"excs/shared/model"
	"excs/shared/rules"
)

// writeSets writes the skills and languages that differ. Skills under control exact are replaced as a whole; languages
// have no such call, so what is too much is removed one by one.
func (l *look) writeSets(ctx context.Context, exID string, seen model.Observed, refs refs, fields []model.Field) error {
	o := l.row.Desired
	if touches(fields, model.FieldSkills) {
		if err := l.writeSkills(ctx, exID, seen.Skills, refs.skills(o)); err != nil {
			return l.setFailed(ctx, "skills", err)
		}
	}
	if touches(fields, model.FieldLanguages) {
		if err := l.writeLanguages(ctx, exID, seen.Languages, refs.languages(o)); err != nil {
			return l.setFailed(ctx, "languages", err)
		}
	}
	return nil
}

func (l *look) writeSkills(ctx context.Context, exID string, have, want []model.Assigned) error {
	if l.Settings.Users.Skills == rules.Exact && len(surplus(have, want)) > 0 {
		return l.Writer.ReplaceSkills(ctx, exID, want)
	}
	if add := lacking(have, want); len(add) > 0 {
		return l.Writer.AddSkills(ctx, exID, add)
	}
	return nil
}

func (l *look) writeLanguages(ctx context.Context, exID string, have, want []model.Assigned) error {
	if add := lacking(have, want); len(add) > 0 {
		if err := l.Writer.AddLanguages(ctx, exID, add); err != nil {
			return err
		}
	}
	if l.Settings.Users.Languages != rules.Exact {
		return nil
	}
	for _, a := range surplus(have, want) {
		if err := l.Writer.RemoveLanguage(ctx, exID, a.EXID); err != nil && model.CodeOf(err) != model.CodeNotFound {
			return err
		}
	}
	return nil
}

// lacking gives the wanted assignments that are not there or have another level.
func lacking(have, want []model.Assigned) []model.Assigned {
	return slices.DeleteFunc(slices.Clone(want), func(w model.Assigned) bool {
		return slices.ContainsFunc(have, func(h model.Assigned) bool { return h.EXID == w.EXID && h.Level == w.Level })
	})
}

// surplus gives the assignments that are there and not wanted.
func surplus(have, want []model.Assigned) []model.Assigned {
	return slices.DeleteFunc(slices.Clone(have), func(h model.Assigned) bool {
		return slices.ContainsFunc(want, func(w model.Assigned) bool { return w.EXID == h.EXID })
	})
}

// setFailed looks at the skills and languages that the user refers to when the EX Org refuses the whole set: one that
// was deleted there fails every call that names it. The ones that are gone are looked at; the user waits for them.
func (l *look) setFailed(ctx context.Context, what string, failure error) error {
	code := model.CodeOf(failure)
	if code != model.CodeInvalid && code != model.CodeNotFound {
		return fmt.Errorf("write the %s of %s: %w", what, l.row.Key, failure)
	}
	kind, as := model.KindSkill, l.row.Desired.Skills
	if what == "languages" {
		kind, as = model.KindLanguage, l.row.Desired.Languages
	}
	var gone []model.Key
	for _, a := range as {
		key := model.Key{Kind: kind, DBID: a.DBID}
		row, err := l.Rows.Get(ctx, key)
		if err != nil || row.EXID == "" {
			continue
		}
		seen, _, err := l.Org.Get(ctx, kind, row.EXID)
		if model.CodeOf(err) == model.CodeNotFound || (err == nil && seen.Deleted) {
			gone = append(gone, key)
		}
	}
	if len(gone) == 0 {
		return fmt.Errorf("write the %s of %s: %w", what, l.row.Key, failure)
	}
	for _, key := range gone {
		if err := l.lookAt(ctx, key); err != nil {
			return err
		}
	}
	return waitFor(gone[0], l.now.Add(secondLook+dependencyWait), gone[0].String()+" was deleted in the EX Org and is made again first")
}
