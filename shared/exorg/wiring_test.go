package exorg_test

import (
	"log/slog"
	"strings"
	"testing"

	"excs/shared/exorg"
	"excs/shared/mapping"
)

// The mapping table shares tokens and budget as the client asks for it.
var (
	_ exorg.Budget     = mapping.BudgetStore(nil)
	_ exorg.TokenCache = mapping.TokenStore(nil)
)

func TestALoggedUserShowsItsIDAlone(t *testing.T) {
	var b strings.Builder
	u := exorg.User{ID: "u-1", Name: "Ann", Email: "ann@example.org"}
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "user", u)
	if out := b.String(); !strings.Contains(out, "u-1") || strings.Contains(out, "Ann") || strings.Contains(out, "ann@") {
		t.Errorf("logged as %s", out)
	}
}
