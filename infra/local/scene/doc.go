// Package scene sets up everything that a local run of the deployed service needs.
//
// It reads cdk.json and the sources of the module; returns a Configuration Database in PostgreSQL with a generated site, the
// twin of an EX Org over HTTP, and the stack of the stage "local" that runs between them; and never reaches beyond the
// loopback interface nor leaves a process or a file behind.
package scene
