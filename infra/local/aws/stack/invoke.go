package stack

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"excs/infra/local/aws/runtime"
)

// ErrNoFunction says that the stack has no function of that name.
var ErrNoFunction = errors.New("there is no such function")

// invokeAPI is Lambda's Invoke, as the AWS CLI and SDKs call it.
func (s *Stack) invokeAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2015-03-31/functions/{name}/invocations", s.serveInvoke)
	return mux
}

func (s *Stack) serveInvoke(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(io.LimitReader(r.Body, runtime.PayloadLimit+1))
	if err != nil {
		return // the caller is gone
	}
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	name := r.PathValue("name")
	if !json.Valid(payload) {
		refuse(w, http.StatusBadRequest, "InvalidRequestContentException", "Could not parse request body into json")
		return
	}
	w.Header().Set("X-Amz-Executed-Version", "$LATEST")
	switch kind := r.Header.Get("X-Amz-Invocation-Type"); kind {
	case "", "RequestResponse":
		s.serveSynchronous(w, name, payload)
	case "Event":
		if err := s.InvokeAsync(name, payload); err != nil {
			refuseError(w, err)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	case "DryRun":
		if _, err := s.functionAt(name); err != nil {
			refuseError(w, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		refuse(w, http.StatusBadRequest, "InvalidParameterValueException", "unknown invocation type "+kind)
	}
}

func (s *Stack) serveSynchronous(w http.ResponseWriter, name string, payload []byte) {
	result, err := s.Invoke(name, payload)
	if err != nil {
		refuseError(w, err)
		return
	}
	header := w.Header()
	header.Set("X-Amzn-Requestid", result.RequestID)
	header.Set("Content-Type", "application/json")
	if result.FunctionError != "" {
		header.Set("X-Amz-Function-Error", result.FunctionError)
		header.Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString([]byte(s.lastLines(result.Function))))
	}
	_, _ = w.Write(result.Payload) // a caller that is gone needs no answer
}

// lastLines are the last 4 KB that a function wrote, as Lambda gives them to who asks.
func (s *Stack) lastLines(function string) string {
	const most = 4 << 10
	text := strings.Join(s.Lines(function), "\n")
	return text[max(0, len(text)-most):]
}

func refuseError(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, ErrNoFunction):
		refuse(w, http.StatusNotFound, "ResourceNotFoundException", err.Error())
	case errors.Is(err, runtime.ErrThrottled):
		refuse(w, http.StatusTooManyRequests, "TooManyRequestsException", err.Error())
	case errors.Is(err, runtime.ErrTooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, "RequestTooLargeException", err.Error())
	default:
		refuse(w, http.StatusInternalServerError, "ServiceException", err.Error())
	}
}

func refuse(w http.ResponseWriter, status int, code, text string) {
	body, err := json.Marshal(map[string]string{"Type": "User", "Message": text, "message": text})
	if err != nil {
		body = []byte("{}")
	}
	w.Header().Set("X-Amzn-Errortype", code)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller that is gone needs no answer
}
