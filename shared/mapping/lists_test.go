package mapping_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/mapping"
	"excs/shared/model"
)

// Lists gives the rows of the index's keys of one kind.
func TestLists(t *testing.T) {
	table := mapping.NewMemory(mapping.MemoryOptions{})
	index := map[model.Key]model.Fingerprint{}
	for _, key := range []model.Key{{Kind: model.KindQueue, DBID: 1}, {Kind: model.KindQueue, DBID: 2}, {Kind: model.KindUser, DBID: 1}} {
		object := model.Object{Key: key, Name: "n" + key.String()}
		if _, err := table.PutDesired(t.Context(), 1, mapping.Wish{Key: key, Goal: mapping.GoalPresent, Desired: object}); err != nil {
			t.Fatal(err)
		}
		index[key] = object.Fingerprint()
	}
	lists := mapping.Lists{Table: table}
	if rows, err := lists.Rows(t.Context(), model.KindQueue); err != nil || len(rows) != 0 {
		t.Errorf("before the index is written: %v, %v", rows, err)
	}
	lease, err := table.TakeLease(t.Context(), "me", time.Now(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := table.PutIndex(t.Context(), lease.Run, index); err != nil {
		t.Fatal(err)
	}
	rows, err := lists.Rows(t.Context(), model.KindQueue)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, r := range rows {
		keys = append(keys, r.Key.String())
	}
	slices.Sort(keys)
	if d := cmp.Diff([]string{"queue/1", "queue/2"}, keys); d != "" {
		t.Error(d)
	}
	table.SetFault(func(string) mapping.Fault { return mapping.FaultThrottle })
	if _, err := lists.Rows(t.Context(), model.KindQueue); model.CodeOf(err) != model.CodeThrottled {
		t.Errorf("error %v", err)
	}
}
