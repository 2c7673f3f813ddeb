package exorgtest

import (
	"cmp"
	"strings"
	"sync"
	"time"
)

// world is the organisation itself: its objects and what may be done to them, whoever asks and by whatever way.
type world struct {
	mu   sync.RWMutex
	cfg  *config
	dice *dice

	orgID, home, adminID string
	users                *table[user]
	skills               *table[skill]
	languages            *table[skill]
	queues               *table[queue]
	codes                *table[code]
	sources              *table[source]
	divisions            *table[division]
	rosters              map[string]*roster          // by queue id
	seatsOf              map[*record[user]][]*roster // reverse of rosters
	frozen               map[string][]frozenSeat     // memberships of deleted users that survive
	cacheMu              sync.Mutex                  // of queueCached, which reads fill
	queueCached          map[string]cachedQueue      // deleted queues that a read brought back
	primary              map[string]primarySource    // presence source of a user
	audits               map[string]auditQuery       // by transaction id
	heldExt              map[string]time.Time        // when an external id was taken away
	history              *history
	pending              []Change
}

// act is one visit to the world: who comes, when, and what he can not see.
type act struct {
	by    Actor
	now   time.Time
	trace string
	blind map[string]bool // ids of divisions
	may   func(permissions []string) bool
}

// allowed says whether the visitor has the permission; an administrator has all.
func (a *act) allowed(permission string) bool { return a.may == nil || a.may([]string{permission}) }

func (a *act) sees(divisionID string) bool { return !a.blind[divisionID] }

func newWorld(cfg *config) *world {
	w := &world{cfg: cfg, dice: newDice(cfg.chance()), history: &history{limit: cfg.history}}
	keep := cfg.keep()
	w.users = newTable(keep, userWords)
	w.skills = newTable(keep, skillWords)
	w.languages = newTable(keep, skillWords)
	w.queues = newTable(keep, queueWords)
	w.codes = newTable(keep, func(c *code) []string { return []string{fold(c.name)} })
	w.sources = newTable(keep, func(s *source) []string { return []string{fold(s.name)} })
	w.divisions = newTable(0, func(d *division) []string { return []string{fold(d.name)} })
	w.rosters = map[string]*roster{}
	w.seatsOf = map[*record[user]][]*roster{}
	w.frozen = map[string][]frozenSeat{}
	w.queueCached = map[string]cachedQueue{}
	w.primary = map[string]primarySource{}
	w.audits = map[string]auditQuery{}
	w.heldExt = map[string]time.Time{}
	w.orgID = cmp.Or(cfg.orgID, w.dice.uuid())
	w.home, w.adminID = w.dice.uuid(), w.dice.uuid()
	w.divisions.put(w.home, &division{id: w.home, name: "Home", description: "The home division"}, cfg.clock())
	return w
}

// fold is how the organisation compares names and addresses.
func fold(s string) string { return strings.ToLower(s) }

// sameName says whether two names are duplicates of each other.
func (w *world) sameName(a, b string) bool {
	if w.cfg.quirks.caseSensitive {
		return a == b
	}
	return fold(a) == fold(b)
}

// behind returns how far this read is behind; a flaky organisation answers some reads from a fresh replica.
func (w *world) behind(lag time.Duration) time.Duration {
	if lag > 0 && w.dice.chance(w.cfg.flaky) {
		return 0
	}
	if lag > 0 && w.cfg.ragged {
		return w.dice.below(lag)
	}
	return lag
}

func (w *world) readLag() time.Duration  { return w.behind(w.cfg.readLag) }
func (w *world) sideLag() time.Duration  { return w.behind(max(w.cfg.readLag, w.cfg.sideLag)) }
func (w *world) indexLag() time.Duration { return w.behind(w.cfg.indexLag) }

// note records a change; it is told to subscribers after the lock is given back.
func (w *world) note(a *act, kind Kind, id, name, action string, props ...Property) {
	w.pending = append(w.pending, Change{At: a.now, Kind: kind, ID: id, Name: name, Action: action, Properties: props, By: a.by, Trace: a.trace})
}

// read runs f while nobody writes.
func (w *world) read(f func()) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	f()
}

// write runs f alone, then tells of the changes that it made.
func (w *world) write(f func()) {
	w.history.tell(w.writeQuietly(f))
}

// writeQuietly numbers the changes inside the lock, so that the history has them in the order in which they were committed.
func (w *world) writeQuietly(f func()) []Change {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
	changes := w.pending
	w.pending = nil
	w.history.add(changes)
	return changes
}
