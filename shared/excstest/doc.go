// Package excstest runs the whole of EXCS in one process: the run, the workers, the mapping table's and the queues' twins
// in memory, against an EX Org over HTTP. It also has what every test of a whole tenant begins with: the settings and the secret, a clock
// that stands until it is moved, a note of what the mapping table was asked, and generated Engage sites in SQLite files.
//
// A Service reads Engage through the function it is given, returns counts of what was done, and never reaches beyond the process but for that
// read and the EX Org's address. A site is written once, and read again only after an edit: SQLite in Go is slow under the race detector.
package excstest
