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
	o, u := l.row.Desired, refs.patient(l.Settings).Users
	if touches(fields, model.FieldSkills) {
		want := refs.skills(o, seen.Skills)
		if err := l.writeSkills(ctx, exID, seen.Skills, want, u.Skills); err != nil {
			return l.setFailed(ctx, model.KindSkill, o.Skills, lacking(seen.Skills, want), err)
		}
	}
	if touches(fields, model.FieldLanguages) {
		want := refs.languages(o, seen.Languages)
		if err := l.writeLanguages(ctx, exID, seen.Languages, want, u.Languages); err != nil {
			return l.setFailed(ctx, model.KindLanguage, o.Languages, lacking(seen.Languages, want), err)
		}
	}
	return nil
}

func (l *look) writeSkills(ctx context.Context, exID string, have, want []model.Assigned, control rules.SetControl) error {
	if control == rules.Exact && len(surplus(have, want)) > 0 {
		return l.Writer.ReplaceSkills(ctx, exID, want)
	}
	if add := lacking(have, want); len(add) > 0 {
		return l.Writer.AddSkills(ctx, exID, add)
	}
	return nil
}

func (l *look) writeLanguages(ctx context.Context, exID string, have, want []model.Assigned, control rules.SetControl) error {
	if add := lacking(have, want); len(add) > 0 {
		if err := l.Writer.AddLanguages(ctx, exID, add); err != nil {
			return err
		}
	}
	if control != rules.Exact {
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

// setFailed looks at what the refused call was to add: a skill or language that was deleted in the EX Org fails every call
// that names it. The ones that are gone are looked at, and the user waits for them. A refusal that none of them explains
// may pass: a skill just made is not visible everywhere at once.
func (l *look) setFailed(ctx context.Context, kind model.Kind, as []model.Assignment, added []model.Assigned, failure error) error {
	if !refused(failure) {
		return fmt.Errorf("write the %ss of %s: %w", kind, l.row.Key, failure)
	}
	gone, err := l.goneOf(ctx, kind, as, added)
	if err != nil {
		return err
	}
	if len(gone) == 0 {
		return passing(fmt.Sprintf("write the %ss of %s", kind, l.row.Key), failure)
	}
	for _, key := range gone {
		if err := l.lookAt(ctx, key); err != nil {
			return err
		}
	}
	return waitFor(gone[0], l.now.Add(secondLook+dependencyWait), gone[0].String()+" was deleted in the EX Org and is made again first")
}

// goneOf gives the skills or languages among those to be added that are not in the EX Org.
func (l *look) goneOf(ctx context.Context, kind model.Kind, as []model.Assignment, added []model.Assigned) ([]model.Key, error) {
	var gone []model.Key
	for _, a := range as {
		key := model.Key{Kind: kind, DBID: a.DBID}
		row, _, err := l.rowOf(ctx, key)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(added, func(x model.Assigned) bool { return x.EXID == row.EXID }) {
			continue
		}
		seen, _, err := l.Org.Get(ctx, kind, row.EXID)
		switch {
		case model.CodeOf(err) == model.CodeNotFound || (err == nil && seen.Deleted):
			gone = append(gone, key)
		case err != nil:
			return nil, fmt.Errorf("read %s: %w", key, err)
		}
	}
	return gone, nil
}
