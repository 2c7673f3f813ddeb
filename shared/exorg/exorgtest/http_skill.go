package exorgtest

import (
	"net/http"
	"slices"
	"strings"
)

const (
	maxSkillPage    = 500
	maxLanguagePage = 100
	maxGrantPage    = 50
	maxGrants       = 50
)

// getSkills lists skills or languages; name matches the beginning.
func getSkills(kind Kind) handler {
	most := maxSkillPage
	if kind == KindLanguage {
		most = maxLanguagePage
	}
	return func(c *call) (reply, *refusal) {
		p, e := c.readPage(most, c.w.cfg.rowCap)
		if e != nil {
			return reply{}, e
		}
		prefix := fold(c.query.Get("name"))
		rows := chosen(c.w.skillTable(kind), c.act, c.w, c.list("id"), func(s *skill) bool {
			return c.sees(s.division) && (s.state != stateDeleted || c.w.cfg.quirks.deletedListed) && strings.HasPrefix(fold(s.name), prefix)
		})
		if c.query.Get("sortOrder") == "descending" {
			slices.Reverse(rows)
		}
		return ok(listing(c, p, rows, func(s *skill) any { return c.w.skillView(kind, s) })), nil
	}
}

func postSkill(kind Kind) handler {
	return func(c *call) (reply, *refusal) {
		in, e := readDoc(c.body)
		if e != nil {
			return reply{}, e
		}
		s, e := c.w.createSkill(c.act, kind, in)
		if e != nil {
			return reply{}, e
		}
		return ok(c.w.skillView(kind, s)), nil
	}
}

// seenSkill is a read by id; a deleted one is 404, or 200 with its state where so set.
func (c *call) seenSkill(kind Kind, param string) (*skill, *refusal) {
	id := c.params[param]
	r := c.w.skillTable(kind).get(id)
	if r == nil {
		return nil, notFound(string(kind), id)
	}
	s := r.seen(c.now, c.w.readLag())
	if s == nil || !c.sees(s.division) || (s.state == stateDeleted && !c.w.cfg.quirks.deletedReadable) {
		return nil, notFound(string(kind), id)
	}
	return s, nil
}

func getSkill(kind Kind, param string) handler {
	return func(c *call) (reply, *refusal) {
		s, e := c.seenSkill(kind, param)
		if e != nil {
			return reply{}, e
		}
		return ok(c.w.skillView(kind, s)), nil
	}
}

// patchSkill moves a skill to a division, and can do nothing else: every other property, the name too, is ignored.
func patchSkill(c *call) (reply, *refusal) {
	in, e := readDoc(c.body)
	if e != nil {
		return reply{}, e
	}
	id := c.params["skillId"]
	r := c.w.skills.get(id)
	if r == nil || r.now().state == stateDeleted || !c.sees(r.now().division) {
		return reply{}, notFound("skill", id)
	}
	division, isThere, e := in.text("divisionId")
	if e != nil {
		return reply{}, e
	}
	s := r.now()
	if isThere {
		if e := c.w.divisionThere(c.act, "divisionId", division); e != nil {
			return reply{}, e
		}
		s = c.w.moveSkill(c.act, s, division)
	}
	return ok(c.w.skillView(KindSkill, s)), nil
}

func deleteSkill(kind Kind, param string) handler {
	return func(c *call) (reply, *refusal) {
		if e := c.w.deleteSkill(c.act, kind, c.params[param]); e != nil {
			return reply{}, e
		}
		return reply{status: http.StatusNoContent}, nil
	}
}

func (c *call) grantListing(u *user, kind Kind) (reply, *refusal) {
	p, e := c.readPage(maxGrantPage, c.w.cfg.rowCap)
	if e != nil {
		return reply{}, e
	}
	rows := c.w.grantViews(u, c.w.skillTable(kind), string(kind), u.grants(kind))
	return ok(listing(c, p, rows, func(v any) any { return v })), nil
}

func getGrants(kind Kind) handler {
	return func(c *call) (reply, *refusal) {
		u, e := c.userOfList()
		if e != nil {
			return reply{}, e
		}
		return c.grantListing(u, kind)
	}
}

// bulkGrants reads the body of a bulk call: 0 to 50.
func (c *call) bulkGrants(kind Kind) (*user, []grant, *refusal) {
	in, e := readDocs(c.body)
	if e != nil {
		return nil, nil, e
	}
	if len(in) > maxGrants {
		return nil, nil, bad("No more than %d %ss can be sent in one call.", maxGrants, kind)
	}
	u, e := c.w.livingUser(c.act, c.params["userId"])
	if e != nil {
		return nil, nil, e
	}
	grants, e := c.w.readGrants(kind, in)
	return u, grants, e
}

// putGrants replaces the whole set of skills.
func putGrants(c *call) (reply, *refusal) {
	u, grants, e := c.bulkGrants(KindSkill)
	if e != nil {
		return reply{}, e
	}
	return c.grantListing(c.w.setGrants(c.act, u, KindSkill, grants), KindSkill)
}

// patchGrants adds or updates and never removes.
func patchGrants(kind Kind) handler {
	return func(c *call) (reply, *refusal) {
		u, grants, e := c.bulkGrants(kind)
		if e != nil {
			return reply{}, e
		}
		if len(grants) > 0 {
			u = c.w.setGrants(c.act, u, kind, mergeGrants(u.grants(kind), grants))
		}
		return c.grantListing(u, kind)
	}
}

func (c *call) oneGrant(kind Kind, in doc) (reply, *refusal) {
	u, e := c.w.livingUser(c.act, c.params["userId"])
	if e != nil {
		return reply{}, e
	}
	grants, e := c.w.readGrants(kind, []doc{in})
	if e != nil {
		return reply{}, e
	}
	u = c.w.setGrants(c.act, u, kind, mergeGrants(u.grants(kind), grants))
	return ok(c.w.grantView(u.id, c.w.skillTable(kind), string(kind), grants[0])), nil
}

func postGrant(kind Kind) handler {
	return func(c *call) (reply, *refusal) {
		in, e := readDoc(c.body)
		if e != nil {
			return reply{}, e
		}
		return c.oneGrant(kind, in)
	}
}

// setGrant is the update of one; the id is that of the path.
func setGrant(kind Kind, param string) handler {
	return func(c *call) (reply, *refusal) {
		in, e := readDoc(c.body)
		if e != nil {
			return reply{}, e
		}
		in["id"] = c.params[param]
		return c.oneGrant(kind, in)
	}
}

func deleteGrant(kind Kind, param string) handler {
	return func(c *call) (reply, *refusal) {
		u, e := c.w.livingUser(c.act, c.params["userId"])
		if e != nil {
			return reply{}, e
		}
		rest, had := withoutGrant(u.grants(kind), c.params[param])
		if !had {
			return reply{}, notFound(string(kind)+" of the user", c.params[param])
		}
		c.w.setGrants(c.act, u, kind, rest)
		return reply{status: http.StatusNoContent}, nil
	}
}
