package listen

import (
	"context"
	"fmt"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
)

// namesAge is how long a directory serves. A storm of new objects costs one scan in that time; what is mapped meanwhile was
// looked up in the EX Org when it was made.
const namesAge = 5 * time.Minute

// names finds the keys whose desired object may be known by a name or an address.
type names struct {
	lists Lists
	now   func() time.Time

	turn        chan struct{} // held by who reads; a channel, because waiting for it must end with the context
	directories map[model.Kind]directory
}

// directory lists the keys of one kind by the marks of the rule of adoption.
type directory struct {
	at   time.Time
	keys map[plan.Mark][]model.Key
}

func newNames(lists Lists, now func() time.Time) *names {
	return &names{lists: lists, now: now, turn: make(chan struct{}, 1), directories: map[model.Kind]directory{}}
}

// find gives the keys that are known by a mark of the EX object.
func (n *names) find(ctx context.Context, kind model.Kind, seen model.Observed) ([]model.Key, error) {
	select {
	case n.turn <- struct{}{}:
		defer func() { <-n.turn }()
	case <-ctx.Done():
		return nil, model.Errorf(model.CodeUnavailable, "look up a name", "%w", ctx.Err())
	}
	d, ok := n.directories[kind]
	if !ok || n.now().Sub(d.at) >= namesAge {
		rows, err := n.lists.Rows(ctx, kind)
		if err != nil {
			return nil, fmt.Errorf("list the rows of kind %s: %w", kind, err)
		}
		d = directoryOf(rows, n.now())
		n.directories[kind] = d
	}
	var keys []model.Key
	for _, m := range plan.MarksOn(kind, seen) {
		keys = append(keys, d.keys[m]...)
	}
	return keys, nil
}

func directoryOf(rows []mapping.Row, at time.Time) directory {
	d := directory{at: at, keys: map[plan.Mark][]model.Key{}}
	for _, row := range rows {
		for _, m := range plan.MarksOf(row.Desired) {
			d.keys[m] = append(d.keys[m], row.Key)
		}
	}
	return d
}
