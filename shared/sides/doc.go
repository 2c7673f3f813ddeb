// Package sides knows who the two sides are that a first plan was approved for: the organisation that the credentials lead to
// and the table that keeps what EXCS did there.
//
// It reads and writes one small document of the mapping table, returns contexts that bind reads and writes to the approved
// organisation, and never asks the EX Org for anything itself.
//
//	credentials lead to      table id      workers     runs
//	the approved one         the same      write       plan and send
//	another organisation     any           nothing     plan only, as over an empty table
//	the approved one         another       nothing     plan only, until the plan is approved
//
// Being back at a first plan is a comparison and erases nothing: what is kept of each organisation stands apart from what is
// kept of the others, and the approved one's is as it was when its credentials return.
package sides
