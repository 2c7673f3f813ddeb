package exorgtest

import (
	"net/http"
	"slices"
)

const maxUserPage = 500

// expands returns what the call's expand asks for.
func (c *call) expands() func(string) bool {
	asked := c.list("expand")
	return func(name string) bool { return slices.Contains(asked, name) }
}

func nothing(string) bool { return false }

// getUsers lists users: active ones unless state says otherwise. What expand asks for is best effort.
func getUsers(c *call) (reply, *refusal) {
	state := c.query.Get("state")
	if state == "" {
		state = stateActive
	}
	if !slices.Contains([]string{stateActive, stateInactive, stateDeleted, "any"}, state) {
		return reply{}, badField("state", "The state %s is not one of active, inactive, deleted, any.", state)
	}
	rowCap := c.w.cfg.rowCap
	if state == stateInactive {
		rowCap = c.w.cfg.rowCapInact
	}
	p, e := c.readPage(maxUserPage, rowCap)
	if e != nil {
		return reply{}, e
	}
	ids := c.list("id")
	rows := chosen(c.w.users, c.act, c.w, ids, func(u *user) bool {
		return c.sees(u.division) && (state == "any" || u.state == state)
	})
	if c.query.Get("sortOrder") == "descending" {
		slices.Reverse(rows)
	}
	want := c.expands()
	return ok(listing(c, p, rows, func(u *user) any {
		if c.w.dice.chance(c.w.cfg.expandOmitted) {
			return c.w.userView(u, nothing)
		}
		return c.w.userView(u, want)
	})), nil
}

func postUser(c *call) (reply, *refusal) {
	in, e := readDoc(c.body)
	if e != nil {
		return reply{}, e
	}
	u, e := c.w.createUser(c.act, in)
	if e != nil {
		return reply{}, e
	}
	return ok(c.w.userView(u, nothing)), nil
}

// seenUser is a read by id, behind by the read lag. A deleted user is there for who asks for state deleted, and no other is.
func (c *call) seenUser(wantDeleted bool) (*user, *refusal) {
	id := c.params["userId"]
	r := c.w.users.get(id)
	if r == nil {
		return nil, notFound("user", id)
	}
	u := r.seen(c.now, c.w.readLag())
	if u == nil || !c.sees(u.division) || (u.state == stateDeleted) != wantDeleted {
		return nil, notFound("user", id)
	}
	return u, nil
}

// userOfList is the living user whose skills, languages, external ids or queues are listed.
func (c *call) userOfList() (*user, *refusal) {
	id := c.params["userId"]
	r := c.w.users.get(id)
	if r == nil {
		return nil, notFound("user", id)
	}
	u := r.seenSide(c.now, c.w.sideLag())
	if u == nil || !c.sees(u.division) || u.state == stateDeleted {
		return nil, notFound("user", id)
	}
	return u, nil
}

func getUser(c *call) (reply, *refusal) {
	u, e := c.seenUser(c.query.Get("state") == stateDeleted)
	if e != nil {
		return reply{}, e
	}
	want := c.expands()
	if c.w.dice.chance(c.w.cfg.expandOmitted) {
		want = nothing
	}
	return ok(c.w.userView(u, want)), nil
}

func patchUser(c *call) (reply, *refusal) {
	in, e := readDoc(c.body)
	if e != nil {
		return reply{}, e
	}
	u, e := c.w.updateUser(c.act, c.params["userId"], in)
	if e != nil {
		return reply{}, e
	}
	return ok(c.w.userView(u, nothing)), nil
}

func deleteUser(c *call) (reply, *refusal) {
	u, e := c.w.deleteUser(c.act, c.params["userId"])
	if e != nil {
		return reply{}, e
	}
	return ok(map[string]any{"id": u.id, "state": u.state, "version": u.version}), nil
}

func getUserState(c *call) (reply, *refusal) {
	u, e := c.seenUser(false)
	if e != nil {
		return reply{}, e
	}
	return ok(stateView(u)), nil
}

// putUserState sets the state; its version is checked only when it is sent.
func putUserState(c *call) (reply, *refusal) {
	in, e := readDoc(c.body)
	if e != nil {
		return reply{}, e
	}
	u, e := c.w.findUser(c.act, c.params["userId"])
	if e != nil {
		return reply{}, e
	}
	version, sent, e := in.whole("version")
	if e != nil {
		return reply{}, e
	}
	if sent && version != u.version {
		return reply{}, c.w.staleVersion(u, version)
	}
	state, e := in.need("state")
	if e != nil {
		return reply{}, e
	}
	reason, _, e := in.text("stateChangeReason")
	if e != nil {
		return reply{}, e
	}
	if u, e = c.w.setState(c.act, u, state, reason); e != nil {
		return reply{}, e
	}
	return ok(stateView(u)), nil
}

func getExternalIDs(c *call) (reply, *refusal) {
	u, e := c.userOfList()
	if e != nil {
		return reply{}, e
	}
	return ok(externalViews(u)), nil
}

func getExternalID(c *call) (reply, *refusal) {
	u, e := c.userOfList()
	if e != nil {
		return reply{}, e
	}
	for _, x := range u.external {
		if x.Authority == c.params["authorityName"] {
			return ok(externalView(u.id, x)), nil
		}
	}
	return reply{}, notFound("external id", c.params["authorityName"])
}

func postExternalID(c *call) (reply, *refusal) {
	in, e := readDoc(c.body)
	if e != nil {
		return reply{}, e
	}
	u, e := c.w.addExternalID(c.act, c.params["userId"], in)
	if e != nil {
		return reply{}, e
	}
	return ok(externalViews(u)), nil
}

func deleteExternalID(c *call) (reply, *refusal) {
	x := ExternalID{Authority: c.params["authorityName"], Key: c.params["externalKey"]}
	if e := c.w.removeExternalID(c.act, c.params["userId"], x); e != nil {
		return reply{}, e
	}
	return reply{status: http.StatusNoContent}, nil
}

func getUserByExternalID(c *call) (reply, *refusal) {
	x := ExternalID{Authority: c.params["authorityName"], Key: c.params["externalKey"]}
	u := c.w.userByExternalID(c.act, x)
	if u == nil {
		return reply{}, notFound("user", x.Authority+"/"+x.Key)
	}
	return ok(c.w.userView(u, c.expands())), nil
}

// getUserQueues lists the queues that a user is a member of; joined ones unless joined says otherwise.
func getUserQueues(c *call) (reply, *refusal) {
	p, e := c.readPage(maxQueuePage, c.w.cfg.rowCap)
	if e != nil {
		return reply{}, e
	}
	if _, e := c.userOfList(); e != nil {
		return reply{}, e
	}
	joined := c.query.Get("joined") != "false"
	divisions := c.list("divisionId")
	u := c.w.users.get(c.params["userId"])
	var rows []*queue
	for _, r := range c.w.seatsOf[u] {
		q := c.w.queues.get(r.queue).now()
		if r.seats[r.at[u]].joined == joined && c.sees(q.division) && in(divisions, q.division) {
			rows = append(rows, q)
		}
	}
	return ok(listing(c, p, rows, func(q *queue) any {
		m := c.w.queueView(q)
		m["joined"] = joined
		return m
	})), nil
}
