package engage_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/model"
)

// What another connection commits between two queries of a read is not seen by it, and by the next read it is.
func TestAReadSeesOneState(t *testing.T) {
	onBoth(t, tiny, func(t *testing.T, p place) {
		r := open(t, p.secret)
		before := read(t, r, standard())
		steps := 0
		r.OnQuery(func(query string) {
			if !strings.Contains(query, "cfg_person p\n") || strings.Contains(query, "JOIN") || steps > 0 {
				return
			}
			steps++
			// The site is turned over before the first row is read and after the transaction saw the tenant.
			p.exec(t, aPerson+"(800001,101,'late',2,1)", aSkill+"(800001,101,'late',1)", "DELETE FROM cfg_route_dn", "DELETE FROM cfg_agent_group",
				"UPDATE cfg_dn SET name = 'late'", "INSERT INTO cfg_skill_level (person_dbid, skill_dbid, level_) VALUES (800001, 800001, 5)")
		})
		during := read(t, r, standard())
		if steps != 1 {
			t.Fatal("nothing was committed between two queries")
		}
		if d := diff(before, during); d != "" {
			t.Errorf("the read saw (+) what was committed while it ran:\n%s", d)
		}
		r.OnQuery(nil)
		after := read(t, r, standard())
		if len(after.Persons) != len(before.Persons)+1 || len(after.Levels) != len(before.Levels)+1 || len(after.GroupDNs) != 0 || len(after.GroupAgents) != 0 {
			t.Error("the next read does not see it")
		}
	})
}

// Where the server has standard_conforming_strings=off, as Genesys tells administrators, every form of the DSN and every
// protocol of the driver works.
func TestNonConformingStrings(t *testing.T) {
	p := postgresPlace(t, nonConforming, nasty())
	var setting string
	if err := p.db.QueryRowContext(t.Context(), "SHOW standard_conforming_strings").Scan(&setting); err != nil || setting != "off" {
		t.Fatalf("the server has standard_conforming_strings=%s, %v", setting, err)
	}
	want := expect(nasty(), standard())
	u, err := url.Parse(p.secret.DSN)
	if err != nil {
		t.Fatal(err)
	}
	keywords := "host=" + u.Hostname() + " port=" + u.Port() + " user=postgres sslmode=disable dbname=" + strings.Trim(u.Path, "/")
	for _, dsn := range []string{p.secret.DSN, keywords} {
		for _, mode := range []string{"cache_statement", "exec", "simple_protocol"} {
			separator := map[bool]string{true: "&", false: " "}[strings.Contains(dsn, "?")]
			s := p.secret
			s.DSN = dsn + separator + "default_query_exec_mode=" + mode
			if d := diff(want, read(t, open(t, s), standard())); d != "" {
				t.Errorf("%s: the snapshot (+) is not the site (-):\n%s", mode, d)
			}
		}
	}
}

// The reader's connection can not write.
func TestTheConnectionCanNotWrite(t *testing.T) {
	onBoth(t, tiny, func(t *testing.T, p place) {
		r := open(t, p.secret)
		for _, query := range []string{"DELETE FROM cfg_person", "CREATE TABLE cfg_mine (a integer)"} {
			if err := r.Try(t.Context(), query); err == nil {
				t.Errorf("%s was done", query)
			}
		}
	})
}

// A transaction begins in the way that each driver takes.
func TestHowATransactionBegins(t *testing.T) {
	t.Run("Oracle begins in the default way and is then made read-only", func(t *testing.T) {
		secret, b := fakePlace(t, oracle, tiny())
		read(t, open(t, secret), standard())
		if len(b.began) != 1 || b.began[0] != (driver.TxOptions{}) {
			t.Errorf("it began with %v", b.began)
		}
		if len(b.executed) != 1 || b.executed[0] != "SET TRANSACTION READ ONLY" {
			t.Errorf("then %v was executed", b.executed)
		}
	})
	t.Run("SQL Server takes snapshot isolation where the database allows it", func(t *testing.T) {
		secret, b := fakePlace(t, sqlServer, tiny())
		s := read(t, open(t, secret), standard())
		if len(b.began) != 1 || sql.IsolationLevel(b.began[0].Isolation) != sql.LevelSnapshot || b.began[0].ReadOnly {
			t.Errorf("it began with %v", b.began)
		}
		if len(notes(s, "snapshot isolation")) != 0 {
			t.Errorf("the notes are %v", s.Notes)
		}
	})
	t.Run("SQL Server falls back to repeatable read elsewhere, and says so", func(t *testing.T) {
		secret, b := fakePlace(t, sqlServer, tiny())
		b.snapshotState = 0
		s := read(t, open(t, secret), standard())
		if len(b.began) != 1 || sql.IsolationLevel(b.began[0].Isolation) != sql.LevelRepeatableRead {
			t.Errorf("it began with %v", b.began)
		}
		if len(notes(s, "ALLOW_SNAPSHOT_ISOLATION ON")) != 1 {
			t.Errorf("the notes are %v", s.Notes)
		}
	})
	t.Run("no statement of SQL Server reads without locks", func(t *testing.T) {
		secret, b := fakePlace(t, sqlServer, tiny())
		read(t, open(t, secret), standard())
		for _, q := range b.queried {
			if strings.Contains(strings.ToUpper(q), "NOLOCK") {
				t.Errorf("a read without locks proves nothing: %s", q)
			}
		}
	})
}

