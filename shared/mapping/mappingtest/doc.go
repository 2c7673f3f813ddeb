// Package mappingtest is the conformance suite of the mapping table, and the servers to run it on.
//
// It reads and writes the Store that a test hands it, returns failures by check, each named by one sentence, and never
// knows which server answers: what one server can not do is an allowance that the test names.
package mappingtest
