package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// Standby starts a streaming standby of a cluster for one test and returns the data source name of a database there.
func Standby(tb testing.TB, primary *Cluster, database string, options ...Option) (dsn string) {
	tb.Helper()
	s, err := standby(tb.Context(), primary, options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.stop(); err != nil {
			tb.Error(err)
		}
	})
	return s.dsn(database)
}

func standby(ctx context.Context, primary *Cluster, options []Option) (*server, error) {
	var c config
	for _, o := range options {
		o(&c)
	}
	from, err := primary.started(ctx)
	if err != nil {
		return nil, err
	}
	bin, err := findPrograms("/usr/lib/postgresql/*/bin")
	if err != nil {
		return nil, err
	}
	id, err := serverIdentity()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pgtest-standby-")
	if err != nil {
		return nil, fmt.Errorf("start a standby: %w", err)
	}
	if err := id.own(dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	cmd := exec.CommandContext(ctx, filepath.Join(filepath.Dir(bin.postgres), "pg_basebackup"), "-h", "127.0.0.1", "-p", strconv.Itoa(from.port), "-U", "postgres", //nolint:gosec // found above
		"-D", filepath.Join(dir, "data"), "-R", "-X", "stream", "-c", "fast", "--no-sync")
	cmd.Dir, cmd.SysProcAttr = dir, id.attributes()
	var said []byte
	err = onOwnThread(func() error {
		var err error
		said, err = cmd.CombinedOutput()
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start a standby: pg_basebackup: %w: %s", err, bytes.TrimSpace(said)), os.RemoveAll(dir))
	}
	s, err := start(ctx, bin, id, dir, c)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}
