package exorgtest

import (
	"hash/fnv"
	"net/http"
	"time"
)

// The OAuth client that every organisation has unless WithClients names others.
const (
	DefaultClientID     = "excs-client"
	DefaultClientSecret = "excs-secret" //nolint:gosec // the simulated organisation's own, not a credential of anything
)

// Client is an OAuth client (grant client credentials) of the organisation.
type Client struct {
	ID, Secret, Name string
	// Lacks lists permissions that the client's role does not grant; every other one it grants.
	Lacks []string
	// Blind lists ids of divisions that the client's role does not reach: their objects answer 404 and are in no list.
	Blind []string
	// PerMinute is the rate limit of each of its tokens; 0 takes that of the organisation.
	PerMinute int
}

// Option sets one property of a new organisation.
type Option func(*config)

type config struct {
	ids           func(kind Kind, name string) string // of objects that are made; nil: by chance
	clock         func() time.Time
	seed          uint64
	clients       []Client
	perMinute     int
	tokensPer     int
	tokenLife     time.Duration
	indexLag      time.Duration
	readLag       time.Duration
	sideLag       time.Duration
	ragged        bool
	memberLag     time.Duration
	flaky         float64
	queueGone     time.Duration
	queueCache    time.Duration
	eventLag      time.Duration
	logSize       int
	history       int
	validator     Validator
	queueLimit    int
	memberLimit   int
	rowCap        int
	rowCapInact   int
	pageMost      int
	name, orgID   string
	expandOmitted float64
	quirks        quirks
}

// quirks holds the answers to the points that only a real organisation settles (FACTS X15).
type quirks struct {
	versionStatus    int
	duplicateStatus  int
	caseSensitive    bool
	namesHeld        bool
	externalIDsFreed bool
	deletedReadable  bool
	deletedListed    bool
	assignmentsShown bool
	skillsSurvive    bool
	membersSurvive   bool
	skillsMove       bool
	sourceRemoved    bool
	strictBodies     bool
	looseBodies      bool
	bareVersions     bool
	namesTrimmed     bool
	nameLimits       map[Kind]int
	erasedStatus     int
	queueRefsChecked bool
	emptyAddresses   bool
	unknownMembers   bool
	skillAudit       bool
	clientInEvents   bool
}

const defaultName = "EX Org"

func defaults() *config {
	return &config{
		clock: time.Now, seed: 1, tokenLife: 24 * time.Hour, logSize: 1000, history: 10000,
		queueLimit: 5000, memberLimit: 5000, rowCap: 10000, rowCapInact: 10000, name: defaultName,
		clients: []Client{{ID: DefaultClientID, Secret: DefaultClientSecret, Name: "EXCS"}},
		quirks:  quirks{versionStatus: http.StatusConflict, duplicateStatus: http.StatusBadRequest, erasedStatus: http.StatusNotFound},
	}
}

// keep is how long past states are needed.
func (c *config) keep() time.Duration { return max(c.indexLag, c.readLag, c.sideLag) }

// WithClock sets the clock; default time.Now, which is virtual inside a testing/synctest bubble.
func WithClock(now func() time.Time) Option { return func(c *config) { c.clock = now } }

// WithSeed makes ids, tokens and every chance repeatable; default 1.
func WithSeed(seed uint64) Option { return func(c *config) { c.seed = seed } }

// WithName sets the name of the organisation. One of another name has other ids and tokens than the first, under the same seed too.
func WithName(name string) Option { return func(c *config) { c.name = name } }

// chance gives the seed of the organisation's own ids and tokens.
func (c *config) chance() uint64 {
	if c.name == defaultName {
		return c.seed
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(c.name)) // a hash takes everything
	return c.seed ^ h.Sum64()
}

// WithID sets the id of the organisation; by default it comes from the seed.
func WithID(id string) Option { return func(c *config) { c.orgID = id } }

// WithIDs gives objects that are made the ids that a former organisation had for them, by kind and name; "" takes one by chance.
func WithIDs(of func(kind Kind, name string) string) Option { return func(c *config) { c.ids = of } }

