package listen

import (
	"context"
	"fmt"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// namesAge is how long a directory serves. A storm of new objects costs one scan in that time; what is mapped meanwhile was
// looked up in the EX Org when it was made.
const namesAge = 5 * time.Minute

// names finds the keys whose desired object has a name or an address.
type names struct {
	lists Lists
	now   func() time.Time

	turn        chan struct{} // held by who reads; a channel, because waiting for it must end with the context
	directories map[model.Kind]directory
}

// directory lists the keys of one kind by folded name and address.
type directory struct {
	at              time.Time
	byName, byEmail map[string][]model.Key
}

func newNames(lists Lists, now func() time.Time) *names {
	return &names{lists: lists, now: now, turn: make(chan struct{}, 1), directories: map[model.Kind]directory{}}
}

// find gives the keys that have the name or the address. Names of users are left out: many people share one.
func (n *names) find(ctx context.Context, kind model.Kind, name, email string) ([]model.Key, error) {
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
	if name != "" && kind != model.KindUser {
		keys = append(keys, d.byName[model.Fold(name)]...)
	}
	if email != "" {
		keys = append(keys, d.byEmail[model.Fold(email)]...)
	}
	return keys, nil
}

func directoryOf(rows []mapping.Row, at time.Time) directory {
	d := directory{at: at, byName: map[string][]model.Key{}, byEmail: map[string][]model.Key{}}
	for _, row := range rows {
		if row.Goal != mapping.GoalPresent {
			continue
		}
		if name := model.Fold(row.Desired.Name); name != "" {
			d.byName[name] = append(d.byName[name], row.Key)
		}
		if email := model.Fold(row.Desired.Email); email != "" {
			d.byEmail[email] = append(d.byEmail[email], row.Key)
		}
	}
	return d
}
