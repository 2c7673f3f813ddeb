package translate_test

import (
	"strings"
	"testing"

	"excs/shared/model"
	"excs/shared/rules"
)

// Users are Persons with is_agent = 2 of the tenant (users.who: agents|all); a row in state deleted is no Person.
func TestUsersWho(t *testing.T) {
	s := newSite().person(1).person(2, noAgent).person(3, deleted).person(4, disabled)
	for _, preset := range rules.Presets() {
		r := once(t, s, rules.Default(tenant, preset), nil)
		equal(t, "user/1", r.object("user/1").State, model.StateActive)
		equal(t, "a disabled Person", r.object("user/4").State, model.StateInactive)
		r.absent("user/2", "user/3")
	}
	all := once(t, s, settings(func(s *rules.Settings) { s.Users.Who = rules.WhoAll }), nil)
	all.object("user/2")
	all.absent("user/3")
}

// User name: first + space + last, trimmed; else user name; else employee id; else "Person <DBID>".
func TestUserName(t *testing.T) {
	for want, p := range map[string]model.Person{
		"Ann Lee":   {FirstName: " Ann ", LastName: "Lee  ", UserName: "x"},
		"Ann":       {FirstName: "Ann", UserName: "x"},
		"Lee":       {LastName: "Lee", UserName: "x"},
		"ann.lee":   {FirstName: " ", UserName: "ann.lee ", EmployeeID: "77"},
		"77":        {EmployeeID: "77"},
		"Person 5":  {},
		"Renée Łaś": {FirstName: "Renée", LastName: "Łaś"},
	} {
		p.DBID, p.IsAgent, p.State, p.Email = 5, true, model.CfgEnabled, "a@example.com"
		s := newSite()
		s.Persons = []model.Person{p}
		equal(t, "the name", once(t, s, settings(), nil).object("user/5").Name, want)
	}
}

// External id of a user: the Person's DBID in decimal; the row keeps who the Person is.
func TestUserIdentity(t *testing.T) {
	o := once(t, newSite().person(1042, userName(" jdoe "), email(" j@example.com ")), settings(), nil).object("user/1042")
	equal(t, "external key", o.ExternalKey, "1042")
	equal(t, "e-mail", o.Email, "j@example.com")
	equal(t, "identity", o.Identity, model.Identity{EmployeeID: "E1042", UserName: "jdoe", Address: "j@example.com", AddressStep: 1})
}

// The e-mail chain: the e-mail column; else user_name if it is an address; else the template; else rejected.
func TestEmailChain(t *testing.T) {
	for _, c := range []struct {
		name     string
		person   func(*model.Person)
		settings func(*rules.Settings)
		address  string
		step     int
		reason   string
	}{
		{"the e-mail column comes first", userName("u@example.com"), template, "p7@example.com", 1, ""},
		{"an e-mail column without an address is as if empty", email("n/a"), template, "E7@example.org", 3, ""},
		{"email.ignore lists placeholders, without case and outer space", email(" NONE@example.com"), func(s *rules.Settings) {
			template(s)
			s.Email.Ignore = []string{"none@Example.com"}
		}, "E7@example.org", 3, ""},
		{"user_name if it is an address", func(p *model.Person) { p.Email, p.UserName = "", "ann@example.com" }, template, "ann@example.com", 2, ""},
		{"user_name with a bare host is no address", func(p *model.Person) { p.Email, p.UserName = "", "corp@host" }, template, "E7@example.org", 3, ""},
		{"two addresses in one column are none", email("a@example.com; b@example.com"), template, "E7@example.org", 3, ""},
		{"a name around an address is none", email("Ann <a@example.com>"), template, "E7@example.org", 3, ""},
		{"a user name can be in the template", noAddress, func(s *rules.Settings) { s.Email.Template = "{user_name}.{dbid}@x.example" }, "u7.7@x.example", 3, ""},
		{"no address and no template", noAddress, func(*rules.Settings) {}, "", 0,
			"Person 7 'u7' has no e-mail address: set one in Engage or give the setting email.template"},
		{"a template that asks for what the Person lacks", func(p *model.Person) { p.Email, p.EmployeeID = "", " " }, template, "", 0,
			"Person 7 'u7' has no e-mail address: set one in Engage, or what the setting email.template asks for ({employee_id}@{domain})"},
		{"an employee id that makes no address", func(p *model.Person) { p.Email, p.EmployeeID = "", "7 8" }, template, "", 0, "Person 7 'u7' has no e-mail address"},
		{"neither user name nor employee id", func(p *model.Person) { *p = model.Person{DBID: 7, IsAgent: true, State: model.CfgEnabled} }, template, "", 0, "Person 7 has no e-mail address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := once(t, newSite().person(7, c.person), settings(c.settings), nil)
			if c.reason != "" {
				r.absent("user/7")
				if got := r.rejected("user/7"); !strings.HasPrefix(got, c.reason) {
					t.Errorf("the reason is %q", got)
				}
				return
			}
			equal(t, "address", r.object("user/7").Email, c.address)
			equal(t, "step", r.object("user/7").Identity.AddressStep, c.step)
			r.noRejects()
		})
	}
}

