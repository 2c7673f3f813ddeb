// Package translate turns a proven snapshot of Engage into the objects that the EX Org must hold (RULES 1 to 4).
//
// It reads the snapshot, the settings and the few facts of mapping rows that the rules look back at; it returns desired
// objects, rejects, notes and the keys whose rows it would like to know; it never does I/O, asks a clock or changes its
// arguments.
package translate
