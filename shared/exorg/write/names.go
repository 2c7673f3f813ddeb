package write

import (
	"context"
	"encoding/json"
	"net/http"

	"excs/shared/exorg"
	"excs/shared/exorg/internal/wire"
)

type nameBody struct {
	Name string `json:"name"`
}

// CreateSkill creates a skill. conflict: a skill of that name is there.
func (w *Writer) CreateSkill(ctx context.Context, name string) (exorg.Skill, error) {
	r := wire.Request{Op: "create skill", Route: "/routing/skills", Body: nameBody{name}, Needs: needsSkillManage}
	return create(ctx, w, r, func(s exorg.Skill) string { return s.ID })
}

// CreateLanguage creates a language. A taken name answers 400 or 409, which is unproven: exorg.IsDuplicate covers both.
func (w *Writer) CreateLanguage(ctx context.Context, name string) (exorg.Language, error) {
	r := wire.Request{Op: "create language", Route: "/routing/languages", Body: nameBody{name}, Needs: needsSkillManage, Unproven: true}
	return create(ctx, w, r, func(l exorg.Language) string { return l.ID })
}

// CreateWrapUpCode creates a wrap-up code for all divisions. A taken name: see CreateLanguage.
func (w *Writer) CreateWrapUpCode(ctx context.Context, name string) (exorg.WrapUpCode, error) {
	r := wire.Request{Op: "create wrap-up code", Route: "/routing/wrapupcodes", Body: nameBody{name}, Needs: needsCodeAdd, Unproven: true}
	return create(ctx, w, r, func(c exorg.WrapUpCode) string { return c.ID })
}

// RenameWrapUpCode reads the code and puts it back under the name, everything else as it was. A taken name: see CreateLanguage.
func (w *Writer) RenameWrapUpCode(ctx context.Context, id, name string) (exorg.WrapUpCode, error) {
	now, err := w.org.WrapUpCode(ctx, id)
	if err != nil {
		return exorg.WrapUpCode{}, err
	}
	var out exorg.WrapUpCode
	err = w.put(ctx, wire.Request{
		Op: "rename wrap-up code", Route: "/routing/wrapupcodes/{id}", Args: []string{id}, Needs: needsCodeEdit, Unproven: true,
	}, now.Raw, map[string]any{"name": name}, &out)
	return out, err
}

// CreateSource creates a presence source. conflict: a source of that name is there, maybe a deactivated one.
func (w *Writer) CreateSource(ctx context.Context, name string) (exorg.Source, error) {
	r := wire.Request{Op: "create source", Route: "/presence/sources", Body: nameBody{name}, Needs: needsSourceAdd}
	return create(ctx, w, r, func(s exorg.Source) string { return s.ID })
}

// UpdateSource reads the source and puts it back active and under the name, everything else as it was. conflict: the name is taken, or the source
// is protected.
func (w *Writer) UpdateSource(ctx context.Context, id, name string) (exorg.Source, error) {
	now, err := w.org.Source(ctx, id)
	if err != nil {
		return exorg.Source{}, err
	}
	var out exorg.Source
	err = w.put(ctx, wire.Request{
		Op: "update source", Route: "/presence/sources/{id}", Args: []string{id}, Needs: needsSourceEdit,
	}, now.Raw, map[string]any{"name": name, "deactivated": false}, &out)
	return out, err
}

// put sends a whole body: the fresh one with the given fields over it.
func (w *Writer) put(ctx context.Context, r wire.Request, fresh json.RawMessage, fields map[string]any, out any) error {
	body, err := overlay(fresh, fields)
	if err != nil {
		return bodyError(r, err)
	}
	r.Method, r.Body = http.MethodPut, body
	return w.org.Call(ctx, r, out)
}
