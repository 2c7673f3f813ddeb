// Package plan decides what one run does: which EX Org objects are created, adopted, updated, emptied, deactivated,
// deleted or left to the administrator, and what has to wait for a second read or for an operator.
//
// It reads the desired objects, how they differ from the mapping index, the few rows that matter and the settings; it
// returns a Plan with field-level differences, counts, a hash and the guard's verdicts, and renders it for people; it
// never reads a clock, calls a system or removes anything on an unproven read.
//
// Worked example, preset 2023-07. Rows hold users 1 and 2 (both active), queue 7 and its members 1 and 2:
//
//	Engage now                               plan
//	user 1 unchanged                         nothing
//	user 2 disabled                          ~ user/2: state active → inactive (a removal for the guard)
//	user 3 new, same employee id as lost 4   & user/3: adopts the EX user of user/4; user/4 is not lost any more
//	queue 7 deleted                          - queue/7; the row members/7 goes with it
//	skill 9 deleted                          ? skill/9: an orphan, left to the administrator
package plan
