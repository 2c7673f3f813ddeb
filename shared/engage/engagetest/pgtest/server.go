package pgtest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver named pgx
)

// Limits of a start and a stop. They only end waits that hang; nothing is measured.
const (
	startLimit = 60 * time.Second
	stopLimit  = 15 * time.Second
)

// Option varies a cluster.
type Option func(*config)

// config is what the options set.
type config struct {
	settings []string // of postgres, as name=value
}

// NonConformingStrings runs the server with standard_conforming_strings=off, as Genesys tells administrators of Configuration Databases to.
func NonConformingStrings() Option { return Setting("standard_conforming_strings", "off") }

// Setting sets a parameter of the server, as a line of postgresql.conf would.
func Setting(name, value string) Option {
	return func(c *config) { c.settings = append(c.settings, name+"="+value) }
}

// server is one running cluster.
type server struct {
	dir  string // holds the data and the log; removed at the end
	port int
	cmd  *exec.Cmd
	log  *output
	done chan struct{} // closed when the process has ended
}

// Run starts a cluster and returns the data source name of its database postgres, and the function that stops the cluster and removes it.
// Stop may be called more than once. Errors: ErrNotInstalled; else what the server programs said.
func Run(ctx context.Context, options ...Option) (dsn string, stop func() error, err error) {
	s, err := run(ctx, options)
	if err != nil {
		return "", nil, err
	}
	return s.dsn("postgres"), sync.OnceValue(s.stop), nil
}

// run starts a cluster. Another program may take the port between its choice and the start, so a start is tried three times.
func run(ctx context.Context, options []Option) (*server, error) {
	var c config
	for _, o := range options {
		o(&c)
	}
	bin, err := findPrograms("/usr/lib/postgresql/*/bin")
	if err != nil {
		return nil, err
	}
	id, err := serverIdentity()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pgtest-")
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	if err := prepare(ctx, bin, id, dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	for range 3 {
		var s *server
		if s, err = start(ctx, bin, id, dir, c); err == nil {
			return s, nil
		}
	}
	return nil, errors.Join(err, os.RemoveAll(dir))
}

// prepare makes the cluster's files.
func prepare(ctx context.Context, bin programs, id identity, dir string) error {
	if err := id.own(dir); err != nil {
		return fmt.Errorf("start PostgreSQL: give %s to the server's user: %w", dir, err)
	}
	cmd := exec.CommandContext(ctx, bin.initdb, "-D", filepath.Join(dir, "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", //nolint:gosec // found above
		"--locale=C", "--no-sync")
	cmd.Dir, cmd.SysProcAttr = dir, id.attributes()
	var said []byte
	err := onOwnThread(func() error {
		var err error
		said, err = cmd.CombinedOutput()
		return err
	})
	if err != nil {
		return fmt.Errorf("start PostgreSQL: initdb: %w: %s", err, bytes.TrimSpace(said))
	}
	return nil
}

// onOwnThread runs f on a thread of its own. The kernel ends a child with the thread that started it, and Go may end any other thread.
func onOwnThread(f func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		result <- f()
	}()
	return <-result
}

// start starts the server on a free port and waits until it takes connections.
func start(ctx context.Context, bin programs, id identity, dir string, c config) (*server, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	settings := append([]string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=", "port=" + strconv.Itoa(port),
		// Nothing here must outlive the process, so nothing waits for the disk.
		"fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=4GB", "checkpoint_timeout=1h", "autovacuum=off",
		"shared_buffers=128MB", "max_connections=100", "jit=off", "logging_collector=off",
	}, c.settings...)
	args := []string{"-D", filepath.Join(dir, "data")}
	for _, line := range settings {
		args = append(args, "-c", line)
	}
	s := &server{dir: dir, port: port, log: &output{}, done: make(chan struct{})}
	s.cmd = exec.Command(bin.postgres, args...) //nolint:gosec,noctx // found above; it must outlive ctx, stop ends it
	s.cmd.Dir, s.cmd.SysProcAttr, s.cmd.Stdout, s.cmd.Stderr = dir, id.attributes(), s.log, s.log
	started := make(chan error, 1)
	go func() {
		// The thread stays with the server until it ends: see onOwnThread.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(s.done)
		err := s.cmd.Start()
		started <- err
		if err == nil {
			_ = s.cmd.Wait() // how it ended is in the log
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	if err := s.ready(ctx); err != nil {
		s.end()
		return nil, fmt.Errorf("start PostgreSQL: %w; the server said: %s", err, s.log)
	}
	return s, nil
}

// ready waits until the server takes connections.
func (s *server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	db, err := sql.Open("pgx", s.dsn("postgres"))
	if err != nil {
		return err
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := db.PingContext(ctx)
		if err == nil {
			return db.Close()
		}
		select {
		case <-s.done:
			return errors.Join(errors.New("it ended at once"), db.Close())
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("it took no connection in time: %w", err), db.Close())
		case <-tick.C:
		}
	}
}

// dsn returns the data source name of a database.
func (s *server) dsn(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", s.port, database)
}

// stop ends the server and removes its files.
func (s *server) stop() error {
	s.end()
	if err := os.RemoveAll(s.dir); err != nil {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	return nil
}

// end ends the process and waits for it: first politely (SIGINT, which closes its connections), in the end for good.
func (s *server) end() {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		_ = s.cmd.Process.Signal(sig) // an error says that it has ended
		select {
		case <-s.done:
			return
		case <-time.After(stopLimit):
		}
	}
}

// freePort returns a port of the loopback that nobody listens on.
func freePort(ctx context.Context) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	address, ok := l.Addr().(*net.TCPAddr)
	if err := l.Close(); err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	if !ok {
		return 0, fmt.Errorf("find a free port: %s is no TCP address", l.Addr())
	}
	return address.Port, nil
}

// output keeps the last of what a process says.
type output struct {
	mu   sync.Mutex
	text []byte
}

// Write keeps the last 8,000 bytes.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, p...)
	o.text = o.text[max(0, len(o.text)-8_000):]
	return len(p), nil
}

// String returns what was kept.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(bytes.TrimSpace(o.text))
}
