package write

import (
	"context"
	"net/http"

	"excs/shared/exorg/internal/wire"
	"excs/shared/model"
)

// Level is a skill or language by its EX Org id, and how well the user knows it.
type Level struct {
	ID    string            `json:"id"`
	Level model.Proficiency `json:"proficiency"`
}

// ReplaceSkills makes the user's skills exactly these: a PUT of the first 50, which replaces the whole set, then the rest by PATCH. Between the
// calls the user lacks the rest. None clears the set. stale: another write to the user's skills was under way. A skill that is gone fails the call.
func (w *Writer) ReplaceSkills(ctx context.Context, user string, skills []Level) error {
	first := skills[:min(len(skills), AssignmentBatch)]
	if err := w.bulk(ctx, "replace skills of user", http.MethodPut, "/users/{id}/routingskills/bulk", user, first); err != nil {
		return err
	}
	return w.AddSkills(ctx, user, skills[len(first):])
}

// AddSkills adds skills or sets their levels, 50 a call; it removes none. stale as for ReplaceSkills.
func (w *Writer) AddSkills(ctx context.Context, user string, skills []Level) error {
	return inBatches(skills, AssignmentBatch, func(batch []Level) error {
		return w.bulk(ctx, "add skills to user", http.MethodPatch, "/users/{id}/routingskills/bulk", user, batch)
	})
}

// AddLanguages adds languages or sets their levels, 50 a call; it removes none. The EX Org keeps whole levels, so whole levels are sent.
func (w *Writer) AddLanguages(ctx context.Context, user string, languages []Level) error {
	whole := make([]Level, 0, len(languages))
	for _, l := range languages {
		whole = append(whole, Level{ID: l.ID, Level: l.Level.Whole()})
	}
	return inBatches(whole, AssignmentBatch, func(batch []Level) error {
		return w.bulk(ctx, "add languages to user", http.MethodPatch, "/users/{id}/routinglanguages/bulk", user, batch)
	})
}

func (w *Writer) bulk(ctx context.Context, op, method, route, user string, batch []Level) error {
	if batch == nil {
		batch = []Level{} // an empty list, not null
	}
	return w.org.Call(ctx, wire.Request{
		Op: op, Method: method, Route: route, Args: []string{user}, Body: batch, Needs: needsSkillAssign, Conflict: wire.Moved,
	}, nil)
}

// RemoveSkill takes a skill from a user. not_found: the user has it not. stale as for ReplaceSkills.
func (w *Writer) RemoveSkill(ctx context.Context, user, skill string) error {
	return w.remove(ctx, "remove skill of user", "/users/{id}/routingskills/{skill}", user, skill)
}

// RemoveLanguage takes a language from a user. not_found: the user has it not.
func (w *Writer) RemoveLanguage(ctx context.Context, user, language string) error {
	return w.remove(ctx, "remove language of user", "/users/{id}/routinglanguages/{language}", user, language)
}

func (w *Writer) remove(ctx context.Context, op, route, user, id string) error {
	return w.org.Call(ctx, wire.Request{
		Op: op, Method: http.MethodDelete, Route: route, Args: []string{user, id}, Needs: needsSkillAssign, Conflict: wire.Moved,
	}, nil)
}
