// Package expression reads the skill expressions of Engage's virtual agent groups (annex section "virtual", option
// "script"; FACTS E7), returns the set of agents that an expression accepts, and never guesses: a text
// outside of the grammar is a [SyntaxError] with a position, so that the caller leaves the group's members alone.
//
// # Grammar
//
//	expression = all { "|" all } .
//	all        = negation { "&" negation } .
//	negation   = { "~" | "!" } test .
//	test       = "(" expression ")" | boolean | comparison .
//	boolean    = ( "SkillExists" | "LoggedIn" ) argument .
//	comparison = function relation ( function | integer ) | integer relation function .
//	function   = ( "Skill" | "SkillExists" | "LoggedIn" ) argument .
//	argument   = "(" '"' name '"' ")" .
//	relation   = "=" | "!=" | ">=" | "<=" | ">" | "<" .
//	integer    = [ "-" ] digit { digit } .
//	name       = any character but a double quote and a line break, at least one of them not white space .
//
// So a comparison holds together first, then ~ (or !), then &, then |. White space, line breaks included, may stand
// between any two of these parts. Function names are compared without case, skill names exactly, after outer white
// space is trimmed. Parse changes nothing in meaning but writes alike things alike: ! becomes ~, a constant on the left
// goes to the right (5<=Skill("a") is Skill("a")>=5), and parentheses that change nothing go.
//
// What the published texts leave open, and what holds here:
//
//   - Only the double quote quotes. There is no escape: a backslash is a character of the name, and a name that holds a
//     double quote can not be written. A single quote or a typographic quote as delimiter is an error.
//   - Skill("x") alone, without a comparison, is an error: whether it would mean "holds the skill" or "has a level
//     above 0" is published nowhere, and a wrong guess would take agents out of queues.
//   - SkillExists and LoggedIn stand alone or in a comparison. In one, SkillExists is 1 for an agent that holds the
//     skill and 0 for any other. A comparison of two constants is an error.
//   - An empty expression is an error. Whether a group with a blank script is a virtual group at all is the caller's to say.
//   - An expression has at most [MaxLength] bytes, white space between its parts not counted, and parentheses and
//     negations nest at most [MaxDepth] deep.
//
// # Meaning
//
// An agent that lacks a skill has no level of it: any comparison with that level is false, != too, and a comparison with
// another function too. With [Options].AbsentZero the level is 0 instead. Either way ~ is plain negation. A skill that is
// not in the population's catalogue is held by nobody.
//
// LoggedIn is the state of this very moment and can not be known from configuration. It counts as true, negated or not,
// and so does a comparison that it takes part in. The rule is applied in negation normal form, that is after every ~ has
// been pushed down to the tests: ~(a & b) is ~a | ~b, and ~(a | b) is ~a & ~b.
//
// Worked examples: Ann has English 5 and Sales 0, Bob has English 3, Cid has no skill.
//
//	expression                                absent: false   absent: 0
//	Skill("English")>=5                       Ann             Ann
//	Skill("English")!=5                       Bob             Bob Cid
//	~Skill("English")=5                       Bob Cid         Bob Cid
//	Skill("English")<5                        Bob             Bob Cid
//	Skill("Sales")=0                          Ann             all
//	SkillExists("Sales")                      Ann             Ann
//	Skill("English")>Skill("Sales")           Ann             Ann Bob
//	Skill("Klingon")>0                        nobody          nobody
//	~Skill("Klingon")>0                       all             all
//	LoggedIn("7001@North")                    all             all
//	~LoggedIn("7001@North")                   all             all
//	~(LoggedIn("North") & Skill("Sales")>=0)  all             all
//	~(LoggedIn("North") | Skill("Sales")>=0)  Bob Cid         nobody
//	LoggedIn("North") & Skill("English")>3    Ann             Ann
package expression
