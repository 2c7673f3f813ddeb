package exorgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"
)

// Server is an organisation that listens on a free port of the loopback interface.
type Server struct {
	URL string // base address, both for the login host and for the API host
	srv *http.Server
}

// Close ends the server and its connections.
func (s *Server) Close() error {
	if err := s.srv.Close(); err != nil {
		return fmt.Errorf("close the EX Org server: %w", err)
	}
	return nil
}

// Start serves the organisation on 127.0.0.1 until the server is closed.
func (o *Org) Start() (*Server, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the EX Org server: %w", err)
	}
	srv := &http.Server{Handler: o, ReadHeaderTimeout: time.Minute}
	go func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			_ = l.Close()
		}
	}()
	return &Server{URL: "http://" + l.Addr().String(), srv: srv}, nil
}

// Start makes an organisation, serves it until the test ends and returns it with its base address.
func Start(tb testing.TB, opts ...Option) (*Org, string) {
	tb.Helper()
	org := New(opts...)
	s, err := org.Start()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return org, s.URL
}

// Client returns an HTTP client whose requests, to any host, are answered by the organisation in the caller's goroutine,
// without a socket: the way to use it inside a testing/synctest bubble.
func (o *Org) Client() *http.Client { return &http.Client{Transport: direct{o}} }

// direct is the transport of Client.
type direct struct{ org *Org }

// RoundTrip answers the request; a closed connection is an error as from a socket.
func (d direct) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	if err := r.Context().Err(); err != nil {
		return nil, err //nolint:wrapcheck // a transport returns the context's error as it is
	}
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer func() { _ = in.Body.Close() }()
	rec := &recorder{header: http.Header{}}
	defer func() {
		if p := recover(); p != nil {
			if p != any(http.ErrAbortHandler) {
				panic(p)
			}
			resp, err = nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
		}
	}()
	d.org.ServeHTTP(rec, in)
	if err := r.Context().Err(); err != nil {
		return nil, err //nolint:wrapcheck // a transport returns the context's error as it is
	}
	return &http.Response{
		Status: http.StatusText(rec.status), StatusCode: rec.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: rec.header, Body: io.NopCloser(&rec.body), ContentLength: int64(rec.body.Len()), Request: r,
	}, nil
}

// recorder is the answer of a request that came without a socket.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// hangUp closes the connection without an answer, with a reset where there is a socket.
func hangUp(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if conn, _, err := h.Hijack(); err == nil {
			if tcp, isTCP := conn.(*net.TCPConn); isTCP {
				_ = tcp.SetLinger(0)
			}
			_ = conn.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}

// pause waits, but no longer than the request lives.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
