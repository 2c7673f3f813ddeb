package engage_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"excs/shared/engage"
	"excs/shared/engage/engagetest/pgtest"
	"excs/shared/model"
)

// Row security that hides rows is an error, for the counts would agree; a role that it does not concern reads.
func TestRowSecurity(t *testing.T) {
	p := postgresPlace(t, cluster, tiny())
	p.exec(t, "CREATE ROLE watched LOGIN", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO watched",
		"ALTER TABLE cfg_person ENABLE ROW LEVEL SECURITY", "CREATE POLICY even ON cfg_person USING (dbid % 2 = 0)")
	t.Cleanup(func() { p.db.Exec("DROP OWNED BY watched; DROP ROLE watched") })
	watched := p.secret
	watched.DSN = asUser(t, watched.DSN, "watched", "")
	wantError(t, failed(t, watched), model.CodeDenied, nil, "row security hides rows", "BYPASSRLS")
	read(t, open(t, p.secret), standard())
}

// A database whose locale makes a dotless i of I gives what any other gives (case 11).
func TestATurkishDatabase(t *testing.T) {
	base := postgresPlace(t, cluster, nil)
	if _, err := base.db.ExecContext(t.Context(), "CREATE DATABASE turkish TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR'"); err != nil {
		t.Skipf("this PostgreSQL has no ICU (install postgresql 15 or newer): %v", err)
	}
	t.Cleanup(func() { base.db.Exec("DROP DATABASE turkish WITH (FORCE)") })
	p := other(t, base, "turkish")
	p.write(t, nasty())
	count := func() (n int) {
		for _, g := range read(t, open(t, p.secret), standard()).Groups {
			if g.HasScript {
				n++
			}
		}
		return n
	}
	want := count()
	p.exec(t, `UPDATE cfg_flex_prop SET prop_name = upper(prop_name COLLATE "C") WHERE lower(prop_name COLLATE "C") IN ('virtual','script')`,
		`UPDATE cfg_transaction SET name = upper(name COLLATE "C")`)
	if got := count(); got != want || want == 0 {
		t.Errorf("%d groups have an expression, want %d", got, want)
	}
}

// In a database without an encoding, texts of a code page are read where the secret names it; without it they stay
// apart and no text (case 17).
func TestACodePage(t *testing.T) {
	base := postgresPlace(t, cluster, nil)
	base.exec(t, "CREATE DATABASE codepage TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'")
	t.Cleanup(func() { base.db.Exec("DROP DATABASE codepage WITH (FORCE)") })
	p := other(t, base, "codepage")
	p.write(t, bare())
	p.exec(t, aSkill+"(1,101,convert_from(decode('cffacadb','hex'),'SQL_ASCII'),1),(2,101,convert_from(decode('bcbccaf5','hex'),'SQL_ASCII'),1),(3,101,'Sales',1)")
	s := read(t, open(t, p.secret), standard())
	if a, b := s.Skills[0].Name, s.Skills[1].Name; model.IsText(a) || model.IsText(b) || a == b || s.Skills[2].Name != "Sales" {
		t.Errorf("the skills are %+v", s.Skills)
	}
	if len(notes(s, "set encoding in the Engage secret")) != 1 {
		t.Errorf("the notes are %v", s.Notes)
	}
	p.secret.Encoding = "gbk"
	if s := read(t, open(t, p.secret), standard()); s.Skills[0].Name != "销售" || s.Skills[1].Name != "技术" || s.Skills[2].Name != "Sales" {
		t.Errorf("the skills are %+v", s.Skills)
	}
	utf8 := postgresPlace(t, cluster, tiny())
	utf8.secret.Encoding = "gbk"
	wantError(t, failed(t, utf8.secret), model.CodeInvalid, nil, "keeps its texts in UTF-8")
}

// Tables that lie in another schema than the login's are found where only one has them; of several none is guessed.
func TestOtherSchemas(t *testing.T) {
	p := postgresPlace(t, cluster, tiny())
	want := read(t, open(t, p.secret), standard())
	p.exec(t, "ALTER SCHEMA public RENAME TO genesys", "CREATE SCHEMA public")
	if d := diff(want, read(t, open(t, p.secret), standard())); d != "" {
		t.Errorf("the snapshot of the other schema differs:\n%s", d)
	}
	p.exec(t, "CREATE SCHEMA copy")
	rows, err := p.db.QueryContext(t.Context(), "SELECT tablename FROM pg_tables WHERE schemaname = 'genesys'")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, name := range tables {
		p.exec(t, fmt.Sprintf("CREATE TABLE copy.%s AS TABLE genesys.%s", name, name))
	}
	wantError(t, failed(t, p.secret), model.CodeInvalid, nil, "but these do: copy, genesys. Give the right one as schema")
	named := p.secret
	named.Schema = "genesys"
	read(t, open(t, named), standard())
	// Views and materialized views over the tables are as good as tables.
	p.exec(t, "CREATE SCHEMA look")
	for i, name := range tables {
		kind := []string{"VIEW", "MATERIALIZED VIEW"}[i%2]
		p.exec(t, fmt.Sprintf("CREATE %s look.%s AS SELECT * FROM genesys.%s", kind, name, name))
	}
	named.Schema = "look"
	if d := diff(want, read(t, open(t, named), standard())); d != "" {
		t.Errorf("the snapshot through views differs:\n%s", d)
	}
}

