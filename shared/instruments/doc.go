// Package instruments turns what the functions did into metrics and into the log lines that say an alarm in words.
//
// It reads reports, figures and counters, returns nothing, and never fails an invocation: what can not be measured is told
// in the log.
package instruments
