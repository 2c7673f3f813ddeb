// Package stage sets up what the functions' handlers are tested on: a generated Engage site, the memory twins of the
// mapping table and the queues, and a simulated EX Org, with a clock that the test moves.
//
// It reads nothing but the site that it wrote, returns counts of what was written where, and never leaves the process and
// its temporary files.
package stage
