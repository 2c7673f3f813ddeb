package sim

import (
	"context"
	"fmt"
	"time"

	"excs/infra/local/world"
	"excs/shared/engage/engagetest"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/run"
)

// double puts a message on the queue once more, as SQS does now and then, or as the release of November 2026 sent it:
// without a lane. In a group of its own it is worked on at the same time as the first.
func (l *life) double(m queue.Received) {
	again := m.Message
	if l.rng.IntN(2) == 0 {
		again.Lane = model.Lane("")
	}
	body, err := again.Encode()
	if err != nil {
		panic(err)
	}
	l.struck["queue: a message is doubled"]++
	l.root.Work.PutBody(l.newToken(), l.newToken(), body)
}

// incident is something that does not happen every day.
func (l *life) incident() {
	var all []func()
	add := func(t trouble, do ...func()) {
		if enabled(t) {
			all = append(all, do...)
		}
	}
	add(troubleTokens, func() { l.tell("EX Org: all tokens are revoked"); l.org.RevokeTokens() })
	add(troubleOutage, func() { l.outage(seconds(30 + l.rng.IntN(240))) })
	add(troubleLongOutage, func() { l.outage(time.Duration(1+23*l.rng.IntN(2)) * time.Hour) })
	add(troubleBlind, l.blind)
	add(troubleOperator, l.pauseSome, l.replayed, l.discard, l.approveHeld)
	if len(all) > 0 {
		all[l.rng.IntN(len(all))]()
	}
}

// outage lets one of the systems be away for a time, while everything else goes on.
func (l *life) outage(d time.Duration) {
	on := []dependency{dependsOnTable, dependsOnQueue, dependsOnOrg, dependsOnLogin, dependsOnEngage}[l.rng.IntN(5)]
	l.tell("outage of %s for %s", on, d)
	l.weather.out[on] = time.Now().Add(d)
	l.live(min(d, 5*time.Minute))
	if d > time.Hour/2 {
		l.interval = 10 * time.Minute
		l.edit()
		l.live(d - 5*time.Minute)
		l.interval = time.Minute
	}
	delete(l.weather.out, on)
}

// blind lets reads of Engage see a table without rows for some minutes. It is no truth: the oracle knows the site.
func (l *life) blind() {
	tables := []engagetest.Table{engagetest.TablePerson, engagetest.TableDN, engagetest.TableLink, engagetest.TableLevel, engagetest.TableSkill, engagetest.TableGroup}
	table := tables[l.rng.IntN(len(tables))]
	l.tell("Engage: reads of %s see no rows", table)
	l.view = l.editor.Site().Clone()
	if err := engagetest.NewEditor(l.view, nil, engagetest.SQLite).EmptyTable(context.Background(), table); err != nil {
		panic(err)
	}
	l.struck["engage: an empty table"]++
	l.live(seconds(60 + l.rng.IntN(300)))
	l.view = nil
	l.tell("Engage: %s is back", table)
}

// pauseSome keeps EXCS off a kind for some minutes.
func (l *life) pauseSome() {
	kinds := model.Kinds()
	kind := kinds[l.rng.IntN(len(kinds))]
	l.operator(fmt.Sprint("pause ", kind), func(ctx context.Context, w *world.World) error {
		_, err := w.Runner.Pause(ctx, run.PauseRequest{Kinds: []model.Kind{kind}})
		return err
	})
	l.live(seconds(l.rng.IntN(300)))
	l.resume()
}

// resume ends all pauses, for as long as some stand: a run under way refuses, and so does whatever goes wrong.
func (l *life) resume() {
	for range 20 {
		pauses, err := l.root.Table.Pauses(context.Background())
		if err != nil || len(pauses) == 0 {
			return
		}
		var kinds []model.Kind
		for _, p := range pauses {
			kinds = append(kinds, p.Scope.Kind)
		}
		l.operator(fmt.Sprint("resume ", kinds), func(ctx context.Context, w *world.World) error {
			shown, err := w.Runner.Resume(ctx, run.ResumeRequest{PauseRequest: run.PauseRequest{Kinds: kinds}})
			if err == nil {
				_, err = w.Runner.Resume(ctx, run.ResumeRequest{PauseRequest: run.PauseRequest{Kinds: kinds}, Hash: shown.Hash})
			}
			return err
		})
		l.live(seconds(40))
	}
}

// discard drops what a plan holds, and approveHeld lets it pass.
func (l *life) discard() {
	if hash := l.plan.hash; hash != "" {
		l.operator("discard "+hash, func(ctx context.Context, w *world.World) error {
			_, err := w.Runner.Discard(ctx, hash, nil, run.By{})
			return err
		})
	}
}

func (l *life) approveHeld() {
	if l.plan.hash != "" {
		l.approve(l.plan.hash)
	}
}
