package pgtest_test

// dieTogether says that the kernel ends the server with the test process.
const dieTogether = true
