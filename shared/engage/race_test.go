//go:build race

package engage_test

// raced says that the race detector is on.
const raced = true
