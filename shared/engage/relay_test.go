package engage_test

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
)

// relay passes bytes between a driver and its server until it is told to fall silent.
type relay struct {
	address string
	silent  atomic.Bool
}

func newRelay(t testing.TB, to string) *relay {
	t.Helper()
	r := &relay{}
	r.address = listen(t, func(client net.Conn) {
		server, err := net.Dial("tcp", to)
		if err != nil {
			_ = client.Close()
			return
		}
		t.Cleanup(func() { _ = server.Close() })
		go r.pass(server, client)
		r.pass(client, server)
	})
	return r
}

func (r *relay) silence() { r.silent.Store(true) }

func (r *relay) pass(to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && !r.silent.Load() {
			_, _ = to.Write(buf[:n])
		}
		if err != nil {
			if errors.Is(err, io.EOF) && !r.silent.Load() {
				_ = to.Close()
			}
			return
		}
	}
}
