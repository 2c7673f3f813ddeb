// Package schedule understands the expressions of EventBridge Scheduler.
//
// It reads rate(…), cron(…) and at(…) with a time zone, returns when a schedule fires next, and never guesses: an expression
// that it does not understand in full is an error.
package schedule
