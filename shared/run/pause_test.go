package run_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"excs/shared/apply"
	"excs/shared/engage/engagetest"
	"excs/shared/exorg/exorgtest"
	"excs/shared/listen"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/rules"
	"excs/shared/run"
	"excs/shared/sides"
	"excs/shared/verify"
)

// warden sees every write that EXCS makes in the EX Org and says which of them reached what was paused at that moment. Whose an
// object is shows in the table, for a new one only a moment later: so it is asked at the end of each step, before pauses change.
type warden struct {
	h *house

	mu     sync.Mutex
	pauses mapping.Pauses
	writes []exorgtest.Change
}

func newWarden(h *house) *warden {
	w := &warden{h: h}
	h.org.OnChange(func(c exorgtest.Change) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if c.By.Client && len(w.pauses) > 0 {
			w.writes = append(w.writes, c)
		}
	})
	return w
}

// judge looks at the writes since the last judgement.
func (w *warden) judge() {
	w.h.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.writes {
		for _, key := range w.reached(c) {
			if p, paused := w.pauses.Of(key); paused {
				w.h.t.Errorf("%s: %s %s '%s' %v reached %s, although %s", c.At.Format(time.TimeOnly), c.Action, c.Kind, c.Name, c.Properties, key, p.Why())
			}
		}
	}
	w.writes = nil
}

// reached gives the keys whose object a change is about: its owners, for members the list and the users that come or go.
func (w *warden) reached(c exorgtest.Change) []model.Key {
	keys := w.owners(model.Kind(c.Kind), c.ID)
	if c.Action != exorgtest.ActionMemberAdd && c.Action != exorgtest.ActionMemberGone {
		return keys
	}
	for _, k := range keys {
		keys = append(keys, membersKey(k.DBID))
	}
	for _, p := range c.Properties {
		_, user, _ := strings.Cut(strings.TrimPrefix(p.Name, "QueueMember/"), ":")
		keys = append(keys, w.owners(model.KindUser, user)...)
	}
	return keys
}

func (w *warden) owners(kind model.Kind, id string) []model.Key {
	w.h.t.Helper()
	owners, err := w.h.Table.Owners(w.h.ctx, kind, []string{id})
	w.h.do(err)
	return owners[id].Unjudged()
}

// holds judges, and takes over what is paused from now on.
func (w *warden) holds() {
	w.h.t.Helper()
	w.judge()
	pauses, err := w.h.Table.Pauses(w.h.ctx)
	w.h.do(err)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pauses = pauses
}

// deploy replaces every function by a new process on the same table and queues, as a deployment does.
func (h *house) deploy() {
	h.t.Helper()
	table := h.Table.Restart()
	runs := h.Runner.Config
	runs.Table = table
	h.Runner = run.New(runs)
	work := h.Worker.Config
	work.Rows, work.Orphans, work.Lists, work.Window = table, table, mapping.Lists{Table: table}, table
	work.Sides = sides.NewGate(table, "", h.Now, nil)
	h.Worker = apply.New(work)
	ears := h.Listener.Config
	ears.Table, ears.Lists = table, mapping.Lists{Table: table}
	h.Listener = listen.New(ears)
	sweeps := h.Sweeper.Config
	sweeps.Table, sweeps.Lists = table, mapping.Lists{Table: table}
	h.Sweeper = verify.New(sweeps)
}

// busy lets minutes pass with runs and workers, as the service does, without waiting for rest: what is paused never rests.
func (h *house) busy(minutes int) {
	h.t.Helper()
	for range minutes {
		h.pass(time.Minute)
		_ = h.sync()
		_, err := h.Drain(h.ctx, nil)
		h.do(err)
	}
}

// pauseFor pauses kinds or objects, or everything.
func (h *house) pauseFor(req run.PauseRequest) run.Standstill {
	h.t.Helper()
	req.Who, req.Note = "jane", "tonight"
	s, err := h.Runner.Pause(h.ctx, req)
	h.do(err)
	return s
}

