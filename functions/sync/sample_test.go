package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/functions/internal/stage"
	"excs/shared/model"
	"excs/shared/run"
)

// Every sample survives being read and written again, and there is one for each action.
func TestSamplesRoundTrip(t *testing.T) {
	seen := map[string]bool{}
	for name, body := range stage.Samples(t, "sync-") {
		p, err := decode(body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		seen[p.Action] = true
		if !strings.HasPrefix(name, "sync-"+p.Action) {
			t.Errorf("%s holds the action %s", name, p.Action)
		}
		stage.RoundTrips(t, name, body, p)
	}
	for _, a := range actions() {
		if !seen[a.name] {
			t.Errorf("no sample of %s", a.name)
		}
	}
}

// Every sample is understood by the handler and answered on a tenant of the tiny site. The hash in the samples is of no
// plan, so an approval and a discard of it find nothing; nor is there the EX object that is linked, and nothing is paused that
// could be resumed.
func TestSamplesAreAnswered(t *testing.T) {
	for name, body := range stage.Samples(t, "sync-") {
		t.Run(name, func(t *testing.T) {
			s, _ := stage.Tiny(t)
			h := onStage(s)
			must(t, h, `{"action":"sync"}`)
			s.Converge(t)
			answer, err := ask(t, h, string(body))
			if slices.ContainsFunc([]string{"approve", "discard", "link", "resume"}, func(action string) bool { return strings.Contains(name, action) }) {
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
	all := stage.Samples(t, "sync-")
	must(t, h, string(all["sync-approve.json"]))
	must(t, h, string(all["sync-discard.json"]))
	if d := cmp.Diff([]string{"8826274a66e7358d0d7d", "8826274a66e7358d0d7d"}, hashes); d != "" {
		t.Error(d)
	}
}
