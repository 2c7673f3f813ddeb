package apply_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

// wire is the way to the EX Org. It counts the requests and lets tests do something right before or after one of them.
type wire struct {
	next http.RoundTripper

	mu     sync.Mutex
	n      int
	before func(n int, r *http.Request) error // an error: the request never arrives
	after  func(n int, r *http.Request) error // an error: the answer is lost
}

var (
	errCut  = errors.New("the connection broke")
	errGone = errors.New("the process is dead")
)

// RoundTrip sends the request, unless a test wants otherwise.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.n++
	n, before, after := w.n, w.before, w.after
	w.mu.Unlock()
	if before != nil {
		if err := before(n, r); err != nil {
			return nil, err
		}
	}
	answer, err := w.next.RoundTrip(r)
	if err != nil || after == nil {
		return answer, err
	}
	if err := after(n, r); err != nil {
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		return nil, err
	}
	return answer, nil
}

// on does something right before the first request of that method whose path ends so.
func (w *wire) on(method, suffix string, do func()) {
	var once sync.Once
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before = func(_ int, r *http.Request) error {
		if r.Method == method && strings.HasSuffix(r.URL.Path, suffix) {
			once.Do(do)
		}
		return nil
	}
}

// clear ends all of it and counts anew.
func (w *wire) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n, w.before, w.after = 0, nil, nil
}

func (w *wire) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.n
}

// dying is a context that a test ends in the midst of a look, as when a process is killed.
func dying(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, func() { cancel(errGone) }
}