// resumeFor ends a pause in the two steps of an operator.
func (h *house) resumeFor(req run.PauseRequest) run.Resumption {
	h.t.Helper()
	shown, err := h.Runner.Resume(h.ctx, run.ResumeRequest{PauseRequest: req})
	h.do(err)
	out, err := h.Runner.Resume(h.ctx, run.ResumeRequest{PauseRequest: req, Hash: shown.Hash})
	h.do(err)
	if shown.Resumed || !out.Resumed {
		h.t.Fatalf("resumed: shown %v, then %v", shown.Resumed, out.Resumed)
	}
	return out
}

// Nothing is written to the EX Org while everything is paused, whatever happens in Engage and in the EX Org, whoever asks, and
// whatever is deployed meanwhile. After the pause all of it comes.
func TestAPauseOfEverythingStopsEveryWriter(t *testing.T) {
	t.Parallel()
	for _, preset := range rules.Presets() {
		t.Run(string(preset), func(t *testing.T) {
			t.Parallel()
			h := lot{preset: preset}.build(t).settled()
			h.pauseFor(run.PauseRequest{})
			before, since := h.org.Totals().Writes, h.seq()
			// Engage: a renamed Person, one who leaves.
			h.do(h.RenamePerson(h.ctx, h.person("Ann").DBID, "Anna", "Smith"))
			h.do(h.Fire(h.ctx, h.person("Bob").DBID))
			// The EX Org: a user deleted, a queue renamed, another deleted.
			h.do(h.org.DeleteUser(h.user(mail("Cy")).ID))
			h.do(h.org.EditQueue(h.queue("Virtual").ID, func(raw map[string]any) { raw["name"] = "Meddled" }))
			h.do(h.org.DeleteQueue(h.queue("Loose").ID))
			h.busy(3)
			h.deploy()
			h.hear(since)
			_, err := h.Sweeper.Sweep(h.ctx, verify.Request{})
			h.do(err)
			var keys []model.Key
			for _, k := range model.Kinds() {
				some, err := h.Table.Keys(h.ctx, k)
				h.do(err)
				keys = append(keys, some...)
			}
			_, err = h.Runner.Sync(h.ctx, run.Request{Keys: keys, Cause: model.CauseManual})
			h.do(err)
			h.busy(20)
			if n := h.org.Totals().Writes; n != before {
				t.Fatalf("%d writes while everything is paused: %v", n-before, h.org.Calls())
			}
			if dead, flying, _ := h.Dead.Depth(h.ctx); dead+flying > 0 {
				t.Errorf("%d dead letters", dead)
			}
			h.wantNone(mapping.StateQuarantined)
			report := h.sync()
			if len(report.Paused) != 1 || report.Resting == 0 || len(report.Plan.Changes) != 0 || report.Requeued+report.Sent+report.Looks != 0 {
				t.Errorf("the run tells of %v, %d resting, %d changes, %d put back, %d sent", report.Paused, report.Resting, len(report.Plan.Changes), report.Requeued, report.Sent)
			}
			if f := report.Figures; f == nil || f.Unconverged.Count != 0 {
				t.Errorf("what is paused counts as late: %+v", f)
			}

			h.resumeFor(run.PauseRequest{})
			h.rest()
			h.look(keys...)
			h.equal()
			h.quiet(3)
		})
	}
}

