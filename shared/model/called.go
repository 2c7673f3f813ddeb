package model

import "strings"

// Called is what people know an Engage object by: its name, and the number that its administrators look it up by (a Person's employee id, else
// the user name; a DN's number and switch; a value's system name).
type Called struct {
	Name   string
	Number string
}

// Called tells what people know the objects of a snapshot by. A member list goes by its queue; what the snapshot has not is absent.
func (s *Snapshot) Called() map[Key]Called {
	called := make(map[Key]Called, len(s.Persons)+len(s.Skills)+2*len(s.DNs)+len(s.Values))
	for _, p := range s.Persons {
		number := p.EmployeeID
		if number == "" {
			number = p.UserName
		}
		called[Key{Kind: KindUser, DBID: p.DBID}] = Called{strings.TrimSpace(p.FirstName + " " + p.LastName), number}
	}
	for _, d := range s.DNs {
		c := Called{d.Alias, strings.TrimSuffix(d.Number+"@"+d.Switch, "@")}
		called[Key{Kind: KindQueue, DBID: d.DBID}], called[Key{Kind: KindMembers, DBID: d.DBID}] = c, c
	}
	for _, k := range s.Skills {
		called[Key{Kind: KindSkill, DBID: k.DBID}], called[Key{Kind: KindLanguage, DBID: k.DBID}] = Called{Name: k.Name}, Called{Name: k.Name}
	}
	for _, v := range s.Values {
		called[Key{Kind: KindWrapUpCode, DBID: v.DBID}] = Called{v.DisplayName, v.Name}
	}
	return called
}
