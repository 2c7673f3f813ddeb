package model

// Known is what the mapping row of one key tells the rules that look back (RULES 8). Translate and plan get such facts
// as values, for the keys in question only.
type Known struct {
	// Object is the desired object that the row holds (the last one Engage's own state led to).
	Object Object `json:"object"`
	// EXID is the mapped EX Org object, "" while there is none.
	EXID string `json:"exId,omitempty"`
	// Orphan says that the Engage object is gone and the EX object stays for the administrator.
	Orphan bool `json:"orphan,omitempty"`
	// Leaving says that the row's goal is the deletion of the EX object.
	Leaving bool `json:"leaving,omitempty"`
	// Adopted says that the EX queue was there before EXCS, or that nobody knows who made it.
	Adopted bool `json:"adopted,omitempty"`
}

// Facts are the Known rows by key. A key that is absent was not asked for, or has no row.
type Facts map[Key]Known

// Delta says how the desired objects of a run differ from the mapping index.
type Delta struct {
	New     []Key // desired, no row
	Changed []Key // desired, with another fingerprint than the row's
	Lost    []Key // in the index, not desired
	// Marked are the keys, among Changed and Lost, that a run marked as being changed and did not come to unmark: only
	// their rows say what they are to be.
	Marked []Key
	// Mapped counts the keys of the index by kind, before this run.
	Mapped map[Kind]int
}

// Empty says whether there is nothing to do.
func (d Delta) Empty() bool { return len(d.New)+len(d.Changed)+len(d.Lost) == 0 }
