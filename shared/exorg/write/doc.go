// Package write changes the EX Org. Only apply may import it.
//
// It reads what a full-replace PUT must start from, returns what the EX Org made of a write, and never sends a write twice: a write whose answer
// was lost comes back as ambiguous, and the caller looks before it writes again.
package write
