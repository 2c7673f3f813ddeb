// Package replay brings dead letters back: objects that failed for good get another look after their cause is gone.
//
// It reads the dead-letter queue and the rows of the objects that its letters name, returns what it moved, dropped and left
// and why, and never writes to the EX Org or decides what an object should be.
package replay
