package mapping

import (
	"context"

	"excs/shared/model"
)

// Lists reads all rows of a kind through the index.
type Lists struct {
	// Table is a Store or a part of one.
	Table interface {
		Keys(ctx context.Context, kind model.Kind) ([]model.Key, error)
		GetMany(ctx context.Context, keys []model.Key) (map[model.Key]Row, error)
	}
}

// Rows reads the rows of every key of the kind in the index, in no order.
func (l Lists) Rows(ctx context.Context, kind model.Kind) ([]Row, error) {
	keys, err := l.Table.Keys(ctx, kind)
	if err != nil {
		return nil, err
	}
	rows, err := l.Table.GetMany(ctx, keys)
	if err != nil {
		return nil, err
	}
	list := make([]Row, 0, len(rows))
	for _, row := range rows {
		list = append(list, row)
	}
	return list, nil
}
