package mapping

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"excs/shared/model"
)

const (
	// partSize is how much of a packed document one item takes; one part fits into the head.
	partSize = 300 << 10
	// maxParts bounds a document to about 19 MB packed.
	maxParts = 64
	// partGrace is how long parts that no head names are left alone: their writer may be about to write its head.
	partGrace = time.Hour
	// readAgain is how often a read starts over when a writer replaced the document under it.
	readAgain = 4
)

// GetDocument reads one, consistently. not_found.
func (t *table) GetDocument(ctx context.Context, name string) ([]byte, error) {
	t = t.in(ctx)
	op := "get document " + name
	for range readAgain {
		head, err := t.get(ctx, "GetDocument", t.keys.document(name))
		if err != nil {
			return nil, inOp(op, err)
		}
		if head == nil {
			return nil, &model.Error{Code: model.CodeNotFound, Op: op, Err: errors.New("there is no such document")}
		}
		packed, whole, err := t.collect(ctx, name, head)
		if err != nil {
			return nil, inOp(op, err)
		}
		if !whole {
			continue
		}
		body, err := unpack(packed)
		if err != nil {
			return nil, model.Errorf(model.CodeInternal, op, "%w", err)
		}
		return body, nil
	}
	return nil, model.Errorf(model.CodeUnavailable, op, "it was replaced while it was read, %d times: try again", readAgain)
}

// collect gives the packed bytes; whole is false when parts are gone, because a newer document took over.
func (t *table) collect(ctx context.Context, name string, head item) (packed []byte, whole bool, err error) {
	n := int(head.number(attrParts))
	if n == 0 {
		return head.bytes(attrBody), true, nil
	}
	ks := make([]itemKey, 0, n)
	for i := range n {
		ks = append(ks, t.keys.part(name, head.text(attrGeneration), i))
	}
	found, err := t.getMany(ctx, "GetDocument", ks)
	if err != nil {
		return nil, false, err
	}
	for _, k := range ks {
		part, ok := found[k]
		if !ok {
			return nil, false, nil
		}
		packed = append(packed, part.bytes(attrBody)...)
	}
	return packed, true, nil
}

// PutDocument writes one; see DocumentStore. A large one goes into parts of a generation of its own first; the head, written
// last, makes them visible at once. The generation before stays for readers under way, older ones are removed.
func (t *table) PutDocument(ctx context.Context, name string, run int64, body []byte) error {
	t = t.in(ctx)
	op := "put document " + name
	if name == "" {
		return model.Errorf(model.CodeInvalid, "put document", "it needs a name")
	}
	packed, err := t.codec.packSmall(body)
	if err != nil {
		return err
	}
	head := item{}
	head.setNumber(attrRun, run)
	if len(packed) <= partSize {
		head.setBytes(attrBody, packed)
	} else if err := t.putParts(ctx, name, packed, head); err != nil {
		return inOp(op, err)
	}
	before, err := t.putHead(ctx, name, run, head)
	if err != nil {
		return inOp(op, err)
	}
	if head.number(attrParts) == 0 && before.number(attrParts) == 0 {
		return nil
	}
	return inOp(op+" (it is written; removing old parts)", t.sweep(ctx, name, head.text(attrGeneration), before.text(attrGeneration)))
}

func (t *table) putParts(ctx context.Context, name string, packed []byte, head item) error {
	n := (len(packed) + partSize - 1) / partSize
	if n > maxParts {
		return model.Errorf(model.CodeInvalid, "put parts", "the document takes %d KB compressed, the mapping table keeps up to %d KB", len(packed)>>10, maxParts*partSize>>10)
	}
	generation := t.Stamps()
	for i := range n {
		part := item{}
		part.setBytes(attrBody, bytes.Clone(packed[i*partSize:min(len(packed), (i+1)*partSize)]))
		part.setText(attrGeneration, generation)
		part.setTime(attrAt, t.Clock())
		if _, err := t.replace(ctx, "PutDocument", t.keys.part(name, generation, i), nil, func(item) (item, error) { return part, nil }); err != nil {
			return err
		}
	}
	head.setText(attrGeneration, generation)
	head.setNumber(attrParts, int64(n))
	return nil
}

// putHead makes the document visible and gives the head before.
func (t *table) putHead(ctx context.Context, name string, run int64, head item) (before item, err error) {
	_, err = t.mutate(ctx, "PutDocument", t.keys.document(name), func(old item) (item, error) {
		if was := old.number(attrRun); run > 0 && was > run {
			return nil, model.Errorf(model.CodeStale, "put document", "run %d wrote it before run %d", was, run)
		}
		before = old
		next := head.clone()
		next.setNumber(attrRun, max(run, old.number(attrRun)))
		return next, nil
	})
	return before, err
}

// sweep removes parts of generations other than the given ones, unless they are young.
func (t *table) sweep(ctx context.Context, name string, keep ...string) error {
	k := t.keys.document(name)
	found, err := t.server.parts(ctx, "PutDocument read", k.pk, "part#")
	if err != nil {
		return err
	}
	for _, it := range found {
		if t.kept(it, keep) {
			continue
		}
		if _, err := t.replace(ctx, "PutDocument", it.key(), it, func(item) (item, error) { return nil, nil }); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) kept(part item, keep []string) bool {
	return slices.Contains(keep, part.text(attrGeneration)) || t.Clock().Sub(part.time(attrAt)) < partGrace
}

// DeleteDocument drops one; absent is fine. The head goes first, so that nobody sees half a document.
func (t *table) DeleteDocument(ctx context.Context, name string) error {
	t = t.in(ctx)
	op := "delete document " + name
	before := item(nil)
	_, err := t.mutate(ctx, "DeleteDocument", t.keys.document(name), func(old item) (item, error) {
		before = old
		return nil, nil
	})
	if err != nil {
		return inOp(op, err)
	}
	for i := range int(before.number(attrParts)) {
		_, err := t.mutate(ctx, "DeleteDocument", t.keys.part(name, before.text(attrGeneration), i), func(item) (item, error) { return nil, nil })
		if err != nil {
			return inOp(fmt.Sprintf("%s, part %d", op, i), err)
		}
	}
	if before.number(attrParts) == 0 {
		return nil
	}
	return inOp(op, t.sweep(ctx, name))
}
