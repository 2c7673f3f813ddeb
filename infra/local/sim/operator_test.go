package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"excs/shared/excstest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/replay"
	"excs/shared/run"
	"excs/shared/verify"
)

// acts are what operators do.
func acts() []happening {
	return []happening{
		{"pause", troubleOperator, 15, (*life).pauseSome},
		{"replay", troubleOperator, 15, func(l *life, _ *rand.Rand) { l.replayed() }},
		{"discard", troubleOperator, 10, func(l *life, _ *rand.Rand) { l.discard() }},
		{"approve", troubleOperator, 20, func(l *life, _ *rand.Rand) { l.approveHeld() }},
		{"release", troubleOperator, 15, (*life).releaseSome},
		{"look", troubleOperator, 15, (*life).lookAtSome},
		{"ask", troubleOperator, 20, (*life).ask},
		{"forget", troubleForget, 12, (*life).forgetSome},
		{"link", troubleLink, 10, (*life).linkSome},
	}
}

// operator starts what a person asks for.
func (l *life) operator(what string, do func(ctx context.Context, w *excstest.Service) error) {
	l.struckBy("operator: " + kindOf(what))
	l.tell("operator: %s", what)
	l.start("sync", "operator", syncTime, func(ctx context.Context, w *excstest.Service) string {
		if err := do(ctx, w); err != nil {
			return what + " fails: " + err.Error()
		}
		return ""
	})
}

// replayed brings dead letters back.
func (l *life) replayed() {
	l.operator("replay", func(ctx context.Context, w *excstest.Service) error {
		_, err := w.Replayer.Replay(ctx, replay.Request{})
		return err
	})
}

// pauseSome keeps EXCS off a kind for some minutes.
func (l *life) pauseSome(rng *rand.Rand) {
	kinds := model.Kinds()
	kind := kinds[rng.IntN(len(kinds))]
	l.operator(fmt.Sprint("pause ", kind), func(ctx context.Context, w *excstest.Service) error {
		_, err := w.Runner.Pause(ctx, run.PauseRequest{Kinds: []model.Kind{kind}})
		return err
	})
	l.live(seconds(rng.IntN(300)))
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
		l.operator(fmt.Sprint("resume ", kinds), func(ctx context.Context, w *excstest.Service) error {
			shown, err := w.Runner.Resume(ctx, run.ResumeRequest{PauseRequest: run.PauseRequest{Kinds: kinds}})
			if err == nil {
				_, err = w.Runner.Resume(ctx, run.ResumeRequest{PauseRequest: run.PauseRequest{Kinds: kinds}, Hash: shown.Hash})
			}
			return err
		})
		l.live(seconds(40))
	}
}

// discard drops what a plan holds.
func (l *life) discard() {
	if hash := l.plan.hash; hash != "" {
		l.operator("discard "+hash, func(ctx context.Context, w *excstest.Service) error {
			_, err := w.Runner.Discard(ctx, hash, nil, run.By{})
			return err
		})
	}
}

// approveHeld lets pass what a plan holds.
func (l *life) approveHeld() {
	if l.plan.hash != "" {
		l.approve(l.plan.hash)
	}
}

// approve lets pass what is held under a hash.
func (l *life) approve(hash string) {
	for _, k := range l.plan.keys {
		l.oracle.let(k)
	}
	if l.plan.first {
		l.oracle.closed = false
	}
	l.operator("approve "+hash, func(ctx context.Context, w *excstest.Service) error {
		_, err := w.Runner.Approve(ctx, hash, nil, run.By{})
		return err
	})
	l.live(seconds(60))
}

// keys gives all keys that are mapped.
func (l *life) keys() []model.Key {
	var keys []model.Key
	for _, k := range model.Kinds() {
		some, err := l.root.Table.Keys(context.Background(), k)
		if err != nil {
			panic(err)
		}
		keys = append(keys, some...)
	}
	return keys
}

// key draws one of the mapped keys.
func (l *life) key(rng *rand.Rand, fits func(model.Key) bool) (model.Key, bool) {
	return pick(rng, l.keys(), fits)
}

func whichever(model.Key) bool { return true }

func (l *life) releaseSome(rng *rand.Rand) {
	if key, ok := l.key(rng, whichever); ok {
		l.release(key, "as it is")
	}
}

func (l *life) release(key model.Key, why string) {
	l.operator(fmt.Sprintf("release %s: %s", key, why), func(ctx context.Context, w *excstest.Service) error {
		_, err := w.Runner.Release(ctx, []model.Key{key}, run.By{})
		return err
	})
}

