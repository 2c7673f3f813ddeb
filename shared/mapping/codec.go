package mapping

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"sync"

	"excs/shared/model"
)

// The first byte of packed bytes says how they are packed.
const (
	packedPlain byte = 'p'
	packedFlate byte = 'z'
)

// packAbove is the size from which bytes are compressed: with it a user row with a dozen skills and a full history stays
// within one write unit (1 KB).
const packAbove = 384

// maxUnpacked bounds what one packed value may grow to: a broken item must not take all memory.
const maxUnpacked = 256 << 20

// codec packs bytes. It keeps compressors, which are large, for the next call.
type codec struct {
	fast *sync.Pool
	best *sync.Pool
}

func newCodec() *codec {
	pool := func(level int) *sync.Pool {
		return &sync.Pool{New: func() any {
			w, err := flate.NewWriter(io.Discard, level)
			if err != nil {
				return err
			}
			return w
		}}
	}
	return &codec{fast: pool(flate.BestSpeed), best: pool(flate.DefaultCompression)}
}

// pack gives the bytes, compressed if they are long and that helps.
func (c *codec) pack(raw []byte) ([]byte, error) { return deflate(c.fast, raw) }

// packSmall compresses harder, for documents.
func (c *codec) packSmall(raw []byte) ([]byte, error) { return deflate(c.best, raw) }

func deflate(pool *sync.Pool, raw []byte) ([]byte, error) {
	plain := func() []byte { return append(append(make([]byte, 0, len(raw)+1), packedPlain), raw...) }
	if len(raw) <= packAbove {
		return plain(), nil
	}
	w, ok := pool.Get().(*flate.Writer)
	if !ok {
		return nil, model.Errorf(model.CodeInternal, "pack item", "no compressor")
	}
	defer pool.Put(w)
	var b bytes.Buffer
	b.WriteByte(packedFlate)
	w.Reset(&b)
	if _, err := w.Write(raw); err != nil {
		return nil, model.Errorf(model.CodeInternal, "pack item", "%w", err)
	}
	if err := w.Close(); err != nil {
		return nil, model.Errorf(model.CodeInternal, "pack item", "%w", err)
	}
	if b.Len() > len(raw) {
		return plain(), nil
	}
	return b.Bytes(), nil
}

// unpack gives the bytes back.
func unpack(packed []byte) ([]byte, error) {
	if len(packed) == 0 {
		return nil, nil
	}
	switch packed[0] {
	case packedPlain:
		return bytes.Clone(packed[1:]), nil
	case packedFlate:
		raw, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed[1:])), maxUnpacked+1))
		if err != nil {
			return nil, fmt.Errorf("packed bytes are damaged: %w", err)
		}
		if len(raw) > maxUnpacked {
			return nil, fmt.Errorf("packed bytes grow beyond %d MB: damaged", maxUnpacked>>20)
		}
		return raw, nil
	default:
		return nil, fmt.Errorf("packed bytes start with %q: written by a later version of EXCS", packed[0])
	}
}
