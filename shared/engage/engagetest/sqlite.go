package engagetest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
)

// OpenSQLite opens (and creates, if it is not there) a SQLite database in a file, set up so that a reader's transaction sees one state
// while another connection writes (write-ahead log), and without waiting for the disk.
//
// The driver is the caller's: import _ "modernc.org/sqlite".
func OpenSQLite(path string) (*sql.DB, error) {
	if !slices.Contains(sql.Drivers(), "sqlite") {
		return nil, fmt.Errorf("open SQLite database %s: no driver named sqlite is registered: import _ \"modernc.org/sqlite\"", path)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open SQLite database %s: %w", path, err)
	}
	db, err := sql.Open("sqlite", SQLiteDSN(absolute))
	if err != nil {
		return nil, fmt.Errorf("open SQLite database %s: %w", path, err)
	}
	if err := db.PingContext(context.Background()); err != nil {
		return nil, fmt.Errorf("open SQLite database %s: %w (does the directory exist, and may this user write to it?)", path, err)
	}
	return db, nil
}

// SQLiteDSN returns the data source name that OpenSQLite uses for an absolute path, for programs that open the database themselves.
func SQLiteDSN(path string) string {
	pragmas := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(OFF)"}}
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + pragmas.Encode()
}
