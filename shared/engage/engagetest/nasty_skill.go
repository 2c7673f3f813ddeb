package engagetest

import "strings"

// plantSkills plants nasty Skills.
func (n *NastySite) plantSkills() {
	add := func(c Case, expect string, names ...string) {
		var dbids []int64
		for _, name := range names {
			dbids = append(dbids, n.skill(name))
		}
		n.plant(c, TableSkill, expect, dbids...)
	}
	add(SkillLikeLanguage, "A language, one with the Skill English: both map to the one EX language.", "ENGLISH")
	add(SkillsEqualFolded, "One EX skill, mapped by both, spelt as the first.", "Nasty Escalation", " nasty escalation")
	add(SkillTrailingSpaces, "The name has no trailing spaces.", "Nasty Padded   ")
	add(SkillLong, "The name is too long for some EX Orgs; it is sent as it is or rejected with a reason, and holds nobody up.", strings.Repeat("Nasty-", 43)[:255])
	add(SkillForbidden, "The name is sent as it is: only queues forbid the asterisk.", "Nasty *")
	add(SkillAccented, "The name keeps its accents.", "Réclamations Ćwiczeń")
	add(SkillCJK, "The name keeps its characters.", "英語サポート")
	add(SkillNameless, "Rejected with a reason.", "")
	add(SkillDisabled, "The skill is there as if it were enabled.", "Nasty Disabled")
	n.Skills[len(n.Skills)-1].State = StateDisabled
}

// plantLevels plants nasty skill levels, each on a Skill or a Person of its own.
func (n *NastySite) plantLevels() {
	someone := n.ordinary("Levels")
	add := func(c Case, expect string, levels ...Level) {
		n.Levels = append(n.Levels, levels...)
		var pairs []int64
		for _, l := range levels {
			pairs = append(pairs, l.Person, l.Skill)
		}
		n.plant(c, TableLevel, expect, pairs...)
	}
	add(LevelZero, "Proficiency 0.", Level{Person: someone, Skill: n.skill("Nasty Level 0")})
	add(LevelNegative, "Proficiency 0.", Level{Person: someone, Skill: n.skill("Nasty Level -3"), Level: -3})
	add(LevelAboveTen, "Proficiency 5: clamped.", Level{Person: someone, Skill: n.skill("Nasty Level 99"), Level: 99})
	add(LevelNull, "Proficiency 0.", Level{Person: someone, Skill: n.skill("Nasty Level NULL"), Null: true})
	add(LevelOfDeletedSkill, "Dropped and counted.", Level{Person: someone, Skill: deletedDBID(&n.last.skill), Level: 4})
	add(LevelOfDeletedPerson, "Dropped and counted.", Level{Person: deletedDBID(&n.last.person), Skill: n.Skills[0].DBID, Level: 4})
	n.Skills = append(n.Skills, Skill{next(&n.last.skill), ForeignTenant, "Foreign Level Skill", StateEnabled})
	add(LevelOfForeignSkill, "Dropped and counted: another tenant's skill never reaches this EX Org.", Level{Person: someone, Skill: n.last.skill, Level: 4})
	add(LevelOfNonAgent, "Nothing: the person is no user.", Level{Person: n.Case(PersonNotAgent).DBIDs[0], Skill: n.Skills[0].DBID, Level: 4})
	twins := n.Case(SkillsEqualFolded).DBIDs
	add(LevelsOfEqualSkills, "One assignment with the higher level, 4.",
		Level{Person: someone, Skill: twins[0], Level: 2}, Level{Person: someone, Skill: twins[1], Level: 4})
}
