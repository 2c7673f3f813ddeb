package tdstest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/text/encoding"
)

// Login and password that the stand-in takes.
const (
	User     = "excs"
	Password = "Tiger;2024}#%"
)

// Layout is how the columns of the Genesys schema are declared.
type Layout struct {
	Name string
	// Number is the type of the numbers: "numeric", "int" or "bigint".
	Number string
	// Text is the type of the texts: "nvarchar", "varchar" or "char".
	Text string
	// CodePage is that of varchar and char columns, for those that are read as bytes.
	CodePage encoding.Encoding
	// Pad is the width to which a char column pads.
	Pad int
}

// Layouts are three that sites have.
func Layouts(codePage encoding.Encoding) []Layout {
	return []Layout{
		{Name: "numeric and nvarchar", Number: "numeric", Text: "nvarchar"},
		{Name: "int and varchar", Number: "int", Text: "varchar", CodePage: codePage},
		{Name: "bigint and padded char", Number: "bigint", Text: "char", CodePage: codePage, Pad: 64},
	}
}

// Fault is what goes wrong at a step: "prelogin", "handshake", "login", "begin", "commit", or a part of a statement.
type Fault struct {
	At     string
	Silent bool          // nothing comes any more
	Cut    bool          // the connection ends
	Midway bool          // with Silent or Cut: after some rows
	Slow   time.Duration // before each packet
	Number int32         // the server's error
	Text   string
}

// Server is the stand-in. Set its fields before it is connected to.
type Server struct {
	Address string
	Layout  Layout
	// SnapshotState is sys.databases.snapshot_isolation_state of the database.
	SnapshotState int
	// TLS is nil for a server without; its Everything says whether more than the login is encrypted.
	TLS        *tls.Config
	Everything bool

	postgres string // the DSN
	tb       testing.TB

	mu         sync.Mutex
	faults     []Fault
	queries    []string
	logins     []Login
	isolations []byte
	attentions int
}

// Login is what a client said of itself.
type Login struct {
	User, App, Database string
	ReadOnly, Encrypted bool
	SSPI                bool
}

// New starts a stand-in over a database of PostgreSQL.
func New(tb testing.TB, postgres string, layout Layout) *Server {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{Address: l.Addr().String(), Layout: layout, SnapshotState: 1, postgres: postgres, tb: tb}
	ctx, cancel := context.WithCancel(context.Background())
	var sessions sync.WaitGroup
	tb.Cleanup(func() {
		cancel()
		_ = l.Close()
		sessions.Wait()
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			sessions.Go(func() { s.serve(ctx, c) })
		}
	}()
	return s
}

// DSN gives a DSN of the stand-in, with options to add.
func (s *Server) DSN(options ...string) string {
	q := "database=genesys"
	for _, o := range options {
		q += "&" + o
	}
	return (&url.URL{Scheme: "sqlserver", User: url.UserPassword(User, Password), Host: s.Address, RawQuery: q}).String()
}

// Fail plants faults in place of those that were planted.
func (s *Server) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = faults
}

// Queries lists the statements that came.
func (s *Server) Queries() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.queries)
}

// Logins lists who logged in.
func (s *Server) Logins() []Login {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.logins)
}

// Isolations lists the isolation levels of the transactions (2 read committed, 3 repeatable read, 5 snapshot).
func (s *Server) Isolations() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.isolations)
}

// Attentions counts how often a client cancelled.
func (s *Server) Attentions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attentions
}

func (s *Server) fault(at string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if strings.Contains(at, f.At) {
			return f
		}
	}
	return Fault{}
}

// session is one connection.
type session struct {
	server *Server
	raw    net.Conn
	conn   io.ReadWriter // raw, or TLS over it
	pg     *pgconn.PgConn
	broken bool // the transaction of PostgreSQL takes no more statements
}

var (
	errCut     = errors.New("the fault cuts")
	errSilence = errors.New("the fault is silent")
)

func (s *Server) serve(ctx context.Context, raw net.Conn) {
	defer func() { _ = raw.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	x := &session{server: s, raw: raw, conn: raw}
	err := x.run(ctx)
	if x.pg != nil {
		_ = x.pg.Close(context.WithoutCancel(ctx))
	}
	if errors.Is(err, errSilence) {
		_, _ = io.Copy(io.Discard, raw)
	}
	if errors.Is(err, errScope) {
		s.tb.Errorf("tdstest: %v", err)
	}
}

// errScope marks what the stand-in does not know.
var errScope = errors.New("beyond what the stand-in knows")

func (x *session) run(ctx context.Context) error {
	if err := x.greet(ctx); err != nil {
		return err
	}
	pg, err := pgconn.Connect(ctx, x.server.postgres)
	if err != nil {
		return err
	}
	x.pg = pg
	for {
		kind, body, err := readMessage(x.conn)
		if err != nil {
			return err
		}
		if err := x.answer(ctx, kind, &message{b: body}); err != nil {
			return err
		}
	}
}

func (x *session) answer(ctx context.Context, kind byte, m *message) error {
	switch kind {
	case packBatch:
		m.skipHeaders()
		return x.query(ctx, ucs2(m.b), nil)
	case packRPC:
		query, args, err := parseCall(m)
		if err != nil {
			return err
		}
		return x.query(ctx, query, args)
	case packTransaction:
		m.skipHeaders()
		return x.transact(ctx, m)
	case packAttention:
		x.server.mu.Lock()
		x.server.attentions++
		x.server.mu.Unlock()
		return x.reply(doneToken(doneAttention, 0))
	}
	return fmt.Errorf("%w: a packet of type %#x", errScope, kind)
}

// pass does what is planted at a step, short of an error of the server.
func (x *session) pass(at string) (Fault, error) {
	f := x.server.fault(at)
	time.Sleep(f.Slow)
	switch {
	case f.At == "" || f.Midway:
		return f, nil
	case f.Silent:
		return f, errSilence
	case f.Cut:
		return f, errCut
	}
	return f, nil
}

func (x *session) reply(tokens ...[]byte) error {
	w := newWriter(x.conn, packReply)
	for _, t := range tokens {
		if _, err := w.Write(t); err != nil {
			return err
		}
	}
	return w.end()
}
