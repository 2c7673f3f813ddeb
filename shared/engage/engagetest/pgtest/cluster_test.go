package pgtest_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"excs/shared/engage/engagetest/pgtest"
)

// cluster is what the tests share; it starts with the first that needs it.
var cluster = pgtest.New()

// The environment variable that makes the test binary a program that starts a cluster and waits to be killed.
const victim = "PGTEST_VICTIM"

func TestMain(m *testing.M) {
	if os.Getenv(victim) != "" {
		beVictim()
	}
	os.Exit(pgtest.Main(m, cluster))
}

// beVictim starts a cluster, says where it is, and waits.
func beVictim() {
	dsn, _, err := pgtest.Run(context.Background())
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(dsn)
	time.Sleep(time.Minute) // a bound, should nobody kill it
	os.Exit(1)
}

// show returns a setting of the server.
func show(t *testing.T, dsn, name string) string {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var value string
	if err := db.QueryRowContext(t.Context(), "SHOW "+name).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

// Run starts a server on the loopback only; stop ends it, removes its files, leaves no goroutine behind, and may be called again.
func TestRunAndStop(t *testing.T) {
	before := goleak.IgnoreCurrent()
	dsn, stop, err := pgtest.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "standard_conforming_strings": "on", "server_encoding": "UTF8",
	} {
		if got := show(t, dsn, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	dir := filepath.Dir(show(t, dsn, "data_directory"))
	for range 2 {
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", dir, err)
	}
	if err := ping(t.Context(), dsn); err == nil {
		t.Error("the server still answers")
	}
	goleak.VerifyNone(t, before)
}

// ping asks the server for a sign of life.
func ping(ctx context.Context, dsn string) error {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return err
	}
	return errors.Join(db.PingContext(ctx), db.Close())
}

// The server never runs as root, and owns its files, whoever runs the test.
func TestTheServerIsNotRoot(t *testing.T) {
	dir := show(t, cluster.Database(t), "data_directory")
	out, err := exec.CommandContext(t.Context(), "stat", "-c", "%u", dir).Output()
	if err != nil {
		t.Skipf("no stat here: %v", err)
	}
	if got := strings.TrimSpace(string(out)); got == "0" {
		t.Errorf("%s belongs to root", dir)
	}
}

// Each database is empty, whatever the tests before did in theirs, also when many ask at once.
func TestDatabasesAreFreshAndApart(t *testing.T) {
	var wait sync.WaitGroup
	names := make([]string, 6)
	for i := range names {
		wait.Go(func() {
			dsn, drop, err := cluster.NewDatabase(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			db, err := sql.Open("pgx", dsn)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := db.ExecContext(t.Context(), "CREATE TABLE mine (n integer)"); err != nil {
				t.Error(err)
			}
			if err := db.QueryRowContext(t.Context(), "SELECT current_database()").Scan(&names[i]); err != nil {
				t.Error(err)
			}
			if err := drop(); err != nil { // although db is still connected
				t.Error(err)
			}
			if err := db.PingContext(t.Context()); err == nil {
				t.Errorf("%s is still there", names[i])
			}
			db.Close()
		})
	}
	wait.Wait()
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			t.Errorf("database %s was given twice", name)
		}
		seen[name] = true
	}
}

// A test's database ends with the test.
func TestADatabaseEndsWithItsTest(t *testing.T) {
	var dsn string
	t.Run("the test", func(t *testing.T) {
		db := cluster.Open(t)
		if err := db.QueryRowContext(t.Context(), "SELECT current_database()").Scan(&dsn); err != nil {
			t.Fatal(err)
		}
	})
	var n int
	if err := cluster.Open(t).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM pg_database WHERE datname = $1", dsn).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d databases called %s are left (%v)", n, dsn, err)
	}
}

// The option for non-conforming strings reaches the server, and so does any other setting.
func TestSettings(t *testing.T) {
	dsn := pgtest.Start(t, pgtest.NonConformingStrings(), pgtest.Setting("work_mem", "5MB")).Database(t)
	if got := show(t, dsn, "standard_conforming_strings"); got != "off" {
		t.Errorf("standard_conforming_strings is %s, want off", got)
	}
	if got := show(t, dsn, "work_mem"); got != "5MB" {
		t.Errorf("work_mem is %s, want 5MB", got)
	}
}

// A setting that the server refuses is an error with what the server said, and leaves nothing behind.
func TestARefusedSettingIsReported(t *testing.T) {
	t.Setenv("TMPDIR", openTemp(t))
	_, _, err := pgtest.Run(t.Context(), pgtest.Setting("no_such_setting", "1"))
	if err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("got %v", err)
	}
	left, err := os.ReadDir(os.TempDir())
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

// A temporary directory that can not be used is an error that names it.
func TestNoTemporaryDirectory(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "gone"))
	if _, _, err := pgtest.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("got %v", err)
	}
}

// openTemp returns an empty directory below the machine's temporary directory that every user can look into: t.TempDir is the test user's own.
func openTemp(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgtest-open-") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A context that is over starts nothing.
func TestAnEndedContextStartsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := pgtest.Run(ctx); err == nil {
		t.Error("a server was started")
	}
}

// A cluster that was stopped starts again with the next database.
func TestAStoppedClusterStartsAgain(t *testing.T) {
	c := pgtest.Start(t)
	first := show(t, c.Database(t), "data_directory")
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	dsn, _, err := c.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if second := show(t, dsn, "data_directory"); second == first {
		t.Errorf("both clusters are in %s", first)
	}
}

// Main gives the tests' exit code and stops the clusters.
func TestMainStopsTheClusters(t *testing.T) {
	c := pgtest.New()
	var dsn string
	code := pgtest.Main(tests(func() int {
		var err error
		if dsn, _, err = c.NewDatabase(t.Context()); err != nil {
			t.Fatal(err)
		}
		return 3
	}), c)
	if code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
	if err := ping(t.Context(), dsn); err == nil {
		t.Error("the server still answers")
	}
}

// tests is a testing.M.
type tests func() int

func (f tests) Run() int { return f() }

// A test process that is killed takes its server along.
func TestAKilledProcessTakesItsServerAlong(t *testing.T) {
	if !dieTogether {
		t.Skip("only Linux ends a child with its parent")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	temp := openTemp(t) // a killed process can not remove its files
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), victim+"=1", "TMPDIR="+temp)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	dsn := strings.TrimSpace(line)
	if err := ping(t.Context(), dsn); err != nil {
		t.Fatalf("%s: %v", dsn, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for ping(ctx, dsn) == nil {
		time.Sleep(50 * time.Millisecond)
	}
	if ctx.Err() != nil {
		t.Error("the server still answers")
	}
}
