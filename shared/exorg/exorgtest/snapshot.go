package exorgtest

import (
	"slices"
	"time"
)

// User is a copy of a user, deleted ones too.
type User struct {
	ID, Name, Email, State, DivisionID string
	Version                            int
	Modified                           time.Time
	Roles                              []string           // names
	Skills, Languages                  map[string]float64 // proficiency by id; those deleted since are left out
	External                           []ExternalID
	Extra                              map[string]any // title, department, addresses, manager, …
}

// Skill is a copy of an ACD skill or an ACD language, deleted ones too.
type Skill struct {
	ID, Name, State, DivisionID string
	Version                     int
	Modified                    time.Time
}

// Queue is a copy of a queue that is not deleted.
type Queue struct {
	ID, Name, PeerID, DivisionID string
	Modified                     time.Time
	Settings                     map[string]any // everything but name, peer id and division
	Codes                        []string       // ids of the wrap-up codes assigned; those deleted since are left out
	Members                      int            // number of members, by hand or through groups
}

// Member is a copy of a membership.
type Member struct {
	UserID          string
	Ring            int
	Joined          bool
	ByUser, ByGroup bool // put in by hand, through a group, or both
}

// Code is a copy of a wrap-up code.
type Code struct {
	ID, Name, DivisionID, Description string
	Modified                          time.Time
}

// Source is a copy of a presence source, deactivated ones too.
type Source struct {
	ID, Name, Type, Description string
	Deactivated                 bool
}

// Division is a copy of a division.
type Division struct {
	ID, Name string
	Home     bool
}

// copies reads all objects of a table as they are now, in order of creation.
func copies[T, V any](w *world, t *table[T], copyOf func(*T) V) []V {
	w.mu.RLock()
	defer w.mu.RUnlock()
	out := make([]V, 0, len(t.order))
	for _, r := range t.order {
		if v := r.now(); v != nil {
			out = append(out, copyOf(v))
		}
	}
	return out
}

// copyByID reads one object as it is now.
func copyByID[T, V any](w *world, t *table[T], id string, copyOf func(*T) V) (out V, ok bool) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if r := t.get(id); r != nil && r.now() != nil {
		return copyOf(r.now()), true
	}
	return out, false
}

// Users returns all users, deleted ones too, in order of creation.
func (o *Org) Users() []User { return copies(o.world, o.world.users, o.world.userCopy) }

// User returns a user; ok is false when there never was one.
func (o *Org) User(id string) (u User, ok bool) {
	return copyByID(o.world, o.world.users, id, o.world.userCopy)
}

// UserByEmail returns the user that holds an address, deleted or not.
func (o *Org) UserByEmail(email string) (u User, ok bool) {
	for _, u := range o.usersOf("email:" + fold(email)) {
		if fold(u.Email) == fold(email) {
			return u, true
		}
	}
	return User{}, false
}

// UserByExternalID returns the user that holds a foreign key, deleted or not.
func (o *Org) UserByExternalID(authority, key string) (u User, ok bool) {
	x := ExternalID{Authority: authority, Key: key}
	for _, u := range o.usersOf(x.word()) {
		if slices.Contains(u.External, x) {
			return u, true
		}
	}
	return User{}, false
}

func (o *Org) usersOf(word string) []User {
	o.world.mu.RLock()
	defer o.world.mu.RUnlock()
	var out []User
	for _, r := range o.world.users.find(word) {
		if u := r.now(); u != nil {
			out = append(out, o.world.userCopy(u))
		}
	}
	return out
}

func (w *world) userCopy(u *user) User {
	return User{
		ID: u.id, Name: u.name, Email: u.email, State: u.state, DivisionID: u.division, Version: u.version, Modified: u.changed,
		Roles: slices.Clone(u.roles), Skills: levels(w.skills, u.skills), Languages: levels(w.languages, u.languages),
		External: slices.Clone(u.external), Extra: copyMap(u.extra),
	}
}

func levels(t *table[skill], grants []grant) map[string]float64 {
	m := map[string]float64{}
	for _, g := range grants {
		if t.get(g.id).now().state != stateDeleted {
			m[g.id] = g.level
		}
	}
	return m
}

// Skills returns all ACD skills, deleted ones too.
func (o *Org) Skills() []Skill { return copies(o.world, o.world.skills, skillCopy) }

// Skill returns an ACD skill.
func (o *Org) Skill(id string) (s Skill, ok bool) {
	return copyByID(o.world, o.world.skills, id, skillCopy)
}

// Languages returns all ACD languages, deleted ones too.
func (o *Org) Languages() []Skill { return copies(o.world, o.world.languages, skillCopy) }

// Language returns an ACD language.
func (o *Org) Language(id string) (s Skill, ok bool) {
	return copyByID(o.world, o.world.languages, id, skillCopy)
}

func skillCopy(s *skill) Skill {
	return Skill{ID: s.id, Name: s.name, State: s.state, DivisionID: s.division, Version: s.version, Modified: s.changed}
}

