package engage

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// number scans a whole number from whatever a driver gives for numeric(10,0) or integer: an integer, a float, a text.
// NULL and the empty text (which Oracle does not tell from NULL) are null, with the value 0.
type number struct {
	value int64
	null  bool
}

// Scan implements sql.Scanner.
func (n *number) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*n = number{null: true}
		return nil
	case int64:
		*n = number{value: v}
		return nil
	case float64:
		return n.fromFloat(v)
	case []byte:
		return n.fromText(string(v))
	case string:
		return n.fromText(v)
	default:
		return n.fromText(fmt.Sprint(v))
	}
}

func (n *number) fromText(s string) error {
	s = strings.TrimSpace(s)
	if s == "" {
		*n = number{null: true}
		return nil
	}
	if v, err := strconv.ParseInt(s, 10, 64); err == nil {
		*n = number{value: v}
		return nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return &notANumber{"a text"}
	}
	return n.fromFloat(f)
}

func (n *number) fromFloat(f float64) error {
	if f != math.Trunc(f) || math.Abs(f) > 1<<53 { // NaN and the infinities fail here too
		return &notANumber{"a fraction or out of range"}
	}
	*n = number{value: int64(f)}
	return nil
}

// text scans a text from whatever a driver gives; NULL is "". The bytes stay as they are: clean decodes and trims them.
type text struct {
	raw   string
	bytes bool // they came as bytes
}

// Scan implements sql.Scanner.
func (t *text) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t = text{}
	case string:
		*t = text{raw: v}
	case []byte:
		*t = text{raw: string(v), bytes: true}
	default:
		*t = text{raw: fmt.Sprint(v)}
	}
	return nil
}
