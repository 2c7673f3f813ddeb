package tdstest

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
)

// What a done token says.
const (
	doneFinal     = 0x00
	doneError     = 0x02
	doneCount     = 0x10
	doneAttention = 0x20
)

func doneToken(status uint16, rows uint64) []byte {
	b := binary.LittleEndian.AppendUint16([]byte{0xfd}, status)
	b = append(b, 0xc1, 0) // SELECT
	return binary.LittleEndian.AppendUint64(b, rows)
}

func errorToken(number int32, text string) []byte {
	body := binary.LittleEndian.AppendUint32(nil, uint32(number))
	body = append(body, 1, 16) // state, class
	u := appendUCS2(nil, text)
	body = binary.LittleEndian.AppendUint16(body, uint16(len(u)/2))
	body = append(body, u...)
	body = appendVarChar(appendVarChar(body, "standin"), "")
	body = binary.LittleEndian.AppendUint32(body, 1)
	return append(binary.LittleEndian.AppendUint16([]byte{0xaa}, uint16(len(body))), body...)
}

// column is a column of a result as it goes over the wire.
type column struct {
	kind   byte
	size   byte // of an integer
	layout Layout
}

const (
	typeInt      = 0x26
	typeNumeric  = 0x6c
	typeBytes    = 0xa5
	typeText     = 0xe7
	nullLength   = 0xffff
	numericBytes = 9 // of numeric(10) to numeric(19)
)

func (l Layout) column(oid uint32) column {
	c := column{kind: typeText, layout: l}
	switch {
	case oid == pgtype.ByteaOID:
		c.kind = typeBytes
	case !isNumber(oid):
	case l.Number == "numeric":
		c.kind = typeNumeric
	case l.Number == "int" && oid != pgtype.Int8OID:
		c.kind, c.size = typeInt, 4
	default:
		c.kind, c.size = typeInt, 8
	}
	return c
}

// describe appends the column's entry of COLMETADATA.
func (c column) describe(b []byte) []byte {
	b = append(b, 0, 0, 0, 0, 1, 0, c.kind) // user type; nullable
	switch c.kind {
	case typeInt:
		b = append(b, c.size)
	case typeNumeric:
		b = append(b, numericBytes, 19, 0)
	case typeBytes:
		b = binary.LittleEndian.AppendUint16(b, 8000)
	default:
		b = binary.LittleEndian.AppendUint16(b, 8000)
		b = append(b, 0x09, 0x04, 0xd0, 0x00, 0x34) // SQL_Latin1_General_CP1_CI_AS
	}
	return append(b, 0) // no name
}

// value appends a value, which comes as PostgreSQL's text.
func (c column) value(b, v []byte) []byte {
	switch c.kind {
	case typeText:
		if v == nil {
			return binary.LittleEndian.AppendUint16(b, nullLength)
		}
		at := len(b)
		b = appendUCS2(append(b, 0, 0), c.pad(string(v)))
		binary.LittleEndian.PutUint16(b[at:], uint16(len(b)-at-2))
		return b
	case typeBytes:
		return c.bytes(b, v)
	}
	if v == nil {
		return append(b, 0)
	}
	n := wholeNumber(v)
	switch {
	case c.kind == typeInt && c.size == 4:
		return binary.LittleEndian.AppendUint32(append(b, 4), uint32(n))
	case c.kind == typeInt:
		return binary.LittleEndian.AppendUint64(append(b, 8), uint64(n))
	}
	sign := byte(1)
	if n < 0 {
		sign, n = 0, -n
	}
	return binary.LittleEndian.AppendUint64(append(b, numericBytes, sign), uint64(n))
}

// bytes appends a text as the bytes of the layout's code page; PostgreSQL gives those of UTF-8 in hexadecimal digits. A
// letter that the code page lacks is a question mark, as in a server.
func (c column) bytes(b, v []byte) []byte {
	if v == nil {
		return binary.LittleEndian.AppendUint16(b, nullLength)
	}
	raw, err := hex.DecodeString(strings.TrimPrefix(string(v), `\x`))
	if err != nil {
		raw = v
	}
	text := c.pad(string(raw))
	if c.layout.CodePage != nil {
		var out strings.Builder
		for _, r := range text {
			s, err := c.layout.CodePage.NewEncoder().String(string(r))
			if err != nil {
				s = "?"
			}
			out.WriteString(s)
		}
		text = out.String()
	}
	return append(binary.LittleEndian.AppendUint16(b, uint16(len(text))), text...)
}

func (c column) pad(s string) string {
	if c.layout.Pad > len(s) {
		return s + strings.Repeat(" ", c.layout.Pad-len(s))
	}
	return s
}

func wholeNumber(v []byte) int64 {
	text, _, _ := strings.Cut(string(v), ".")
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return -1 << 62 // shows as what no row holds
	}
	return n
}
