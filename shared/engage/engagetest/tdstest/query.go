package tdstest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// parseCall reads a call of sp_executesql with whole numbers.
func parseCall(m *message) (string, []int64, error) {
	m.skipHeaders()
	if name, id := m.u16(), m.u16(); name != 0xffff || id != 10 {
		return "", nil, fmt.Errorf("%w: a call of another procedure than sp_executesql (%d)", errScope, id)
	}
	m.u16() // options
	var texts []string
	var args []int64
	for len(m.b) > 0 && !m.bad {
		m.take(2 * m.u8()) // name
		m.u8()             // status
		switch kind := m.u8(); kind {
		case 0xe7:
			long := m.u16() == 0xffff
			m.take(5) // collation
			if long {
				texts = append(texts, m.chunks())
			} else {
				texts = append(texts, ucs2(m.take(m.u16())))
			}
		case 0x26:
			m.u8()
			if m.u8() != 8 {
				return "", nil, fmt.Errorf("%w: a parameter that is no bigint", errScope)
			}
			args = append(args, int64(binary.LittleEndian.Uint64(m.take(8))))
		default:
			return "", nil, fmt.Errorf("%w: a parameter of type %#x", errScope, kind)
		}
	}
	if m.bad || len(texts) != 2 {
		return "", nil, fmt.Errorf("%w: a call that ends early", errScope)
	}
	return texts[0], args, nil
}

// chunks reads a long text.
func (m *message) chunks() string {
	m.take(8)
	var all []byte
	for n := m.u32(); n > 0 && !m.bad; n = m.u32() {
		all = append(all, m.take(n)...)
	}
	return ucs2(all)
}

var (
	castText  = regexp.MustCompile(`CAST\((\w+\.\w+) AS nvarchar\(\w+\)\)`)
	castBytes = regexp.MustCompile(`CAST\((\w+\.\w+) AS varbinary\(\w+\)\)`)
	parameter = regexp.MustCompile(`@p(\d+)`)
	inSchema  = regexp.MustCompile(`TABLE_SCHEMA = '(\w+)'`)
)

// translate gives what PostgreSQL is asked for, "" for nothing.
func (s *Server) translate(query string) (string, error) {
	switch {
	case strings.Contains(query, "INFORMATION_SCHEMA.COLUMNS"):
		schema := "public"
		if m := inSchema.FindStringSubmatch(query); m != nil && m[1] != "dbo" {
			schema = m[1]
		}
		return "SELECT CASE table_schema WHEN 'public' THEN 'dbo' ELSE table_schema END, table_name::text, column_name::text, CASE WHEN data_type LIKE 'char%' THEN '" + s.Layout.Text +
			"' ELSE '" + s.Layout.Number + "' END, 0, 0 FROM information_schema.columns WHERE table_schema = '" + schema + "' AND table_name LIKE 'cfg%' ORDER BY table_name, ordinal_position", nil
	case strings.Contains(query, "sys.databases"):
		return "SELECT " + strconv.Itoa(s.SnapshotState), nil
	case strings.HasPrefix(query, "SET DEADLOCK_PRIORITY LOW; SET LOCK_TIMEOUT "):
		return "", nil
	case !strings.HasPrefix(query, "SELECT "), strings.Contains(query, "NOLOCK"):
		return "", fmt.Errorf("%w: the statement %s", errScope, query)
	}
	query = castText.ReplaceAllString(query, "$1")
	query = castBytes.ReplaceAllString(query, "convert_to($1, 'UTF8')")
	return parameter.ReplaceAllString(strings.ReplaceAll(query, "dbo.", "public."), "$$$1::bigint"), nil
}

