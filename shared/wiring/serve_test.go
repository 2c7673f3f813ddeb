package wiring_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"excs/shared/model"
	"excs/shared/wiring"
)

// handler counts its end.
type handler struct {
	number int
	closed *[]int
	fails  error
}

func (h *handler) Close() error {
	*h.closed = append(*h.closed, h.number)
	return h.fails
}

// factory builds handlers and handles with the error that is set.
type factory struct {
	built  int
	closed []int
	start  error // of the next build
	fails  error // of Close
	err    error // of the next invocation
}

func (f *factory) build(context.Context) (*handler, error) {
	if f.start != nil {
		return nil, f.start
	}
	f.built++
	return &handler{number: f.built, closed: &f.closed, fails: f.fails}, nil
}

func (f *factory) handle(h *handler, _ context.Context, in string) (string, error) {
	return fmt.Sprintf("%d %s", h.number, in), f.err
}

func serve(t *testing.T, f *factory) *wiring.Service[*handler, string, string] {
	t.Helper()
	s, err := wiring.Serve(t.Context(), quiet(), f.build, f.handle)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The handler is built once, at the start, and serves every invocation.
func TestServe(t *testing.T) {
	f := &factory{}
	s := serve(t, f)
	if f.built != 1 {
		t.Errorf("built %d times at the start", f.built)
	}
	for _, in := range []string{"a", "b"} {
		if out, err := s.Invoke(t.Context(), in); err != nil || out != "1 "+in {
			t.Errorf("%q, %v", out, err)
		}
	}
	if f.built != 1 || len(f.closed) != 0 {
		t.Errorf("built %d, closed %v", f.built, f.closed)
	}
}

// A start that fails is the caller's to tell; its error is that of the build.
func TestServeFails(t *testing.T) {
	broken := model.Errorf(model.CodeInvalid, "read the environment", "set EXCS_TABLE")
	_, err := wiring.Serve(t.Context(), quiet(), (&factory{start: broken}).build, (&factory{}).handle)
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

// An error reaches Lambda's caller as its code and one line, without an answer.
func TestInvocationFails(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"an error of EXCS", model.Errorf(model.CodeConflict, "take the lease", "another run holds it"), `{"errorMessage":"take the lease: another run holds it","errorType":"conflict"}`},
		{"one that is wrapped", fmt.Errorf("plan: %w", model.Errorf(model.CodeDenied, "read Engage", "no")), `{"errorMessage":"plan: read Engage: no","errorType":"denied"}`},
		{"one of several lines", errors.Join(errors.New("one"), errors.New("two\n\tthree")), `{"errorMessage":"one two three","errorType":"internal"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out, err := serve(t, &factory{err: test.err}).Invoke(t.Context(), "a")
			shown, ok := errors.AsType[messages.InvokeResponse_Error](err)
			if !ok || out != "" {
				t.Fatalf("%q, %T", out, err)
			}
			b, err := json.Marshal(shown)
			if err != nil || string(b) != test.want {
				t.Errorf("Lambda shows %s, want %s", b, test.want)
			}
			if shown.ShouldExit {
				t.Error("the process would end")
			}
		})
	}
}

// After a failure that a corrected secret would end, the next invocation builds its handler anew and the old one is
// closed; after any other the handler stays.
func TestHandlerIsBuiltAnew(t *testing.T) {
	anew := map[model.Code]bool{model.CodeDenied: true, model.CodeInvalid: true, model.CodeUnavailable: true}
	for _, code := range []model.Code{
		model.CodeDenied, model.CodeInvalid, model.CodeUnavailable,
		model.CodeConflict, model.CodeNotFound, model.CodeThrottled, model.CodeStale, model.CodeAmbiguous, model.CodeInternal,
	} {
		f := &factory{err: model.Errorf(code, "read Engage", "no")}
		s := serve(t, f)
		if _, err := s.Invoke(t.Context(), "a"); err == nil {
			t.Fatal("no error")
		}
		f.err = nil
		want := 1
		if anew[code] {
			want = 2
		}
		if out, err := s.Invoke(t.Context(), "b"); err != nil || out != fmt.Sprintf("%d b", want) {
			t.Errorf("%s: %q, %v, want handler %d", code, out, err, want)
		}
		if len(f.closed) != want-1 {
			t.Errorf("%s: closed %v", code, f.closed)
		}
	}
}

// While the secret stays wrong every invocation tells why; once it is right they work again.
func TestSecretIsCorrected(t *testing.T) {
	f := &factory{err: model.Errorf(model.CodeDenied, "read Engage", "refused"), fails: errors.New("broken pipe")}
	log, lines := logged()
	s, err := wiring.Serve(t.Context(), log, f.build, f.handle)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Invoke(t.Context(), "a"); err == nil {
		t.Fatal("no error")
	}
	f.start = model.Errorf(model.CodeInvalid, "read EXCS_ENGAGE_SECRET", "the secret is not set yet")
	for range 2 {
		_, err := s.Invoke(t.Context(), "b")
		if shown, ok := errors.AsType[messages.InvokeResponse_Error](err); !ok || shown.Type != "invalid" || shown.Message != "read EXCS_ENGAGE_SECRET: the secret is not set yet" {
			t.Errorf("error %v", err)
		}
	}
	f.start, f.err = nil, nil
	if out, err := s.Invoke(t.Context(), "c"); err != nil || out != "2 c" {
		t.Errorf("%q, %v", out, err)
	}
	text := lines.String()
	if strings.Count(text, "can not start anew") != 2 || strings.Count(text, "broken pipe") != 1 {
		t.Errorf("log: %s", text)
	}
}