// The pause of one object leaves it as people put it, and everything else goes on; after the pause it is what Engage says. This
// is how a user that somebody switched off stays off.
func TestAPausedUserStaysAsPeoplePutIt(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	ann, bob := mail("Ann"), mail("Bob")
	key := userKey(h.person("Ann").DBID)
	s, since := h.pauseFor(run.PauseRequest{Keys: []model.Key{key}}), h.seq()
	if len(s.Stood) != 0 || len(s.Paused) != 1 {
		t.Errorf("standstill %+v", s)
	}
	h.do(h.org.DeactivateUser(h.user(ann).ID))
	h.do(h.org.RemoveMembers(h.queue("ACD").ID, h.user(ann).ID))
	h.do(h.org.EditUser(h.user(bob).ID, func(raw map[string]any) { raw["name"] = "Meddled" }))
	h.hear(since)
	for range 6 {
		h.busy(10)
		_, err := h.Sweeper.Sweep(h.ctx, verify.Request{Kinds: []model.Kind{model.KindUser, model.KindMembers}})
		h.do(err)
	}
	if u := h.user(ann); u.State != "inactive" {
		t.Errorf("the paused user is %s", u.State)
	}
	for _, name := range h.members("ACD") {
		if strings.HasPrefix(name, "Ann") {
			t.Error("the paused user is back in the queue")
		}
	}
	if name := h.user(bob).Name; name == "Meddled" {
		t.Error("the other one was not set right")
	}
	l, ok := h.listed(key)
	if !ok || l.State != string(mapping.StateWaiting) || !strings.HasPrefix(l.Reason, mapping.Paused) {
		t.Errorf("the list says %+v", l)
	}
	status, err := h.Runner.Status(h.ctx)
	h.do(err)
	if len(status.Paused) != 1 || !status.Oldest.IsZero() {
		t.Errorf("status: paused %v, the oldest is %s", status.Paused, status.OldestKey)
	}
	h.resumeFor(run.PauseRequest{Keys: []model.Key{key}})
	h.rest()
	h.pass(time.Hour)
	_, err = h.Sweeper.Sweep(h.ctx, verify.Request{Kinds: []model.Kind{model.KindMembers}})
	h.do(err)
	h.rest()
	h.equal()
	if u := h.user(ann); u.State != "active" {
		t.Errorf("after the pause the user is %s", u.State)
	}
}

// A tenant that was paused before its first run opens no door by it: the first plan has to be approved, or not, when the pause
// ends, by what is in the organisation then.
func TestAPauseBeforeTheFirstRun(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t)
	h.pauseFor(run.PauseRequest{})
	h.busy(3)
	if n := h.org.Totals().Writes; n > 0 {
		t.Fatalf("%d writes", n)
	}
	_, err := h.org.AddQueue(map[string]any{"name": "ACD"})
	h.do(err)
	out := h.resumeFor(run.PauseRequest{})
	if len(out.Plan.Changes) != 0 || len(out.Plan.Held) == 0 {
		t.Fatalf("%d changes, %d held", len(out.Plan.Changes), len(out.Plan.Held))
	}
	h.busy(2)
	if n := h.org.Totals().Writes; n > 0 {
		t.Fatalf("%d writes without an approved first plan", n)
	}
	report := h.sync()
	_, err = h.Runner.Approve(h.ctx, report.Plan.HeldHashAll, nil, run.By{})
	h.do(err)
	h.run()
	h.equal()
}

// One paused object keeps a new tenant neither from its first run nor from the ones after it.
func TestAPausedObjectBeforeTheFirstRun(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t)
	ann := userKey(h.person("Ann").DBID)
	h.pauseFor(run.PauseRequest{Keys: []model.Key{ann}})
	h.busy(5)
	if _, made := h.org.UserByEmail(mail("Ann")); made || len(h.org.Users()) == 0 {
		t.Fatalf("the paused is made: %v, of %d users", made, len(h.org.Users()))
	}
	h.wantMembers("ACD", "Bob Agent")
	h.do(h.RenamePerson(h.ctx, h.person("Bob").DBID, "Robert", "Agent"))
	h.busy(3)
	if name := h.user(mail("Bob")).Name; name != "Robert Agent" {
		t.Errorf("the other one is %q", name)
	}
	h.resumeFor(run.PauseRequest{Keys: []model.Key{ann}})
	h.pass(15 * time.Minute)
	h.run()
	h.equal()
}

// A random life with pauses of random kinds and objects at random points, faults, lags, messages that come twice and new
// processes in between: no write reaches what is paused at that moment, and after the last pause all converges.
func TestPausesAtRandom(t *testing.T) {
	t.Parallel()
	for _, seed := range seeds(t) {
		for _, preset := range rules.Presets() {
			t.Run(fmt.Sprintf("%s/seed %d", preset, seed), func(t *testing.T) {
				t.Parallel()
				livePausing(t, seed, preset)
			})
		}
	}
}

// pausing is a life in which an operator pauses and resumes.
type pausing struct {
	life
	warden *warden
	heard  int // the last change that the webhook was told of
}

