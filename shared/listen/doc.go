// Package listen turns notices of changes in the EX Org into messages that say which object to look at.
//
// It reads the owners and rows of the mapping table and, for objects that are new in the EX Org, those objects; it returns
// counts, and never writes to the EX Org or acts on what a notice says: the worker reads the object again and compares.
//
// # What a notice leads to
//
//	noise (notice.Noise)                      nothing, and it costs nothing
//	an event that was heard before            nothing
//	the object belongs to keys                a message per key, now
//	members of a queue that belongs to a key  a message for the queue's member list, now
//	the same object again within a minute     nothing now: one look after the minute
//	an object that nobody owns                nothing; if it is new, the keys that own its address, name, peer id or
//	                                          external id are looked at, because it may be theirs by now
//	held, quarantined, orphaned, gone rows    nothing: the worker would not touch them
//	a paused object                           its row waits, without a message, and is looked at when the pause is over
//
// # One look a minute, and the last change is never missed
//
// The first notice of an object is answered at once. After it, notices are told apart by what the worker has done since:
//
//	a message for the row is on its way       it will be read after this notice: nothing to do
//	the row is not converged                  a message now; if it waits, its own wait ends with a look
//	the row is converged                      the row waits until the minute is over; the schedule then has it looked at.
//	                                          Until then nothing more is read or sent for the object
//
// A look that is at work while the row is set waiting must not end it: the row gets a new version, so that the worker finds
// its own out of date and reads the row again. That takes two steps; a worker that reads the row in the milliseconds between
// them looks at once and ends the wait, and what is then heard in the rest of the minute is left to verify. Several
// processes that hear of one object may look a few times more.
//
// A message that was marked and could not be sent takes its mark with it, so that it does not silence the object. The same
// notices may be told again after any error.
package listen
