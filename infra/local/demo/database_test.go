package main

import (
	"context"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/model"
)

// A database that the demo filled itself is edited as the generated one is, and the demo shows the same; filling it a
// second time is refused and changes nothing.
func TestFilledDatabase(t *testing.T) {
	dsn := cluster.Database(t)
	env := map[string]string{varDSN: dsn}
	out, err := play(t, env, "-tier", "tiny", "-fill")
	if err != nil {
		t.Fatal(err)
	}
	generated, err := play(t, nil, "-tier", "tiny")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Replace(masked(generated), "in SQLite", "in the PostgreSQL database given", 1), masked(out)); d != "" {
		t.Errorf("PostgreSQL shows something else than SQLite:\n%s", d)
	}
	before := contents(t, dsn)
	_, err = play(t, env, "-tier", "tiny", "-fill")
	says(t, err, "cfg_ tables already, and the demo writes into an empty one only")
	if d := cmp.Diff(before, contents(t, dsn)); d != "" {
		t.Errorf("the refused fill changed the database: %s", d)
	}
}

// A database that is not the demo's own is read by a login that may do no more, and is the same afterwards. The story is
// told on the copy that was read.
func TestForeignDatabase(t *testing.T) {
	dsn := cluster.Database(t)
	site := engagetest.New(engagetest.Tiny, 7)
	db := open(t, dsn)
	if err := site.Write(t.Context(), db, engagetest.PostgreSQL); err != nil {
		t.Fatal(err)
	}
	const grants = `DROP ROLE IF EXISTS onlooker; CREATE ROLE onlooker LOGIN PASSWORD 'pa55word'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO onlooker`
	if _, err := db.ExecContext(t.Context(), grants); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = db.ExecContext(context.Background(), "DROP OWNED BY onlooker; DROP ROLE onlooker") })
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("onlooker", hidden)
	before := contents(t, dsn)
	out, err := play(t, map[string]string{varDSN: u.String()}, "-tier", "large") // the tier is of generated sites only
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, contents(t, dsn)); d != "" {
		t.Errorf("the database was changed: %s", d)
	}
	if err := site.Check(t.Context(), db, engagetest.PostgreSQL); err != nil {
		t.Errorf("the database does not hold the site any more: %v", err)
	}
	for _, text := range []string{
		"EXCS demo: the postgres database given, into an empty EX Org on this machine\n", "your database is never written to",
		"name \"", "→ \"Ada Lovelace\"", "state active → inactive", "  - queue/", "  ? user/", "0 changes, 0 calls to the EX Org, ",
	} {
		if !strings.Contains(out, text) {
			t.Errorf("the demo does not say %q:\n%s", text, out)
		}
	}
	if strings.Contains(out, hidden) {
		t.Errorf("the demo shows the password:\n%s", out)
	}
}

