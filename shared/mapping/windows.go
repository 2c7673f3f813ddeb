package mapping

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"excs/shared/model"
)

// bucketsPerWindow is into how many parts a window is cut. The sum counts every bucket that reaches into the window, so
// it never undercounts, and overcounts by what a twelfth of the window holds.
const bucketsPerWindow = 12

// bucket holds what was drawn in one part of a window: names by their hashes, so that a name counts once, and a number for
// what format 1, of November 2026, counted without names.
type bucket struct {
	count int
	names []uint32
}

// buckets are the draws of one window by the start of the bucket in Unix milliseconds.
type buckets map[int64]bucket

// namesPerWindow bounds what one item keeps; names beyond it are counted and not remembered.
const namesPerWindow = 60_000

// Tally is what a window holds.
type Tally struct {
	Sum   int
	names map[uint32]bool
}

// Has says whether the name was drawn within the window.
func (t Tally) Has(name string) bool { return t.names[nameHash(name)] }

func nameHash(name string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // a hash takes every byte
	return h.Sum32()
}

func (w Window) bucket() int64 { return max(1, w.Length.Milliseconds()/bucketsPerWindow) }

// start gives the bucket that a moment falls in.
func (w Window) start(now time.Time) int64 {
	at := now.UnixMilli()
	return at - at%w.bucket()
}

// tally counts the buckets that end after the window's start. Buckets that lie ahead count too: another machine's clock
// may run ahead of this one's.
func (w Window) tally(b buckets, now time.Time) Tally {
	t, from := Tally{names: map[uint32]bool{}}, now.Add(-w.Length).UnixMilli()
	for start, drawn := range b {
		if start+w.bucket() <= from {
			continue
		}
		t.Sum += drawn.count
		for _, n := range drawn.names {
			if !t.names[n] {
				t.names[n] = true
				t.Sum++
			}
		}
	}
	return t
}

// add puts names that the window lacks into the bucket of a moment.
func (w Window) add(b buckets, t Tally, names []string, now time.Time) {
	start := w.start(now)
	drawn := b[start]
	for _, name := range names {
		if len(t.names)+len(drawn.names) < namesPerWindow {
			drawn.names = append(drawn.names, nameHash(name))
		} else {
			drawn.count++
		}
	}
	b[start] = drawn
}

// lacking gives the names that were not drawn within the window, each once.
func (t Tally) lacking(names []string) []string {
	var rest []string
	seen := map[uint32]bool{}
	for _, name := range names {
		if h := nameHash(name); !t.names[h] && !seen[h] {
			seen[h] = true
			rest = append(rest, name)
		}
	}
	return rest
}

// trim drops what no window will see again, with one bucket to spare for clocks that run behind.
func (w Window) trim(b buckets, now time.Time) {
	from := now.Add(-w.Length).UnixMilli()
	for start := range b {
		if start+2*w.bucket() <= from {
			delete(b, start)
		}
	}
}

// Draw adds names to the window if the sum stays within limit; see GuardStore.
func (t *table) Draw(ctx context.Context, w Window, names []string, limit int, now time.Time) (bool, int, error) {
	t = t.in(ctx)
	if err := w.check(); err != nil {
		return false, 0, err
	}
	ok, drawn := false, 0
	_, err := t.mutate(ctx, "Draw", t.keys.window(w), func(old item) (item, error) {
		b, err := parseBuckets(old.text(attrBuckets))
		if err != nil {
			return nil, err
		}
		tally := w.tally(b, now)
		fresh := tally.lacking(names)
		drawn = tally.Sum
		ok = len(fresh) == 0 || drawn+len(fresh) <= limit
		if !ok || len(fresh) == 0 {
			return nil, errUnchanged
		}
		drawn += len(fresh)
		w.add(b, tally, fresh, now)
		w.trim(b, now)
		next := item{}
		next.setText(attrBuckets, b.String())
		next.expire(later(now, t.Clock()).Add(2 * w.Length))
		return next, nil
	})
	if err != nil {
		return false, 0, inOp(fmt.Sprintf("draw on guard window %s %s", w.Kind, w.Class), err)
	}
	return ok, drawn, nil
}

// Drawn reads what the window holds.
func (t *table) Drawn(ctx context.Context, w Window, now time.Time) (Tally, error) {
	t = t.in(ctx)
	if err := w.check(); err != nil {
		return Tally{}, err
	}
	it, err := t.get(ctx, "Drawn", t.keys.window(w))
	if err != nil {
		return Tally{}, inOp(fmt.Sprintf("read guard window %s %s", w.Kind, w.Class), err)
	}
	b, err := parseBuckets(it.text(attrBuckets))
	if err != nil {
		return Tally{}, err
	}
	return w.tally(b, now), nil
}

func (w Window) check() error {
	if w.Kind == "" || w.Class == "" || w.Length < time.Second {
		return model.Errorf(model.CodeInvalid, "guard window", "needs a kind, a class and a length of a second or more, got %q, %q, %s", w.Kind, w.Class, w.Length)
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// String writes "start:count" or "start:count:names", with the hashes of the names in base64.
func (b buckets) String() string {
	var s strings.Builder
	for _, start := range sortedKeys(b) {
		if s.Len() > 0 {
			s.WriteByte(' ')
		}
		fmt.Fprintf(&s, "%d:%d", start, b[start].count)
		if names := b[start].names; len(names) > 0 {
			raw := make([]byte, 0, 4*len(names))
			for _, n := range names {
				raw = binary.BigEndian.AppendUint32(raw, n)
			}
			s.WriteString(":" + base64.RawStdEncoding.EncodeToString(raw))
		}
	}
	return s.String()
}

func parseBuckets(s string) (buckets, error) {
	b := buckets{}
	for _, field := range strings.Fields(s) {
		start, rest, _ := strings.Cut(field, ":")
		count, names, _ := strings.Cut(rest, ":")
		at, err := strconv.ParseInt(start, 10, 64)
		if err != nil {
			return nil, damagedBucket(field, err)
		}
		n, err := strconv.Atoi(count)
		if err != nil {
			return nil, damagedBucket(field, err)
		}
		raw, err := base64.RawStdEncoding.DecodeString(names)
		if err != nil || len(raw)%4 != 0 {
			return nil, damagedBucket(field, cmp.Or(err, errOddNames))
		}
		drawn := bucket{count: n}
		for ; len(raw) > 0; raw = raw[4:] {
			drawn.names = append(drawn.names, binary.BigEndian.Uint32(raw))
		}
		b[at] = drawn
	}
	return b, nil
}

var errOddNames = errors.New("its names are cut off")

func damagedBucket(field string, err error) error {
	return model.Errorf(model.CodeInternal, "read guard window", "bucket %q is damaged: %w", field, err)
}
