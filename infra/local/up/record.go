package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"excs/infra/local/scene"
)

// recordPath is where other commands find the stack, below the root of the repository.
const recordPath = ".local/stack.json"

// record is the file that says what is up.
type record struct{ path string }

// content is what other commands read.
type content struct {
	Stack     string `json:"stack"`
	Region    string `json:"region"`
	Account   string `json:"account"`
	Lambda    string `json:"lambda"`
	Webhook   string `json:"webhook"`
	Dashboard string `json:"dashboard"`
}

// free makes sure that no other stack of this folder is up. What is left of one that was killed is no hindrance.
func (r record) free(ctx context.Context) error {
	text, err := os.ReadFile(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var c content
	if err != nil || json.Unmarshal(text, &c) != nil {
		return err
	}
	if !answers(ctx, c.Lambda) {
		return nil
	}
	return fmt.Errorf("the stack %s is up already (%s): end it first", c.Stack, c.Lambda)
}

// answers says whether somebody listens at an address.
func answers(ctx context.Context, address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	connection, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", u.Host)
	return err == nil && connection.Close() == nil
}

// write says what is up. The file comes into being all at once.
func (r record) write(s *scene.Scene, board string) error {
	c := content{
		Stack: s.Stack.Name(), Region: s.Stack.Region(), Account: s.Stack.Account(), Lambda: s.Stack.LambdaURL(),
		Webhook: s.Stack.Output("WebhookUrl"), Dashboard: board,
	}
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", r.path, err)
	}
	if err := os.MkdirAll(filepath.Dir(r.path), 0o750); err != nil {
		return fmt.Errorf("write %s: %w", r.path, err)
	}
	next := r.path + ".new"
	if err := os.WriteFile(next, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write %s: %w", r.path, err)
	}
	return os.Rename(next, r.path)
}

func (r record) remove() error { return os.Remove(r.path) }
