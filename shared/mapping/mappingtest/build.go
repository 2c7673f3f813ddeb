package mappingtest

import (
	"strconv"

	"excs/shared/mapping"
	"excs/shared/model"
)

func userKey(dbid int64) model.Key { return model.Key{Kind: model.KindUser, DBID: dbid} }

func queueKey(dbid int64) model.Key { return model.Key{Kind: model.KindQueue, DBID: dbid} }

// User builds a usual user: a dozen skills, two languages.
func User(dbid int64) model.Object {
	o := model.Object{
		Key: userKey(dbid), Name: "Jane Doe " + strconv.FormatInt(dbid, 10), Email: "jane.doe" + strconv.FormatInt(dbid, 10) + "@example.com",
		State: model.StateActive, ExternalKey: strconv.FormatInt(dbid, 10),
		Identity: model.Identity{EmployeeID: "E" + strconv.FormatInt(dbid, 10), UserName: "jdoe", Address: "jane.doe@example.com", AddressStep: 1},
	}
	for i, name := range []string{"Billing", "Sales", "Support", "Returns", "Retention", "Claims", "Orders", "Payments", "Dispatch", "Warranty", "Upgrades", "Complaints"} {
		o.Skills = append(o.Skills, model.Assignment{DBID: int64(101 + i), Name: name, Level: model.Proficiency(10 * (i%5 + 1))})
	}
	o.Languages = []model.Assignment{{DBID: 201, Name: "English", Level: 50}, {DBID: 202, Name: "French", Level: 30}}
	return o
}

// Members builds a member list of n users.
func Members(dbid int64, n int) model.Object {
	o := model.Object{Key: model.Key{Kind: model.KindMembers, DBID: dbid}}
	for i := range n {
		o.Members = append(o.Members, int64(1000+37*i))
	}
	return o
}

func wish(o model.Object) mapping.Wish {
	return mapping.Wish{Key: o.Key, Goal: mapping.GoalPresent, Desired: o, Cause: model.CauseEngage}
}

// put gives a key its first desired state.
func (c *C) put(run int64, o model.Object) mapping.Row {
	r, err := c.Store.PutDesired(c.Ctx, run, wish(o))
	c.ok(err)
	return r
}

func (c *C) get(key model.Key) mapping.Row {
	r, err := c.Store.Get(c.Ctx, key)
	c.ok(err)
	return r
}

// record moves a row to a state at its version.
func (c *C) record(r mapping.Row, s mapping.State) mapping.Row {
	after, err := c.Store.Record(c.Ctx, mapping.Outcome{Key: r.Key, Version: r.Version, State: s}, c.Clock.Now())
	c.ok(err)
	return after
}