// contents counts the rows of each table of a database.
func contents(t *testing.T, dsn string) map[string]int {
	t.Helper()
	db := open(t, dsn)
	rows, err := db.QueryContext(t.Context(), `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	counts := map[string]int{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		counts[name] = 0
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for name := range counts {
		var n int
		if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+name).Scan(&n); err != nil {
			t.Fatal(err)
		}
		counts[name] = n
	}
	if len(counts) == 0 || counts["cfg_person"] == 0 {
		t.Fatalf("the database holds %v", counts)
	}
	return counts
}

// A database that can not be read is one line that says what to do, and the password is not in it.
func TestUnreadableDatabase(t *testing.T) {
	dsn := cluster.Database(t)
	if err := engagetest.New(engagetest.Tiny, 1).Write(t.Context(), open(t, dsn), engagetest.PostgreSQL); err != nil {
		t.Fatal(err)
	}
	as := func(change func(*url.URL)) string {
		u, err := url.Parse(dsn)
		if err != nil {
			t.Fatal(err)
		}
		change(u)
		return u.String()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, dsn, says string
		args            []string
	}{
		{"nobody listens", "postgres://excs:" + hidden + "@" + closed + "/genesys?sslmode=disable", "check host, port and network", nil},
		{"nobody listens, to be filled", "postgres://excs:" + hidden + "@" + closed + "/genesys?sslmode=disable", "fill: look into the database: ", []string{"-fill"}},
		{"a login that does not exist", as(func(u *url.URL) { u.User = url.UserPassword("nobody", hidden) }), "check user, password", nil},
		{"a database that does not exist", as(func(u *url.URL) { u.Path = "/elsewhere" }), `"elsewhere" does not exist`, nil},
		{"a tenant that does not exist", dsn, "check the setting tenant", []string{"-tenant", "999999"}},
		{"a database without Engage", cluster.Database(t), "holds no table named cfg_", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := play(t, map[string]string{varDSN: test.dsn}, test.args...)
			if line := says(t, err, test.says); strings.Contains(line, hidden) {
				t.Errorf("the line shows a secret: %s", line)
			}
		})
	}
}

// secretOfOrg is the EX Org secret of a simulated organisation that listens at the address.
func secretOfOrg(address, clientSecret string) string {
	return `{"clientId":"` + exorgtest.DefaultClientID + `","clientSecret":"` + clientSecret + `","apiUrl":"` + address + `","loginUrl":"` + address + `"}`
}

// With an EX Org secret the demo plans against that organisation and writes nothing, whether it is empty or not.
func TestPlanOnly(t *testing.T) {
	org, address := exorgtest.Start(t)
	env := map[string]string{varSecret: secretOfOrg(address, exorgtest.DefaultClientSecret)}
	plan := func() string {
		t.Helper()
		org.ResetCounters()
		out, err := play(t, env, "-tier", "tiny")
		if err != nil {
			t.Fatal(err)
		}
		if total := org.Totals(); total.Writes != 0 || total.Reads == 0 {
			t.Errorf("%d writes, %d reads: %v", total.Writes, total.Reads, org.Calls())
		}
		for _, e := range org.Requests() {
			if e.Method != "GET" && e.Path != "/oauth/token" && !strings.HasSuffix(e.Path, "/search") {
				t.Errorf("%s %s was sent", e.Method, e.Path)
			}
		}
		if strings.Contains(out, exorgtest.DefaultClientSecret) {
			t.Errorf("the plan shows the secret:\n%s", out)
		}
		if !strings.HasPrefix(strings.TrimPrefix(out, "  generating the site (0.0 s)\n"), "EXCS plan: a generated site (tier tiny) in SQLite, against the EX Org of the secret. Nothing is written, there or anywhere.\n\nPlan: ") {
			t.Errorf("the plan begins with:\n%.300s", out)
		}
		return out
	}
	const approval = "The organisation is not empty: a first sync would wait for the approval of this plan."
	if out := plan(); strings.Contains(out, approval) {
		t.Errorf("an empty organisation asks for an approval:\n%s", out)
	}
	person := engagetest.New(engagetest.Tiny, 1).Persons[0]
	id, err := org.AddUser(map[string]any{"name": "Somebody Else", "email": person.Email})
	if err != nil {
		t.Fatal(err)
	}
	out := plan()
	if !strings.Contains(out, approval) || !strings.Contains(out, "& user/") {
		t.Errorf("the plan does not tell of the adoption:\n%s", out)
	}
	if u, ok := org.User(id); !ok || u.Name != "Somebody Else" || len(org.Users()) != 1 {
		t.Errorf("the organisation was changed: %+v", org.Users())
	}
}

// Against an organisation too, a database that is there is only read.
func TestPlanOnlyOfADatabase(t *testing.T) {
	dsn := cluster.Database(t)
	if err := engagetest.New(engagetest.Tiny, 1).Write(t.Context(), open(t, dsn), engagetest.PostgreSQL); err != nil {
		t.Fatal(err)
	}
	org, address := exorgtest.Start(t)
	before := contents(t, dsn)
	out, err := play(t, map[string]string{varDSN: dsn, varSecret: secretOfOrg(address, exorgtest.DefaultClientSecret)})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out, "EXCS plan: the postgres database given, against the EX Org of the secret.") || org.Totals().Writes != 0 {
		t.Errorf("%d writes:\n%s", org.Totals().Writes, out)
	}
	if d := cmp.Diff(before, contents(t, dsn)); d != "" {
		t.Errorf("the database was changed: %s", d)
	}
}

// An organisation that can not be reached or refuses the client is one line.
func TestPlanOnlyFails(t *testing.T) {
	_, address := exorgtest.Start(t)
	_, err := play(t, map[string]string{varSecret: secretOfOrg(address, hidden)}, "-tier", "tiny")
	if line := says(t, err, "reach the EX Org: "); strings.Contains(line, hidden) || model.CodeOf(err) != model.CodeDenied {
		t.Errorf("error %s of code %s", line, model.CodeOf(err))
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = play(t, map[string]string{varSecret: secretOfOrg(closed, hidden)}, "-tier", "tiny")
	if line := says(t, err, "reach the EX Org: "); strings.Contains(line, hidden) {
		t.Errorf("the line shows a secret: %s", line)
	}
}
