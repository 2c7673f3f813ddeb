package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/functions/internal/stage"
	"excs/shared/model"
	"excs/shared/run"
)

func samples(t *testing.T) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "..", "events", "sync-*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	bodies := map[string][]byte{}
	for _, path := range paths {
		if bodies[filepath.Base(path)], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return bodies
}

// Every sample survives being read and written again, and there is one for each action.
func TestSamplesRoundTrip(t *testing.T) {
	seen := map[string]bool{}
	for name, body := range samples(t) {
		p, err := decode(body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		seen[p.Action] = true
		if !strings.HasPrefix(name, "sync-"+p.Action) {
			t.Errorf("%s holds the action %s", name, p.Action)
		}
		back, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var want, got map[string]any
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(back, &got); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s differs: %s", name, d)
		}
	}
	for _, a := range actions() {
		if !seen[a.name] {
			t.Errorf("no sample of %s", a.name)
		}
	}
}

// Every sample is understood by the handler and answered on a tenant of the tiny site. The hash in the samples is of no
// plan, so an approval and a discard of it find nothing.
func TestSamplesAreAnswered(t *testing.T) {
	for name, body := range samples(t) {
		t.Run(name, func(t *testing.T) {
			s, _ := stage.Tiny(t)
			h := onStage(s)
			must(t, h, `{"action":"sync"}`)
			s.Converge(t)
			answer, err := ask(t, h, string(body))
			if strings.Contains(name, "approve") || strings.Contains(name, "discard") {
				if model.CodeOf(err) != model.CodeNotFound {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil || answer == "" {
				t.Errorf("answer %q, %v", answer, err)
			}
		})
	}
}

// The samples of approve and discard reach the runner with their hash and kinds.
func TestSamplesOfDecisions(t *testing.T) {
	var hashes []string
	decide := func(hash string, _ []model.Kind) (run.Decision, error) {
		hashes = append(hashes, hash)
		return run.Decision{}, nil
	}
	h := &Handler{Log: quiet(), Runner: &fake{t: t, approve: decide, discard: decide}}
	all := samples(t)
	must(t, h, string(all["sync-approve.json"]))
	must(t, h, string(all["sync-discard.json"]))
	if d := cmp.Diff([]string{"8826274a66e7358d0d7d", "8826274a66e7358d0d7d"}, hashes); d != "" {
		t.Error(d)
	}
}
