// Package wiring builds what a function runs on from its environment: settings, secrets, adapters.
//
// It reads the environment variables of the contract and what they point to (Secrets Manager, Parameter Store), returns
// ready adapters or one error that names every fault, and never logs a value that it read.
package wiring
