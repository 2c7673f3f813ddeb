// Package poller is an event source mapping: it carries messages from an SQS queue to a function, as Lambda does.
//
// It reads a queue, returns to it whatever the function did not answer for as done (by leaving it alone: the visibility
// timeout and the redrive policy do the rest), and never runs more invocations than the mapping allows, nor two at once
// with messages of one group of a FIFO queue.
package poller
