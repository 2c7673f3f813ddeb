package engage_test

import (
	"runtime"
	"testing"

	"excs/shared/engage"
	"excs/shared/engage/engagetest"
	"excs/shared/model"
)

// BenchmarkRead reads the tiers from PostgreSQL, and from the stand-in for SQL Server over it, whose time holds that of
// PostgreSQL. live-MB is the memory that the snapshot itself holds.
func BenchmarkRead(b *testing.B) {
	for _, tier := range []engagetest.Tier{engagetest.Medium, engagetest.Large, engagetest.Stress} {
		p := postgresPlace(b, cluster, engagetest.New(tier, 1))
		p.exec(b, "VACUUM ANALYZE")
		benchmarkRead(b, tier.String(), p.secret)
		_, viaTDS := standIn(b, p, layouts()[0])
		benchmarkRead(b, tier.String()+"/SQL Server", viaTDS)
	}
}

func benchmarkRead(b *testing.B, name string, secret engage.Secret) {
	b.Run(name, func(b *testing.B) {
		r := open(b, secret)
		var kept *model.Snapshot
		b.ReportAllocs()
		var before runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for b.Loop() {
			s, counts, err := r.Read(b.Context(), standard())
			if err != nil {
				b.Fatal(err)
			}
			if s.Read[model.TablePerson] != counts[model.TablePerson] {
				b.Fatal("the read is partial")
			}
			kept = s
		}
		var after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&after)
		rows := 0
		for _, n := range kept.Read {
			rows += n
		}
		b.ReportMetric(float64(rows), "rows")
		b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/1e6, "live-MB")
		runtime.KeepAlive(kept)
	})
}
