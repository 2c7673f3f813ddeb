package engagetest_test

import (
	"path/filepath"
	"testing"

	"excs/shared/engage/engagetest"
)

// How long it takes to build a site, and to write it.
func BenchmarkSite(b *testing.B) {
	for _, tier := range engagetest.Tiers() {
		b.Run("New/"+tier.String(), func(b *testing.B) {
			for b.Loop() {
				engagetest.New(tier, 1)
			}
		})
		b.Run("SQLite/"+tier.String(), func(b *testing.B) {
			s := engagetest.New(tier, 1)
			for b.Loop() {
				db, err := engagetest.OpenSQLite(filepath.Join(b.TempDir(), "engage.db"))
				if err != nil {
					b.Fatal(err)
				}
				if err := s.Write(b.Context(), db, engagetest.SQLite); err != nil {
					b.Fatal(err)
				}
				if err := db.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("PostgreSQL/"+tier.String(), func(b *testing.B) {
			s := engagetest.New(tier, 1)
			for b.Loop() {
				if err := s.Write(b.Context(), cluster.Open(b), engagetest.PostgreSQL); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
