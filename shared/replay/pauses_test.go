package replay_test

import (
	"context"
	"testing"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/replay"
)

// A replay is told why each of the keys that are paused is, and of no other.
func TestPauses(t *testing.T) {
	table := mapping.NewMemory(mapping.MemoryOptions{})
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	user, other, list := model.Key{Kind: model.KindUser, DBID: 1}, model.Key{Kind: model.KindUser, DBID: 2}, model.Key{Kind: model.KindMembers, DBID: 7}
	_, err := table.Pause(t.Context(), []mapping.Pause{
		{Scope: mapping.Scope{Key: user}, Since: at, Who: "jane", Note: "compromised"}, {Scope: mapping.Scope{Kind: model.KindQueue}, Since: at},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := replay.TablePauses{Table: table}.Paused(t.Context(), []model.Key{user, other, list})
	if err != nil || len(got) != 2 || got[user] != "user/1 is paused since 2026-03-02T08:00:00Z by jane: compromised" || got[list] == "" {
		t.Errorf("paused are %v, %v", got, err)
	}
	table.SetFault(func(string) mapping.Fault { return mapping.FaultBefore })
	if _, err := (replay.TablePauses{Table: table}).Paused(context.WithoutCancel(t.Context()), []model.Key{user}); model.CodeOf(err) != model.CodeUnavailable {
		t.Errorf("error %v", err)
	}
}
