package mapping

import (
	"context"
	"slices"

	"excs/shared/model"
)

// Keys lists the keys of a kind that the index holds, in order; see IndexStore. It reads every shard of the kind.
func (t *table) Keys(ctx context.Context, kind model.Kind) ([]model.Key, error) {
	t = t.in(ctx)
	head, _, err := t.head(ctx, "Keys")
	if err != nil {
		return nil, inOp("list keys", err)
	}
	sums := head.kinds[kind]
	ids := make([]shardID, 0, len(sums))
	for n := range sums {
		ids = append(ids, shardID{kind: kind, of: len(sums), n: n})
	}
	shards, err := t.readShards(ctx, "Keys", ids)
	if err != nil {
		return nil, inOp("list keys", err)
	}
	var keys []model.Key
	for _, e := range shards {
		for dbid := range e {
			keys = append(keys, model.Key{Kind: kind, DBID: dbid})
		}
	}
	slices.SortFunc(keys, model.Key.Compare)
	return keys, nil
}
