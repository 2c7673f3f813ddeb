package exorg_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"excs/shared/exorg"
	"excs/shared/mapping"
)

// sharedBudget is all that the wiring needs between the mapping table and the client.
type sharedBudget struct{ mapping.BudgetStore }

func (b sharedBudget) Reserve(ctx context.Context, client string, n int, rank exorg.Rank, now time.Time, maxWait time.Duration) (time.Duration, bool, error) {
	return b.BudgetStore.Reserve(ctx, client, n, mapping.Rank(rank), now, maxWait)
}

var (
	_ exorg.Budget     = sharedBudget{}
	_ exorg.TokenCache = mapping.TokenStore(nil)
)

func TestTheRanksAreThoseOfTheMappingTable(t *testing.T) {
	if mapping.Rank(exorg.RankPeople) != mapping.RankPeople || mapping.Rank(exorg.RankBulk) != mapping.RankBulk {
		t.Error("the wiring converts the number, so the numbers must be the same")
	}
}

func TestALoggedUserShowsItsIDAlone(t *testing.T) {
	var b strings.Builder
	u := exorg.User{ID: "u-1", Name: "Ann", Email: "ann@example.org"}
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "user", u)
	if out := b.String(); !strings.Contains(out, "u-1") || strings.Contains(out, "Ann") || strings.Contains(out, "ann@") {
		t.Errorf("logged as %s", out)
	}
}
