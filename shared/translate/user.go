package translate

import (
	"strconv"

	"excs/shared/model"
	"excs/shared/rules"
)

// candidate is a Person that may become a user.
type candidate struct {
	person *model.Person
	index  int // in the crowd
	key    model.Key

	// row is the mapping row, if the facts have one. mapped says that it is this Person's: there is one, and its
	// identifying fields did not all change.
	row    model.Known
	mapped bool
	other  bool // the row is another Person's

	address address
	// retreated says that the candidate lost its address to another and went back to its last one.
	retreated bool
	out       bool
}

// lastAddress is the address that the row holds.
func (c *candidate) lastAddress() address {
	o := c.row.Object
	return address{o.Email, o.Identity.AddressStep, o.Identity.Address}
}

// users turns Persons into users (RULES 3, 4): who, scope, address, name, state, skills and languages.
func (t *translation) users() {
	t.indexGroups()
	t.emitted = newSet(len(t.crowd.rows))
	if !t.snapshot.HasEmailColumn {
		t.note(model.Key{}, "cfg_person has no e-mail column: addresses come from the user name or the template")
	}
	t.noteColumn()
	candidates := t.candidates()
	t.settleAddresses(candidates)
	tooHigh := 0
	for i := range candidates {
		c := &candidates[i]
		if c.out {
			t.keepRow(c)
			continue
		}
		t.emitted.add(c.index)
		o, cut := t.user(c)
		tooHigh += cut
		t.emit(o)
	}
	if tooHigh > 0 {
		t.note(model.Key{}, "%d skill levels are above 5 and are cut to 5: if the site counts to 10, give the setting proficiency \"scale:10\"", tooHigh)
	}
}

// candidates gives the Persons in scope that have an address, and rejects the others. A mapped Person stays in scope
// while the scope is unsure.
func (t *translation) candidates() []candidate {
	in, unsure := t.scope()
	out := make([]candidate, 0, len(t.crowd.rows))
	for i := range t.crowd.rows {
		p := &t.crowd.rows[i]
		c := candidate{person: p, index: i, key: model.Key{Kind: model.KindUser, DBID: p.DBID}}
		if !in.has(i) {
			if _, mapped := t.mapped(c.key); !unsure || !mapped {
				continue
			}
			t.stick(c.key)
		}
		c.address = t.addressOf(p)
		c.row, c.mapped = t.row(c.key)
		if c.mapped && t.isOther(&c) {
			c.mapped, c.other = false, true
		}
		t.keepAddress(&c)
		switch {
		case !model.IsText(p.EmployeeID, p.UserName, p.FirstName, p.LastName, p.Email):
			c.out = true
			t.rejectUnreadable(c.key, label(p))
		case c.address.text == "":
			c.out = true
			t.rejectAddress(&c)
		}
		out = append(out, c)
	}
	return out
}

// isOther says whether the row is another Person's (RULES 4.16).
func (t *translation) isOther(c *candidate) bool {
	was := c.row.Object.Identity
	// One field alone proves nothing about a Person: any of them can be edited.
	if !allChanged(2, [2]string{was.EmployeeID, c.person.EmployeeID}, [2]string{was.UserName, c.person.UserName}, [2]string{was.Address, c.address.own}) {
		return false
	}
	t.suspect(c.key, "%s: employee id, user name and e-mail all differ from those of the mapped user: another Person under this DBID? Nothing is written until an operator approves", label(c.person))
	return true
}

// keepRow keeps a mapped user that has nothing usable in Engage just as its row has it: it is in question, not gone.
func (t *translation) keepRow(c *candidate) {
	if !(c.mapped || c.other) || c.row.Orphan {
		return
	}
	t.freeze(c.key)
	t.emitted.add(c.index)
	t.emit(c.row.Object.Clone())
}

func (t *translation) user(c *candidate) (o model.Object, tooHigh int) {
	p := c.person
	o = model.Object{
		Key:         c.key,
		Name:        userName(p),
		Email:       c.address.text,
		State:       model.StateActive,
		ExternalKey: strconv.FormatInt(p.DBID, 10),
		Identity: model.Identity{
			EmployeeID: model.Clean(p.EmployeeID), UserName: model.Clean(p.UserName),
			Address: c.address.own, AddressStep: c.address.step,
		},
	}
	if p.State == model.CfgDisabled {
		o.State = model.StateInactive
	}
	tooHigh = t.assign(&o, t.crowd.held[c.index])
	return o, tooHigh
}

// assign sorts what a person holds into skills and languages. Of skills that are one, Normalize keeps the higher level.
// A set that the settings leave alone stays empty, so that it makes no change.
func (t *translation) assign(o *model.Object, held []holding) (tooHigh int) {
	for _, h := range held {
		c := t.skills.is[h.skill]
		if c.owner == 0 {
			continue
		}
		if t.settings.Proficiency.Scale == 0 && h.level > 5 {
			tooHigh++
		}
		a := model.Assignment{DBID: c.owner, Name: c.name, Level: proficiency(h.level, t.settings.Proficiency, c.language)}
		switch {
		case c.language && t.settings.Users.Languages != rules.SetIgnored:
			o.Languages = append(o.Languages, a)
		case !c.language && t.settings.Users.Skills != rules.SetIgnored:
			o.Skills = append(o.Skills, a)
		}
	}
	return tooHigh
}

// userName is first and last name, else user name, else employee id, else the DBID (RULES 4.8).
func userName(p *model.Person) string {
	full := model.Clean(model.Clean(p.FirstName) + " " + model.Clean(p.LastName))
	return firstOf(full, p.UserName, p.EmployeeID, "Person "+strconv.FormatInt(p.DBID, 10))
}

// noteColumn counts texts in the e-mail column that are neither an address nor a placeholder of the settings.
func (t *translation) noteColumn() {
	var dbids []int64
	for i := range t.crowd.rows {
		if column := model.Clean(t.crowd.rows[i].Email); column != "" && !isAddress(column) && !t.isPlaceholder(column) {
			dbids = append(dbids, t.crowd.rows[i].DBID)
		}
	}
	if len(dbids) > 0 {
		t.note(model.Key{}, "the e-mail column holds no address for %d Persons and counts as empty: %s", len(dbids), some(dbids))
	}
}
