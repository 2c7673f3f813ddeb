package main

import "time"

// What can not be measured here is assumed, and said below the table.
const (
	// changesPerDay is how often one object of the EX Org changes in Engage a day: one in five.
	changesPerDay = 0.2
	daysPerMonth  = 365.0 / 12

	// Lambda gives a function the processor in proportion to its memory, a whole one at this many MB.
	wholeProcessor = 1769

	// The times that a call takes from inside a function in the same region. The EX Org is a public API.
	exOrgCall = 150 * time.Millisecond
	tableCall = 5 * time.Millisecond
	queueCall = 10 * time.Millisecond

	// idlePolls are the receives of one event source mapping in a month without messages: five pollers, each asking three
	// times a minute.
	idlePolls = 5 * 3 * 60 * 24 * daysPerMonth

	// lambdaLine is what Lambda writes of an invocation itself, in bytes: start and report as JSON.
	lambdaLine = 650
	// handlerLine is the line that a function's handler writes beside those of its parts, in bytes.
	handlerLine = 300
	// gigabyte is AWS's: 2^30 bytes.
	gigabyte = 1 << 30
	// itemBytes is the size at which an item of the table is counted. A row with its history stays within one write unit (a
	// test in shared/mapping says so), and most items are smaller.
	itemBytes = 1024
	// coldStarts is how often a day a function starts anew and reads its secrets.
	coldStarts = 24
	// allowedCalls are the calls a minute that an EX Org allows one OAuth client.
	allowedCalls = 300
)