// Rows that get lost on the way, in any table, leave a read that Prove does not take.
func TestAPartialReadIsNotProven(t *testing.T) {
	for table, from := range map[model.Table]string{
		model.TablePerson: "FROM cfg_person p\n", model.TableSkill: "FROM cfg_skill s\n", model.TableSkillLevel: "FROM cfg_skill_level l",
		model.TableDN: "FROM cfg_dn d", model.TableSwitch: "FROM cfg_switch w", model.TableGroup: "FROM cfg_group g\n", model.TableGroupAgent: "FROM cfg_agent_group a",
		model.TableGroupDN: "FROM cfg_route_dn r", model.TableScript: "FROM cfg_flex_prop s", model.TableAttribute: "FROM cfg_enumerator e\n",
		model.TableAttrValue: "FROM cfg_enumerator_value v", model.TableTransaction: "FROM cfg_transaction x",
	} {
		t.Run(string(table), func(t *testing.T) {
			secret, b := fakePlace(t, oracle, nasty())
			b.lose[from] = 1
			s, counts, err := open(t, secret).Read(t.Context(), standard())
			if err != nil {
				t.Fatal(err)
			}
			if table == model.TableTransaction && counts[table] == 0 {
				t.Fatal("the site has no transaction object")
			}
			_, _, err = model.Prove(s, counts, model.Memory{}, time.Minute, time.Unix(0, 0))
			wantError(t, err, model.CodeUnavailable, nil, string(table), "read of")
		})
	}
}

// A read that is cancelled ends at once, with the context's error in the chain, and the next one works.
func TestACancelledRead(t *testing.T) {
	onBoth(t, tiny, func(t *testing.T, p place) {
		r := open(t, p.secret)
		ctx, cancel := context.WithCancel(t.Context())
		r.OnQuery(func(query string) {
			if strings.Contains(query, "cfg_dn") {
				cancel()
			}
		})
		_, _, err := r.Read(ctx, standard())
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the error is not the context's: %v", err)
		}
		wantError(t, err, model.CodeUnavailable, nil)
		r.OnQuery(nil)
		read(t, r, standard())
	})
}

// Two reads at once do not wait for each other for ever.
func TestReadsBesideEachOther(t *testing.T) {
	onBoth(t, tiny, func(t *testing.T, p place) {
		r := open(t, p.secret)
		errs := make(chan error)
		for range 4 {
			go func() {
				_, _, err := r.Read(t.Context(), standard())
				errs <- err
			}()
		}
		for range 4 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	})
}

// A change of the site between two reads shows in the second: nothing is kept from the first.
func TestEachReadIsFresh(t *testing.T) {
	onBoth(t, tiny, func(t *testing.T, p place) {
		r := open(t, p.secret)
		site := tiny()
		read(t, r, standard())
		e := engagetest.NewEditor(site, p.db, p.dialect)
		hired, err := e.Hire(t.Context(), engagetest.Newcomer{First: "Nina", Last: "New"})
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(expect(site, standard()), read(t, r, standard())); d != "" {
			t.Errorf("after hiring %d the snapshot (+) is not the site (-):\n%s", hired.DBID, d)
		}
		// The e-mail column goes: the next read sees that it is gone.
		if err := e.RemoveEmailColumn(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := read(t, r, standard()); s.HasEmailColumn {
			t.Error("the e-mail column is still believed to be there")
		}
	})
}
