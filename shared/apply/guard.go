package apply

import (
	"context"
	"fmt"
	"math"
	"slices"

	"excs/shared/mapping"
	"excs/shared/plan"
)

// allow asks the guard for names of a class right before the write. What an operator approved and what the guard let through
// when the run set the desired state passes, and draws nothing; what EXCS finds by itself (a repair, a replay) is drawn
// here, each name once a window. Below the guard's size all is counted and nothing stopped. The error is a stop that holds
// the row, with every number in it.
func (l *look) allow(ctx context.Context, class plan.Class, names ...string) error {
	names = l.notLet(class, names)
	if l.approved() || len(names) == 0 {
		return nil
	}
	census, err := l.Census.Census(ctx)
	if err != nil {
		return fmt.Errorf("count what is mapped, for the guard: %w", err)
	}
	window := mapping.Window{Kind: l.row.Key.Kind, Class: string(class), Length: plan.GuardWindow(l.Settings, class)}
	mapped := census[l.row.Key.Kind]
	limit, active := plan.GuardLimit(l.Settings, class, mapped, mapped)
	if !active {
		limit = math.MaxInt32
	}
	ok, drawn, err := l.Window.Draw(ctx, window, names, limit, l.now)
	if err != nil {
		return fmt.Errorf("ask the guard: %w", err)
	}
	if !ok {
		l.work.Guarded++
		l.Log.WarnContext(ctx, "guard tripped", l.attrs("class", class, "drawn", drawn, "limit", limit, "mapped", mapped)...)
		return held(fmt.Sprintf("guard: %d %s of kind %s were made in the last %s and %d more would pass the limit of %d (of %d mapped): %s",
			drawn, class, l.row.Key.Kind, window.Length, len(names), limit, mapped, plan.ApproveKey(l.row.Key)))
	}
	return nil
}

// allowRow asks for the row's own key.
func (l *look) allowRow(ctx context.Context, class plan.Class) error {
	return l.allow(ctx, class, l.row.Key.String())
}

// notLet leaves out the names that the guard let through for the desired state that is being made true.
func (l *look) notLet(class plan.Class, names []string) []string {
	if l.row.State == mapping.StateConverged {
		return names
	}
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return slices.Contains(l.row.Let, plan.LetName(class, name))
	})
}
