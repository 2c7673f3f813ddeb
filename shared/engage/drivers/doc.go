// Package drivers brings the database drivers by which a program reads Engage: importing it registers PostgreSQL, SQL
// Server and Oracle. Programs that do not read Engage leave it out, and with it several megabytes.
package drivers

import (
	_ "github.com/jackc/pgx/v5/stdlib" // driver pgx

	"excs/shared/engage"
)

func init() {
	engage.Register("sqlserver", SQLServer)
	engage.Register("oracle", Oracle)
}
