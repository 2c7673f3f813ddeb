package mapping

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"excs/shared/model"
)

// bucketsPerWindow is into how many parts a window is cut. The sum counts every bucket that reaches into the window, so
// it never undercounts, and overcounts by what a twelfth of the window holds.
const bucketsPerWindow = 12

// buckets are the draws of one window: start of the bucket in Unix milliseconds → count.
type buckets map[int64]int

func (w Window) bucket() int64 { return max(1, w.Length.Milliseconds()/bucketsPerWindow) }

// start gives the bucket that a moment falls in.
func (w Window) start(now time.Time) int64 {
	at := now.UnixMilli()
	return at - at%w.bucket()
}

// sum counts the buckets that end after the window's start. Buckets that lie ahead count too: another machine's clock
// may run ahead of this one's.
func (w Window) sum(b buckets, now time.Time) int {
	n, from := 0, now.Add(-w.Length).UnixMilli()
	for start, count := range b {
		if start+w.bucket() > from {
			n += count
		}
	}
	return n
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

// Draw adds n to the window if the sum stays within limit; see GuardStore.
func (t *table) Draw(ctx context.Context, w Window, n, limit int, now time.Time) (bool, int, error) {
	if err := w.check(); err != nil {
		return false, 0, err
	}
	if n < 0 {
		return false, 0, model.Errorf(model.CodeInvalid, "draw on guard window", "%d is less than nothing", n)
	}
	ok, drawn := false, 0
	_, err := t.mutate(ctx, "Draw", t.keys.window(w), func(old item) (item, error) {
		b, err := parseBuckets(old.text(attrBuckets))
		if err != nil {
			return nil, err
		}
		drawn = w.sum(b, now)
		ok = drawn+n <= limit
		if !ok || n == 0 {
			return nil, errUnchanged
		}
		drawn += n
		b[w.start(now)] += n
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

// Drawn reads the sum.
func (t *table) Drawn(ctx context.Context, w Window, now time.Time) (int, error) {
	if err := w.check(); err != nil {
		return 0, err
	}
	it, err := t.get(ctx, "Drawn", t.keys.window(w))
	if err != nil {
		return 0, inOp(fmt.Sprintf("read guard window %s %s", w.Kind, w.Class), err)
	}
	b, err := parseBuckets(it.text(attrBuckets))
	if err != nil {
		return 0, err
	}
	return w.sum(b, now), nil
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

// String writes "start:count start:count", readable in the AWS console.
func (b buckets) String() string {
	var s strings.Builder
	for _, start := range sortedKeys(b) {
		if s.Len() > 0 {
			s.WriteByte(' ')
		}
		fmt.Fprintf(&s, "%d:%d", start, b[start])
	}
	return s.String()
}

func parseBuckets(s string) (buckets, error) {
	b := buckets{}
	for _, field := range strings.Fields(s) {
		start, count, _ := strings.Cut(field, ":")
		at, err := strconv.ParseInt(start, 10, 64)
		if err != nil {
			return nil, model.Errorf(model.CodeInternal, "read guard window", "bucket %q is damaged: %w", field, err)
		}
		if b[at], err = strconv.Atoi(count); err != nil {
			return nil, model.Errorf(model.CodeInternal, "read guard window", "bucket %q is damaged: %w", field, err)
		}
	}
	return b, nil
}
