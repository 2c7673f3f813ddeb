// Package run takes one run from a read of Engage to messages on the queue: lease, read, prove, translate, plan, write
// desired states, send.
//
// It reads Engage, the mapping table and, for newcomers, lists of the EX Org; it returns a report of the plan and what was
// done with it; and it never writes to the EX Org.
package run
