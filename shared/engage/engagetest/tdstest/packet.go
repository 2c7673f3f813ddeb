package tdstest

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"unicode/utf16"
)

// The packet types of TDS that the stand-in knows.
const (
	packBatch       = 0x01
	packRPC         = 0x03
	packReply       = 0x04
	packAttention   = 0x06
	packTransaction = 0x0e
	packLogin       = 0x10
	packPrelogin    = 0x12
)

const packetSize = 4096 // what go-mssqldb asks for by default

// readMessage reads packets up to the one that ends the message.
func readMessage(r io.Reader) (kind byte, body []byte, err error) {
	for {
		var head [8]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return 0, nil, err
		}
		size := int(binary.BigEndian.Uint16(head[2:]))
		if size < len(head) {
			return 0, nil, errors.New("a packet is shorter than its head")
		}
		from := len(body)
		body = append(body, make([]byte, size-len(head))...)
		if _, err := io.ReadFull(r, body[from:]); err != nil {
			return 0, nil, err
		}
		if head[1]&1 != 0 {
			return head[0], body, nil
		}
	}
}

// writer cuts a message into packets.
type writer struct {
	to   io.Writer
	kind byte
	buf  []byte
	n    byte
}

func newWriter(to io.Writer, kind byte) *writer {
	return &writer{to: to, kind: kind, buf: make([]byte, 8, packetSize)}
}

func (w *writer) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		room := min(packetSize-len(w.buf), len(rest))
		w.buf = append(w.buf, rest[:room]...)
		rest = rest[room:]
		if len(w.buf) == packetSize && len(rest) > 0 {
			if err := w.flush(0); err != nil {
				return 0, err
			}
		}
	}
	return len(p), nil
}

func (w *writer) flush(status byte) error {
	w.n++
	w.buf[0], w.buf[1], w.buf[6] = w.kind, status, w.n
	binary.BigEndian.PutUint16(w.buf[2:], uint16(len(w.buf)))
	_, err := w.to.Write(w.buf)
	w.buf = w.buf[:8]
	return err
}

// end sends the last packet of the message.
func (w *writer) end() error { return w.flush(1) }

// handshakeConn carries a TLS handshake in prelogin packets, as TDS wants it, and after it the bytes as they are.
type handshakeConn struct {
	net.Conn
	done bool
	left []byte
}

func (c *handshakeConn) Read(p []byte) (int, error) {
	if c.done {
		return c.Conn.Read(p)
	}
	if len(c.left) == 0 {
		kind, body, err := readMessage(c.Conn)
		if err != nil {
			return 0, err
		}
		if kind != packPrelogin {
			return 0, errors.New("a packet of the handshake has another type")
		}
		c.left = body
	}
	n := copy(p, c.left)
	c.left = c.left[n:]
	return n, nil
}

func (c *handshakeConn) Write(p []byte) (int, error) {
	if c.done {
		return c.Conn.Write(p)
	}
	w := newWriter(c.Conn, packPrelogin)
	if _, err := w.Write(p); err != nil {
		return 0, err
	}
	return len(p), w.end()
}

// message is a body that is read from its start.
type message struct {
	b   []byte
	bad bool
}

func (m *message) take(n int) []byte {
	if n < 0 || n > len(m.b) {
		m.bad = true
		return make([]byte, max(n, 0))
	}
	p := m.b[:n]
	m.b = m.b[n:]
	return p
}

func (m *message) u8() int  { return int(m.take(1)[0]) }
func (m *message) u16() int { return int(binary.LittleEndian.Uint16(m.take(2))) }
func (m *message) u32() int { return int(binary.LittleEndian.Uint32(m.take(4))) }

// skipHeaders drops ALL_HEADERS.
func (m *message) skipHeaders() { m.take(m.u32() - 4) }

func ucs2(p []byte) string {
	u := make([]uint16, len(p)/2)
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(p[2*i:])
	}
	return string(utf16.Decode(u))
}

func appendUCS2(b []byte, s string) []byte {
	for _, r := range s {
		if r < 0x10000 {
			b = binary.LittleEndian.AppendUint16(b, uint16(r))
			continue
		}
		high, low := utf16.EncodeRune(r)
		b = binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(b, uint16(high)), uint16(low))
	}
	return b
}

// appendVarChar appends a text with its length in one byte.
func appendVarChar(b []byte, s string) []byte {
	u := appendUCS2(nil, s)
	return append(append(b, byte(len(u)/2)), u...)
}
