// Package telemetry is how the functions of EXCS speak: log lines with the same attributes everywhere, metrics in CloudWatch's
// embedded format, and the one list of metrics and alarms that emission, alarms, dashboard and documentation are made of.
//
// It reads log records and readings, returns loggers and lines, and never writes a secret or a person's data beyond the key.
package telemetry
