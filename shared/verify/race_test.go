//go:build race

package verify_test

// stride is how far it is from one call to the next one at which a sweep is stopped: the race detector makes each several
// times as dear, and is after the code, not after the calls. Without it (`make test` does both) every one is.
const stride = 6
