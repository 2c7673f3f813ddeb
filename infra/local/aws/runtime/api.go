package runtime

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// routes is the Runtime API (2018-06-01), below the name of an environment.
func (h *Host) routes() http.Handler {
	const at = "/{environment}/2018-06-01/runtime/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+at+"invocation/next", h.in((*environment).next))
	mux.HandleFunc("POST "+at+"invocation/{id}/response", h.in((*environment).respond))
	mux.HandleFunc("POST "+at+"invocation/{id}/error", h.in((*environment).respondError))
	mux.HandleFunc("POST "+at+"init/error", h.in((*environment).failInit))
	return mux
}

func (h *Host) in(serve func(*environment, http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e := h.environment(r.PathValue("environment"))
		if e == nil {
			http.Error(w, "there is no such environment", http.StatusForbidden)
			return
		}
		serve(e, w, r)
	}
}

// next gives the process its next invocation, as soon as there is one. Until then it is frozen.
func (e *environment) next(w http.ResponseWriter, r *http.Request) {
	select {
	case e.asked <- struct{}{}:
	default: // it asked before and gave that request up
	}
	e.freeze()
	select {
	case c := <-e.calls:
		e.hand(w, c)
	case <-e.gone:
	case <-r.Context().Done():
	}
}

func (e *environment) hand(w http.ResponseWriter, c *call) {
	e.mu.Lock()
	e.call = c
	e.mu.Unlock()
	if err := e.thaw(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Lambda-Runtime-Aws-Request-Id", c.id)
	header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(c.deadline.UnixMilli(), 10))
	header.Set("Lambda-Runtime-Invoked-Function-Arn", e.f.cfg.ARN)
	header.Set("Lambda-Runtime-Trace-Id", traceID(c.id))
	header.Set("Content-Type", "application/json")
	_, _ = w.Write(c.payload) // a process that is gone is seen by its end
}

// traceID makes X-Ray's header out of a request id.
func traceID(id string) string {
	const digits = 24
	hex := make([]byte, 0, digits)
	for i := 0; i < len(id) && len(hex) < digits; i++ {
		if id[i] != '-' {
			hex = append(hex, id[i])
		}
	}
	return fmt.Sprintf("Root=1-%08x-%s;Sampled=0", time.Now().Unix(), hex)
}

func (e *environment) respond(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	if errors.Is(err, ErrTooLarge) {
		e.post(w, r, func(id string) Result {
			return failed(id, TypeLarge, "Response payload size exceeded maximum allowed payload size (%d bytes).", PayloadLimit)
		}, http.StatusRequestEntityTooLarge)
		return
	}
	e.post(w, r, func(id string) Result { return answered(id, body, false, "") }, http.StatusAccepted)
}

func (e *environment) respondError(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	if err != nil {
		body = nil
	}
	kind := r.Header.Get("Lambda-Runtime-Function-Error-Type")
	e.post(w, r, func(id string) Result { return answered(id, body, true, kind) }, http.StatusAccepted)
}

// post keeps the answer to the invocation that the process works on.
func (e *environment) post(w http.ResponseWriter, r *http.Request, make func(id string) Result, status int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.call == nil || e.call.id != r.PathValue("id") || e.call.answer != nil {
		http.Error(w, errUnknown.Error(), http.StatusBadRequest)
		return
	}
	result := make(e.call.id)
	e.call.answer, e.call.at = &result, time.Now()
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func (e *environment) failInit(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	if err != nil {
		body = nil
	}
	e.mu.Lock()
	e.initError = body
	e.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

// readBody reads what may be read, and the rest away, so that the process gets its answer.
func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, PayloadLimit+1))
	if err != nil {
		return nil, fmt.Errorf("read an answer: %w", err)
	}
	if len(body) > PayloadLimit {
		_, err := io.Copy(io.Discard, r.Body)
		return nil, errors.Join(ErrTooLarge, err)
	}
	return body, nil
}