// Queues returns the queues that are not deleted.
func (o *Org) Queues() []Queue {
	all := copies(o.world, o.world.queues, func(q *queue) *Queue {
		if q.deleted {
			return nil
		}
		c := o.world.queueCopy(q)
		return &c
	})
	out := make([]Queue, 0, len(all))
	for _, q := range all {
		if q != nil {
			out = append(out, *q)
		}
	}
	return out
}

// Queue returns a queue that is not deleted.
func (o *Org) Queue(id string) (q Queue, ok bool) {
	q, ok = copyByID(o.world, o.world.queues, id, func(q *queue) Queue {
		if q.deleted {
			return Queue{}
		}
		return o.world.queueCopy(q)
	})
	return q, ok && q.ID != ""
}

func (w *world) queueCopy(q *queue) Queue {
	codes := slices.DeleteFunc(slices.Clone(q.codes), func(id string) bool { r := w.codes.get(id); return r == nil || r.now() == nil })
	return Queue{
		ID: q.id, Name: q.name, PeerID: q.peer, DivisionID: q.division, Modified: q.changed, Settings: copyMap(q.fields), Codes: codes,
		Members: w.rosters[q.id].all,
	}
}

// Members returns the members of a queue in order of joining it; none when there is no such queue.
func (o *Org) Members(queueID string) []Member {
	o.world.mu.RLock()
	defer o.world.mu.RUnlock()
	r := o.world.rosters[queueID]
	if r == nil {
		return nil
	}
	out := make([]Member, 0, len(r.at))
	for i := range r.seats {
		if s := &r.seats[i]; s.until == 0 {
			out = append(out, Member{UserID: s.user.id, Ring: int(s.ring), Joined: s.joined, ByUser: s.byUser, ByGroup: s.byGroup})
		}
	}
	return out
}

// QueuesOf returns the ids of the queues that a user is a member of.
func (o *Org) QueuesOf(userID string) []string {
	o.world.mu.RLock()
	defer o.world.mu.RUnlock()
	var out []string
	for _, r := range o.world.seatsOf[o.world.users.get(userID)] {
		out = append(out, r.queue)
	}
	return out
}

// Codes returns all wrap-up codes.
func (o *Org) Codes() []Code { return copies(o.world, o.world.codes, codeCopy) }

// Code returns a wrap-up code.
func (o *Org) Code(id string) (c Code, ok bool) {
	return copyByID(o.world, o.world.codes, id, codeCopy)
}

func codeCopy(c *code) Code {
	return Code{ID: c.id, Name: c.name, DivisionID: c.division, Description: c.description, Modified: c.changed}
}

// Sources returns all presence sources, deactivated ones too.
func (o *Org) Sources() []Source {
	return copies(o.world, o.world.sources, func(s *source) Source {
		return Source{ID: s.id, Name: s.name, Type: s.kind, Description: s.description, Deactivated: s.deactivated}
	})
}

// Divisions returns all divisions, the home division first.
func (o *Org) Divisions() []Division {
	return copies(o.world, o.world.divisions, func(d *division) Division {
		return Division{ID: d.id, Name: d.name, Home: d.id == o.world.home}
	})
}

// Raw returns the whole of an object as JSON data, with everything that any read can show: of a user also skills, languages,
// authorization (roles) and externalIds, of a queue also wrapupCodes (ids). It is how a test proves that what EXCS does not control
// has stayed. ok is false when there is no such object.
func (o *Org) Raw(kind Kind, id string) (raw map[string]any, ok bool) {
	o.world.mu.RLock()
	defer o.world.mu.RUnlock()
	v := o.world.rawView(kind, id)
	if v == nil {
		return nil, false
	}
	raw, err := plain(v)
	return raw, err == nil
}

func (w *world) rawView(kind Kind, id string) map[string]any {
	switch kind {
	case KindUser:
		return rawOf(w.users, id, w.rawUser)
	case KindSkill:
		return rawOf(w.skills, id, func(s *skill) map[string]any { return w.skillView(kind, s) })
	case KindLanguage:
		return rawOf(w.languages, id, func(s *skill) map[string]any { return w.skillView(kind, s) })
	case KindQueue:
		return rawOf(w.queues, id, w.rawQueue)
	case KindCode:
		return rawOf(w.codes, id, w.codeView)
	case KindSource:
		return rawOf(w.sources, id, (*source).view)
	case KindDivision:
		return rawOf(w.divisions, id, w.divisionView)
	}
	return nil
}

func rawOf[T any](t *table[T], id string, view func(*T) map[string]any) map[string]any {
	if r := t.get(id); r != nil && r.now() != nil {
		return view(r.now())
	}
	return nil
}

func (w *world) rawUser(u *user) map[string]any {
	m := w.userView(u, func(string) bool { return true })
	m["externalIds"] = externalViews(u)
	return m
}

func (w *world) rawQueue(q *queue) map[string]any {
	if q.deleted {
		return nil
	}
	m := w.queueView(q)
	m["wrapupCodes"] = w.queueCopy(q).Codes
	return m
}
