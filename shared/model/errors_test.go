package model_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"excs/shared/model"
)

func TestErrorText(t *testing.T) {
	t.Parallel()
	user := model.Key{Kind: model.KindUser, DBID: 12}
	cause := errors.New("the name is taken")
	for _, tc := range []struct {
		name string
		err  *model.Error
		want string
	}{
		{"what was done, to which object, what went wrong", &model.Error{Code: model.CodeConflict, Op: "create", Key: user, Err: cause}, "create user/12: the name is taken"},
		{"no object", &model.Error{Code: model.CodeConflict, Op: "create", Err: cause}, "create: the name is taken"},
		{"no operation", &model.Error{Code: model.CodeConflict, Key: user, Err: cause}, "user/12: the name is taken"},
		{"only a cause", &model.Error{Code: model.CodeConflict, Err: cause}, "the name is taken"},
		{"no cause: the code speaks", &model.Error{Code: model.CodeConflict, Op: "create", Key: user}, "create user/12: conflict"},
		{"only a code", &model.Error{Code: model.CodeStale}, "stale"},
		{"formatted", model.Errorf(model.CodeInvalid, "read settings", "%d of %d are wrong", 2, 3), "read settings: 2 of 3 are wrong"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := tc.err.Error(); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestCodeOf(t *testing.T) {
	t.Parallel()
	stale := model.Errorf(model.CodeStale, "record", "the version moved on")
	for _, tc := range []struct {
		name string
		err  error
		want model.Code
	}{
		{"nothing", nil, ""},
		{"an error of the core", stale, model.CodeStale},
		{"wrapped", fmt.Errorf("apply: %w", stale), model.CodeStale},
		{"wrapped twice", fmt.Errorf("run: %w", fmt.Errorf("apply: %w", stale)), model.CodeStale},
		{"joined with another", errors.Join(io.EOF, stale), model.CodeStale},
		{"the outermost counts", &model.Error{Code: model.CodeUnavailable, Err: stale}, model.CodeUnavailable},
		{"the first of those joined counts", errors.Join(model.Errorf(model.CodeDenied, "", "no"), stale), model.CodeDenied},
		{"another error is EXCS's own fault", io.EOF, model.CodeInternal},
		{"an ended context is no code of its own", context.Canceled, model.CodeInternal},
		{"an error without a code has none", &model.Error{Err: io.EOF}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := model.CodeOf(tc.err); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestRetryAfterOf(t *testing.T) {
	t.Parallel()
	throttled := &model.Error{Code: model.CodeThrottled, RetryAfter: 7 * time.Second}
	for _, tc := range []struct {
		name string
		err  error
		want time.Duration
	}{
		{"nothing", nil, 0},
		{"another error", io.EOF, 0},
		{"a wait that was asked for", throttled, 7 * time.Second},
		{"wrapped", fmt.Errorf("put user: %w", throttled), 7 * time.Second},
		{"an error without a wait", model.Errorf(model.CodeThrottled, "", "slow down"), 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := model.RetryAfterOf(tc.err); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

// Callers find the cause behind an error of the core, %w included.
func TestErrorsUnwrap(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"a cause": &model.Error{Code: model.CodeUnavailable, Err: io.ErrUnexpectedEOF}, "formatted": model.Errorf(model.CodeUnavailable, "read", "row %d: %w", 7, io.ErrUnexpectedEOF),
	} {
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: the cause is lost: %v", name, err)
		}
	}
	if errors.Unwrap(&model.Error{Code: model.CodeStale}) != nil {
		t.Error("an error without a cause has one")
	}
}

// Rows, audit lines and operators hold on to these words.
func TestCodesKeepTheirWords(t *testing.T) {
	t.Parallel()
	for code, want := range map[model.Code]string{
		model.CodeInvalid: "invalid", model.CodeNotFound: "not_found", model.CodeConflict: "conflict", model.CodeStale: "stale", model.CodeThrottled: "throttled",
		model.CodeUnavailable: "unavailable", model.CodeDenied: "denied", model.CodeAmbiguous: "ambiguous", model.CodeInternal: "internal",
	} {
		if string(code) != want {
			t.Errorf("%q should be %q", code, want)
		}
	}
}