func livePausing(t *testing.T, seed uint64, preset rules.Preset) {
	l := &pausing{life: life{rng: rand.New(rand.NewPCG(seed, 77)), seen: map[string]bool{}, ours: map[string]bool{}}}
	l.house = lot{
		site: engagetest.New(engagetest.Tiny, seed), preset: preset,
		org:   []exorgtest.Option{exorgtest.WithSeed(seed), exorgtest.WithIndexLag(time.Duration(l.rng.IntN(20)) * time.Second), exorgtest.WithMemberLag(2 * time.Second)},
		table: mapping.MemoryOptions{LagSeed: int64(seed), MaxLag: 2 * time.Second}, queue: queue.MemoryConfig{Visibility: 30 * time.Second},
	}.build(t)
	t.Cleanup(func() {
		if t.Failed() {
			for _, s := range l.story {
				t.Log(s)
			}
		}
	})
	l.warden = newWarden(l.house)
	l.remember()
	l.run()
	for range 2 * simSteps {
		l.step()
		l.warden.holds()
	}
	l.org.Heal()
	pauses, err := l.Table.Pauses(l.ctx)
	l.do(err)
	for _, p := range pauses {
		l.end(p.Scope)
	}
	l.warden.holds()
	l.pass(15 * time.Minute)
	l.busy(2)
	l.comeToRest()
	l.check()
	if left, err := l.Table.Pauses(l.ctx); err != nil || len(left) > 0 {
		t.Errorf("paused are still %v, %v", left, err)
	}
}

func (l *pausing) step() {
	l.t.Helper()
	switch n := l.rng.IntN(20); {
	case n < 5:
		what, err := l.Everyday(l.ctx, l.rng)
		l.do(err)
		l.tell("Engage: %s", what)
		l.remember()
	case n < 9:
		l.tell("EX Org: %s", l.meddle())
	case n < 11:
		l.tell("fault: %s", l.arm())
	case n < 15:
		l.pauseSome()
	case n < 17:
		l.resumeSome()
	case n < 18:
		l.deploy()
		l.tell("deployed")
	case n < 19:
		_, err := l.Sweeper.Sweep(l.ctx, verify.Request{})
		l.tell("verify: %v", err)
	default:
		l.listen()
	}
	l.troubledRun()
	l.pass(time.Duration(l.rng.IntN(180)) * time.Second)
}

// listen takes in what the organisation told since the last time; a fault of the moment makes it be told again.
func (l *pausing) listen() {
	l.t.Helper()
	var bodies [][]byte
	now := l.seq()
	for _, e := range l.org.EventsSince(l.heard) {
		bodies = append(bodies, e.Envelope)
	}
	report, err := l.Hear(l.ctx, bodies...)
	if err == nil {
		l.heard = now
	}
	l.tell("webhook: %+v, %v", report, err)
}

// pauseSome pauses everything, a kind or an object.
func (l *pausing) pauseSome() {
	l.t.Helper()
	kind := model.Kinds()[l.rng.IntN(len(model.Kinds()))]
	req := run.PauseRequest{}
	switch l.rng.IntN(6) {
	case 0:
	case 1, 2:
		req.Kinds = []model.Kind{kind}
	default:
		keys, err := l.Table.Keys(l.ctx, kind)
		l.do(err)
		if len(keys) == 0 {
			return
		}
		req.Keys = []model.Key{keys[l.rng.IntN(len(keys))]}
	}
	l.pauseFor(req)
	l.tell("paused: %v %v", req.Kinds, req.Keys)
	l.warden.holds()
}

// resumeSome ends one pause.
func (l *pausing) resumeSome() {
	l.t.Helper()
	pauses, err := l.Table.Pauses(l.ctx)
	l.do(err)
	if len(pauses) > 0 {
		l.end(pauses[l.rng.IntN(len(pauses))].Scope)
	}
}

func (l *pausing) end(s mapping.Scope) {
	l.t.Helper()
	l.org.Heal()
	l.Table.SetFault(nil)
	req := run.PauseRequest{}
	switch {
	case !s.Key.IsZero():
		req.Keys = []model.Key{s.Key}
	case s.Kind != "":
		req.Kinds = []model.Kind{s.Kind}
	}
	out := l.resumeFor(req)
	l.tell("resumed %s: %d changes, %d objects rested", s, len(out.Plan.Changes), len(out.Objects))
	l.warden.holds()
}

