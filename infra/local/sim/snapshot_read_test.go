package sim

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"excs/shared/engage/engagetest"
	"excs/shared/excstest"
	"excs/shared/model"
	"excs/shared/rules"
)

// What a life reads from memory is what the reader of Engage reads from a database, after edits too.
func TestSnapshotIsWhatIsRead(t *testing.T) {
	shelf := excstest.NewSites()
	for _, preset := range rules.Presets() {
		s := excstest.Settings(preset)
		e := shelf.Open(t, engagetest.NewOfSize(sizeOf(rand.New(rand.NewPCG(1, 1))), 1))
		rng := rand.New(rand.NewPCG(2, 2))
		for range 6 {
			want, counts, err := e.Read(s)(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			got, counted := snapshotOf(e.Site(), s)
			// What was counted differs in what is dropped again; how many rows are left does not.
			ignore := cmpopts.IgnoreFields(model.Snapshot{}, "Read", "Dropped", "Notes")
			if diff := cmp.Diff(want, got, ignore, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("%s: read (-) and from memory (+):\n%s", preset, diff)
			}
			for table, n := range counts {
				if left := n - want.Dropped[table]; table != model.TableScript && table != model.TableTransaction && left != counted[table] {
					t.Errorf("%s: %d rows of %s, from memory %d", preset, left, table, counted[table])
				}
			}
			if _, err := e.Everyday(t.Context(), rng); err != nil {
				t.Fatal(err)
			}
		}
	}
}