func (x *session) query(ctx context.Context, query string, args []int64) error {
	x.server.mu.Lock()
	x.server.queries = append(x.server.queries, query)
	x.server.mu.Unlock()
	f, err := x.pass(query)
	if err != nil {
		return err
	}
	if f.Number != 0 {
		return x.refuse(f.Number, f.Text)
	}
	run, err := x.server.translate(query)
	if err != nil {
		return errors.Join(err, x.refuse(102, "Incorrect syntax."))
	}
	if run == "" {
		return x.reply(doneToken(doneFinal, 0))
	}
	params := make([][]byte, len(args))
	for i, a := range args {
		params[i] = strconv.AppendInt(nil, a, 10)
	}
	layout := x.server.Layout
	if strings.Contains(query, "INFORMATION_SCHEMA") || strings.Contains(query, "prop_value") {
		layout.Pad = 0 // names of the catalogue, and the annex, whose parts are joined as they are
	}
	return x.rows(x.pg.ExecParams(ctx, run, params, nil, nil, nil), layout, f)
}

// rows passes a result on.
func (x *session) rows(r *pgconn.ResultReader, layout Layout, f Fault) error {
	w := newWriter(x.conn, packReply)
	fields := r.FieldDescriptions()
	columns := make([]column, len(fields))
	head := binary.LittleEndian.AppendUint16([]byte{0x81}, uint16(len(fields)))
	for i, d := range fields {
		columns[i] = layout.column(d.DataTypeOID)
		head = columns[i].describe(head)
	}
	n := uint64(0)
	buf := head
	for r.NextRow() {
		buf = append(buf, 0xd1)
		for i, v := range r.Values() {
			buf = columns[i].value(buf, v)
		}
		if n++; f.Midway && n == 3 {
			_, _ = w.Write(buf)
			_, _ = r.Close()
			_ = w.flush(0)
			if f.Silent {
				return errSilence
			}
			return errCut
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
		buf = buf[:0]
	}
	if _, err := r.Close(); err != nil {
		x.broken = true
		e := &pgconn.PgError{}
		if !errors.As(err, &e) {
			return err
		}
		buf = append(append(buf, errorToken(numberOf(e.Code), e.Message)...), doneToken(doneError, 0)...)
	} else {
		buf = append(buf, doneToken(doneCount, n)...)
	}
	if _, err := w.Write(buf); err != nil {
		return err
	}
	return w.end()
}

// numberOf gives SQL Server's number for what PostgreSQL says.
func numberOf(state string) int32 {
	if n, ok := map[string]int32{"42P01": 208, "42703": 207, "42501": 229, "57014": 1222, "40001": 3960}[state]; ok {
		return n
	}
	return 50000
}

// transact begins and ends transactions.
func (x *session) transact(ctx context.Context, m *message) error {
	const begin, commit, rollback = 5, 7, 8
	request := m.u16()
	name, sql := "commit", "COMMIT"
	var env []byte
	switch request {
	case begin:
		isolation := byte(m.u8())
		x.server.mu.Lock()
		x.server.isolations = append(x.server.isolations, isolation)
		x.server.mu.Unlock()
		name, sql = "begin", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
		env = []byte{0xe3, 11, 0, 8, 8, 1, 0, 0, 0, 0, 0, 0, 0, 0}
	case commit:
		env = []byte{0xe3, 11, 0, 9, 0, 8, 1, 0, 0, 0, 0, 0, 0, 0}
	case rollback:
		name, sql = "rollback", "ROLLBACK"
		env = []byte{0xe3, 11, 0, 10, 0, 8, 1, 0, 0, 0, 0, 0, 0, 0}
	default:
		return fmt.Errorf("%w: the transaction request %d", errScope, request)
	}
	f, err := x.pass(name)
	if err != nil {
		return err
	}
	if f.Number != 0 {
		return x.refuse(f.Number, f.Text)
	}
	if _, err := x.pg.Exec(ctx, sql).ReadAll(); err != nil {
		return err
	}
	return x.reply(env, doneToken(doneFinal, 0))
}

// isNumber says whether PostgreSQL's type holds whole numbers.
func isNumber(oid uint32) bool {
	return oid == pgtype.NumericOID || oid == pgtype.Int2OID || oid == pgtype.Int4OID || oid == pgtype.Int8OID
}
