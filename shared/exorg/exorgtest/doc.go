// Package exorgtest is an EX Org over HTTP, in memory: it reads requests of the Platform API subset and the edits that a test makes as an administrator would.
// It returns what a real organisation answers, with its quirks, limits, lags and faults on demand, counts every call by route and keeps the history of changes as audit events.
// It never looks at what EXCS sends to decide how an organisation behaves, starts no goroutine or timer of its own, and keeps no secret in its log.
package exorgtest