// The example of a reason, word by word.
func TestRejectReasonTellsWhatToDo(t *testing.T) {
	r := once(t, newSite().person(1042, noAddress, userName("jdoe")), settings(), nil)
	equal(t, "the reason", r.rejected("user/1042"), "Person 1042 'jdoe' has no e-mail address: set one in Engage or give the setting email.template")
}

// A schema without an e-mail column, and texts that are no address, are noted once.
func TestEmailColumnNotes(t *testing.T) {
	s := newSite().person(1, noAddress).person(2, noAddress)
	s.HasEmailColumn = false
	once(t, s, settings(template), nil).noted(1, "no e-mail column")
	once(t, newSite().person(1, email("n/a")).person(2, email("-")).person(3), settings(template), nil).noted(1, "for 2 Persons and counts as empty: 1, 2")
	ignored := settings(template, func(s *rules.Settings) { s.Email.Ignore = []string{"N/A"} })
	once(t, newSite().person(1, email("n/a")), ignored, nil).noted(0, "counts as empty")
}

// "A mapped user never falls to a lower step of the chain: its last address is kept and reported."
func TestMappedUserNeverFallsDownTheChain(t *testing.T) {
	before := newSite().person(7)
	for name, fall := range map[string]func(*model.Person){
		"from the column to the template":  noAddress,
		"from the column to the user name": func(p *model.Person) { p.Email, p.UserName = "", "u7@example.net" },
		"from the column to nothing":       func(p *model.Person) { p.Email, p.EmployeeID = "", "" },
	} {
		t.Run(name, func(t *testing.T) {
			_, rows := run(t, before, settings(template), table{})
			now := before.clone().alterPerson(7, fall).alterPerson(7, disabled)
			r, rows := run(t, now, settings(template), rows)
			o := r.object("user/7")
			equal(t, "address", o.Email, "p7@example.com")
			equal(t, "step", o.Identity.AddressStep, 1)
			equal(t, "the state goes on", o.State, model.StateInactive)
			r.noted(1, "keeps its last one")
			r.has(r.Frozen, "user/7")
			r.noRejects()

			back, _ := run(t, before.clone().alterPerson(7, email("new@example.com")), settings(template), rows)
			equal(t, "a new address in the column", back.object("user/7").Email, "new@example.com")
			back.has(back.Sticky)
		})
	}
	t.Run("up the chain it goes at once", func(t *testing.T) {
		_, rows := run(t, newSite().person(7, noAddress), settings(template), table{})
		equal(t, "by the template", rows[key(t, "user/7")].Object.Email, "E7@example.org")
		r, _ := run(t, before, settings(template), rows)
		equal(t, "address", r.object("user/7").Email, "p7@example.com")
	})
	t.Run("an orphan whose Person comes back without an address stays an orphan; with a lower step it keeps its own", func(t *testing.T) {
		_, rows := run(t, before, settings(), table{})
		row := rows[key(t, "user/7")]
		row.Orphan = true
		facts := model.Facts{key(t, "user/7"): row}
		once(t, before.clone().alterPerson(7, noAddress), settings(), facts).absent("user/7")
		equal(t, "address", once(t, before.clone().alterPerson(7, noAddress), settings(template), facts).object("user/7").Email, "p7@example.com")
	})
}