// WithClients replaces the OAuth clients.
func WithClients(clients ...Client) Option {
	return func(c *config) { c.clients = append([]Client(nil), clients...) }
}

// WithRateLimit allows so many requests per minute and token, in fixed windows of one minute; 0, the default, is no limit.
func WithRateLimit(perMinute int) Option { return func(c *config) { c.perMinute = perMinute } }

// WithTokenRateLimit allows so many token requests per minute and client; beyond, the token endpoint answers
// 400 invalid_request. 0, the default, is no limit.
func WithTokenRateLimit(perMinute int) Option { return func(c *config) { c.tokensPer = perMinute } }

// WithTokenLifetime sets how long an access token is valid; default 24 hours.
func WithTokenLifetime(d time.Duration) Option { return func(c *config) { c.tokenLife = d } }

// WithIndexLag lets lists, name filters and searches show the organisation as it was d ago.
func WithIndexLag(d time.Duration) Option { return func(c *config) { c.indexLag = d } }

// WithReadLag lets a read by id show the object as it was d ago: stale after an update, 404 after a create. What hangs on an object
// (a user's skills, languages and external ids, a queue's members and codes) is as old, but there as soon as the object is made.
func WithReadLag(d time.Duration) Option { return func(c *config) { c.readLag = d } }

// WithSideLag lets reads of what hangs on an object show it as it was d ago, while the object itself is read up to date.
func WithSideLag(d time.Duration) Option { return func(c *config) { c.sideLag = d } }

// WithRaggedLag lets every read lag by a time of its own, from nothing up to the lag that is set, so that a later read may show an
// older state.
func WithRaggedLag(yes bool) Option { return func(c *config) { c.ragged = yes } }

// WithMemberLag lets PATCH of a single queue member answer 404 until d after the member was added.
func WithMemberLag(d time.Duration) Option { return func(c *config) { c.memberLag = d } }

// WithFlakyLag lets a share of the reads be up to date in spite of the lags, as different replicas would be.
func WithFlakyLag(share float64) Option { return func(c *config) { c.flaky = share } }

// WithQueueDeleteLag lets a deleted queue be read and listed until d after its deletion.
func WithQueueDeleteLag(d time.Duration) Option { return func(c *config) { c.queueGone = d } }

// WithQueueCache lets a read by id within the time of WithQueueDeleteLag fill a cache that answers for d.
func WithQueueCache(d time.Duration) Option { return func(c *config) { c.queueCache = d } }

// WithEventLag sets how long after a change its audit event is delivered.
func WithEventLag(d time.Duration) Option { return func(c *config) { c.eventLag = d } }

// WithLog bounds the request log; default 1,000 entries, 0 keeps none.
func WithLog(entries int) Option { return func(c *config) { c.logSize = entries } }

// WithHistory bounds the history of changes and events; default 10,000, 0 keeps none.
func WithHistory(changes int) Option { return func(c *config) { c.history = changes } }

// WithLimits sets the greatest number of queues and of members per queue; default 5,000 each.
func WithLimits(queues, members int) Option {
	return func(c *config) { c.queueLimit, c.memberLimit = queues, members }
}

// WithRowCap sets beyond which row paging answers 400, for lists at large and for the list of inactive users; default 10,000
// each, 0 lifts it. The fact is proven for inactive users only.
func WithRowCap(lists, inactiveUsers int) Option {
	return func(c *config) { c.rowCap, c.rowCapInact = lists, inactiveUsers }
}

// WithPageSize gives at most so many rows a page, whatever is asked for, so that a small organisation has lists of several
// pages. The answer says how many it gives.
func WithPageSize(most int) Option { return func(c *config) { c.pageMost = most } }

// WithExpandOmission lets a share of the users in a list come without what expand asked for: expand is best effort.
func WithExpandOmission(share float64) Option { return func(c *config) { c.expandOmitted = share } }
