// Package pattern matches events with the event patterns of EventBridge.
//
// It reads a pattern and events as JSON, returns whether one matches the other, and never guesses: a filter that it does not
// know is an error when the pattern is read.
package pattern
