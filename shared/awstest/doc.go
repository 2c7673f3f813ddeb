// Package awstest starts the stand-ins for AWS services that tests and local runs use, as processes on loopback.
//
// It reads the module's infra directory and the PATH, returns the address of a server that answers, and never leaves a
// process behind: a server ends when it is stopped, when its context ends, and (on Linux) when the process that started
// it dies.
package awstest
