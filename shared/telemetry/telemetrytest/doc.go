// Package telemetrytest reads the lines of a function as CloudWatch does.
//
// It reads log text, returns the metric data that CloudWatch would take out of it, and never lets a line pass that
// CloudWatch would drop.
package telemetrytest
