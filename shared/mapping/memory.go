package mapping

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"excs/shared/model"
)

// MemoryOptions set up a twin. The zero value is a table that answers at once and never fails.
type MemoryOptions struct {
	Options
	// Tenant is the tenant whose table it is ("" is as good as any).
	Tenant string
	// LagSeed and MaxLag make the sparse index (List, and nothing else) lag behind writes by up to MaxLag of the clock,
	// as DynamoDB's does.
	LagSeed int64
	MaxLag  time.Duration
	// ID is what TableID gives ("": one that no other twin has).
	ID string
	// Fault is asked before every request that the table would send.
	Fault FaultFunc
	// Turn is asked before Fault, with the request's context and the items it is for; it may block until it is the
	// caller's turn. Its fault counts if it gives one.
	Turn TurnFunc
}

// Memory is the mapping table's twin in memory: the same code on a server that is a map. It keeps encoded bytes, so what
// goes in and comes out shares no memory, and it can lag, fail and count as the real table does. Safe for concurrent use.
type Memory struct {
	*table
	twin *twin
}

var _ Store = (*Memory)(nil)

// NewMemory makes an empty twin.
func NewMemory(o MemoryOptions) *Memory {
	o.Options = o.Options.withDefaults()
	if o.ID == "" {
		o.ID = newID()
	}
	tw := &twin{id: o.ID, clock: o.Clock, items: map[itemKey][]byte{}, index: newTwinIndex(o.LagSeed, o.MaxLag), fault: o.Fault, turn: o.Turn}
	return &Memory{table: newTable(tw, o.Tenant, o.Options), twin: tw}
}

// Lag makes List lag behind writes by up to max of the clock, drawn from seed; 0 ends it for later writes.
func (m *Memory) Lag(seed int64, max time.Duration) {
	m.twin.mu.Lock()
	defer m.twin.mu.Unlock()
	m.twin.index.draw, m.twin.index.max = newDraw(seed), max
}

// SetFault changes who is asked for faults; nil ends them.
func (m *Memory) SetFault(f FaultFunc) {
	m.twin.mu.Lock()
	defer m.twin.mu.Unlock()
	m.twin.fault = f
}

// RestartAt is Restart for a process with another clock. What the sparse index shows keeps to the first clock.
func (m *Memory) RestartAt(clock func() time.Time) *Memory {
	o := m.Options
	o.Clock = clock
	return &Memory{table: newTable(m.twin, m.keys.tenant, o), twin: m.twin}
}

// Units gives what DynamoDB would have charged since the last ResetUnits.
func (m *Memory) Units() Units {
	m.twin.mu.Lock()
	defer m.twin.mu.Unlock()
	return m.twin.units
}

// ResetUnits starts counting anew.
func (m *Memory) ResetUnits() {
	m.twin.mu.Lock()
	defer m.twin.mu.Unlock()
	m.twin.units = Units{}
}

// Items counts the items that the table holds, expired ones included.
func (m *Memory) Items() int {
	m.twin.mu.Lock()
	defer m.twin.mu.Unlock()
	return len(m.twin.items)
}

// Restart gives a second process on the same table: it shares the items, not what the first one remembers.
func (m *Memory) Restart() *Memory {
	return &Memory{table: newTable(m.twin, m.tenant, m.Options), twin: m.twin}
}

// Units are charged capacity units and requests.
type Units struct {
	Reads, Writes float64
	Requests      int
}

// twin is the server in memory.
type twin struct {
	id    string
	clock func() time.Time

	mu    sync.Mutex
	items map[itemKey][]byte
	index *twinIndex
	fault FaultFunc
	turn  TurnFunc
	units Units
}

// ask gives the fault of a request; it runs without the lock, so that it may use the twin itself.
func (tw *twin) ask(ctx context.Context, op string, ks ...itemKey) (Fault, error) {
	turned := FaultNone
	if tw.turn != nil && ctx.Err() == nil {
		turned = tw.turn(ctx, op, itemsOf(ks))
	}
	if err := ctx.Err(); err != nil {
		return FaultNone, model.Errorf(model.CodeUnavailable, op, "nothing was sent: %w", err)
	}
	tw.mu.Lock()
	tw.units.Requests++
	f := tw.fault
	tw.mu.Unlock()
	if f == nil || turned != FaultNone {
		return turned, nil
	}
	return f(op), nil
}

