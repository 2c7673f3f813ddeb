//go:build race

package apply_test

// stride is how many crash points are passed over: the race detector makes each of them several times as dear, and is
// after the code, not after the points.
const stride = 32

// checks is how often a property of many looks is tried.
const checks = 30
