package engagetest

import "strings"

// plantPersons plants Persons with nasty names and states.
func (n *NastySite) plantPersons() {
	add := func(c Case, expect string, alter func(*Person)) {
		p := n.named("Person")
		alter(&p)
		n.plant(c, TablePerson, expect, n.person(p))
	}
	add(PersonDisabled, "An inactive user, member of no queue, with its skills.", func(p *Person) { p.State = StateDisabled })
	add(PersonDeletedState, "As if the row were absent.", func(p *Person) { p.State = StateDeleted })
	add(PersonNameless, "The user's name is the user name.", func(p *Person) { p.First, p.Last = "", "" })
	add(PersonWithNothing, "The user's name is Person <DBID>; the e-mail address is the only thing known.", func(p *Person) {
		*p = Person{Email: "nobody@northwind.example"}
	})
	add(PersonSpaces, "Name and e-mail have no outer spaces.", func(p *Person) {
		p.First, p.Last, p.Email = "  Padded ", "Person   ", " "+p.Email+"  "
	})
	add(PersonLongName, "The name is both names, uncut: 129 characters.", func(p *Person) {
		p.First, p.Last = strings.Repeat("Maximilian", 7)[:64], strings.Repeat("Featherstone", 6)[:64]
	})
	add(PersonAccented, "The name keeps its accents.", func(p *Person) { p.First, p.Last = "Žofia", "Müller-Lüdenscheidt" })
	add(PersonCJK, "The name keeps its characters.", func(p *Person) { p.First, p.Last = "美咲", "山田" })
	add(PersonBrokenEncoding, "Bytes that are no UTF-8 (PostgreSQL holds U+FFFD in their place): the Person is rejected until the encoding is given.", func(p *Person) {
		p.First, p.Last = "Ren\xe9e", "Gar\xe7on"
	})
	p := n.named("Administrator")
	dbid := n.person(p)
	n.Persons[len(n.Persons)-1].Agent = false
	n.plant(PersonNotAgent, TablePerson, "No user: only agents become users (unless users.who is all).", dbid)
}

// plantIdentities plants Persons whose e-mail addresses, user names and employee ids are nasty.
func (n *NastySite) plantIdentities() {
	add := func(c Case, expect string, alter ...func(*Person)) {
		var dbids []int64
		for _, f := range alter {
			p := n.named("Identity")
			f(&p)
			dbids = append(dbids, n.person(p))
		}
		n.plant(c, TablePerson, expect, dbids...)
	}
	add(PersonWithoutEmail, "By the template if there is one, else rejected with a reason.", func(p *Person) { p.Email = "" })
	add(PersonBlankEmail, "By the template if there is one, else rejected with a reason, as if it were NULL.", func(p *Person) {
		p.Email, p.Blanks = "", true
	})
	add(PersonPlaceholder, "By the template if there is one, else rejected with a reason: n/a is no address.", func(p *Person) { p.Email = "n/a" })
	add(UserNameIsEmail, "The user name is the user's address.", func(p *Person) { p.UserName, p.Email = p.Email, "" })
	add(DuplicateEmail, "The lower DBID has the user; the other is rejected, naming the winner.",
		func(p *Person) { p.Email = "shared.address@northwind.example" },
		func(p *Person) { p.Email = "Shared.Address@Northwind.example" })
	add(EmployeeTwice, "Two users.",
		func(p *Person) { p.EmployeeID = "X-TWICE" },
		func(p *Person) { p.EmployeeID = "X-TWICE" })

	former := deletedDBID(&n.last.person)
	again := n.named("Returner")
	again.EmployeeID, again.Email = "X-AGAIN", "nasty.returner@northwind.example"
	n.plant(EmployeeRecreated, TablePerson,
		"The first DBID has no row any more, the second is the same employee (X-AGAIN): it takes the user of the first over, if that was mapped.",
		former, n.person(again))
}
