package listen_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"testing"
	"time"

	"excs/shared/listen"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/notice"
	"excs/shared/queue"
	"excs/shared/rules"
)

// house is a mapping table and a work queue with a listener before them, under a clock that stands until it is moved.
type house struct {
	tb     testing.TB
	now    time.Time
	mem    *mapping.Memory
	work   *queue.Memory
	org    *org
	table  *table
	listen *listen.Listener
	token  int
	scans  int
}

var begin = time.Date(2026, 7, 30, 12, 0, 0, 0, time.UTC)

func newHouse(tb testing.TB) *house {
	h := &house{tb: tb, now: begin}
	clock := func() time.Time { return h.now }
	h.mem = mapping.NewMemory(mapping.MemoryOptions{Options: mapping.Options{Clock: clock}})
	h.work = queue.NewMemory(queue.MemoryConfig{Now: clock})
	h.org = &org{objects: map[string]model.Observed{}, external: map[string][]string{}}
	h.table = &table{Memory: h.mem, ops: map[string]int{}, before: func(string) {}}
	h.listen = h.another()
	return h
}

// another is the listener of another process.
func (h *house) another() *listen.Listener {
	return listen.New(listen.Config{
		Table: h.table, Lists: h, Org: h.org, Work: h.work, Settings: rules.Default(1, rules.Preset202307), Now: func() time.Time { return h.now }, NewToken: h.newToken,
	})
}

func (h *house) newToken() string { h.token++; return "t" + strconv.Itoa(h.token) }

// Rows reads all rows of a kind, and counts how often.
func (h *house) Rows(ctx context.Context, kind model.Kind) ([]mapping.Row, error) {
	h.scans++
	if h.table.fail["Rows"] != nil {
		return nil, h.table.fail["Rows"]
	}
	items, err := h.mem.List(ctx, mapping.States(), []model.Kind{kind})
	if err != nil {
		return nil, err
	}
	keys, err := h.mem.Keys(ctx, kind)
	if err != nil {
		return nil, err
	}
	for _, i := range items {
		keys = append(keys, i.Key)
	}
	rows, err := h.mem.GetMany(ctx, keys)
	list := make([]mapping.Row, 0, len(rows))
	for _, row := range rows {
		list = append(list, row)
	}
	return list, err
}

// table counts the calls of the listener, lets a test act before one, and fails where it is told to.
type table struct {
	*mapping.Memory
	ops    map[string]int
	fail   map[string]error
	before func(op string)
}

func (t *table) call(op string) error {
	t.ops[op]++
	t.before(op)
	return t.fail[op]
}

func (t *table) Owners(ctx context.Context, kind model.Kind, ids []string) (map[string]mapping.OwnerItem, error) {
	if err := t.call("Owners"); err != nil {
		return nil, err
	}
	return t.Memory.Owners(ctx, kind, ids)
}

func (t *table) GetMany(ctx context.Context, keys []model.Key) (map[model.Key]mapping.Row, error) {
	if err := t.call("GetMany"); err != nil {
		return nil, err
	}
	return t.Memory.GetMany(ctx, keys)
}

func (t *table) MarkQueued(ctx context.Context, key model.Key, token string, now time.Time, lost time.Duration) (bool, error) {
	if err := t.call("MarkQueued"); err != nil {
		return false, err
	}
	return t.Memory.MarkQueued(ctx, key, token, now, lost)
}

func (t *table) Record(ctx context.Context, o mapping.Outcome, now time.Time) (mapping.Row, error) {
	if err := t.call("Record"); err != nil {
		return mapping.Row{}, err
	}
	return t.Memory.Record(ctx, o, now)
}

func (t *table) Release(ctx context.Context, key model.Key, version int64, approved bool, cause model.Cause, now time.Time) (mapping.Row, error) {
	if err := t.call("Release"); err != nil {
		return mapping.Row{}, err
	}
	return t.Memory.Release(ctx, key, version, approved, cause, now)
}

// total is how often the table was called.
func (t *table) total() int {
	n := 0
	for _, c := range t.ops {
		n += c
	}
	return n
}

// org is what the EX Org shows of new objects.
type org struct {
	objects  map[string]model.Observed
	external map[string][]string
	fail     error
	gets     int
}

func (o *org) Get(_ context.Context, kind model.Kind, id string) (model.Observed, []byte, error) {
	o.gets++
	if o.fail != nil {
		return model.Observed{}, nil, o.fail
	}
	seen, ok := o.objects[id]
	if !ok || seen.Kind != kind {
		return model.Observed{}, nil, model.Errorf(model.CodeNotFound, "get", "no such object")
	}
	seen.EXID = id
	return seen, nil, nil
}

