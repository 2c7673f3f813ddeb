package listen

// Report counts what became of notices.
type Report struct {
	// Heard notices were told; Rejected events could not be read (the caller counts them).
	Heard    int `json:"heard"`
	Rejected int `json:"rejected,omitempty"`
	// Sent messages are on the queue.
	Sent int `json:"sent"`
	// Later counts objects that are looked at when their minute is over.
	Later int `json:"later,omitempty"`
	// Coalesced notices need nothing of their own: a look is on its way, or will come.
	Coalesced int `json:"coalesced,omitempty"`
	// Left are objects that nobody will look at, because the time was up: they have to be told of again.
	Left int `json:"left,omitempty"`
	// Replayed notices were taken in before.
	Replayed int `json:"replayed,omitempty"`
	// Ignored notices, by reason: those of notice.Noise, and the ones below.
	Ignored map[string]int `json:"ignored,omitempty"`
}

// Reasons to ignore a notice that is no noise. A row that workers leave alone has the reason "row held" and so on, by its
// state.
const (
	ReasonUnknown = "unknown id"
	ReasonNoRow   = "no row"
	rowIs         = "row "
)

func (r *Report) ignore(reason string) {
	if r.Ignored == nil {
		r.Ignored = map[string]int{}
	}
	r.Ignored[reason]++
}

// Acts says whether anything will be looked at on account of the notices.
func (r Report) Acts() bool { return r.Sent+r.Later+r.Coalesced > 0 }
