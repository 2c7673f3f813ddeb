package engage_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"

	"excs/shared/engage"
	"excs/shared/engage/engagetest"
	"excs/shared/engage/engagetest/tdstest"
	"excs/shared/model"
)

// standIn starts a stand-in for SQL Server over a place in PostgreSQL, and gives the secret that reads it.
func standIn(t testing.TB, p place, layout tdstest.Layout, options ...string) (*tdstest.Server, engage.Secret) {
	t.Helper()
	s := tdstest.New(t, p.secret.DSN, layout)
	return s, engage.Secret{Driver: "sqlserver", DSN: s.DSN(append([]string{"encrypt=disable"}, options...)...)}
}

func layouts() []tdstest.Layout { return tdstest.Layouts(charmap.Windows1252) }

// The snapshot that the real SQL Server driver reads, in every layout of columns, is the one that pgx reads.
func TestSQLServerReadsTheSite(t *testing.T) {
	sites := map[string]func() *engagetest.Site{
		"tiny": tiny, "small": func() *engagetest.Site { return engagetest.New(engagetest.Small, 1) }, "nasty": nasty,
	}
	if os.Getenv("EXCS_LARGE") != "" {
		for _, tier := range []engagetest.Tier{engagetest.Medium, engagetest.Large, engagetest.Stress} {
			sites[tier.String()] = func() *engagetest.Site { return engagetest.New(tier, 1) }
		}
	}
	for name, build := range sites {
		p := postgresPlace(t, cluster, build())
		want := read(t, open(t, p.secret), standard())
		for _, layout := range layouts() {
			t.Run(name+"/"+layout.Name, func(t *testing.T) {
				server, secret := standIn(t, p, layout)
				got := read(t, open(t, secret), standard())
				if d := diff(want, got); d != "" {
					t.Errorf("the snapshot of SQL Server (+) is not that of PostgreSQL (-):\n%s", d)
				}
				if l := server.Logins(); len(l) != 1 || l[0].App != "excs" || l[0].Database != "genesys" || l[0].ReadOnly {
					t.Errorf("the logins are %+v", l)
				}
				if i := server.Isolations(); !slices.Equal(i, []byte{5}) {
					t.Errorf("the isolation levels are %v", i)
				}
			})
		}
	}
}

// Without snapshot isolation the read locks, and is the one that gives way.
func TestSQLServerWithoutSnapshotIsolation(t *testing.T) {
	p := postgresPlace(t, cluster, tiny())
	server, secret := standIn(t, p, layouts()[0])
	server.SnapshotState = 0
	s := read(t, open(t, secret), standard())
	if i := server.Isolations(); !slices.Equal(i, []byte{3}) {
		t.Errorf("the isolation levels are %v", i)
	}
	if !slices.Contains(server.Queries(), "SET DEADLOCK_PRIORITY LOW; SET LOCK_TIMEOUT 10000") {
		t.Error("the session does not give way")
	}
	if len(notes(s, "ALLOW_SNAPSHOT_ISOLATION ON")) != 1 {
		t.Errorf("the notes are %v", s.Notes)
	}
}

