package run

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

// The actions of events that are no operator's.
const (
	EventRun        model.Action = "run"
	EventSettings   model.Action = "settings"
	EventDeployment model.Action = "deployment"
)

// Event is something that happened: a run that changed, held or failed something; an operator's decision; other settings; another version of
// the functions.
type Event struct {
	At     time.Time    `json:"at"`
	Action model.Action `json:"action"`
	// Run is the number of a run.
	Run int64 `json:"run,omitempty"`
	// What says what a decision was about, or what differs.
	What string `json:"what,omitempty"`
	By
	// Hash is that of a run's plan. Changes counts what it let through, Held what it held, by kind and action.
	Hash    string         `json:"hash,omitempty"`
	Changes []CountedWrite `json:"changes,omitempty"`
	Held    []CountedWrite `json:"held,omitempty"`
	Rejects int            `json:"rejects,omitempty"`
	// Failed is why a run came to nothing; the runs after it that failed too are not told of.
	Failed string `json:"failed,omitempty"`
}

// CountedWrite counts changes of one kind and action.
type CountedWrite struct {
	Kind   model.Kind   `json:"kind"`
	Action model.Action `json:"action"`
	Count  int          `json:"count"`
}

// countWrites counts changes in the order in which people read them.
func countWrites(changes []model.Change) []CountedWrite {
	n := map[CountedWrite]int{}
	for _, c := range changes {
		n[CountedWrite{Kind: c.Key.Kind, Action: c.Action}]++
	}
	var list []CountedWrite
	for _, kind := range model.Kinds() {
		for _, action := range model.Actions() {
			if count := n[CountedWrite{Kind: kind, Action: action}]; count > 0 {
				list = append(list, CountedWrite{Kind: kind, Action: action, Count: count})
			}
		}
	}
	return list
}

// HistoryRequest says what of the history to show.
type HistoryRequest struct {
	// Since is from when on; zero: the last seven days. Until is up to when; zero: now.
	Since, Until time.Time
	// Most bounds the events; 0: 200.
	Most int
}

const (
	historyDays = 7
	historyMost = 200
	// historyReach is as far back as events are kept.
	historyReach = 400 * 24 * time.Hour
)

// History reads what happened, the latest first. more says that there is more than was asked for.
func (r *Runner) History(ctx context.Context, req HistoryRequest) (events []Event, more bool, err error) {
	now := r.Now()
	if req.Until.IsZero() || req.Until.After(now) {
		req.Until = now
	}
	if req.Since.IsZero() {
		req.Since = now.Add(-historyDays * 24 * time.Hour)
	}
	if earliest := now.Add(-historyReach); req.Since.Before(earliest) {
		req.Since = earliest
	}
	if req.Most == 0 {
		req.Most = historyMost
	}
	first := req.Since.UTC().Truncate(24 * time.Hour)
	for day := req.Until.UTC().Truncate(24 * time.Hour); !day.Before(first); day = day.Add(-24 * time.Hour) {
		bodies, err := r.Table.Events(ctx, day)
		if err != nil {
			return nil, false, err
		}
		for _, body := range slices.Backward(bodies) {
			var e Event
			if err := json.Unmarshal(body, &e); err != nil {
				return nil, false, model.Errorf(model.CodeInternal, "read the history", "%w", err)
			}
			if e.At.Before(req.Since) || e.At.After(req.Until) {
				continue
			}
			if len(events) == req.Most {
				return events, true, nil
			}
			events = append(events, e)
		}
	}
	return events, false, nil
}

// Record is what one run did, as far as it is known: its event for 400 days, what was written for 90.
type Record struct {
	Event Event `json:"event,omitzero"`
	// Written are the attempts at objects whose desired state is this run's, by key and time. They may have been made long after the run.
	Written []mapping.Wrote `json:"-"`
}

// readAtOnce bounds the reads of one record that are under way together.
const readAtOnce = 16