func (o *org) ExternalKeys(_ context.Context, id string) ([]string, error) {
	o.gets++
	return o.external[id], o.fail
}

func key(kind model.Kind, dbid int64) model.Key { return model.Key{Kind: kind, DBID: dbid} }

// row makes a converged row that owns an EX object.
func (h *house) row(k model.Key, exID string, edit ...func(*model.Object)) {
	h.tb.Helper()
	ctx := context.Background()
	o := model.Object{Key: k, Name: fmt.Sprintf("%s %d", k.Kind, k.DBID)}
	switch k.Kind {
	case model.KindUser:
		o.ExternalKey = strconv.FormatInt(k.DBID, 10)
	case model.KindQueue:
		o.PeerID = strconv.FormatInt(k.DBID, 10)
	default:
	}
	for _, e := range edit {
		e(&o)
	}
	row, err := h.mem.PutDesired(ctx, 1, mapping.Wish{Key: k, Goal: mapping.GoalPresent, Desired: o, Cause: model.CauseEngage})
	if err != nil {
		h.tb.Fatal(err)
	}
	if exID != "" {
		if err := h.mem.Own(ctx, k.Kind, exID, k, nil, true); err != nil {
			h.tb.Fatal(err)
		}
	}
	h.record(mapping.Outcome{Key: k, Version: row.Version, EXID: exID, State: mapping.StateConverged, Applied: o.Fingerprint()})
	if err := h.mem.PutIndex(ctx, 1, map[model.Key]model.Fingerprint{k: o.Fingerprint()}); err != nil {
		h.tb.Fatal(err)
	}
}

func (h *house) record(o mapping.Outcome) {
	h.tb.Helper()
	if _, err := h.mem.Record(context.Background(), o, h.now); err != nil {
		h.tb.Fatal(err)
	}
}

func (h *house) get(k model.Key) mapping.Row {
	h.tb.Helper()
	row, err := h.mem.Get(context.Background(), k)
	if err != nil {
		h.tb.Fatal(err)
	}
	return row
}

// hear tells the listener and fails the test on an error.
func (h *house) hear(ns ...notice.Notice) listen.Report {
	h.tb.Helper()
	r, err := h.listen.Hear(context.Background(), ns)
	if err != nil {
		h.tb.Fatal(err)
	}
	return r
}

// take receives all messages and takes the marks away, as workers do before they observe.
func (h *house) take() []queue.Message {
	h.tb.Helper()
	ctx := context.Background()
	var all []queue.Message
	for {
		batch, err := h.work.Receive(ctx, queue.BatchSize, 0)
		if err != nil {
			h.tb.Fatal(err)
		}
		if len(batch) == 0 {
			return all
		}
		for _, m := range batch {
			if _, err := h.mem.ClearQueued(ctx, m.Key, m.Token); err != nil {
				h.tb.Fatal(err)
			}
			all = append(all, m.Message)
		}
		if err := h.work.Delete(ctx, batch); err != nil {
			h.tb.Fatal(err)
		}
	}
}

func (h *house) depth() int {
	h.tb.Helper()
	waiting, inFlight, err := h.work.Depth(context.Background())
	if err != nil {
		h.tb.Fatal(err)
	}
	return waiting + inFlight
}

func (h *house) pass(d time.Duration) { h.now = h.now.Add(d) }

// keysOf names the keys of messages.
func keysOf(ms []queue.Message) []model.Key {
	keys := make([]model.Key, 0, len(ms))
	for _, m := range ms {
		keys = append(keys, m.Key)
	}
	return keys
}

// about is a notice with an id of its own.
func about(kind model.Kind, exID string, action notice.Action, properties ...string) notice.Notice {
	return notice.Notice{ID: rand.Text(), Entity: string(kind), Kind: kind, EXID: exID, Action: action, Properties: properties}
}

func drift(kind model.Kind, exID string) notice.Notice {
	return about(kind, exID, notice.ActionUpdate, "name")
}

func deletion(kind model.Kind, exID string) notice.Notice {
	return about(kind, exID, notice.ActionDelete)
}

func membership(queueID string, users ...string) notice.Notice {
	n := about(model.KindQueue, queueID, notice.ActionMembers)
	n.Memberships, n.Members = true, users
	return n
}
