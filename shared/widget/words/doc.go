// Package words writes numbers, times and foreign texts for people who look at a dashboard.
//
// It reads values, returns one harmless line each, and never trusts a text that another system or a person wrote.
package words