// RunRecord reads what one run did. not_found when nothing is known of it.
func (r *Runner) RunRecord(ctx context.Context, run int64) (Record, error) {
	ctx, err := r.home(ctx)
	if err != nil {
		return Record{}, err
	}
	var record Record
	keys, err := r.Table.WroteBy(ctx, run)
	if err != nil {
		return record, err
	}
	lists := make([][]mapping.Wrote, len(keys))
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(readAtOnce)
	for i, key := range keys {
		group.Go(func() error {
			all, err := r.Table.WroteTo(inner, key)
			lists[i] = slices.DeleteFunc(all, func(w mapping.Wrote) bool { return w.Run != run })
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return record, err
	}
	record.Written = slices.Concat(lists...)
	if record.Event, err = r.eventOf(ctx, run, record.Written); err != nil {
		return record, err
	}
	if record.Event.At.IsZero() && len(record.Written) == 0 {
		return record, model.Errorf(model.CodeNotFound, "", "nothing is known of run %d: runs that changed nothing are not kept, others for 400 days; see history for those that are", run)
	}
	return record, nil
}

// eventOf finds the event of a run: on the days before its first write, or in the last days where it wrote nothing yet.
func (r *Runner) eventOf(ctx context.Context, run int64, written []mapping.Wrote) (Event, error) {
	until := r.Now()
	if len(written) > 0 {
		until = slices.MinFunc(written, func(a, b mapping.Wrote) int { return a.At.Compare(b.At) }).At.Add(time.Hour)
	}
	for _, days := range []int{2, 400} {
		events, _, err := r.History(ctx, HistoryRequest{Since: until.Add(-time.Duration(days) * 24 * time.Hour), Until: until, Most: 1 << 20})
		if err != nil {
			return Event{}, err
		}
		if i := slices.IndexFunc(events, func(e Event) bool { return e.Run == run && e.Action == EventRun }); i >= 0 {
			return events[i], nil
		}
	}
	return Event{}, nil
}

// WrittenTo reads what was written to the object of a key in the last 90 days, the latest first.
func (r *Runner) WrittenTo(ctx context.Context, key model.Key) ([]mapping.Wrote, error) {
	ctx, err := r.home(ctx)
	if err != nil {
		return nil, err
	}
	list, err := r.Table.WroteTo(ctx, key)
	slices.Reverse(list)
	return list, err
}

// happened keeps an event. What it tells of is done by then and stands in the log, so a failure here is only told.
func (r *Runner) happened(ctx context.Context, e Event, id string) {
	e.At = r.Now()
	body, err := json.Marshal(e)
	if err == nil {
		err = r.Table.PutEvent(ctx, e.At, id, body)
	}
	if err != nil {
		r.Log.WarnContext(ctx, "an event is missing in the history", "event", e.Action, "run", e.Run, "code", model.CodeOf(err), "error", err.Error())
	}
}

// keepRun keeps a run in the history, if it let something through, or holds or rejects something else than the run before. What rests in a
// pause is no news.
func (r *Runner) keepRun(ctx context.Context, run int64, d *draft, told string) {
	e := d.event(run)
	if len(e.Changes) == 0 && d.site.Told == told && !d.recovered {
		return
	}
	r.happened(ctx, e, "run-"+strconv.FormatInt(run, 10))
}

// event tells of a run.
func (d *draft) event(run int64) Event {
	var held []model.Change
	for _, h := range d.plan.Held {
		if h.Code != plan.HeldPaused {
			held = append(held, h.Change)
		}
	}
	e := Event{Action: EventRun, Run: run, Hash: d.plan.Hash, Changes: countWrites(d.plan.Changes), Held: countWrites(held), Rejects: len(d.plan.Rejects)}
	if d.recovered {
		e.What = "Engage is read again"
	}
	return e
}

// waits says in short what a run held and rejected.
func (e Event) waits() string {
	if len(e.Held)+e.Rejects == 0 {
		return ""
	}
	return fmt.Sprint(e.Held, e.Rejects)
}

// docSettings is the document of the settings and the version of the functions that the last run had.
const docSettings = "settings"

type settingsDocument struct {
	Settings rules.Settings `json:"settings"`
	Version  string         `json:"version,omitempty"`
}

// keepSettings notes other settings and another version of the functions than those of the last run in the history. The document is read only
// when its hash, which the site has, is another one.
func (r *Runner) keepSettings(ctx context.Context, run int64, d *draft) error {
	now := settingsDocument{Settings: r.Settings, Version: r.Version}
	body, err := json.Marshal(now)
	if err != nil {
		return model.Errorf(model.CodeInternal, "write the document "+docSettings, "%w", err)
	}
	hash := rules.TextHash(string(body))
	if d.site.Deployed == hash {
		return nil
	}
	if d.site.Deployed != "" {
		var before settingsDocument
		if err := load(ctx, r.Table, docSettings, &before); err != nil {
			r.Log.WarnContext(ctx, "the settings of the last run could not be read, so what differs is not told", "error", err.Error())
		} else {
			r.tellSettings(ctx, run, before, now)
		}
	}
	d.site.Deployed = hash
	return save(ctx, r.Table, docSettings, run, now)
}

func (r *Runner) tellSettings(ctx context.Context, run int64, before, now settingsDocument) {
	if differ := rules.Differences(before.Settings, now.Settings); len(differ) > 0 {
		r.happened(ctx, Event{Action: EventSettings, Run: run, What: sentence(differ)}, "settings-"+strconv.FormatInt(run, 10))
	}
	if before.Version != now.Version {
		r.happened(ctx, Event{Action: EventDeployment, Run: run, What: fmt.Sprintf("version %s of the functions, after %s", orNone(now.Version), orNone(before.Version))}, "deployment-"+strconv.FormatInt(run, 10))
	}
}

// sentence joins what differs, the first twenty.
func sentence(differ []string) string {
	const most = 20
	text := ""
	for i, d := range differ {
		if i == most {
			return text + fmt.Sprintf("; and %d more", len(differ)-most)
		}
		if i > 0 {
			text += "; "
		}
		text += d
	}
	return text
}

func orNone(version string) string {
	if version == "" {
		return "none"
	}
	return version
}
