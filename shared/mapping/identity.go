package mapping

import (
	"context"
	crand "crypto/rand"
	"fmt"
	"maps"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"excs/shared/model"
)

// TableID gives the table's own id; see IdentityStore.
func (t *table) TableID(ctx context.Context) (string, error) { return t.server.tableID(ctx) }

// tableID asks DynamoDB. The answer may be some seconds old, which is less than a restore takes.
func (d *remote) tableID(ctx context.Context) (string, error) {
	const op = "TableID"
	out, err := d.api.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &d.name})
	if err != nil {
		return "", failed(d.name, op, false, err)
	}
	if out.Table == nil {
		return "", model.Errorf(model.CodeUnavailable, op, "the answer describes no table")
	}
	if id := out.Table.TableId; id != nil && *id != "" {
		return *id, nil
	}
	// Some emulators give no id. The moment at which the table was made tells a restored one just as well.
	if at := out.Table.CreationDateTime; at != nil {
		return fmt.Sprintf("made %d", at.UnixNano()), nil
	}
	return "", model.Errorf(model.CodeUnavailable, op, "table %s has no id and no time of creation", d.name)
}

// tableID gives the twin's id. It is no request for data, so it is not counted.
func (tw *twin) tableID(ctx context.Context) (string, error) {
	const op = "TableID"
	if err := ctx.Err(); err != nil {
		return "", model.Errorf(model.CodeUnavailable, op, "nothing was sent: %w", err)
	}
	tw.mu.Lock()
	id, f := tw.id, tw.fault
	tw.mu.Unlock()
	if f == nil {
		return id, nil
	}
	return id, f(op).ofRead(op)
}

// Restore gives the table that a restore from a backup of this one makes: the same items under another id.
func (m *Memory) Restore() *Memory {
	m.twin.mu.Lock()
	defer m.twin.mu.Unlock()
	tw := &twin{id: m.twin.id + "-restored", clock: m.twin.clock, items: maps.Clone(m.twin.items), index: newTwinIndex(0, 0), fault: m.twin.fault, turn: m.twin.turn}
	for k, stored := range tw.items {
		if it, err := decodeBytes(stored); err == nil { // damaged items are in no index
			tw.index.write(k, nil, it, tw.clock())
		}
	}
	return &Memory{table: newTable(tw, m.tenant, m.Options), twin: tw}
}

// Stored is one item as the twin keeps it.
type Stored struct {
	PK, SK string
	Bytes  []byte
}

// Load puts items into an empty twin as they stood in another one, of this release or a former one.
func (m *Memory) Load(items []Stored) error {
	m.twin.mu.Lock()
	defer m.twin.mu.Unlock()
	for _, s := range items {
		it, err := decodeBytes(s.Bytes)
		if err != nil {
			return fmt.Errorf("load item %s %s: %w", s.PK, s.SK, err)
		}
		k := itemKey{s.PK, s.SK}
		m.twin.items[k] = s.Bytes
		m.twin.index.write(k, nil, it, m.twin.clock())
	}
	return nil
}

func newID() string { return crand.Text() }
