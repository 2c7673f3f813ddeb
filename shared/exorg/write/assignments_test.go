package write_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"excs/shared/exorg"
	"excs/shared/exorg/internal/script"
	"excs/shared/exorg/write"
	"excs/shared/model"
)

func levels(ids []string, level model.Proficiency) []write.Level {
	out := make([]write.Level, 0, len(ids))
	for _, id := range ids {
		out = append(out, write.Level{ID: id, Level: level})
	}
	return out
}

func (b bench) skills(t *testing.T, n int) []string {
	t.Helper()
	var ids []string
	for i := range n {
		ids = append(ids, must[string](t)(b.org.AddSkill(fmt.Sprintf("Skill %03d", i))))
	}
	return ids
}

func (b bench) skillset(t *testing.T, user string) map[string]model.Proficiency {
	t.Helper()
	out := map[string]model.Proficiency{}
	for _, a := range exorg.Skillset(must[[]exorg.Assignment](t)(b.read.UserSkills(t.Context(), user))) {
		out[a.EXID] = a.Level
	}
	return out
}

func TestSkillsAreReplacedInFifties(t *testing.T) {
	tests := []struct {
		n    int
		want string
	}{
		{0, "PUT /users/{userId}/routingskills/bulk 0"},
		{1, "PUT /users/{userId}/routingskills/bulk 1"},
		{50, "PUT /users/{userId}/routingskills/bulk 50"},
		{51, "PUT /users/{userId}/routingskills/bulk 50\nPATCH /users/{userId}/routingskills/bulk 1"},
		{120, "PUT /users/{userId}/routingskills/bulk 50\nPATCH /users/{userId}/routingskills/bulk 50\nPATCH /users/{userId}/routingskills/bulk 20"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%d skills", tt.n), func(t *testing.T) {
			b := newBench(t)
			ids := b.skills(t, 121)
			u := b.newUser(t, "Ann")
			done(t, b.org.SetUserSkill(u.ID, ids[120], 1)) // a skill that must go
			b.org.ResetCounters()
			done(t, b.ReplaceSkills(t.Context(), u.ID, levels(ids[:tt.n], 35)))
			if got := b.calls(); got != tt.want {
				t.Errorf("calls were\n%s", got)
			}
			got := b.skillset(t, u.ID)
			if len(got) != tt.n {
				t.Errorf("the user has %d skills, want %d", len(got), tt.n)
			}
			for id, l := range got {
				if l != 35 || id == ids[120] {
					t.Errorf("skill %s is at %s", id, l)
				}
			}
		})
	}
}

func TestReplacingByNoneSendsAnEmptyListNotNull(t *testing.T) {
	w, s := played(t, script.OK(`{}`))
	done(t, w.ReplaceSkills(t.Context(), "u1", nil))
	if got := s.Requests()[0].Body; got != "[]" {
		t.Errorf("body is %s", got)
	}
}

func TestSkillsAndLanguagesAreAddedAndRemoved(t *testing.T) {
	b := newBench(t)
	ids := b.skills(t, 60)
	u := b.newUser(t, "Ann")
	done(t, b.AddSkills(t.Context(), u.ID, levels(ids, 20)))
	done(t, b.AddSkills(t.Context(), u.ID, levels(ids[:1], 50)))
	done(t, b.RemoveSkill(t.Context(), u.ID, ids[1]))
	got := b.skillset(t, u.ID)
	if len(got) != 59 || got[ids[0]] != 50 || got[ids[2]] != 20 {
		t.Errorf("%d skills, the first at %s", len(got), got[ids[0]])
	}

	var languages []string
	for i := range 55 {
		languages = append(languages, must[string](t)(b.org.AddLanguage(fmt.Sprintf("Language %d", i))))
	}
	b.org.ResetCounters()
	done(t, b.AddLanguages(t.Context(), u.ID, levels(languages, 25)))
	if got := b.calls(); got != "PATCH /users/{userId}/routinglanguages/bulk 50\nPATCH /users/{userId}/routinglanguages/bulk 5" {
		t.Errorf("calls were\n%s", got)
	}
	done(t, b.RemoveLanguage(t.Context(), u.ID, languages[0]))
	set := exorg.Languageset(must[[]exorg.Assignment](t)(b.read.UserLanguages(t.Context(), u.ID)))
	if len(set) != 54 || set[0].Level != 30 {
		t.Errorf("%d languages, the first at %s", len(set), set[0].Level)
	}
	done(t, b.AddSkills(t.Context(), u.ID, nil))
	done(t, b.AddLanguages(t.Context(), u.ID, nil))
}

// What a bulk call is asked to write is what a read shows, for every level there is.
func TestLevelsComeThroughExactly(t *testing.T) {
	b := newBench(t)
	skill := b.skills(t, 1)[0]
	u := b.newUser(t, "Ann")
	rapid.Check(t, func(rt *rapid.T) {
		level := model.Proficiency(rapid.IntRange(0, int(model.MaxProficiency)).Draw(rt, "level"))
		if err := b.ReplaceSkills(t.Context(), u.ID, levels([]string{skill}, level)); err != nil {
			rt.Fatal(err)
		}
		if got := b.skillset(t, u.ID)[skill]; got != level {
			rt.Fatalf("wrote %s, reads %s", level, got)
		}
	})
}

func TestRacingWritesOfSkillsAreStale(t *testing.T) {
	w, _ := played(t, script.Status(409, "general.conflict", "Another update is under way"), script.Status(409, "general.conflict", "Another update is under way"))
	if err := w.AddSkills(t.Context(), "u1", levels([]string{"s"}, 10)); !exorg.IsStaleVersion(err) {
		t.Errorf("error is %v", err)
	}
	if err := w.RemoveSkill(t.Context(), "u1", "s"); !exorg.IsStaleVersion(err) {
		t.Errorf("error is %v", err)
	}
}

func TestLanguageLevelsAreSentWholeAndSkillLevelsAsTheyAre(t *testing.T) {
	w, s := played(t, script.OK(`{}`), script.OK(`{}`))
	done(t, w.AddLanguages(t.Context(), "u1", levels([]string{"l"}, 25)))
	done(t, w.AddSkills(t.Context(), "u1", levels([]string{"s"}, 25)))
	if got := s.Requests()[0].Body + s.Requests()[1].Body; got != `[{"id":"l","proficiency":3}][{"id":"s","proficiency":2.5}]` {
		t.Errorf("bodies are %s", got)
	}
}
