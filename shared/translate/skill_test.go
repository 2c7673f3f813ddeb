package translate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/shared/model"
	"excs/shared/rules"
)

func assignment(dbid int64, name string, level model.Proficiency) model.Assignment {
	return model.Assignment{DBID: dbid, Name: name, Level: level}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// Skill: Skill. New, deleted (state 3 or no row), disabled ("not a deletion, treated as enabled").
func TestSkills(t *testing.T) {
	for _, preset := range rules.Presets() {
		r := once(t, newSite().skill(1, " Sales ").skill(2, "Old", model.CfgDeleted).skill(3, "Off", model.CfgDisabled), rules.Default(tenant, preset), nil)
		r.names(map[string]string{"skill/1": "Sales", "skill/3": "Off"})
		r.absent("skill/2", "language/1")
		r.noRejects()
	}
}

// "Languages: Skills whose name equals a value of the Business Attribute Language, or is listed in the settings, or
// matches a pattern"; "equals, without case and outer space, the name or display name".
func TestLanguages(t *testing.T) {
	s := newSite().value(421, "Language", "en", "English").value(422, "Language", "Deutsch", "German", model.CfgDisabled).value(423, "Language", "fr", "French", model.CfgDeleted).
		value(424, "ReasonCode", "Klingon", "Klingon").
		skill(1, "ENGLISH ").skill(2, "deutsch").skill(3, "French").skill(4, "Klingon").skill(5, "Polish").skill(6, "lang_xy").skill(7, "my lang_xy")
	r := once(t, s, settings(func(s *rules.Settings) {
		s.Languages.Names = []string{" polish "}
		s.Languages.Pattern = "LANG_.."
	}), nil)
	r.names(map[string]string{"language/1": "ENGLISH", "language/2": "deutsch", "skill/3": "French", "skill/4": "Klingon", "language/5": "Polish", "language/6": "lang_xy",
		"skill/7": "my lang_xy"})
	r.absent("skill/1", "language/3")
}

// A Business Attribute that is missing, deleted or disabled.
func TestLanguageAttribute(t *testing.T) {
	s := newSite().value(1, "language", "English", "").skill(5, "English")
	once(t, s, settings(), nil).object("language/5")
	s.Attributes[0].State = model.CfgDisabled
	once(t, s, settings(), nil).object("language/5")
	s.Attributes[0].State = model.CfgDeleted
	once(t, s, settings(), nil).object("skill/5")
	s.Attributes, s.Values = nil, nil
	r := once(t, s, settings(), nil)
	r.object("skill/5")
	r.noted(1, "no Business Attribute 'Language'")
	once(t, s, settings(func(s *rules.Settings) { s.Languages.Attribute = "" }), nil).noted(0, "languages.attribute")
}

// "Two skills or languages equal but for case or outer space: one EX object, mapped by both; the lowest DBID's spelling;
// an agent with both has the higher level. A rename of that sort only: nothing to do."
func TestMergedSkills(t *testing.T) {
	s := newSite().skill(5, "Sales").skill(8, "SALES").skill(3, "sales", model.CfgDeleted).
		person(1).level(1, 8, 4).level(1, 5, 2).person(2).level(2, 8, 1)
	r := once(t, s, settings(), nil)
	r.names(map[string]string{"skill/5": "Sales", "skill/8": "Sales"})
	same(t, "skills of user/1", r.object("user/1").Skills, []model.Assignment{assignment(5, "Sales", 40)})
	same(t, "skills of user/2", r.object("user/2").Skills, []model.Assignment{assignment(5, "Sales", 10)})
	r.noted(1, "are one skill")
	equal(t, "the owner of skill/5", r.object("skill/5").SameAs, 0)
	equal(t, "the owner of skill/8", r.object("skill/8").SameAs, 5)

	renamed := s.clone()
	renamed.Skills[0].Name = "sALES"
	again := once(t, renamed, settings(), nil)
	for _, k := range []string{"skill/5", "skill/8", "user/1", "user/2"} {
		equal(t, "the fingerprint of "+k, again.object(k).Fingerprint(), r.object(k).Fingerprint())
	}
	// The next lowest owns the object when the owner is gone.
	gone := once(t, s.clone().without(model.KindSkill, 5), settings(), nil)
	same(t, "skills of user/2", gone.object("user/2").Skills, []model.Assignment{assignment(8, "SALES", 10)})
	equal(t, "the owner of skill/8", gone.object("skill/8").SameAs, 0)
}

// A user's set of skills with proficiency, and of languages with proficiency.
func TestAssignments(t *testing.T) {
	s := newSite().value(421, "Language", "English", "").skill(1, "English").skill(2, "Sales").skill(3, "Gone", model.CfgDeleted).skill(4, "Off", model.CfgDisabled).
		person(7).level(7, 2, 3).level(7, 1, 5).level(7, 3, 4).level(7, 4, 2).level(7, 99, 2).level(98, 1, 1)
	for _, state := range []model.CfgState{model.CfgEnabled, model.CfgDisabled} {
		s.Persons[0].State = state
		o := once(t, s, settings(), nil).object("user/7")
		same(t, "skills", o.Skills, []model.Assignment{assignment(2, "Sales", 30), assignment(4, "Off", 20)})
		same(t, "languages", o.Languages, []model.Assignment{assignment(1, "English", 50)})
	}
	ignored := once(t, s, settings(func(s *rules.Settings) { s.Users.Skills, s.Users.Languages = rules.SetIgnored, rules.SetIgnored }), nil).object("user/7")
	if ignored.Skills != nil || ignored.Languages != nil {
		t.Errorf("ignored sets are not empty: %v %v", ignored.Skills, ignored.Languages)
	}
}

// "A skill that becomes a language: language created and assigned, skill assignments removed, the EX skill an orphan."
func TestSkillBecomesLanguage(t *testing.T) {
	s := newSite().skill(1, "English").person(7).level(7, 1, 4)
	_, rows := run(t, s, settings(), table{})
	r, _ := run(t, s.clone().value(421, "Language", "english", ""), settings(), rows)
	r.object("language/1")
	r.absent("skill/1")
	same(t, "languages", r.object("user/7").Languages, []model.Assignment{assignment(1, "English", 40)})
	same(t, "skills", r.object("user/7").Skills, []model.Assignment(nil))
}

// "clamp (default) or scale:MAX"; "level NULL or negative: 0; 5 × level / MAX, one decimal for skills, rounded half up to
// whole numbers for languages".
func TestProficiency(t *testing.T) {
	for _, c := range []struct {
		scale, level    int
		skill, language model.Proficiency
	}{
		{0, 0, 0, 0}, {0, 1, 10, 10}, {0, 5, 50, 50}, {0, 6, 50, 50}, {0, 99, 50, 50}, {0, -3, 0, 0},
		{10, 10, 50, 50}, {10, 5, 25, 30}, {10, 3, 15, 20}, {10, 1, 5, 10}, {10, 11, 50, 50}, {10, -1, 0, 0}, {10, 0, 0, 0},
		{100, 49, 25, 20}, // 2.45 is 2.5 as a skill, and 2 as a language: rounded once
		{100, 50, 25, 30}, {100, 1, 1, 0}, {3, 1, 17, 20}, {3, 2, 33, 30}, {3, 3, 50, 50}, {1, 1, 50, 50},
		{1000000, 1 << 40, 50, 50},
	} {
		s := newSite().value(421, "Language", "English", "").skill(1, "English").skill(2, "Sales").person(7).level(7, 1, c.level).level(7, 2, c.level)
		o := once(t, s, settings(func(s *rules.Settings) { s.Proficiency.Scale = c.scale }), nil).object("user/7")
		if o.Skills[0].Level != c.skill || o.Languages[0].Level != c.language {
			t.Errorf("level %d, scale %d: skill %v, language %v; want %v and %v", c.level, c.scale, o.Skills[0].Level, o.Languages[0].Level, c.skill, c.language)
		}
	}
}

// Levels above 5 under clamp are counted once, because a site that counts to 10 wants another setting.
func TestLevelsCutAreNoted(t *testing.T) {
	s := newSite().skill(1, "Sales").person(7).level(7, 1, 9).person(8).level(8, 1, 6).person(9).level(9, 1, 5)
	once(t, s, settings(), nil).noted(1, "2 skill levels are above 5")
	once(t, s, settings(func(s *rules.Settings) { s.Proficiency.Scale = 10 }), nil).noted(0, "above 5")
}

// A skill without a name is rejected; one that had a name keeps it, with its assignments.
func TestNamelessSkill(t *testing.T) {
	nameless := newSite().skill(1, " ").person(7).level(7, 1, 3)
	r := once(t, nameless, settings(), nil)
	equal(t, "the reason", r.rejected("skill/1"), "Skill 1 has no name: give it one in Engage")
	same(t, "skills", r.object("user/7").Skills, []model.Assignment(nil))

	_, rows := run(t, newSite().skill(1, "Sales").person(7).level(7, 1, 3), settings(), table{})
	r, _ = run(t, nameless, settings(), rows)
	r.names(map[string]string{"skill/1": "Sales"})
	r.rejected("skill/1")
	r.has(r.Frozen, "skill/1")
	same(t, "skills", r.object("user/7").Skills, []model.Assignment{assignment(1, "Sales", 30)})
}

// The Source: existence and name; it maps to nothing.
func TestSource(t *testing.T) {
	for _, preset := range rules.Presets() {
		r := once(t, newSite(), rules.Default(tenant, preset), nil)
		r.names(map[string]string{"source/101": "EXCS"})
		equal(t, "objects", len(r.Objects), 1)
	}
	once(t, newSite(), settings(func(s *rules.Settings) { s.SourceName = "Engage" }), nil).names(map[string]string{"source/101": "Engage"})
}
