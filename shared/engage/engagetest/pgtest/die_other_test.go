//go:build !linux

package pgtest_test

// dieTogether says that nothing ends the server with the test process.
const dieTogether = false
