package sim

import (
	"context"
	"net/http"
	"strings"
	"time"

	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/rules"
)

// tableTurn, queueTurn, the transport and read are where the twins ask for their turns.

func (l *life) tableTurn(ctx context.Context, op, items string) mapping.Fault {
	return l.gate.pass(ctx, call{on: dependsOnTable, op: op, what: items, writes: writesTable(op)}).table
}

func (l *life) queueTurn(ctx context.Context, op string, keys []model.Key) (before, after error) {
	names := make([]string, 0, len(keys))
	for _, k := range keys {
		names = append(names, k.String())
	}
	v := l.gate.pass(ctx, call{on: dependsOnQueue, op: op, what: strings.Join(names, " "), writes: op == "send"})
	return v.before, v.after
}

// refuse keeps some messages of a batch off the queue.
func (l *life) refuse(queue.Message) error {
	if l.weather.refusedMessages > 0 && l.n("refused message", 1000) < l.weather.refusedMessages {
		l.struckBy("queue: one message of a batch is refused")
		return errAway
	}
	return nil
}

// transport is the way to the EX Org.
type transport struct {
	l   *life
	of  access
	org *exorgtest.Org
}

func (l *life) client(of access, org *exorgtest.Org) *http.Client {
	return &http.Client{Transport: transport{l: l, of: of, org: org}}
}

// RoundTrip takes a turn and makes the request, with the fault that the verdict gives it.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	c := call{on: dependsOnOrg, op: r.Method, what: r.URL.RequestURI(), writes: r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/search")}
	if r.URL.Path == "/oauth/token" {
		c.on, c.writes = dependsOnLogin, false
	}
	v := t.l.gate.pass(r.Context(), c)
	if v.org != nil {
		defer t.org.Fail(*v.org).Disarm()
	}
	if c.on == dependsOnOrg && t.org == t.l.org {
		t.l.oracle.requested(t.of)
	}
	resp, err := t.org.Client().Transport.RoundTrip(r)
	if v.slow > 0 {
		timer := time.NewTimer(v.slow)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return resp, err
}

// read is a read of Engage: the transaction sees what is there when it begins.
func (l *life) read(ctx context.Context) (*model.Snapshot, model.Counts, error) {
	if v := l.gate.pass(ctx, call{on: dependsOnEngage, op: "begin"}); v.before != nil {
		return nil, nil, v.before
	}
	site := l.editor.Site()
	if l.view != nil {
		site = l.view
	}
	snapshot, counts := snapshotOf(site, l.settingsOf(ctx))
	if l.bend != nil {
		l.bend(snapshot)
	}
	v := l.gate.pass(ctx, call{on: dependsOnEngage, op: "end"})
	if v.slow > 0 {
		timer := time.NewTimer(v.slow)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	switch {
	case v.before != nil:
		return nil, nil, v.before
	case v.after != nil:
		half(snapshot)
	}
	return snapshot, counts, ctx.Err()
}

// half leaves the last rows of a read away, as a connection that ends does: what was counted tells.
func half(s *model.Snapshot) {
	s.Persons = s.Persons[:len(s.Persons)/2]
	s.GroupDNs = s.GroupDNs[:len(s.GroupDNs)/2]
	s.Read[model.TablePerson], s.Read[model.TableGroupDN] = len(s.Persons), len(s.GroupDNs)
}

// settingsOf gives the settings of the process that reads.
func (l *life) settingsOf(ctx context.Context) rules.Settings {
	if a := actorOf(ctx); a != nil {
		return a.settings
	}
	return l.config.Settings
}

// writesTable says whether an operation of the table writes.
func writesTable(op string) bool {
	for _, read := range []string{"Get", "Owners", "Drawn", "Load", "List", "Keys", "Delta", "Marked", "TableID", "Index"} {
		if strings.HasPrefix(op, read) {
			return false
		}
	}
	return !strings.HasSuffix(op, " read")
}
