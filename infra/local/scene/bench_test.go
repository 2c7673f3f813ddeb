package scene_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"excs/infra/local/scene"
	"excs/shared/engage/engagetest"
)

// BenchmarkColdStart starts the real bootstraps in the local runtime, with settings and secrets to fetch: from the start of
// the process until it asks for its first event. The aim is 150 ms.
func BenchmarkColdStart(b *testing.B) {
	s, err := scene.Open(b.Context(), scene.Options{Root: where(b), Tier: engagetest.Tiny, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	for _, name := range s.Stack.Functions() {
		b.Run(name, func(b *testing.B) {
			const starts = 15
			for b.Loop() {
				var all []time.Duration
				var peak int64
				for range starts {
					if err := s.Stack.Recycle(name); err != nil {
						b.Fatal(err)
					}
					r, err := s.Stack.Warm(name)
					if err != nil {
						b.Fatal(err)
					}
					all = append(all, r.Init)
					peak = max(peak, r.PeakBytes)
				}
				slices.Sort(all)
				b.ReportMetric(float64(all[starts/2].Microseconds())/1000, "ms-median")
				b.ReportMetric(float64(all[starts-1].Microseconds())/1000, "ms-slowest")
				b.ReportMetric(float64(peak)/(1<<20), "MB")
			}
		})
	}
}

// BenchmarkZip compiles the functions for Lambda and packs them: the aim is 8 MB, for snapshot, with its three database
// drivers, 12 MB.
func BenchmarkZip(b *testing.B) {
	names, err := scene.Functions(where(b))
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range names {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				path := filepath.Join(b.TempDir(), "bootstrap")
				build := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-tags=lambda.norpc,nethttpomithttp2", "-ldflags=-s -w -buildid=", "-o", path, "./functions/"+name)
				build.Dir, build.Env = where(b), append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
				if said, err := build.CombinedOutput(); err != nil {
					b.Fatalf("%v\n%s", err, said)
				}
				program, err := os.ReadFile(path)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(program))/1e6, "MB")
				b.ReportMetric(float64(packed(b, program))/1e6, "MB-zip")
			}
		})
	}
}

func packed(b *testing.B, program []byte) int {
	b.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, err := z.Create("bootstrap")
	if err == nil {
		_, err = w.Write(program)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
	return out.Len()
}

// BenchmarkSnapshotMemory runs the real snapshot on the large tier (10,000 persons), the first time, which queues everything,
// and once more without changes. Its peak must stay below what the template gives it.
func BenchmarkSnapshotMemory(b *testing.B) {
	if os.Getenv("EXCS_LARGE") == "" {
		b.Skip("the large tier takes its time: EXCS_LARGE=1 (make bench does)")
	}
	for b.Loop() {
		s, err := scene.Open(b.Context(), scene.Options{Root: where(b), Tier: engagetest.Large, Seed: 1, Template: withoutMapping(b)})
		if err != nil {
			b.Fatal(err)
		}
		for _, run := range []string{"first", "unchanged"} {
			if err := s.Stack.Recycle("snapshot"); err != nil { // a peak is that of a process's whole life
				b.Fatal(err)
			}
			r, err := s.Stack.Invoke("snapshot", []byte("{}"))
			if err == nil {
				err = r.Err()
			}
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(r.PeakBytes)/(1<<20), "MB-"+run)
			b.ReportMetric(r.Duration.Seconds(), "s-"+run)
		}
		b.ReportMetric(float64(s.Stack.Memory("snapshot")), "MB-configured")
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	}
}

// withoutMapping synthesizes the template and leaves the event source mapping out: no worker is to take part.
func withoutMapping(b *testing.B) string {
	b.Helper()
	text, err := scene.Synthesize(b.Context(), where(b), scene.Overrides{Settings: map[string]any{"tenant": engagetest.MainTenant, "requests": map[string]any{"perMinute": 100000}}})
	if err != nil {
		b.Fatal(err)
	}
	var whole map[string]any
	if err := json.Unmarshal(text, &whole); err != nil {
		b.Fatal(err)
	}
	resources := whole["Resources"].(map[string]any)
	for id, r := range resources {
		if r.(map[string]any)["Type"] == "AWS::Lambda::EventSourceMapping" {
			delete(resources, id)
		}
	}
	if text, err = json.Marshal(whole); err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "template.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

func where(b *testing.B) string {
	b.Helper()
	at, err := scene.Root()
	if err != nil {
		b.Fatal(err)
	}
	return at
}
