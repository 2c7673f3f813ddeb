package wiring_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/wiring"
)

// The secret for reading is used by who only reads; a writer never gets it, and a faulty secret is named by its variable.
func TestEXOrgSecrets(t *testing.T) {
	startCloud(t)
	tests := []struct {
		name   string
		need   string
		access wiring.Access
		alter  func(map[string]string)
		says   string // "" for no error
	}{
		{"a reader with its own secret does not look at the other", wiring.VarExorgReadSecret, wiring.Reading,
			func(e map[string]string) {
				e[wiring.VarExorgReadSecret] = readJSON
				e[wiring.VarExorgSecret] = "broken"
			}, ""},
		{"a reader without its own takes the other", wiring.VarExorgReadSecret, wiring.Reading, func(map[string]string) {}, ""},
		{"a reader's faulty secret", wiring.VarExorgReadSecret, wiring.Reading, func(e map[string]string) { e[wiring.VarExorgReadSecret] = `{"clientSecret":"` + readSecret + `"}` },
			wiring.VarExorgReadSecret},
		{"a writer does not look at the reader's", wiring.VarExorgSecret, wiring.Writing, func(e map[string]string) { e[wiring.VarExorgReadSecret] = "broken" }, ""},
		{"a writer's faulty secret", wiring.VarExorgSecret, wiring.Writing,
			func(e map[string]string) {
				e[wiring.VarExorgReadSecret] = readJSON
				e[wiring.VarExorgSecret] = `{"clientSecret":"` + clientSecret + `"}`
			}, wiring.VarExorgSecret},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			env := full()
			test.alter(env)
			p, err := wiring.Open(t.Context(), lookup(env), quiet(), wiring.VarTable, wiring.VarQueueURL, wiring.VarSettings, test.need)
			if err != nil {
				t.Fatal(err)
			}
			client, err := p.EXOrg(t.Context(), test.access)
			if test.says == "" {
				if err != nil || client == nil {
					t.Errorf("error %v", err)
				}
				return
			}
			if model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), test.says+": ") {
				t.Fatalf("error %v, want %s", err, test.says)
			}
			noSecrets(t, "the error", err.Error())
		})
	}
}

// A reader stands back behind people's changes and has the patience for it.
func TestClientConfig(t *testing.T) {
	secret, err := exorg.ParseSecret([]byte(exorgJSON))
	if err != nil {
		t.Fatal(err)
	}
	table := mapping.NewMemory(mapping.MemoryOptions{})
	writer := wiring.ClientConfig(secret, table, quiet(), wiring.Writing)
	reader := wiring.ClientConfig(secret, table, quiet(), wiring.Reading)
	if writer.Rank != model.RankPeople || reader.Rank != model.RankBulk {
		t.Errorf("ranks %v and %v", writer.Rank, reader.Rank)
	}
	if writer.MaxWait != 0 || reader.MaxWait < 10*time.Second {
		t.Errorf("waits %s and %s", writer.MaxWait, reader.MaxWait)
	}
	for _, c := range []exorg.Config{writer, reader} {
		if c.Tokens == nil || c.Budget == nil || c.Logger == nil || c.APIURL != "https://api.mypurecloud.de" || len(c.Clients) != 1 {
			t.Errorf("config %+v", c)
		}
	}
	// The token of one process is the token of all, and so is the budget.
	until := time.Now().Add(time.Hour)
	if err := writer.Tokens.SaveToken(t.Context(), "writer", "t0ken", model.Org{}, until); err != nil {
		t.Fatal(err)
	}
	if token, _, _, err := reader.Tokens.LoadToken(t.Context(), "writer"); err != nil || token != "t0ken" {
		t.Errorf("token %q, %v", token, err)
	}
}

// ranks notes with which rank slots are asked for.
type ranks struct {
	mapping.Store
	seen []model.Rank
}

func (r *ranks) Reserve(_ context.Context, _ string, _ int, rank model.Rank, _ time.Time, _ time.Duration) (time.Duration, bool, error) {
	r.seen = append(r.seen, rank)
	return 3 * time.Second, true, nil
}

// The client's ranks are the table's, and the table's answer comes back as it is.
func TestBudgetRanks(t *testing.T) {
	table := &ranks{Store: mapping.NewMemory(mapping.MemoryOptions{})}
	budget := wiring.ClientConfig(exorg.Secret{}, table, quiet(), wiring.Writing).Budget
	for _, rank := range []model.Rank{model.RankPeople, model.RankBulk} {
		wait, ok, err := budget.Reserve(t.Context(), "c", 1, rank, time.Now(), time.Minute)
		if wait != 3*time.Second || !ok || err != nil {
			t.Errorf("answer %s, %v, %v", wait, ok, err)
		}
	}
	if d := cmp.Diff([]model.Rank{model.RankPeople, model.RankBulk}, table.seen); d != "" {
		t.Error(d)
	}
}
