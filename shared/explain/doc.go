// Package explain tells why one EX Org object is as it is: the rows of Engage behind it, the rule that gave each field, what
// the EX Org says now, what EXCS did last and what happens next.
//
// It reads Engage, the mapping table and the EX Org; it returns an explanation that renders as text and as JSON; and it
// never writes anything anywhere: no row, no document, no message, no lease.
package explain
