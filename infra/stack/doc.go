// Package stack is the CDK stack that runs EXCS for one tenant: table, queues, functions, access, triggers, watching.
//
// It reads the settings of one stage (Parse), returns a stack whose template holds every resource under names that start
// with the stack's, and never looks anything up in an account: the same settings give the same template everywhere.
package stack