// What goes wrong on the way is told by its own words, in time, and never gives a snapshot.
func TestSQLServerFaults(t *testing.T) {
	p := postgresPlace(t, cluster, tiny())
	server, secret := standIn(t, p, layouts()[0])
	r := open(t, secret)
	for _, c := range []struct {
		name  string
		fault tdstest.Fault
		code  model.Code
		says  string
	}{
		{"silent at the prelogin", tdstest.Fault{At: "prelogin", Silent: true}, model.CodeUnavailable, "no answer in time"},
		{"silent at the login", tdstest.Fault{At: "login", Silent: true}, model.CodeUnavailable, "no answer in time"},
		{"silent at a query", tdstest.Fault{At: "cfg_dn d", Silent: true}, model.CodeUnavailable, "no answer in time"},
		{"silent in the middle of rows", tdstest.Fault{At: "SELECT p.dbid, CAST", Silent: true, Midway: true}, model.CodeUnavailable, "no answer in time"},
		{"silent at the commit", tdstest.Fault{At: "commit", Silent: true}, model.CodeUnavailable, "no answer in time"},
		{"slow", tdstest.Fault{At: "SELECT", Slow: 700 * time.Millisecond}, model.CodeUnavailable, "no answer in time"},
		{"cut at the prelogin", tdstest.Fault{At: "prelogin", Cut: true}, model.CodeUnavailable, "tries again"},
		{"cut at the login", tdstest.Fault{At: "login", Cut: true}, model.CodeUnavailable, "tries again"},
		{"cut in the middle of rows", tdstest.Fault{At: "SELECT p.dbid, CAST", Cut: true, Midway: true}, model.CodeUnavailable, "tries again"},
		{"login refused", tdstest.Fault{At: "login", Number: 18456, Text: "Login failed for user 'excs'."}, model.CodeDenied, "check user, password"},
		{"database not open to it", tdstest.Fault{At: "login", Number: 4060, Text: "Cannot open database \"genesys\" requested by the login."}, model.CodeDenied, "check database in the dsn"},
		{"full", tdstest.Fault{At: "login", Number: 17809, Text: "Could not connect because the maximum number of user connections has been reached."}, model.CodeUnavailable, "no connection left"},
		{"deadlock", tdstest.Fault{At: "cfg_dn d", Number: 1205, Text: "Transaction was deadlocked on lock resources."}, model.CodeUnavailable, "deadlock"},
		{"lock time-out", tdstest.Fault{At: "cfg_dn d", Number: 1222, Text: "Lock request time out period exceeded."}, model.CodeUnavailable, "locked"},
		{"no snapshot", tdstest.Fault{At: "cfg_tenant", Number: 3952, Text: "Snapshot isolation transaction failed accessing database."}, model.CodeInvalid, "ALLOW_SNAPSHOT_ISOLATION ON"},
		{"collations", tdstest.Fault{At: "cfg_flex_prop", Number: 468, Text: "Cannot resolve the collation conflict."}, model.CodeInvalid, "different collations"},
		{"no grant", tdstest.Fault{At: "cfg_skill_level", Number: 229, Text: "The SELECT permission was denied."}, model.CodeDenied, "SELECT grants"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server.Fail(c.fault)
			const patience = 2 * time.Second
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			start := time.Now()
			_, _, err := r.Read(ctx, standard())
			if over := time.Since(start) - patience; over > 2*time.Second {
				t.Errorf("the read outlived its deadline by %s", over)
			}
			wantError(t, err, c.code, []string{tdstest.Password}, c.says)
			if c.says == "no answer in time" && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the error is not the context's: %v", err)
			}
		})
	}
	server.Fail()
	read(t, r, standard())
}

// A wrong password is refused, and a Windows login goes by NTLM and not with the password in clear.
func TestSQLServerLogins(t *testing.T) {
	p := postgresPlace(t, cluster, tiny())
	server, secret := standIn(t, p, layouts()[0])
	secret.DSN = "server=" + strings.Replace(server.Address, ":", ",", 1) + ";user id=excs;password=hunter22;database=genesys;encrypt=disable"
	wantError(t, failed(t, secret), model.CodeDenied, []string{"hunter22"}, "Login failed for user 'excs'", "check user, password")
	secret.DSN = "server=" + strings.Replace(server.Address, ":", ",", 1) + `;user id=CORP\svc_excs;password=hunter22;database=genesys;encrypt=disable`
	wantError(t, failed(t, secret), model.CodeDenied, []string{"hunter22"}, "allow mixed mode")
	if l := server.Logins(); !l[1].SSPI || l[1].User != "" {
		t.Errorf("the Windows login came as %+v", l[1])
	}
}

// Where the database's texts are in a code page that the secret names, they are read as its bytes.
func TestSQLServerEncoding(t *testing.T) {
	p := postgresPlace(t, cluster, bare())
	p.exec(t, aSkill+"(1,101,'Обслуживание',1)", aSkill+"(2,101,'plain',1)")
	layout := tdstest.Layouts(charmap.Windows1251)[1]
	server, secret := standIn(t, p, layout)
	secret.Encoding = "windows-1251"
	s := read(t, open(t, secret), standard())
	if s.Skills[0].Name != "Обслуживание" || s.Skills[1].Name != "plain" {
		t.Errorf("the skills are %v", s.Skills)
	}
	if !slices.ContainsFunc(server.Queries(), func(q string) bool { return strings.Contains(q, "AS varbinary(8000))") }) {
		t.Error("the texts are not read as bytes")
	}
}

// A read that is cancelled tells the server, and the next one works.
func TestSQLServerIsToldOfACancellation(t *testing.T) {
	p := postgresPlace(t, cluster, tiny())
	server, secret := standIn(t, p, layouts()[0])
	server.Fail(tdstest.Fault{At: "cfg_dn d", Slow: 400 * time.Millisecond})
	r := open(t, secret)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.OnQuery(func(q string) {
		if strings.Contains(q, "cfg_dn d") {
			time.AfterFunc(100*time.Millisecond, cancel)
		}
	})
	_, _, err := r.Read(ctx, standard())
	if !errors.Is(err, context.Canceled) || server.Attentions() != 1 {
		t.Errorf("%d attentions, %v", server.Attentions(), err)
	}
	r.OnQuery(nil)
	server.Fail()
	if raced {
		return // go-mssqldb gives a cancelled connection's buffer to the next one without saying so to the race detector
	}
	read(t, r, standard())
}
