// Package queuetest holds the promises of a queue.Queue as checks that the twin and every SQS server run.
//
// It reads and writes queues that a factory makes, returns failures check by check, and never lets a known gap of a
// server pass in silence: gaps are allowances by name, and one that closes fails the test.
package queuetest
