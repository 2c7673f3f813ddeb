package replay

import (
	"context"

	"excs/shared/mapping"
	"excs/shared/model"
)

// TablePauses reads from the mapping table what operators keep EXCS from writing to.
type TablePauses struct{ Table mapping.PauseReader }

var _ Pauses = TablePauses{}

// Paused returns the reason of those of the keys that are paused; the others are absent.
func (p TablePauses) Paused(ctx context.Context, keys []model.Key) (map[model.Key]string, error) {
	pauses, err := p.Table.Pauses(ctx)
	if err != nil {
		return nil, err
	}
	why := map[model.Key]string{}
	for _, key := range keys {
		if pause, paused := pauses.Of(key); paused {
			why[key] = pause.Why()
		}
	}
	return why, nil
}
