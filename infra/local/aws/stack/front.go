package stack

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// front is an HTTP server of the stack on the loopback interface.
type front struct {
	url    string
	server *http.Server
	served chan struct{}
}

// Serve serves a handler on a free port of the loopback interface, as long as the stack runs, and gives its address.
func (s *Stack) Serve(h http.Handler) (url string, err error) {
	f, err := s.listen(h)
	if err != nil {
		return "", err
	}
	return f.url, nil
}

// listen serves the handler on a free port. A page of a foreign site that a browser on this machine shows is turned away:
// it could reach loopback addresses too, under a name of its own even.
func (s *Stack) listen(h http.Handler) (*front, error) {
	l, err := new(net.ListenConfig).Listen(s.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen on loopback: %w", err)
	}
	own := http.NewCrossOriginProtection()
	f := &front{url: "http://" + l.Addr().String(), served: make(chan struct{})}
	f.server = &http.Server{Handler: onLoopback(own.Handler(h)), ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(f.served)
		_ = f.server.Serve(l) // it ends with close
	}()
	s.fronts = append(s.fronts, f)
	return f, nil
}

// onLoopback turns requests away that name another host than this machine.
func onLoopback(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			name = r.Host
		}
		if ip := net.ParseIP(name); name != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "this is for the machine that it runs on", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

func (f *front) close() error {
	err := f.server.Close()
	<-f.served
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