// A statement that the server's time-out ends is told as passing, with what to raise.
func TestAStatementTimeout(t *testing.T) {
	p := postgresPlace(t, cluster, tiny())
	p.exec(t, "ALTER TABLE cfg_skill RENAME TO cfg_hidden", "CREATE VIEW cfg_skill AS SELECT h.* FROM cfg_hidden h, pg_sleep(0.2)")
	secret := p.secret
	secret.DSN += "&statement_timeout=100"
	wantError(t, failed(t, secret), model.CodeUnavailable, nil, "statement_timeout", "the next run tries again")
}

// A standby that must replay what the read still needs ends the read, which passes.
func TestAStandbyInConflict(t *testing.T) {
	p := postgresPlace(t, cluster, tiny())
	database := filepath.Base(strings.SplitN(p.secret.DSN, "?", 2)[0])
	secret := engage.Secret{Driver: "postgres", DSN: pgtest.Standby(t, cluster, database, pgtest.Setting("max_standby_streaming_delay", "0"))}
	r := open(t, secret)
	read(t, r, standard())
	standby := openDB(t, secret.DSN)
	r.OnQuery(func(q string) {
		if !strings.Contains(q, "FROM cfg_dn d") {
			return
		}
		r.OnQuery(nil)
		p.exec(t, "DELETE FROM cfg_skill_level", "VACUUM cfg_skill_level")
		var lsn string
		if err := p.db.QueryRowContext(t.Context(), "SELECT pg_current_wal_lsn()").Scan(&lsn); err != nil {
			t.Error(err)
		}
		for replayed := false; !replayed && t.Context().Err() == nil; {
			if err := standby.QueryRowContext(t.Context(), "SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn", lsn).Scan(&replayed); err != nil {
				time.Sleep(20 * time.Millisecond)
			}
		}
	})
	_, _, err := r.Read(t.Context(), standard())
	wantError(t, err, model.CodeUnavailable, nil, "the next run tries again")
	if !strings.Contains(err.Error(), "hot_standby_feedback") && !strings.Contains(err.Error(), "conflict with recovery") {
		t.Errorf("the error does not tell of the standby: %v", err)
	}
	read(t, r, standard())
}

// Behind a pooler in transaction mode every read works, the second too.
func TestPgbouncer(t *testing.T) {
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer"
	}
	if _, err := os.Stat(program); err != nil {
		t.Skip("pgbouncer is not installed: apt-get install pgbouncer")
	}
	p := postgresPlace(t, cluster, tiny())
	want := read(t, open(t, p.secret), standard())
	secret := p.secret
	secret.DSN = strings.Replace(p.secret.DSN, hostOf(t, p.secret.DSN), pgbouncer(t, program, hostOf(t, p.secret.DSN)), 1)
	r := open(t, secret)
	for range 3 {
		if d := diff(want, read(t, r, standard())); d != "" {
			t.Fatalf("the snapshot differs:\n%s", d)
		}
	}
	secret.DSN += "&default_query_exec_mode=cache_statement"
	r = open(t, secret)
	for range 3 {
		if _, _, err = r.Read(t.Context(), standard()); err != nil {
			break
		}
	}
	if err != nil && !strings.Contains(err.Error(), "pooler") {
		t.Errorf("what a prepared statement leads to is told as %v", err)
	}
}

// pgbouncer starts a pooler in transaction mode before a server and gives its address.
func pgbouncer(t *testing.T, program, server string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	dir := t.TempDir()
	host, serverPort, _ := net.SplitHostPort(server)
	ini := fmt.Sprintf("[databases]\n* = host=%s port=%s user=postgres\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port=%d\nauth_type=any\npool_mode=transaction\nunix_socket_dir=\ndefault_pool_size=2\n", host, serverPort, port)
	path := filepath.Join(dir, "pgbouncer.ini")
	if err := os.WriteFile(path, []byte(ini), 0o644); err != nil {
		t.Fatal(err)
	}
	var args []string
	if os.Geteuid() == 0 {
		args = []string{"-u", "nobody"}
		for d := dir; strings.HasPrefix(d, os.TempDir()) && d != os.TempDir(); d = filepath.Dir(d) {
			if err := os.Chmod(d, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	cmd := exec.Command(program, append(args, path)...)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		_ = cmd.Wait()
	})
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			_ = c.Close()
			return address
		}
		if ctx.Err() != nil {
			t.Fatalf("pgbouncer does not listen: %v: %s", err, said.String())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Every table that the login may not read is named, whichever it is.
func TestARoleWithoutOneGrant(t *testing.T) {
	p := postgresPlace(t, cluster, tiny())
	p.exec(t, "CREATE ROLE narrow LOGIN", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO narrow")
	t.Cleanup(func() { p.db.Exec("DROP OWNED BY narrow; DROP ROLE narrow") })
	secret := p.secret
	secret.DSN = asUser(t, secret.DSN, "narrow", "")
	for table := range engage.DocumentedSchema() {
		if table == "cfg_transaction" {
			continue // it may be missing
		}
		p.exec(t, "REVOKE SELECT ON "+table+" FROM narrow")
		wantError(t, failed(t, secret), model.CodeInvalid, nil, table+": looked for a table "+table, "or this login can not see it")
		p.exec(t, "GRANT SELECT ON "+table+" TO narrow")
	}
	read(t, open(t, secret), standard())
}