// itemsOf writes the items of a request as one text, in their order.
func itemsOf(ks []itemKey) string {
	names := make([]string, 0, len(ks))
	for _, k := range ks {
		names = append(names, k.String())
	}
	return strings.Join(names, " ")
}

// reading asks for the fault of a read.
func (tw *twin) reading(ctx context.Context, op string, ks ...itemKey) error {
	f, err := tw.ask(ctx, op, ks...)
	if err != nil {
		return err
	}
	return f.ofRead(op)
}

func (tw *twin) get(ctx context.Context, op string, k itemKey) (item, error) {
	if err := tw.reading(ctx, op, k); err != nil {
		return nil, err
	}
	tw.mu.Lock()
	defer tw.mu.Unlock()
	return tw.load(k)
}

// load reads an item under the lock and charges for it.
func (tw *twin) load(k itemKey) (item, error) {
	it, err := decodeBytes(tw.items[k])
	tw.units.Reads += readUnits(it.size())
	return it, err
}

func (tw *twin) getMany(ctx context.Context, op string, ks []itemKey) (map[itemKey]item, error) {
	found := make(map[itemKey]item, len(ks))
	for len(ks) > 0 {
		batch := ks[:min(len(ks), batchGet)]
		ks = ks[len(batch):]
		if err := tw.reading(ctx, op, batch...); err != nil {
			return nil, err
		}
		if err := tw.loadInto(found, batch); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (tw *twin) loadInto(found map[itemKey]item, ks []itemKey) error {
	tw.mu.Lock()
	defer tw.mu.Unlock()
	for _, k := range ks {
		it, err := tw.load(k)
		if err != nil {
			return err
		}
		if it != nil {
			found[k] = it
		}
	}
	return nil
}

func (tw *twin) put(ctx context.Context, op string, it item, was string) error {
	return tw.writing(ctx, op, it.key(), func(old item) (item, error) {
		if old.text(attrStamp) != was || (was == "" && old != nil) {
			return nil, &conditionError{current: old}
		}
		return it, nil
	})
}

func (tw *twin) remove(ctx context.Context, op string, k itemKey, was string) error {
	return tw.writing(ctx, op, k, func(old item) (item, error) {
		if old == nil || old.text(attrStamp) != was {
			return nil, &conditionError{current: old}
		}
		return nil, nil
	})
}

func (tw *twin) update(ctx context.Context, op string, k itemKey, u update) (item, error) {
	var after item
	err := tw.writing(ctx, op, k, func(old item) (item, error) {
		for _, c := range u.when {
			if !c.holds(old) {
				return nil, &conditionError{current: old}
			}
		}
		after = old.clone()
		if after == nil {
			after = item{}
			after.setText(AttrPK, k.pk)
			after.setText(AttrSK, k.sk)
		}
		for name, n := range u.set {
			after[name] = numberValue(n)
		}
		for name, n := range u.add {
			after[name] = numberValue(old.number(name) + n)
		}
		return after, nil
	})
	return after, err
}

// writing is one conditional write, with the fault that was asked for.
func (tw *twin) writing(ctx context.Context, op string, k itemKey, change func(old item) (item, error)) error {
	f, err := tw.ask(ctx, op, k)
	if err != nil {
		return err
	}
	if err := f.beforeWrite(op); err != nil {
		return err
	}
	tw.mu.Lock()
	defer tw.mu.Unlock()
	old, err := decodeBytes(tw.items[k])
	if err != nil {
		return err
	}
	next, err := change(old)
	tw.units.Writes += writeUnits(max(old.size(), next.size()))
	if err != nil {
		return f.afterWrite(op, err)
	}
	if next == nil {
		delete(tw.items, k)
	} else {
		tw.items[k] = encodeBytes(next)
	}
	tw.units.Writes += tw.index.write(k, old, next, tw.clock())
	return f.afterWrite(op, nil)
}

func newDraw(seed int64) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(seed), 0x6d617070696e67)) //nolint:gosec // a repeatable lag, no secret
}
