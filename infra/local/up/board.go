package main

import (
	_ "embed" // the page and its script
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"excs/infra/local/aws/runtime"
	"excs/infra/local/aws/stack"
)

//go:embed board.html
var boardPage []byte

//go:embed board.js
var boardScript []byte

// policy lets the page run its own script and nothing that an answer might bring along.
const policy = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// serveBoard shows the custom widget in a page that does what the CloudWatch dashboard does with it, and gives its address.
func serveBoard(s *stack.Stack) (string, error) {
	widgets, err := s.Widgets()
	if err != nil {
		return "", err
	}
	if len(widgets) == 0 {
		return "", errors.New("the dashboard of the template has no custom widget")
	}
	mux := http.NewServeMux()
	serve := func(path, kind string, body []byte) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Content-Security-Policy", policy)
			w.Header().Set("X-Content-Type-Options", "nosniff")
			_, _ = w.Write(body) // a browser that is gone needs no page
		})
	}
	serve("/{$}", "text/html; charset=utf-8", boardPage)
	serve("/board.js", "text/javascript; charset=utf-8", boardScript)
	mux.HandleFunc("POST /call", func(w http.ResponseWriter, r *http.Request) { call(s, widgets[0], w, r) })
	url, err := s.Serve(mux)
	return url + "/", err
}

// call invokes the function of a button, or draws the widget when no endpoint is named.
func call(s *stack.Stack, widget stack.Widget, w http.ResponseWriter, r *http.Request) {
	var in struct {
		Endpoint string
		Payload  map[string]any
		Theme    string
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, runtime.PayloadLimit)).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if in.Endpoint == "" {
		in.Endpoint, in.Payload = widget.Endpoint, map[string]any{}
		if len(widget.Params) > 0 {
			if err := json.Unmarshal(widget.Params, &in.Payload); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
		}
	}
	if in.Payload == nil {
		in.Payload = map[string]any{}
	}
	in.Payload["widgetContext"] = map[string]any{
		"dashboardName": s.Name(), "widgetId": "local", "accountId": s.Account(), "locale": "en", "theme": in.Theme, "width": 1200, "height": 800,
		"timezone": map[string]any{"label": "UTC", "offsetISO": "+00:00", "offsetInMinutes": 0}, "forms": map[string]any{"all": map[string]any{}},
	}
	payload, err := json.Marshal(in.Payload)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	result, err := s.Invoke(in.Endpoint, payload)
	if err == nil {
		err = result.Err()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(result.Payload) // a browser that is gone needs no answer
}
