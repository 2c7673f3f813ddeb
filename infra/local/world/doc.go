// Package world runs the whole of EXCS in one process: the run, the workers, the mapping table's and the queues' twins
// in memory, against an EX Org over HTTP.
//
// It reads Engage through the function it is given, returns counts of what was done, and never reaches beyond the
// process but for that read and the EX Org's address. The demo and the tests of the whole use it.
package world
