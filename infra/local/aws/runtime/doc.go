// Package runtime hosts real bootstraps on this machine: it is the Lambda Runtime API and what Lambda does around it.
//
// It reads compiled functions and payloads, returns the answers with what they took (cold start, time, memory), and enforces
// what a function is configured with: time, memory, concurrency, payload sizes, one invocation at a time per process, a
// process that is frozen between invocations. It never hands a variable of its own environment to a function, listens on
// loopback only, and never leaves a process behind.
//
// What Lambda does here follows AWS's documentation of the execution environment; what is not documented is said where it
// is decided.
package runtime
