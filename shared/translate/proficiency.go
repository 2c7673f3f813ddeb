package translate

import (
	"excs/shared/model"
	"excs/shared/rules"
)

// proficiency maps an Engage level to 0..5 (RULES 3, 4): cut off at both ends, or 5 × level / MAX rounded half up,
// to tenths for skills and to whole numbers for languages. A language is rounded once, from the exact value: 2.45 is 2,
// not 2.5 and then 3. A negative level is 0; NULL was read as 0.
func proficiency(level int, rule rules.Proficiency, language bool) model.Proficiency {
	top := rule.Scale
	if top == 0 {
		top = 5
	}
	n := min(max(level, 0), top)
	tenths := (100*n + top) / (2 * top)
	if language {
		tenths = 10 * ((10*n + top) / (2 * top))
	}
	return model.ProficiencyOf(float64(tenths) / 10)
}
