package runtime

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Options of a host.
type Options struct {
	// Concurrency is how many invocations all functions together may run at once; 0: 10, which is what a new AWS account has.
	Concurrency int
	// InitLimit is how long a process may take until it asks for work; 0: 10 s, as in Lambda.
	InitLimit time.Duration
}

// Host runs functions. One listener on loopback serves the Runtime API of every process, each under a path of its own.
type Host struct {
	options Options
	server  *http.Server
	address string
	closed  chan struct{}
	served  chan struct{} // closed when the server has ended

	mu           sync.Mutex
	environments map[string]*environment
	number       int // of the last environment
	running      int // invocations
	busy         sync.WaitGroup
}

// New starts a host on a free port of the loopback interface. It runs until Close; the context is that of the start.
func New(ctx context.Context, o Options) (*Host, error) {
	if o.Concurrency == 0 {
		o.Concurrency = 10
	}
	if o.InitLimit == 0 {
		o.InitLimit = 10 * time.Second
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the Runtime API: %w", err)
	}
	h := &Host{
		options: o, address: l.Addr().String(), closed: make(chan struct{}), served: make(chan struct{}), environments: map[string]*environment{},
	}
	h.server = &http.Server{Handler: h.routes(), ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(h.served)
		_ = h.server.Serve(l) // it ends with Close
	}()
	return h, nil
}

// Close ends every process and the listener. Invocations that are under way end with an error, and Close waits for them.
func (h *Host) Close() error {
	h.mu.Lock()
	select {
	case <-h.closed:
		h.mu.Unlock()
		return nil
	default:
		close(h.closed)
	}
	all := make([]*environment, 0, len(h.environments))
	for _, e := range h.environments {
		all = append(all, e)
	}
	h.mu.Unlock()
	var errs []error
	for _, e := range all {
		errs = append(errs, e.end())
	}
	h.busy.Wait()
	errs = append(errs, h.server.Close())
	<-h.served
	return errors.Join(errs...)
}

func (h *Host) isClosed() bool {
	select {
	case <-h.closed:
		return true
	default:
		return false
	}
}

// enter takes one of the account's slots.
func (h *Host) enter() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.isClosed() {
		return ErrClosed
	}
	if h.running == h.options.Concurrency {
		return ErrThrottled
	}
	h.running++
	h.busy.Add(1)
	return nil
}

func (h *Host) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.running--
	h.busy.Done()
}

// add makes an environment known under a path of its own. It fails once the host is closed, so that no process outlives it.
func (h *Host) add(e *environment) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.isClosed() {
		return ErrClosed
	}
	h.number++
	e.name = "env-" + strconv.Itoa(h.number)
	h.environments[e.name] = e
	return nil
}

func (h *Host) remove(e *environment) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.environments, e.name)
}

func (h *Host) environment(name string) *environment {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.environments[name]
}

// newID makes a request id of the form that Lambda gives.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}
