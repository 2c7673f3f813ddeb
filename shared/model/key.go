package model

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Key names one object of the tenant: kind and Engage DBID, written "user/1234". A DBID is unique only within one Engage
// object type, so the kind is part of the identity. The tenant is not: one stack serves one tenant.
type Key struct {
	Kind Kind
	DBID int64
}

// String gives the written form, "user/1234".
func (k Key) String() string { return string(k.Kind) + "/" + strconv.FormatInt(k.DBID, 10) }

// IsZero says whether the key names nothing.
func (k Key) IsZero() bool { return k.Kind == "" }

// ParseKey reads the written form; outer space and the case of the kind do not matter. The error is CodeInvalid.
func ParseKey(s string) (Key, error) {
	kind, number, ok := strings.Cut(strings.TrimSpace(s), "/")
	if !ok {
		return Key{}, &Error{Code: CodeInvalid, Op: "parse key", Err: fmt.Errorf("key %q: write it as kind/DBID, for example user/1234", s)}
	}
	k, err := ParseKind(kind)
	if err != nil {
		return Key{}, err
	}
	dbid, err := strconv.ParseInt(number, 10, 64)
	if err != nil || strings.Trim(number, "0123456789") != "" {
		return Key{}, &Error{Code: CodeInvalid, Op: "parse key", Err: fmt.Errorf("key %q: %q is not a DBID", s, number)}
	}
	return Key{Kind: k, DBID: dbid}, nil
}

// Compare orders keys by kind in wave order, then by DBID. Only equal keys compare as 0.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Kind.Order(), o.Kind.Order()), cmp.Compare(k.Kind, o.Kind), cmp.Compare(k.DBID, o.DBID))
}

// MarshalText writes the key as text, so that JSON shows "user/1234" for values and map keys alike.
func (k Key) MarshalText() ([]byte, error) {
	if k.IsZero() {
		return []byte{}, nil
	}
	return []byte(k.String()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (k *Key) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*k = Key{}
		return nil
	}
	parsed, err := ParseKey(string(b))
	if err != nil {
		return err
	}
	*k = parsed
	return nil
}
