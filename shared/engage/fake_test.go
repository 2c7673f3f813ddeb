package engage_test

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	_ "modernc.org/sqlite"

	"excs/shared/engage"
	"excs/shared/engage/engagetest"
)

// Neither Oracle nor SQL Server can run here. These drivers stand in for theirs: they take the reader's own SQL for that
// DBMS and run it on SQLite, reject what the real drivers reject, and give numbers and texts as the real ones may. They
// show that the SQL is standard and that the transaction begins in a way the driver takes, not that a real server agrees.
var (
	oracle    = &fakeDriver{name: "oracle", placeholder: regexp.MustCompile(`:(\d+)`)}
	sqlServer = &fakeDriver{name: "sqlserver", placeholder: regexp.MustCompile(`@p(\d+)`)}
)

// behaviour is what a test asks of a fake, and what the fake saw.
type behaviour struct {
	mu            sync.Mutex
	characterSet  string         // Oracle's; AL32UTF8 by default
	snapshotState int64          // SQL Server's snapshot_isolation_state
	lose          map[string]int // FROM clause → rows to withhold at the end
	connectError  error
	panics        string // a part of a query whose rows make the driver panic
	began         []driver.TxOptions
	executed      []string
	queried       []string
}

type fakeDriver struct {
	name        string
	placeholder *regexp.Regexp
	behaviours  sync.Map // path → *behaviour
}

// fakePlace writes a site into SQLite and gives a secret by which the fake driver reads it.
func fakePlace(t testing.TB, d *fakeDriver, s *engagetest.Site) (engage.Secret, *behaviour) {
	t.Helper()
	p := sqlitePlace(t, s)
	b := &behaviour{snapshotState: 1, lose: map[string]int{}}
	d.behaviours.Store(p.secret.DSN, b)
	dsn := map[string]string{"oracle": "oracle://excs:Tiger%232024@fake.example:1521/" + url.PathEscape(p.secret.DSN), "sqlserver": "sqlserver://excs:Tiger%232024@fake.example:1433?database=" + url.QueryEscape(p.secret.DSN)}
	return engage.Secret{Driver: d.name, DSN: dsn[d.name]}, b
}

// register has the fakes answer for their host, and the real drivers for all others.
func (d *fakeDriver) register(real func(engage.Connection) (driver.Connector, error)) {
	engage.Register(d.name, func(c engage.Connection) (driver.Connector, error) {
		if strings.Contains(c.DSN, "@fake.example:") {
			return fakeConnector{d, c.DSN}, nil
		}
		return real(c)
	})
}

type fakeConnector struct {
	driver *fakeDriver
	dsn    string
}

func (c fakeConnector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c fakeConnector) Driver() driver.Driver                        { return c.driver }

// Open implements driver.Driver.
func (d *fakeDriver) Open(dsn string) (driver.Conn, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, err
	}
	path := u.Query().Get("database")
	if d == oracle {
		path = strings.TrimPrefix(u.Path, "/")
	}
	v, ok := d.behaviours.Load(path)
	if !ok {
		return nil, errors.New("no database for " + dsn)
	}
	b := v.(*behaviour)
	if b.connectError != nil {
		return nil, b.connectError
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	c, err := db.Driver().Open(engagetest.SQLiteDSN(path))
	if err != nil {
		return nil, err
	}
	return &fakeConn{Conn: c, driver: d, b: b}, nil
}

type fakeConn struct {
	driver.Conn
	driver *fakeDriver
	b      *behaviour
}

// BeginTx takes what the real drivers take (facts 3.3).
func (c *fakeConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if opts.ReadOnly {
		return nil, errors.New("read-only transactions are not supported")
	}
	if c.driver == oracle && opts.Isolation != 0 {
		return nil, errors.New("only support default value for isolation")
	}
	c.b.mu.Lock()
	c.b.began = append(c.b.began, opts)
	c.b.mu.Unlock()
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, driver.TxOptions{})
}

func (c *fakeConn) ExecContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Result, error) {
	c.b.mu.Lock()
	defer c.b.mu.Unlock()
	c.b.executed = append(c.b.executed, query)
	return driver.ResultNoRows, nil
}

func (c *fakeConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.b.mu.Lock()
	c.b.queried = append(c.b.queried, query)
	c.b.mu.Unlock()
	run := query
	switch {
	case strings.Contains(query, "ALL_TAB_COLUMNS"):
		run = "SELECT 'GENESYS', UPPER(m.name), UPPER(c.name), 'VARCHAR2', 0 FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
	case strings.Contains(query, "INFORMATION_SCHEMA.COLUMNS"):
		run = "SELECT 'dbo', m.name, c.name, 'varchar', 0, 0 FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
	case strings.Contains(query, "sys.databases"):
		run = "SELECT " + strconv.FormatInt(c.b.snapshotState, 10)
	case strings.Contains(query, "NLS_DATABASE_PARAMETERS"):
		run = "SELECT '" + cmp.Or(c.b.characterSet, "AL32UTF8") + "'"
	}
	run = regexp.MustCompile(`CAST\((\w\.\w+) AS nvarchar\(\d+\)\)`).ReplaceAllString(run, "$1")
	run = regexp.MustCompile(`UTL_RAW.CAST_TO_RAW\((\w\.\w+)\)`).ReplaceAllString(run, "CAST($1 AS BLOB)")
	run = c.driver.placeholder.ReplaceAllString(run, "?$1")
	rows, err := c.Conn.(driver.QueryerContext).QueryContext(ctx, run, args)
	if err != nil {
		return nil, err
	}
	f := &fakeRows{Rows: rows, driver: c.driver, left: -1, panics: c.b.panics != "" && strings.Contains(query, c.b.panics)}
	for from, n := range c.b.lose {
		if strings.Contains(query, from) && !strings.Contains(query, "COUNT(*)") {
			f.left, err = f.count(ctx, c, run, args)
			f.left -= n
		}
	}
	return f, err
}

type fakeRows struct {
	driver.Rows
	driver *fakeDriver
	left   int // rows still to give; below 0: all
	row    int
	panics bool
}

func (f *fakeRows) count(ctx context.Context, c *fakeConn, query string, args []driver.NamedValue) (int, error) {
	rows, err := c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	n := 0
	for dest := make([]driver.Value, len(rows.Columns())); rows.Next(dest) == nil; {
		n++
	}
	return n, nil
}

// Next gives a number as an integer, a text, or a float, in turn, and for Oracle no empty text.
func (f *fakeRows) Next(dest []driver.Value) error {
	if f.left == 0 {
		return io.EOF
	}
	f.left--
	if f.panics {
		return []error{}[f.row]
	}
	if err := f.Rows.Next(dest); err != nil {
		return err
	}
	f.row++
	for i, v := range dest {
		switch v := v.(type) {
		case int64:
			switch f.row % 4 {
			case 1:
				dest[i] = strconv.FormatInt(v, 10)
			case 2:
				dest[i] = []byte(strconv.FormatInt(v, 10))
			case 3:
				dest[i] = float64(v)
			}
		case string:
			if v == "" && f.driver == oracle {
				dest[i] = nil
			}
		}
	}
	return nil
}
