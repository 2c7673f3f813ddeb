//go:build !race

package apply_test

// stride is how many crash points are passed over: none.
const stride = 1

// checks is how often a property of many looks is tried.
const checks = 100
