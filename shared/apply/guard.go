package apply

import (
	"context"
	"fmt"
	"math"
	"time"

	"excs/shared/mapping"
	"excs/shared/plan"
)

// allow asks the guard for n changes of a class right before the write. A key that was counted within the window is not
// counted again, single memberships always are; approved changes and sites below the guard's size are counted but not
// stopped. The error is a stop that holds the row, with every number in it.
func (l *look) allow(ctx context.Context, class plan.Class, n int) error {
	window := l.windowOf(class)
	if class != plan.ClassMemberships && l.now.Sub(l.row.Counted[string(class)]) < window.Length {
		return nil
	}
	census, err := l.Census.Census(ctx)
	if err != nil {
		return fmt.Errorf("count what is mapped, for the guard: %w", err)
	}
	mapped := census[l.row.Key.Kind]
	limit, active := plan.GuardLimit(l.Settings, class, mapped, mapped)
	if l.approved() || !active {
		limit = math.MaxInt32
	}
	ok, drawn, err := l.Window.Draw(ctx, window, n, limit, l.now)
	if err != nil {
		return fmt.Errorf("ask the guard: %w", err)
	}
	if !ok {
		l.work.Guarded++
		l.Log.WarnContext(ctx, "guard tripped", l.attrs("class", class, "drawn", drawn, "limit", limit, "mapped", mapped)...)
		return held(fmt.Sprintf("guard: %d %s of kind %s were made in the last %s and %d more would pass the limit of %d (of %d mapped): approve with sync approve",
			drawn, class, l.row.Key.Kind, window.Length, n, limit, mapped))
	}
	if l.out.Counted == nil {
		l.out.Counted = map[string]time.Time{}
	}
	l.out.Counted[string(class)] = l.now
	return nil
}

func (l *look) windowOf(class plan.Class) mapping.Window {
	w := mapping.Window{Kind: l.row.Key.Kind, Class: string(class), Length: l.Settings.Guard.UpdateWindow}
	if class == plan.ClassRemovals {
		w.Length = l.Settings.Guard.RemovalWindow
	}
	return w
}
