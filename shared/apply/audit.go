package apply

import (
	"context"
	"fmt"
	"strings"

	"excs/shared/mapping"
	"excs/shared/model"
)

// audit notes what was done to the EX Org, in the row's history with values and in the log without: a log line names
// fields, never a person's data.
func (l *look) audit(ctx context.Context) {
	if l.action == "" {
		return
	}
	note := strings.Join(l.notes, "; ")
	l.out.History = append(l.out.History, mapping.Entry{
		At: l.now, Action: l.action, Cause: l.msg.Cause, Run: l.row.Run, Fields: shorten(l.fields), Who: l.msg.Who, Note: note,
	})
	names := make([]string, 0, len(l.fields))
	for _, f := range l.fields {
		names = append(names, f.Name)
	}
	l.Log.InfoContext(ctx, "applied", l.attrs("action", l.action, "fields", names, "attempt", l.row.Attempts+1, "calls", l.trace.Calls(), "seconds", l.onItsWay().Seconds(), "who", l.msg.Who, "note", note)...)
}

// historyNames is how many names of a set one history entry keeps.
const historyNames = 20

func shorten(fields []model.Field) []model.Field {
	short := make([]model.Field, 0, len(fields))
	for _, f := range fields {
		f.Added, f.Removed = firstNames(f.Added), firstNames(f.Removed)
		short = append(short, f)
	}
	return short
}

func firstNames(names []string) []string {
	if len(names) <= historyNames {
		return names
	}
	return append(append([]string{}, names[:historyNames]...), fmt.Sprintf("and %d more", len(names)-historyNames))
}
