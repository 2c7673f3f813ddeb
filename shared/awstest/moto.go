package awstest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"time"
)

// StartMoto runs moto's server, which plays several AWS services. The error wraps ErrMissing when moto_server is not on
// the PATH or stands there without the package behind it.
func StartMoto(ctx context.Context) (*Server, error) {
	program, err := exec.LookPath("moto_server")
	if err != nil {
		return nil, motoMissing()
	}
	// Another process may take the free port before moto does: a new one is tried then.
	const tries = 3
	for try := 1; ; try++ {
		s, err := startMoto(ctx, program)
		if err == nil || errors.Is(err, ErrMissing) || try == tries || ctx.Err() != nil {
			return s, err
		}
	}
}

func motoMissing() error {
	return fmt.Errorf("moto_server is %w: run pip install 'moto[server]==5.2.1'", ErrMissing)
}

func startMoto(ctx context.Context, program string) (*Server, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, "-H", "127.0.0.1", "-p", strconv.Itoa(port)) //nolint:gosec // found on the PATH
	s, err := start(cmd, &tail{})
	if err != nil {
		return nil, err
	}
	s.URL = "http://127.0.0.1:" + strconv.Itoa(port)
	limit, cancel := await(ctx)
	defer cancel()
	for {
		select {
		case <-s.Done():
			// 127 is what a shim answers when no Python that it knows has the package.
			if s.child.cmd.ProcessState.ExitCode() == 127 {
				return nil, motoMissing()
			}
			return nil, errors.New("moto_server ended before it answered: " + lastLines(s.end()))
		case <-limit.Done():
			s.Stop()
			return nil, fmt.Errorf("moto_server did not answer: %w: %s", limit.Err(), lastLines(s.Output()))
		case <-time.After(100 * time.Millisecond):
		}
		if answers(limit, s.URL+"/moto-api/data.json") {
			return s, nil
		}
	}
}

// answers asks once. Errors are expected until the server is up.
func answers(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}

func freePort(ctx context.Context) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	address, ok := l.Addr().(*net.TCPAddr)
	if err := l.Close(); err != nil || !ok {
		return 0, fmt.Errorf("find a free port: %s, %w", l.Addr(), err)
	}
	return address.Port, nil
}
