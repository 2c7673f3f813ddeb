// Package rules holds the settings of a tenant: presets, what is controlled, what a deletion does, the guard.
//
// It reads JSON, returns validated Settings or an error that names every fault with its path, and never reads files,
// the environment or a clock.
package rules
