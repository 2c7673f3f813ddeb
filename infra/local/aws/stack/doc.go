// Package stack deploys a synthesized template on this machine and runs it.
//
// It reads a CloudFormation template and compiled functions; returns a stack that works: tables and queues as the template
// says, real bootstraps under its limits of time, memory and concurrency, event source mapping, schedules, event rule,
// function URL, asynchronous invocations, and roles that allow what the template allows and nothing else. It never passes
// over a resource type, a property or an intrinsic function that it does not know: each is an error.
package stack
