// Package worldtest has what every test of a whole tenant begins with: the settings and the secret, a clock that stands
// until it is moved, a note of what the mapping table was asked, and generated Engage sites in SQLite files.
//
// It reads the sites that it wrote, returns editors and reads of them, and never leaves the process and its temporary
// files. A site is written once, and read again only after an edit: SQLite in Go is slow under the race detector.
package worldtest
