// Package dispatch puts messages on the work queue: it marks the row queued, sends, and takes the mark back when sending
// fails.
//
// It reads and writes queued marks of the mapping table, returns which messages are on the queue, and never changes what a
// row is to be.
package dispatch
