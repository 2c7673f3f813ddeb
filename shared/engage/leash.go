package engage

import (
	"context"
	"net"
	"sync"
	"time"
)

// grace is how long a driver may take to end a read by itself after its context has ended. A driver that watches the
// context says good-bye to the server; one that does not (go-mssqldb while it logs in or waits for the answer to its
// cancellation, go-ora while it fetches) loses its network connection, and whatever it waits for fails.
const grace = time.Second

// leash holds the network connections of one read.
type leash struct {
	mu    sync.Mutex
	conns []net.Conn
	cut   bool
}

type leashKey struct{}

// onLeash gives a context whose connections are cut when it has ended, a little later, or when end is called, at once.
func onLeash(ctx context.Context) (_ context.Context, end func()) {
	l := &leash{}
	ctx, cancel := context.WithCancel(context.WithValue(ctx, leashKey{}, l))
	stop := cutAfter(ctx, l)
	return ctx, func() {
		stop()
		l.end()
		cancel()
	}
}

// cutAfter cuts the leash a little after the context has ended.
func cutAfter(ctx context.Context, l *leash) (stop func() bool) {
	return context.AfterFunc(ctx, func() { time.AfterFunc(grace, l.end) })
}

func (l *leash) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	for _, c := range l.conns {
		_ = c.Close() // one that was closed before says so; nobody is left to be told
	}
	l.conns = nil
}

func (l *leash) hold(c net.Conn) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return net.ErrClosed
	}
	l.conns = append(l.conns, c)
	return nil
}

// Dialer opens the network connections of a read for its database driver. They end with the read, whatever the driver
// does.
type Dialer struct{}

// DialContext connects to one of the host's addresses.
func (Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{KeepAlive: 30 * time.Second}
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if l, ok := ctx.Value(leashKey{}).(*leash); ok {
		if err := l.hold(c); err != nil {
			_ = c.Close()
			return nil, err
		}
	}
	return c, nil
}

// HostName tells go-mssqldb to leave the host's name to this dialer: its own look-up knows no context.
func (Dialer) HostName() string { return "" }
