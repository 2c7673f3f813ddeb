package explain

import (
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// Source is one row of Engage that the object is made from.
type Source struct {
	Table model.Table `json:"table"`
	Text  string      `json:"text"`
}

// Field is one controlled field.
type Field struct {
	Name string `json:"name"`
	// Control is how far Engage decides it: controlled, atCreation, ignored; exact, additive for sets.
	Control string `json:"control"`
	// Rule is the sentence that says where the value comes from.
	Rule     string `json:"rule"`
	Desired  string `json:"desired"`
	Observed string `json:"observed,omitempty"` // "" while the EX Org did not show the object
	// Differs says that the worker would change it now.
	Differs bool `json:"differs,omitempty"`
}

// Applied says whether EXCS made the desired state true, and since when the row is in its state.
type Applied struct {
	// Same says that what EXCS last made true is what Engage wants.
	Same  bool      `json:"same"`
	Never bool      `json:"never,omitempty"`
	Since time.Time `json:"since,omitzero"` // of Same
	// Written is when EXCS last wrote to the EX object.
	Written time.Time `json:"written,omitzero"`
}

// Explanation says why an object is as it is.
type Explanation struct {
	Key   model.Key `json:"key"`
	At    time.Time `json:"at"`
	Label string    `json:"label,omitempty"`
	EXID  string    `json:"exId,omitempty"`
	// Seen says that the EX Org showed the object, Missing that it answered 404.
	Seen    bool `json:"seen"`
	Missing bool `json:"missing,omitempty"`

	Engage []Source `json:"engage"`
	Fields []Field  `json:"fields"`

	// State is the row's, "" while there is no row; Since when it came into it, Reason why.
	State   mapping.State `json:"state,omitempty"`
	Goal    mapping.Goal  `json:"goal,omitempty"`
	Since   time.Time     `json:"since,omitzero"`
	Reason  string        `json:"reason,omitempty"`
	Applied Applied       `json:"applied"`

	// BeingChanged says that a run began to change the object and has not come to its end: until then nothing is known to be right.
	BeingChanged bool `json:"beingChanged,omitempty"`

	// Paused says who keeps EXCS from writing to the object, since when and why; "" when nobody does.
	Paused string `json:"paused,omitempty"`

	LastError   string    `json:"lastError,omitempty"`
	LastErrorAt time.Time `json:"lastErrorAt,omitzero"`
	Attempts    int       `json:"attempts,omitempty"`

	// History is what EXCS did to the object, the last first.
	History []mapping.Entry `json:"history,omitempty"`

	// Rejected says why Engage's object can not become an EX object as Engage has it.
	Rejected []string `json:"rejected,omitempty"`
	// Change is what the next run would change because Engage changed, nil for nothing; Drift is what the worker would set
	// back now.
	Change *model.Change `json:"change,omitempty"`
	Drift  []model.Field `json:"drift,omitempty"`
	// Next says in sentences what happens next.
	Next  []string `json:"next"`
	Notes []string `json:"notes,omitempty"`
}

// tellRow says where the row stands.
func (w *work) tellRow() {
	o, r := &w.out, w.row
	o.Label = label(w.desired)
	if w.key.Kind == model.KindMembers {
		o.Label = w.refs[model.Key{Kind: model.KindQueue, DBID: w.key.DBID}].Desired.Name
	}
	if !w.mapped {
		return
	}
	o.State, o.Goal, o.Since, o.Reason = r.State, r.Goal, r.Since, r.Reason
	o.LastError, o.LastErrorAt, o.Attempts = r.LastError, r.LastErrorAt, r.Attempts
	o.Applied = Applied{Same: r.Applied == r.Desired.Fingerprint(), Never: r.Applied == 0, Written: r.Written}
	if o.Applied.Same {
		o.Applied.Since = r.Since
	}
	for i := len(r.History) - 1; i >= 0; i-- {
		o.History = append(o.History, r.History[i])
	}
}

func label(o model.Object) string {
	if o.Key.Kind == model.KindUser && o.Email != "" {
		return o.Email
	}
	return o.Name
}
