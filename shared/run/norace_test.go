//go:build !race

package run_test

// raced says that the race detector is on.
const raced = false

// stride is how far it is from one crash point to the next one that is tried: every one is.
const stride = 1
