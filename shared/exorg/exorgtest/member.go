package exorgtest

import (
	"net/http"
	"time"
)

const maxMembersPerCall = 100

// memberIDs reads the ids of 1 to 100 members.
func memberIDs(in []doc) ([]string, *refusal) {
	if len(in) == 0 || len(in) > maxMembersPerCall {
		return nil, bad("Make sure you submit a valid number of queue members")
	}
	ids := make([]string, 0, len(in))
	for _, d := range in {
		id, e := d.need("id")
		if e != nil {
			return nil, e
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// addMembers puts users into a queue by hand. A user that is there already is no error.
func (w *world) addMembers(a *act, queueID string, ids []string) *refusal {
	q, e := w.livingQueue(a, queueID)
	if e != nil {
		return e
	}
	users := make([]*record[user], 0, len(ids))
	for _, id := range ids {
		if _, e := w.livingUser(a, id); e != nil {
			if w.cfg.quirks.unknownMembers {
				continue
			}
			return e
		}
		users = append(users, w.users.get(id))
	}
	r := w.rosters[queueID]
	if e := w.roomFor(r, users); e != nil {
		return e
	}
	var props []Property
	for _, u := range users {
		if w.enter(r, seat{user: u, byUser: true, joined: true, ring: 1}, a.now) {
			props = append(props, Property{Name: "QueueMember/" + queueID + ":" + u.id, New: []string{"<queue member added>"}})
		}
	}
	w.noteMembers(a, q, ActionMemberAdd, props)
	return nil
}

// roomFor refuses an add that would go over the limit of the queue.
func (w *world) roomFor(r *roster, users []*record[user]) *refusal {
	more := 0
	for _, u := range users {
		if _, there := r.at[u]; !there {
			more++
		}
	}
	if more == 0 || r.all+more <= w.cfg.memberLimit {
		return nil
	}
	return &refusal{
		status: http.StatusBadRequest, code: "limit.exceeded", limitKey: "queue.members.max", limit: w.cfg.memberLimit,
		message: "The queue would have more than the maximum number of members.",
	}
}

// removeMembers takes users out of a queue. Who is not there, or there through a group only, is passed over.
func (w *world) removeMembers(a *act, queueID string, ids []string) *refusal {
	q, e := w.livingQueue(a, queueID)
	if e != nil {
		return e
	}
	var props []Property
	for _, id := range ids {
		if w.removeMember(a, w.rosters[queueID], id) {
			props = append(props, Property{Name: "QueueMember/" + queueID + ":" + id, Old: []string{"<queue member deleted>"}})
		}
	}
	w.noteMembers(a, q, ActionMemberGone, props)
	return nil
}

// removeMember ends a membership by hand; one that a group gives as well goes on through the group.
func (w *world) removeMember(a *act, r *roster, userID string) bool {
	u := w.users.get(userID)
	if u == nil {
		return false
	}
	i, ok := r.at[u]
	if !ok || !r.seats[i].byUser {
		return false
	}
	if r.seats[i].byGroup {
		return r.change(u, func(s *seat) { s.byUser = false })
	}
	_, ok = w.leave(r, u, a.now)
	return ok
}

func (w *world) noteMembers(a *act, q *queue, action string, props []Property) {
	if len(props) > 0 {
		w.note(a, KindQueue, q.id, q.name, action, props...)
	}
}

// patchMembers joins and unjoins; who is no member is passed over.
func (w *world) patchMembers(a *act, queueID string, in []doc) *refusal {
	q, e := w.livingQueue(a, queueID)
	if e != nil {
		return e
	}
	if _, e := memberIDs(in); e != nil {
		return e
	}
	for _, d := range in {
		id, _, _ := d.text("id")
		joined, ok, e := d.flag("joined")
		if e != nil {
			return e
		}
		if u := w.users.get(id); u != nil && ok {
			w.joinMember(a, q, u, joined)
		}
	}
	return nil
}

func (w *world) joinMember(a *act, q *queue, u *record[user], joined bool) {
	was := joined
	w.rosters[q.id].change(u, func(s *seat) { was, s.joined = s.joined, joined })
	if was != joined {
		w.noteMembers(a, q, ActionMemberEdit, []Property{{
			Name: "QueueMember/" + q.id + ":" + u.id + ":joined", Old: []string{asText(was)}, New: []string{asText(joined)},
		}})
	}
}

// patchMember sets the ring number or joined of one member. Just after the add it is not found yet.
func (w *world) patchMember(a *act, queueID, userID string, in doc) *refusal {
	q, e := w.livingQueue(a, queueID)
	if e != nil {
		return e
	}
	r, u := w.rosters[queueID], w.users.get(userID)
	i, ok := r.at[u]
	if !ok || a.now.Sub(time.Unix(0, r.seats[i].from)) < max(w.cfg.memberLag, w.cfg.readLag) {
		return notFound("queue member", userID)
	}
	return w.setMember(a, q, u, in)
}

// setMember is patchMember of a member that is found.
func (w *world) setMember(a *act, q *queue, u *record[user], in doc) *refusal {
	ring, hasRing, e := in.whole("ringNumber")
	if e != nil {
		return e
	}
	if hasRing && (ring < 1 || ring > 6) {
		return badField("ringNumber", "The ring number must be between 1 and 6.")
	}
	joined, hasJoined, e := in.flag("joined")
	if e != nil {
		return e
	}
	if hasRing {
		w.rosters[q.id].change(u, func(s *seat) { s.ring = int8(ring) }) //nolint:gosec // 1 to 6, checked above
	}
	if hasJoined {
		w.joinMember(a, q, u, joined)
	}
	return nil
}

// memberView renders a member; memberBy tells how it came in.
func memberView(queueID string, s *seat) map[string]any {
	by := "user"
	if !s.byUser {
		by = "group"
	}
	u := s.user.now()
	return map[string]any{
		"id": u.id, "name": u.name, "ringNumber": int(s.ring), "joined": s.joined, "memberBy": by,
		"user":          map[string]any{"id": u.id, "name": u.name, "email": u.email, "version": u.version, "selfUri": "/api/v2/users/" + u.id},
		"routingStatus": map[string]any{"userId": u.id, "status": "OFF_QUEUE"},
		"selfUri":       "/api/v2/routing/queues/" + queueID + "/members/" + u.id,
	}
}
