package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// stackFile is where `make local` says what it keeps up, below the root of the repository.
const stackFile = ".local/stack.json"

// localTarget invokes functions of the stack that runs on this machine, by Lambda's own Invoke API.
type localTarget struct {
	url string // of the Invoke API
	at  place
}

// openLocal reads the file that make local wrote.
func openLocal(cmd command, getenv func(string) string) (target, error) {
	path, err := findUp(stackFile)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path) //nolint:gosec // our own file
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no stack runs on this machine (%s is not there): start one with `make local` in another terminal, or leave LOCAL out", stackFile)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", stackFile, err)
	}
	var s struct{ Stack, Region, Account, Lambda string }
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("%s can not be read (%w): end `make local` and start it again", stackFile, err)
	}
	if s.Stack == "" || s.Lambda == "" {
		return nil, fmt.Errorf("%s names no stack or no Invoke API: end `make local` and start it again", stackFile)
	}
	return &localTarget{url: strings.TrimSuffix(s.Lambda, "/"), at: place{
		account: s.Account, region: s.Region, stage: strings.TrimPrefix(s.Stack, "excs-"), stack: s.Stack, function: s.Stack + "-" + cmd.function,
		caller: getenv("USER"), local: true,
	}}, nil
}

// findUp gives the path of a file below the root of the module that the working directory is in.
func findUp(name string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the working directory: %w", err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return filepath.Join(at, filepath.FromSlash(name)), nil
		}
		if at == filepath.Dir(at) {
			return filepath.Join(dir, filepath.FromSlash(name)), nil
		}
	}
}

func (t *localTarget) place() place { return t.at }

// invoke has no time limit of its own: the local stack enforces the function's.
func (t *localTarget) invoke(ctx context.Context, payload []byte) (a answer, err error) {
	address := t.url + "/2015-03-31/functions/" + url.PathEscape(t.at.function) + "/invocations"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(payload))
	if err != nil {
		return a, fmt.Errorf("%s names no usable address: %w", stackFile, err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return a, fmt.Errorf("the local stack does not answer (%w): is `make local` still running?", err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if a.body, err = io.ReadAll(response.Body); err != nil {
		return a, fmt.Errorf("read the answer of the local stack: %w", err)
	}
	if response.StatusCode/100 != 2 {
		return a, fmt.Errorf("the local stack refuses to invoke %s: %s: %s", t.at.function, response.Status, shorten(string(a.body)))
	}
	a.failed = response.Header.Get("X-Amz-Function-Error") != ""
	return a, nil
}
