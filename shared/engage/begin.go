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

// beginPostgres also has the server refuse a read from which row security would hide rows: the counts would agree. What
// it sets, it sets for the transaction, which a pooler may run on any connection.
func beginPostgres(ctx context.Context, conn *sql.Conn, r *Reader) (*sql.Tx, []model.Note, error) {
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, nil, err
	}
	if err := setPostgres(ctx, tx, r); err != nil {
		return nil, nil, errors.Join(err, tx.Rollback())
	}
	return tx, nil, nil
}

// setPostgres has the server convert to UTF-8. A database in SQL_ASCII holds whatever bytes clients wrote and the server
// would refuse to send those that are not UTF-8, so there it is asked for them as they are; so is one whose texts are of
// another encoding than it says, which the secret gives.
func setPostgres(ctx context.Context, tx *sql.Tx, r *Reader) error {
	if _, err := tx.ExecContext(ctx, "SET LOCAL row_security = off"); err != nil {
		return err
	}
	var server string
	if err := tx.QueryRowContext(ctx, "SHOW server_encoding").Scan(&server); err != nil {
		return err
	}
	client := "UTF8"
	switch {
	case r.encoding != nil && server == "UTF8":
		return model.Errorf(model.CodeInvalid, op, "encoding is given in the Engage secret, but the database keeps its texts in UTF-8: take it out")
	case r.encoding != nil, server == "SQL_ASCII":
		client = server
	case strings.Contains(r.dsn, "client_encoding"):
		return nil
	}
	_, err := tx.ExecContext(ctx, "SET LOCAL client_encoding TO '"+client+"'")
	return err
}

const sqlServerSnapshotState = "SELECT snapshot_isolation_state FROM sys.databases WHERE name = DB_NAME()"

// sqlServerYields makes EXCS the one that gives way where a read takes locks.
const sqlServerYields = "SET DEADLOCK_PRIORITY LOW; SET LOCK_TIMEOUT 10000"

// beginSQLServer takes snapshot isolation where the database allows it. Elsewhere repeatable read at least keeps rows
// from changing once they are read; rows that are added meanwhile show as a difference to the counts. The driver rejects
// ReadOnly.
func beginSQLServer(ctx context.Context, conn *sql.Conn, _ *Reader) (*sql.Tx, []model.Note, error) {
	var state number
	err := conn.QueryRowContext(ctx, sqlServerSnapshotState).Scan(&state)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, nil, err
	}
	if state.value == 1 {
		tx, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSnapshot})
		return tx, nil, err
	}
	if _, err := conn.ExecContext(ctx, sqlServerYields); err != nil {
		return nil, nil, err
	}
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	return tx, []model.Note{{Text: "the database does not allow snapshot isolation, so the read of Engage locks what it reads, and gives way where Configuration Server waits: " +
		"ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION ON spares both the wait"}}, err
}

const oracleCharacterSet = "SELECT VALUE FROM NLS_DATABASE_PARAMETERS WHERE PARAMETER = 'NLS_CHARACTERSET'"

// checkOracleCharacterSet refuses a database in US7ASCII: what Configuration Server wrote into it beyond ASCII is lost on
// the way, without a word.
func checkOracleCharacterSet(ctx context.Context, conn *sql.Conn, r *Reader) error {
	var set string
	err := conn.QueryRowContext(ctx, oracleCharacterSet).Scan(&set)
	if err == nil && set == "US7ASCII" && r.encoding == nil {
		return model.Errorf(model.CodeInvalid, op, "the database has the character set US7ASCII, from which letters beyond ASCII can not be read as text: give the code page that Configuration Server writes in as encoding in the Engage secret (windows-1252 in Western Europe)")
	}
	return err
}

// beginOracle begins in the default way, because the driver rejects every option, and then makes the transaction
// read-only, which in Oracle also gives all its queries one state.
func beginOracle(ctx context.Context, conn *sql.Conn, r *Reader) (*sql.Tx, []model.Note, error) {
	if err := checkOracleCharacterSet(ctx, conn, r); err != nil {
		return nil, nil, err
	}
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
func beginSQLite(ctx context.Context, conn *sql.Conn, _ *Reader) (*sql.Tx, []model.Note, error) {
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	return tx, nil, err
}
