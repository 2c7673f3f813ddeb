// Package pgtest starts throw-away PostgreSQL clusters for tests, from the server programs that are installed on the machine.
//
// It reads the newest /usr/lib/postgresql/*/bin, else PATH; a machine without the programs gets an error that names the package to install.
// It returns data source names for the driver pgx, each of a fresh database on 127.0.0.1, so that tests don't see one another.
// It never touches a cluster that it did not start, never opens a port beyond the loopback, and never leaves a server behind: it ends with its
// test, and where the kernel can (Linux) also when the test process is killed.
package pgtest