// "Two living Persons, one e-mail: whoever is mapped already keeps the user, else the lower DBID; the other is rejected,
// naming the winner (no falling down the chain)."
func TestDuplicateEmail(t *testing.T) {
	same := email("Shared@example.com")
	t.Run("the lower DBID, if neither is mapped", func(t *testing.T) {
		r := once(t, newSite().person(9, email("shared@EXAMPLE.com")).person(4, same), settings(template), nil)
		equal(t, "address", r.object("user/4").Email, "Shared@example.com")
		r.absent("user/9")
		if reason := r.rejected("user/9"); !strings.Contains(reason, "Person 9 'u9' has the same e-mail address as Person 4 'u4'") {
			t.Errorf("the reason does not name both: %s", reason)
		}
		r.has(r.Asks, "user/4", "user/9")
		r.has(r.Sticky, "user/4", "user/9")
	})
	t.Run("whoever is mapped with the address", func(t *testing.T) {
		_, rows := run(t, newSite().person(9, same), settings(template), table{})
		r, _ := run(t, newSite().person(9, same).person(4, same), settings(template), rows)
		equal(t, "address", r.object("user/9").Email, "Shared@example.com")
		r.absent("user/4")
		r.rejected("user/4")
	})
	t.Run("whoever is mapped at all, before a newcomer", func(t *testing.T) {
		_, rows := run(t, newSite().person(9), settings(template), table{})
		r, _ := run(t, newSite().person(9, same).person(4, same), settings(template), rows)
		equal(t, "address", r.object("user/9").Email, "Shared@example.com")
		r.absent("user/4")
	})
	t.Run("a mapped loser keeps its last address", func(t *testing.T) {
		_, rows := run(t, newSite().person(4).person(9, same), settings(template), table{})
		r, rows := run(t, newSite().person(4, same, disabled).person(9, same), settings(template), rows)
		equal(t, "the winner", r.object("user/9").Email, "Shared@example.com")
		equal(t, "the loser", r.object("user/4").Email, "p4@example.com")
		equal(t, "the loser's state goes on", r.object("user/4").State, model.StateInactive)
		r.rejected("user/4")
		r.has(r.Frozen, "user/4")
		// And somebody new who wants the address that the loser went back to is rejected, not given its user.
		r, _ = run(t, newSite().person(1, email("p4@example.com")).person(4, same).person(9, same), settings(template), rows)
		equal(t, "the loser", r.object("user/4").Email, "p4@example.com")
		r.absent("user/1")
		if reason := r.rejected("user/1"); !strings.Contains(reason, "Person 4 'u4'") {
			t.Errorf("the reason does not name the holder: %s", reason)
		}
	})
	t.Run("two who swap their addresses both get what Engage says", func(t *testing.T) {
		_, rows := run(t, newSite().person(4).person(9), settings(), table{})
		r, _ := run(t, newSite().person(4, email("p9@example.com")).person(9, email("p4@example.com")), settings(), rows)
		equal(t, "user/4", r.object("user/4").Email, "p9@example.com")
		equal(t, "user/9", r.object("user/9").Email, "p4@example.com")
		r.noRejects()
	})
	t.Run("two rows of one address: the one with the EX user", func(t *testing.T) {
		_, rows := run(t, newSite().person(4, same), settings(), table{})
		_, other := run(t, newSite().person(9, same), settings(), table{})
		a, b := rows[key(t, "user/4")], other[key(t, "user/9")]
		a.EXID = ""
		both := table{key(t, "user/4"): a, key(t, "user/9"): b}
		r, _ := run(t, newSite().person(4, same).person(9, same), settings(), both)
		r.has(r.Frozen, "user/4")
		if reason := r.rejected("user/4"); !strings.Contains(reason, "Person 9") {
			t.Errorf("the reason: %s", reason)
		}
	})
}

// An orphan does not come back on the strength of an address that is another's now.
func TestDuplicateEmailOfOrphan(t *testing.T) {
	_, rows := run(t, newSite().person(4), settings(), table{})
	row := rows[key(t, "user/4")]
	row.Orphan = true
	s := newSite().person(4, email("p9@example.com")).person(9)
	_, other := run(t, newSite().person(9), settings(), table{})
	r := once(t, s, settings(), model.Facts{key(t, "user/4"): row, key(t, "user/9"): other[key(t, "user/9")]})
	r.absent("user/4")
	r.rejected("user/4")
	equal(t, "the winner", r.object("user/9").Email, "p9@example.com")
}

