// Package queue carries "look at this object" messages between the functions of EXCS.
//
// It reads and writes one SQS FIFO queue (or its twin in memory), returns what it received with a receipt, and never
// acts on a message or looks at the mapping table.
package queue
