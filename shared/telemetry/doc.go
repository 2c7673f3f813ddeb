// Package telemetry is how the functions of EXCS speak: structured log lines with the same attributes everywhere.
//
// It reads log records, returns a slog.Logger, and never writes a secret or a person's data beyond the key.
package telemetry
