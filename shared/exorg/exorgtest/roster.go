package exorgtest

import (
	"slices"
	"time"
)

// seat is a user's place in a queue, by hand, through a group, or both. A seat that was left stays for a while, so that a
// lagging reader still sees it.
type seat struct {
	user            *record[user]
	from, until     int64 // Unix nanoseconds; until 0: still there
	ring            int8
	joined          bool
	byUser, byGroup bool
}

// roster is the members of one queue, in order of joining it.
type roster struct {
	queue              string
	seats              []seat
	at                 map[*record[user]]int // position of the living seats
	all, users, joined int
}

// frozenSeat is a membership of a deleted user that its restore brings back.
type frozenSeat struct {
	queue string
	seat  seat
}

func newRoster(queueID string) *roster {
	return &roster{queue: queueID, at: map[*record[user]]int{}}
}

// count keeps the three sums of a queue up to date, with n 1 or -1.
func (r *roster) count(s *seat, n int) {
	r.all += n
	if s.byUser {
		r.users += n
	}
	if s.joined {
		r.joined += n
	}
}

// change edits a living seat and keeps the sums right; false: the user has no seat.
func (r *roster) change(u *record[user], edit func(*seat)) bool {
	i, ok := r.at[u]
	if !ok {
		return false
	}
	r.count(&r.seats[i], -1)
	edit(&r.seats[i])
	r.count(&r.seats[i], 1)
	return true
}

// enter seats a user; one that sits already only gets the new reason to sit.
func (w *world) enter(r *roster, s seat, now time.Time) (isNew bool) {
	u := s.user
	if r.change(u, func(old *seat) { old.byUser, old.byGroup = old.byUser || s.byUser, old.byGroup || s.byGroup }) {
		return false
	}
	s.from, s.until = now.UnixNano(), 0
	r.at[u] = len(r.seats)
	r.seats = append(r.seats, s)
	r.count(&s, 1)
	w.seatsOf[u] = append(w.seatsOf[u], r)
	return true
}

// leave ends a seat.
func (w *world) leave(r *roster, u *record[user], now time.Time) (left seat, ok bool) {
	i, ok := r.at[u]
	if !ok {
		return seat{}, false
	}
	left = r.seats[i]
	r.count(&left, -1)
	r.seats[i].until = max(now.UnixNano(), 1)
	delete(r.at, u)
	w.seatsOf[u] = slices.DeleteFunc(w.seatsOf[u], func(o *roster) bool { return o == r })
	if len(w.seatsOf[u]) == 0 {
		delete(w.seatsOf, u)
	}
	r.tidy(now.Add(-w.cfg.keep()))
	return left, true
}

// tidy forgets seats that were left before the horizon, once they are many.
func (r *roster) tidy(horizon time.Time) {
	empty := len(r.seats) - len(r.at)
	if empty < 64 || empty*2 < len(r.seats) {
		return
	}
	h := horizon.UnixNano()
	r.seats = slices.DeleteFunc(r.seats, func(s seat) bool { return s.until != 0 && s.until <= h })
	for i := range r.seats {
		if r.seats[i].until == 0 {
			r.at[r.seats[i].user] = i
		}
	}
}

// shown are the seats that a reader behind by lag is told.
func (r *roster) shown(now time.Time, lag time.Duration) func(*seat) bool {
	if lag <= 0 {
		return func(s *seat) bool { return s.until == 0 }
	}
	t := now.Add(-lag).UnixNano()
	return func(s *seat) bool { return s.from <= t && (s.until == 0 || s.until > t) }
}

// dropRoster ends all seats of a deleted queue.
func (w *world) dropRoster(queueID string) {
	r := w.rosters[queueID]
	delete(w.rosters, queueID)
	for u := range r.at {
		w.seatsOf[u] = slices.DeleteFunc(w.seatsOf[u], func(o *roster) bool { return o == r })
	}
}

// unseatAll takes a deleted user out of every queue, and keeps the seats for a restore where so set.
func (w *world) unseatAll(a *act, userID string) {
	u := w.users.get(userID)
	for _, r := range slices.Clone(w.seatsOf[u]) {
		left, _ := w.leave(r, u, a.now)
		if w.cfg.quirks.membersSurvive {
			w.frozen[userID] = append(w.frozen[userID], frozenSeat{queue: r.queue, seat: left})
		}
	}
}

// reseat gives a restored user its seats back, in the queues that are still there.
func (w *world) reseat(a *act, userID string) {
	for _, f := range w.frozen[userID] {
		if r := w.rosters[f.queue]; r != nil {
			w.enter(r, f.seat, a.now)
		}
	}
	delete(w.frozen, userID)
}
