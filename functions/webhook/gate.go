package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"excs/shared/model"
)

const (
	// secretLength is the least length of a secret in bytes: what can be guessed is no secret.
	secretLength = 24
	// secretsAge is how long secrets serve until they are read again, so that a rotation needs no new start: put the new
	// secret beside the old one, wait as long, change the sender, take the old one away.
	secretsAge = 5 * time.Minute
)

// Gate lets HTTP requests in that know one of the secrets. It keeps hashes only.
type Gate struct {
	load func(context.Context) (string, error)
	now  func() time.Time
	log  *slog.Logger

	mu     sync.Mutex
	hashes [][sha256.Size]byte
	read   time.Time
}

// Closed is a gate that lets nobody in.
func Closed() *Gate { return &Gate{} }

// NewGate reads the secrets: {"secrets":["…","…"]}, or {"secret":"…"} as Secrets Manager generates it. Errors: invalid for
// a text without a secret or with one that is too short or can not stand in a header; those of load.
func NewGate(ctx context.Context, load func(context.Context) (string, error), now func() time.Time, log *slog.Logger) (*Gate, error) {
	g := &Gate{load: load, now: now, log: log}
	if err := g.refresh(ctx); err != nil {
		return nil, err
	}
	return g, nil
}

// Admits says whether the secret is one of those that are valid now. It takes as long for a wrong one as for a right one.
func (g *Gate) Admits(ctx context.Context, given string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.load != nil && g.now().Sub(g.read) >= secretsAge {
		if err := g.refresh(ctx); err != nil {
			// A passing fault must not shut everybody out; the secrets read last stay valid.
			g.read = g.now()
			g.log.ErrorContext(ctx, "the secrets of the webhook could not be read again", "code", model.CodeOf(err), "error", err.Error())
		}
	}
	hash := sha256.Sum256([]byte(given))
	match := 0
	for i := range g.hashes {
		match |= subtle.ConstantTimeCompare(hash[:], g.hashes[i][:])
	}
	return match == 1
}

func (g *Gate) refresh(ctx context.Context) error {
	text, err := g.load(ctx)
	if err != nil {
		return err
	}
	hashes, err := hashesOf(text)
	if err != nil {
		return err
	}
	g.hashes, g.read = hashes, g.now()
	return nil
}

// hashesOf reads the secrets. No error shows a part of them.
func hashesOf(text string) ([][sha256.Size]byte, error) {
	const op = "read " + VarWebhookSecret
	var held struct {
		Secret  string   `json:"secret"`
		Secrets []string `json:"secrets"`
	}
	if json.Unmarshal([]byte(text), &held) != nil {
		return nil, model.Errorf(model.CodeInvalid, op, `it is not JSON of the form {"secrets":["…"]}`)
	}
	secrets := held.Secrets
	if held.Secret != "" {
		secrets = append(secrets, held.Secret)
	}
	if len(secrets) == 0 {
		return nil, model.Errorf(model.CodeInvalid, op, `it holds no secret: write {"secrets":["…"]}, each of %d bytes or more`, secretLength)
	}
	hashes := make([][sha256.Size]byte, 0, len(secrets))
	for i, s := range secrets {
		if len(s) < secretLength {
			return nil, model.Errorf(model.CodeInvalid, op, "secret %d of %d has %d bytes: it needs %d or more", i+1, len(secrets), len(s), secretLength)
		}
		for _, b := range []byte(s) {
			if b <= ' ' || b > '~' {
				return nil, model.Errorf(model.CodeInvalid, op, "secret %d of %d holds a character that a header can not carry: use letters, digits and signs of ASCII without spaces", i+1, len(secrets))
			}
		}
		hashes = append(hashes, sha256.Sum256([]byte(s)))
	}
	return hashes, nil
}
