//go:build race

package main

// stormy is how many events a storm has: the race detector makes each of them several times as dear, and is after the
// code, not after the number. Without it (`make test` does both) they are ten thousand.
const stormy = 1000
