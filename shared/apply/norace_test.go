//go:build !race

package apply_test

// stride is how many crash points are passed over: none.
const stride = 1