// A pause with an end is ended by the first run after it, and what changed meanwhile is made right without anybody; other pauses stand.
func TestAPauseEndsByItself(t *testing.T) {
	t.Parallel()
	for _, whole := range []bool{false, true} {
		t.Run(fmt.Sprintf("everything %v", whole), func(t *testing.T) {
			t.Parallel()
			h := lot{}.build(t).settled()
			ann, bob := userKey(h.person("Ann").DBID), userKey(h.person("Bob").DBID)
			req := run.PauseRequest{Keys: []model.Key{ann}, Until: h.Clock.Now().Add(2 * time.Hour)}
			if whole {
				req.Keys = nil
			}
			h.pauseFor(req)
			h.pauseFor(run.PauseRequest{Keys: []model.Key{bob}})
			h.do(h.RenamePerson(h.ctx, ann.DBID, "Anna", "Agent"))
			h.do(h.RenamePerson(h.ctx, bob.DBID, "Robert", "Agent"))
			h.busy(110)
			if name := h.user(mail("Ann")).Name; name != "Ann Agent" {
				t.Fatalf("during the pause she is called %q", name)
			}
			h.busy(20)
			if name := h.user(mail("Ann")).Name; name != "Anna Agent" {
				t.Errorf("after its end she is called %q", name)
			}
			if name := h.user(mail("Bob")).Name; name != "Bob Agent" {
				t.Errorf("whose pause has no end is called %q", name)
			}
			acts, err := h.Runner.Acts(h.ctx)
			h.do(err)
			if len(acts) == 0 || acts[0].Action != mapping.ActionResume || acts[0].Who != "EXCS" || !strings.Contains(acts[0].Note, "the pause had an end") {
				t.Errorf("the acts do not tell of the end: %+v", acts)
			}
			h.resumeFor(run.PauseRequest{Keys: []model.Key{bob}})
			h.busy(3)
			h.equal()
			h.quiet(3)
		})
	}
}

// The account that a pause keeps open although Engage has disabled its person is told: in the list and in the log.
func TestAPauseKeepsAnAccountOpen(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	ann := userKey(h.person("Ann").DBID)
	h.pauseFor(run.PauseRequest{Keys: []model.Key{ann}})
	h.do(h.SetPersonState(h.ctx, ann.DBID, engagetest.StateDisabled))
	h.busy(2)
	if l, ok := h.listed(ann); !ok || !strings.Contains(l.Reason, "Engage has disabled this person meanwhile") {
		t.Errorf("listed %v: %+v", ok, l)
	}
	if s := h.user(mail("Ann")).State; s != "active" {
		t.Errorf("the paused user is %s", s)
	}
}

// A key that is neither mapped nor asked for by Engage is refused, and then nothing at all is paused; an end in the past is refused too.
func TestAPauseOfNobodyIsRefused(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	ann := userKey(h.person("Ann").DBID)
	_, err := h.Runner.Pause(h.ctx, run.PauseRequest{Keys: []model.Key{ann, userKey(999999)}})
	if model.CodeOf(err) != model.CodeNotFound || !strings.Contains(err.Error(), "user/999999 is neither mapped nor asked for by Engage") {
		t.Errorf("error %v", err)
	}
	if _, err := h.Runner.Pause(h.ctx, run.PauseRequest{Until: h.Clock.Now().Add(-time.Second)}); model.CodeOf(err) != model.CodeInvalid {
		t.Errorf("error %v", err)
	}
	pauses, err := h.Runner.Pauses(h.ctx)
	h.do(err)
	if len(pauses) != 0 {
		t.Errorf("paused are %v", pauses)
	}
	h.pauseFor(run.PauseRequest{Keys: []model.Key{ann}})
	if again := h.pauseFor(run.PauseRequest{Keys: []model.Key{ann}}); len(again.Stood) != 1 {
		t.Errorf("nothing says that it was paused already: %+v", again)
	}
}
