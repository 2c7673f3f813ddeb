// Package script is an HTTP server that answers what a test has written down, in order.
//
// It reads requests and records them, returns the scripted answers (also resets and half answers), and never decides anything: how an EX Org
// behaves is the business of exorgtest.
package script

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"
)

// Request is one request as it came.
type Request struct {
	Method, Path string
	Query        url.Values
	Header       http.Header
	Body         string
}

// Reply answers one request.
type Reply func(w http.ResponseWriter, r *http.Request)

// Server plays its replies one after another to requests of the API, and Token to those of the token endpoint.
type Server struct {
	URL string

	tb       testing.TB
	mu       sync.Mutex
	replies  []Reply
	requests []Request
	tokens   []Request
	token    Reply
}

// Start serves on the loopback interface until the test ends. A request beyond the script fails the test.
func Start(tb testing.TB, replies ...Reply) *Server {
	tb.Helper()
	s := &Server{tb: tb, replies: replies}
	h := httptest.NewServer(s)
	tb.Cleanup(h.Close)
	s.URL = h.URL
	return s
}

// Then adds replies.
func (s *Server) Then(replies ...Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies = append(s.replies, replies...)
}

// Token sets the reply of the token endpoint; without one it gives the tokens "token-1", "token-2" and so on for a day, each on a connection of its
// own: on a kept one, net/http would repeat a reset GET by itself and the script would be out of step.
func (s *Server) Token(r Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = r
}

// Requests returns the requests of the API so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// TokenRequests returns the requests of the token endpoint so far.
func (s *Server) TokenRequests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.tokens...)
}

// Left returns how many replies have not been asked for.
func (s *Server) Left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.replies)
}

// ServeHTTP records the request and plays the next reply.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away in the middle of its request
	}
	s.next(Request{Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.Query(), Header: r.Header.Clone(), Body: string(body)})(w, r)
}

func (s *Server) next(r Request) Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Path == "/oauth/token" {
		s.tokens = append(s.tokens, r)
		if s.token != nil {
			return s.token
		}
		return JSON(http.StatusOK, `{"access_token":"token-`+strconv.Itoa(len(s.tokens))+`","token_type":"bearer","expires_in":86400}`, "Connection", "close")
	}
	s.requests = append(s.requests, r)
	if len(s.replies) == 0 {
		s.tb.Errorf("the script has no answer for %s %s %s", r.Method, r.Path, r.Body)
		return JSON(http.StatusNotImplemented, `{"status":501,"code":"end.of.script"}`)
	}
	next := s.replies[0]
	s.replies = s.replies[1:]
	return next
}

// JSON answers with a status, a body and headers given as name, value, name, value.
func JSON(status int, body string, headers ...string) Reply {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // a client that is gone needs no answer
	}
}

// OK answers 200 with a body.
func OK(body string) Reply { return JSON(http.StatusOK, body) }

// Status answers an error of the Platform API with the status, a code and a message.
func Status(status int, code, message string, headers ...string) Reply {
	body := `{"status":` + strconv.Itoa(status) + `,"code":` + strconv.Quote(code) + `,"message":` + strconv.Quote(message) + `,"contextId":"corr-1"}`
	return JSON(status, body, headers...)
}

// Reset reads the request and resets the connection without an answer, as a network that fails after the server got the request.
func Reset() Reply {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
}

// Half answers with a body that breaks off.
func Half(status int, body string) Reply {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body[:len(body)/2])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

// Wait answers only when release is closed, or the client is gone.
func Wait(release <-chan struct{}, then Reply) Reply {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
			then(w, r)
		case <-r.Context().Done():
		}
	}
}
