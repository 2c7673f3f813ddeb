// Package drivers brings the database drivers by which a program reads Engage: PostgreSQL, SQL Server and Oracle. Programs
// that do not read Engage leave it out, and with it several megabytes.
package drivers

import (
	_ "github.com/jackc/pgx/v5/stdlib" // driver pgx

	"excs/shared/engage"
)

// Register makes them known to the reader of Engage. Programs call it first.
func Register() {
	engage.Register("sqlserver", SQLServer)
	engage.Register("oracle", Oracle)
}
