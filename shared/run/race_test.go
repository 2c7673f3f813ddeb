//go:build race

package run_test

// raced says that the race detector is on. It makes everything several times as dear and is after the code, not after the
// sizes: what is large, and most of the crash points, is tried without it (`make test` does both).
const raced = true

// stride is how far it is from one crash point to the next one that is tried: odd, so that both faults have their turn.
const stride = 7
