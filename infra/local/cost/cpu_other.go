//go:build !unix

package main

import "time"

// processorTime is the wall time where the system does not tell the processor's: an upper bound for work of one thread.
// Only differences of it mean something.
func processorTime() time.Duration { return time.Duration(time.Now().UnixNano()) }
