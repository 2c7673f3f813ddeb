package engage

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"excs/shared/model"
)

// The transactions in which a snapshot is read (facts 3.3): all queries see one state, nobody else waits for them, and
// the server refuses a write where the driver can ask for that.

func beginPostgres(ctx context.Context, conn *sql.Conn, dsn string) (*sql.Tx, []model.Note, error) {
	if !strings.Contains(dsn, "client_encoding") {
		if err := setEncoding(ctx, conn); err != nil {
			return nil, nil, err
		}
	}
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	return tx, nil, err
}

// setEncoding has the server convert to UTF-8. A database in SQL_ASCII holds whatever bytes clients wrote and the server
// would refuse to send those that are not UTF-8, so there it is asked for them as they are.
func setEncoding(ctx context.Context, conn *sql.Conn) error {
	var server string
	if err := conn.QueryRowContext(ctx, "SHOW server_encoding").Scan(&server); err != nil {
		return err
	}
	client := "SET client_encoding TO 'UTF8'"
	if server == "SQL_ASCII" {
		client = "SET client_encoding TO 'SQL_ASCII'"
	}
	_, err := conn.ExecContext(ctx, client)
	return err
}

const sqlServerSnapshotState = "SELECT snapshot_isolation_state FROM sys.databases WHERE name = DB_NAME()"

// beginSQLServer takes snapshot isolation where the database allows it. Elsewhere repeatable read at least keeps rows
// from changing once they are read; rows that are added meanwhile show as a difference to the counts. The driver rejects
// ReadOnly, the DSN's ApplicationIntent stands in for it.
func beginSQLServer(ctx context.Context, conn *sql.Conn, _ string) (*sql.Tx, []model.Note, error) {
	var state number
	err := conn.QueryRowContext(ctx, sqlServerSnapshotState).Scan(&state)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, nil, err
	}
	if state.value == 1 {
		tx, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSnapshot})
		return tx, nil, err
	}
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	return tx, []model.Note{{Text: "the database does not allow snapshot isolation, so the read of Engage locks what it reads: " +
		"ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION ON spares Configuration Server the wait"}}, err
}

// beginOracle begins in the default way, because the driver rejects every option, and then makes the transaction
// read-only, which in Oracle also gives all its queries one state.
func beginOracle(ctx context.Context, conn *sql.Conn, _ string) (*sql.Tx, []model.Note, error) {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	if _, err := tx.ExecContext(ctx, "SET TRANSACTION READ ONLY"); err != nil {
		return nil, nil, errors.Join(err, tx.Rollback())
	}
	return tx, nil, nil
}

// beginSQLite begins a deferred transaction: the first SELECT fixes the state that all others see.
func beginSQLite(ctx context.Context, conn *sql.Conn, _ string) (*sql.Tx, []model.Note, error) {
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	return tx, nil, err
}
