// Package tdstest is a stand-in for SQL Server: it speaks TDS 7.4 over TCP and answers from a PostgreSQL database, so that
// go-mssqldb and the reader of Engage run end to end. Its scope is what the reader sends: prelogin, TLS for the login or
// for everything, LOGIN7, batches, sp_executesql with whole numbers, transaction requests, attention. Anything else is an
// error of the test.
//
// It shows the wire, the types and the flow of a read. It knows no T-SQL: a SELECT must be one that PostgreSQL takes too,
// but for the catalogue and the casts of texts.
package tdstest
