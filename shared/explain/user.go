package explain

import (
	"fmt"
	"strconv"
	"strings"

	"excs/shared/model"
	"excs/shared/rules"
)

// tellUser explains a user.
func (w *work) tellUser() {
	o, u, p := w.desired, w.Settings.Users, w.person()
	if p != nil {
		agent := "no agent"
		if p.IsAgent {
			agent = "agent"
		}
		w.source(model.TablePerson, dbid(p.DBID), quote("employee id", p.EmployeeID), quote("user name", p.UserName), quote("first name", p.FirstName),
			quote("last name", p.LastName), quote("e-mail", p.Email), agent, cfgState(p.State))
		w.tellLevels(o)
		w.tellGroupsOf()
	}
	w.field(model.FieldName, string(u.Name), userNameRule(o, p), o.Name, w.seen.Name)
	w.field(model.FieldEmail, string(u.Email), emailRule(o, p, w.Settings.Email.Template), o.Email, w.seen.Email)
	w.field(model.FieldState, string(u.State), userStateRule(p), string(o.State), w.userState())
	w.field(model.FieldDivision, enforced(u.Division), "every user goes to the Home Division", w.homeName(), w.seen.DivisionID)
	w.field(model.FieldExternalID, string(rules.Controlled), fmt.Sprintf("the Person's DBID in decimal, under the authority %q", u.Authority), o.ExternalKey, strings.Join(w.seen.ExternalKeys, ", "))
	w.field(model.FieldSkills, string(u.Skills), w.levelRule("skills"), assignments(o.Skills), assigned(w.seen.Skills))
	w.field(model.FieldLanguages, string(u.Languages), w.levelRule("languages, in whole levels"), assignments(o.Languages), assigned(w.seen.Languages))
	w.note("if the Person is deleted in Engage: %s", userOnDelete(u.OnDelete))
}

func enforced(c rules.Control) string {
	if c == rules.Controlled {
		return "enforced"
	}
	return string(c)
}

func userOnDelete(d rules.OnDelete) string {
	if d == rules.Deactivate {
		return "the user becomes inactive"
	}
	return "the user is left to the administrator, as an orphan"
}

func (w *work) homeName() string {
	if w.home == "" {
		return "the Home Division"
	}
	return w.home
}

func (w *work) userState() string {
	if w.seen.Deleted {
		return "deleted"
	}
	return string(w.seen.State)
}

// tellLevels lists what the person holds and what became of each level.
func (w *work) tellLevels(o model.Object) {
	for _, l := range w.levels() {
		name := ""
		if s := w.skill(l.Skill); s != nil {
			name = strings.TrimSpace(s.Name)
		}
		became := "not assigned"
		for what, as := range map[string][]model.Assignment{"skill": o.Skills, "language": o.Languages} {
			for _, a := range as {
				if model.SameName(a.Name, name) {
					became = fmt.Sprintf("%s level %s", what, a.Level)
				}
			}
		}
		w.source(model.TableSkillLevel, "Skill "+strconv.FormatInt(l.Skill, 10)+" "+strconv.Quote(name), "level "+strconv.Itoa(l.Level), became)
	}
}

func (w *work) tellGroupsOf() {
	member := map[int64]bool{}
	for _, m := range w.snapshot.GroupAgents {
		if m.Person == w.key.DBID {
			member[m.Group] = true
		}
	}
	for _, g := range w.groups(func(dbid int64) bool { return member[dbid] }) {
		w.source(model.TableGroupAgent, "agent group "+strconv.FormatInt(g.DBID, 10)+" "+strconv.Quote(g.Name), cfgState(g.State))
	}
}

func (w *work) levelRule(what string) string {
	if n := w.Settings.Proficiency.Scale; n > 0 {
		return fmt.Sprintf("the Person's skill levels that are %s: 5 × level / %d (setting proficiency)", what, n)
	}
	return "the Person's skill levels that are " + what + ", cut to 0 to 5 (setting proficiency)"
}

func userNameRule(o model.Object, p *model.Person) string {
	if p == nil {
		return gone
	}
	full := strings.TrimSpace(strings.TrimSpace(p.FirstName) + " " + strings.TrimSpace(p.LastName))
	switch o.Name {
	case full:
		return "first and last name of cfg_person"
	case strings.TrimSpace(p.UserName):
		return "the user name: cfg_person has neither first nor last name"
	case strings.TrimSpace(p.EmployeeID):
		return "the employee id: cfg_person has neither a name nor a user name"
	case "Person " + strconv.FormatInt(p.DBID, 10):
		return "the DBID: cfg_person has neither a name, a user name nor an employee id"
	default:
		return "the row keeps the last value: what Engage says now is held or rejected"
	}
}

// emailRule says which step of the chain gave the address.
func emailRule(o model.Object, p *model.Person, template string) string {
	if p == nil {
		return gone
	}
	step, now := "", ""
	switch o.Identity.AddressStep {
	case 1:
		step, now = "the e-mail column of cfg_person (step 1)", p.Email
	case 2:
		step, now = "the user name, which is an address (step 2)", p.UserName
	case 3:
		return fmt.Sprintf("the template %s (step 3): neither the e-mail column nor the user name holds an address", template)
	default:
		return "no step of the chain gives an address"
	}
	if !model.SameName(now, o.Email) {
		return step + " as it was: the address is kept, because a mapped user never falls to a lower step"
	}
	return step
}

func userStateRule(p *model.Person) string {
	switch {
	case p == nil:
		return gone
	case p.State == model.CfgDisabled:
		return "the Person is disabled (state 2): an inactive user"
	case p.State == model.CfgDeleted:
		return "the Person is deleted (state 3): the row keeps the last value"
	default:
		return "the Person is enabled (state 1)"
	}
}
