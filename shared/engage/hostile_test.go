package engage_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"excs/shared/engage"
	"excs/shared/model"
)

// dsns are secrets for a server at an address, by driver.
func dsns(address string) map[string]engage.Secret {
	return map[string]engage.Secret{
		"postgres":  {Driver: "postgres", DSN: "postgres://excs:hunter22@" + address + "/genesys?sslmode=disable"},
		"sqlserver": {Driver: "sqlserver", DSN: "sqlserver://excs:hunter22@" + address + "?database=genesys&encrypt=disable"},
		"oracle":    {Driver: "oracle", DSN: "oracle://excs:hunter22@" + address + "/genesys"},
	}
}

// listen serves every connection with a function until the test ends.
func listen(t testing.TB, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
			go serve(c)
		}
	}()
	return l.Addr().String()
}

// No read outlives its deadline by more than 2 s, whatever the peer does, on any driver, and the error is the context's.
func TestNoReadOutlivesItsDeadline(t *testing.T) {
	drip := func(first []byte) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = io.ReadFull(c, make([]byte, 4))
			for i := 0; ; i++ {
				if _, err := c.Write(first[i%len(first) : i%len(first)+1]); err != nil {
					return
				}
				time.Sleep(300 * time.Millisecond)
			}
		}
	}
	peers := map[string]func(net.Conn){
		"silent":                 func(net.Conn) {},
		"reads and says nothing": func(c net.Conn) { _, _ = io.Copy(io.Discard, c) },
		"slow":                   drip([]byte{4, 1, 4, 0, 0, 0, 1, 0}),
		"slow, of zeros":         drip([]byte{0}),
	}
	for name, serve := range peers {
		address := listen(t, serve)
		for driver, secret := range dsns(address) {
			t.Run(driver+"/"+name, func(t *testing.T) {
				t.Parallel()
				r := open(t, secret)
				const patience = 1500 * time.Millisecond
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				start := time.Now()
				_, _, err := r.Read(ctx, standard())
				if over := time.Since(start) - patience; over > 2*time.Second {
					t.Errorf("the read outlived its deadline by %s", over)
				}
				if !errors.Is(err, context.DeadlineExceeded) && time.Since(start) >= patience {
					t.Errorf("the error is not the context's: %v", err)
				}
				wantError(t, err, model.CodeUnavailable, []string{"hunter22"})
			})
		}
	}
}

// A peer that cuts, refuses or is not there is told at once, as passing.
func TestPeersThatAreNotThere(t *testing.T) {
	cut := listen(t, func(c net.Conn) { _, _ = io.ReadFull(c, make([]byte, 8)); _ = c.Close() })
	babble := listen(t, func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")); _ = c.Close() })
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	for name, address := range map[string]string{"cut": cut, "babble": babble, "refused": gone.Addr().String(), "no such host": "no-such-host.invalid:1521"} {
		for driver, secret := range dsns(address) {
			t.Run(driver+"/"+name, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				_, _, err := open(t, secret).Read(ctx, standard())
				wantError(t, err, model.CodeUnavailable, []string{"hunter22"}, "the next run tries again")
			})
		}
	}
}

// What go-ora says before it has logged in is one connect packet with the service, and nothing of the login.
func TestWhatOracleSendsFirst(t *testing.T) {
	got := make(chan []byte, 1)
	address := listen(t, func(c net.Conn) {
		head := make([]byte, 8)
		_, _ = io.ReadFull(c, head)
		body := make([]byte, 2000)
		n, _ := c.Read(body)
		select {
		case got <- append(head, body[:n]...):
		default:
		}
		_, _ = c.Write(refusal(12514))
	})
	secret := dsns(address)["oracle"]
	_, _, err := open(t, secret).Read(t.Context(), standard())
	wantError(t, err, model.CodeInvalid, []string{"hunter22"}, "ORA-12514", "the listener knows no such service")
	packet := <-got
	if packet[4] != 1 || !bytes.Contains(packet, []byte("(SERVICE_NAME=genesys)")) || bytes.Contains(packet, []byte("hunter22")) {
		t.Errorf("the first packet is %q", packet)
	}
}

// refusal is the packet by which an Oracle listener refuses a connection.
func refusal(number int) []byte {
	text := fmt.Sprintf("(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR=%d)(ERROR_STACK=(ERROR=(CODE=%d)(EMFI=4))))", number, number)
	p := make([]byte, 12, 12+len(text))
	binary.BigEndian.PutUint16(p, uint16(12+len(text)))
	p[4], p[8], p[9] = 4, 1, 1
	binary.BigEndian.PutUint16(p[10:], uint16(len(text)))
	return append(p, text...)
}

// A network that goes silent between two queries of a read: PostgreSQL behind a relay that stops.
func TestANetworkThatGoesSilent(t *testing.T) {
	p := postgresPlace(t, cluster, tiny())
	relay := newRelay(t, hostOf(t, p.secret.DSN))
	secret := p.secret
	secret.DSN = strings.Replace(p.secret.DSN, hostOf(t, p.secret.DSN), relay.address, 1)
	r := open(t, secret)
	r.OnQuery(func(query string) {
		if strings.Contains(query, "cfg_dn") {
			relay.silence()
		}
	})
	const patience = 2 * time.Second
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	start := time.Now()
	_, _, err := r.Read(ctx, standard())
	if over := time.Since(start) - patience; over > 2*time.Second {
		t.Errorf("the read outlived its deadline by %s", over)
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is not the context's: %v", err)
	}
}

// No connection is kept: one that was closed meanwhile would fail the next read.
func TestNoIdleConnectionIsKept(t *testing.T) {
	p := postgresPlace(t, cluster, tiny())
	r := open(t, p.secret)
	read(t, r, standard())
	deadline := time.Now().Add(5 * time.Second)
	for n := 1; n > 0; {
		if err := p.db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = 'excs' AND datname = current_database()").Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n > 0 && time.Now().After(deadline) {
			t.Fatalf("%d connections are kept", n)
		}
	}
	read(t, r, standard())
}

// The first read after a column's type was changed succeeds (case 10).
func TestATableThatIsAltered(t *testing.T) {
	p := postgresPlace(t, cluster, tiny())
	r := open(t, p.secret)
	read(t, r, standard())
	p.exec(t, "ALTER TABLE cfg_person ALTER COLUMN first_name TYPE varchar(300)", "ALTER TABLE cfg_skill ALTER COLUMN state TYPE smallint")
	read(t, r, standard())
}

// hostOf gives host:port of a DSN in URL form.
func hostOf(t testing.TB, dsn string) string {
	t.Helper()
	_, rest, _ := strings.Cut(dsn, "@")
	host, _, _ := strings.Cut(rest, "/")
	return host
}
