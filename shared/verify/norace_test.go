//go:build !race

package verify_test

// stride is how far it is from one call to the next one at which a sweep is stopped.
const stride = 1
