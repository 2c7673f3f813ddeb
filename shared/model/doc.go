// Package model holds the words that every other package shares: Kind, Key, Object, Observed, Change, Snapshot.
//
// It reads nothing but its arguments, returns values that are safe to copy and compare, and never touches a clock,
// a network or a log. It imports the standard library only, so that the pure core can stand on it.
package model
