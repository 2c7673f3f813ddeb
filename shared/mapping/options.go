package mapping

import (
	"crypto/rand"
	"time"
)

// The defaults of Options.
const (
	DefaultGoneFor = 30 * 24 * time.Hour
	DefaultAllowed = 300
)

// Options are what a table and its twin have in common. The zero value is good for production.
type Options struct {
	// Clock tells the time where a method has no "now" (nil: time.Now). It decides which items are expired.
	Clock func() time.Time
	// Stamps gives a text that was never given before, one for every write (nil: random). It is what an own write whose
	// answer was lost is recognised by.
	Stamps func() string
	// GoneFor is how long a row stays after its EX object was deleted, so that a re-created Engage object finds it
	// (0: DefaultGoneFor).
	GoneFor time.Duration
	// Allowed is the requests per minute to start from while the EX Org's headers have not told the limit
	// (0: DefaultAllowed).
	Allowed int
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Stamps == nil {
		o.Stamps = rand.Text
	}
	if o.GoneFor <= 0 {
		o.GoneFor = DefaultGoneFor
	}
	if o.Allowed <= 0 {
		o.Allowed = DefaultAllowed
	}
	return o
}