// "A mapped DBID whose identifying fields all changed (user: employee id, user name, e-mail) is another object: held,
// never written."
func TestUserSuspect(t *testing.T) {
	_, rows := run(t, newSite().person(7), settings(), table{})
	other := func(p *model.Person) { p.EmployeeID, p.UserName, p.Email = "X", "x", "x@example.com" }
	r, _ := run(t, newSite().person(7, other), settings(), rows)
	if len(r.Suspects) != 1 || r.Suspects[0].Key != key(t, "user/7") {
		t.Fatalf("suspects: %v", r.Suspects)
	}
	equal(t, "what Engage says now is there to be approved", r.object("user/7").Email, "x@example.com")
	r.has(r.Sticky, "user/7")

	for name, part := range map[string]func(*model.Person){
		"the employee id stays":              func(p *model.Person) { p.UserName, p.Email = "x", "x@example.com" },
		"the user name stays but for case":   func(p *model.Person) { p.EmployeeID, p.UserName, p.Email = "X", "U7", "x@example.com" },
		"the e-mail stays":                   func(p *model.Person) { p.EmployeeID, p.UserName = "X", "x" },
		"only the name of the Person is new": func(p *model.Person) { p.FirstName, p.LastName = "Some", "Body" },
	} {
		if r, _ := run(t, newSite().person(7, part), settings(), rows); len(r.Suspects) > 0 {
			t.Errorf("%s: %v", name, r.Suspects)
		}
	}
	// A field that the row never had says nothing.
	_, bareRows := run(t, newSite().person(7, func(p *model.Person) { p.EmployeeID = "" }), settings(), table{})
	r, _ = run(t, newSite().person(7, func(p *model.Person) { p.EmployeeID, p.UserName, p.Email = "", "x", "x@example.com" }), settings(), bareRows)
	equal(t, "suspects", len(r.Suspects), 1)
	// One field alone proves nothing.
	_, bareRows = run(t, newSite().person(7, func(p *model.Person) { p.EmployeeID, p.Email = "", "" }), settings(func(s *rules.Settings) { s.Email.Template = "{dbid}@example.org" }), table{})
	r, _ = run(t, newSite().person(7, func(p *model.Person) { p.UserName = "x" }), settings(), bareRows)
	equal(t, "suspects", len(r.Suspects), 0)

	// Another Person without an address: the user is in question, not gone.
	r, _ = run(t, newSite().person(7, other, noAddress), settings(), rows)
	equal(t, "the row's address", r.object("user/7").Email, "p7@example.com")
	r.has(r.Frozen, "user/7")
}

// "Scope for a pilot: scope.groups (users)": explicit agents and expressions, group names without case.
func TestScopeGroups(t *testing.T) {
	s := newSite().person(1).person(2).person(3, disabled).person(4).
		skill(50, "Sales").level(2, 50, 3).group(11, 1, 3).virtual(12, `SkillExists("Sales")`)
	pilot := settings(func(s *rules.Settings) { s.Scope.Groups = []string{" group 11", "GROUP 12"} })
	r := once(t, s, pilot, nil)
	r.object("user/1")
	r.object("user/2")
	r.object("user/3")
	r.absent("user/4")

	t.Run("a Person who leaves the pilot group is gone", func(t *testing.T) {
		_, rows := run(t, s, pilot, table{})
		left := s.clone()
		left.GroupAgents = left.GroupAgents[1:]
		r, _ := run(t, left, pilot, rows)
		r.absent("user/1")
	})
	t.Run("a group that is missing, or whose expression does not parse, lets nobody leave", func(t *testing.T) {
		_, rows := run(t, s, pilot, table{})
		for _, damage := range []func(*site){
			func(s *site) { s.Groups[1].Script = `Skill("Sales"` },
			func(s *site) { s.Groups[1].Name = "renamed" },
		} {
			c := s.clone().person(5).level(5, 50, 1)
			damage(c)
			r, _ := run(t, c, pilot, rows)
			r.object("user/2")
			r.absent("user/4", "user/5")
			r.has(r.Sticky, "user/2")
		}
	})
}