func (l *life) lookAtSome(rng *rand.Rand) {
	var keys []model.Key
	for range 1 + rng.IntN(4) {
		if key, ok := l.key(rng, whichever); ok {
			keys = append(keys, key)
		}
	}
	l.lookAt(keys)
}

// lookAt asks for a look at objects.
func (l *life) lookAt(keys []model.Key) {
	l.operator(fmt.Sprintf("look at %d objects", len(keys)), func(ctx context.Context, w *excstest.Service) error {
		_, err := w.Runner.Sync(ctx, run.Request{Keys: keys, Cause: model.CauseManual})
		return err
	})
}

// ask asks for what writes nothing anywhere: a plan, a dry sweep, an explanation, the list.
func (l *life) ask(rng *rand.Rand) {
	key, ok := l.key(rng, whichever)
	if !ok {
		return
	}
	questions := []struct {
		what string
		do   func(ctx context.Context, w *excstest.Service) error
	}{
		{"plan", func(ctx context.Context, w *excstest.Service) error {
			_, err := w.Runner.Plan(ctx, run.Request{})
			return err
		}},
		{"verify", func(ctx context.Context, w *excstest.Service) error {
			_, err := w.Sweeper.Sweep(ctx, verify.Request{Dry: true})
			return err
		}},
		{"explain", func(ctx context.Context, w *excstest.Service) error {
			_, err := w.Explainer.Explain(ctx, key)
			return err
		}},
		{"list", func(ctx context.Context, w *excstest.Service) error { _, err := w.Runner.List(ctx, nil); return err }},
		{"replay", func(ctx context.Context, w *excstest.Service) error {
			_, err := w.Replayer.Replay(ctx, replay.Request{Dry: true})
			return err
		}},
	}
	q := questions[rng.IntN(len(questions))]
	l.struckBy("operator: asks for " + q.what)
	l.tell("operator asks: %s", q.what)
	l.start("asked", dryName+q.what, syncTime, func(ctx context.Context, w *excstest.Service) string {
		if err := q.do(ctx, w); err != nil {
			return q.what + " fails: " + err.Error()
		}
		return ""
	})
}

// dryName begins the names of those who must write nothing.
const dryName = "dry "

// forgetSome drops the row of an object.
func (l *life) forgetSome(rng *rand.Rand) {
	if key, ok := l.key(rng, whichever); ok {
		l.forget(key)
	}
}

func (l *life) forget(key model.Key) {
	l.oracle.forgotten[key] = true
	l.operator(fmt.Sprint("forget ", key), func(ctx context.Context, w *excstest.Service) error {
		_, err := w.Runner.Forget(ctx, []model.Key{key}, run.By{})
		return err
	})
}

// linkSome binds a user to an account that was made by hand, or a key to the object that it has.
func (l *life) linkSome(rng *rand.Rand) {
	key, ok := l.key(rng, func(k model.Key) bool {
		return k.Kind == model.KindUser || k.Kind == model.KindQueue || k.Kind == model.KindSkill
	})
	if !ok {
		return
	}
	row, err := l.root.Table.Get(context.Background(), key)
	if err != nil || row.EXID == "" {
		return
	}
	id := row.EXID
	if key.Kind == model.KindUser && rng.IntN(2) == 0 {
		id = l.stranger()
		l.oracle.handOver(id, row.EXID)
	}
	l.operator(fmt.Sprintf("link %s to %s, it had %s", key, id, row.EXID), func(ctx context.Context, w *excstest.Service) error {
		_, err := w.Runner.Link(ctx, run.LinkRequest{Key: key, EXID: id})
		return err
	})
}

// decide does what an operator does: approve what is held, accept a source that went back, release what failed for good,
// forget users that were erased. It says whether there was anything to do.
func (l *life) decide() bool {
	plan, did := l.plan, false
	for _, hash := range []string{plan.database, plan.hash, plan.back} {
		if hash != "" {
			l.approve(hash)
			did = true
		}
	}
	items, err := l.root.Table.List(context.Background(), mapping.States(), nil)
	if err != nil {
		panic(err)
	}
	for _, i := range items {
		switch {
		case orphanHasIt.MatchString(i.Reason), anotherHasIt.MatchString(i.Reason), belongsTo.MatchString(i.Reason):
			continue // they need more than another try
		case strings.Contains(i.Reason, "(erased?): forget"):
			l.forget(i.Key)
		case i.State == mapping.StateQuarantined, i.State == mapping.StateInvisible:
			l.release(i.Key, i.Reason)
		default:
			continue
		}
		did = true
		l.live(seconds(20))
	}
	return did
}
