// Package verify sweeps the EX Org for what no notification covers: objects that drifted and objects that vanished.
//
// It reads lists and objects of the EX Org, compares them with what the mapping rows want, returns a report, and queues a
// message "look at this key" for each finding. It never writes to the EX Org or to a row's state: the worker that gets the
// message reads the object itself and decides. So a list is a hint, and a stale or incomplete one costs a few calls, no
// write. What it sees of a queue, for making that again should it be deleted, it notes on the queue's row where it differs.
//
// # What a sweep looks at
//
//	kind                      seen by                                          how often
//	source, skill, language,  one list each; sources also deactivated ones     every sweep
//	wrap-up code
//	queue                     the list in both peer halves                     every sweep
//	user                      the lists of active and inactive users with      every sweep
//	                          skills and languages expanded; who is in
//	                          neither is sought among the deleted
//	members of a queue        the queue's member list, in rotation             once a Round (a day)
//	external ids of a user    the user's own list, in rotation                 once a Round
//	wrap-up codes of a queue  the queue's own list, in rotation; at once if    once a Round
//	                          the list of queues shows other settings
//
// The expansion of a list of users is documented as best effort. What it left out is no difference: those users are read
// by themselves, some in the same sweep, the rest when the rotation comes to them. So are users beyond the 10,000 rows
// that the EX Org gives of a list.
//
// # Absence
//
// That an object is missing from one list proves nothing. The first miss is noted; the object counts as missing when its
// own read, at least Absence later, answers 404. The worker looks twice once more before it makes the object again.
//
// # Two sweeps at once
//
// A sweep claims its document for as long as it may take, with a number that only rises. The table refuses a write under
// an older number, so of two sweeps one stops. Nothing would be lost if both went on: a row takes one queued mark.
package verify
