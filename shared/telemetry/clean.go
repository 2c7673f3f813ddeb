package telemetry

import (
	"encoding"
	"log/slog"
	"reflect"
	"slices"
	"strings"
)

// redacted is what stands in for a value that is not written.
const redacted = "[not logged]"

// secretWords are parts of names whose values are never written, whoever passes them: secrets, and what says more of a
// person than the key does.
var secretWords = []string{
	"secret", "password", "passphrase", "pwd", "dsn", "token", "credential", "authorization", "apikey", "cookie",
	"email", "address", "username", "employee", "firstname", "lastname", "phone",
}

// secret says whether a name is that of something secret, however its words are joined.
func secret(name string) bool {
	name = strings.ToLower(strings.NewReplacer("_", "", "-", "", ".", "", " ", "").Replace(name))
	return slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(name, w) })
}

// clean gives the value that may be written: a stand-in for what has a secret name, in itself or in one of its groups,
// and for values whose insides nobody looked at (structs of any sort: an object of the core holds a person). Durations
// become text, because a bare number says no unit.
func clean(groups []string, a slog.Attr) slog.Value {
	if secret(a.Key) || slices.ContainsFunc(groups, secret) {
		return slog.StringValue(redacted)
	}
	switch a.Value.Kind() {
	case slog.KindDuration:
		return slog.StringValue(a.Value.Duration().String())
	case slog.KindAny:
		if !plain(reflect.ValueOf(a.Value.Any())) {
			return slog.StringValue(redacted)
		}
	}
	return a.Value
}

// plain says whether a value is a text, a number, an error, something with a text of its own (a key), or a list or map
// of such things under harmless names.
func plain(v reflect.Value) bool {
	if !v.IsValid() {
		return true
	}
	if v.CanInterface() {
		switch v.Interface().(type) {
		case error, encoding.TextMarshaler:
			return true
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return plain(v.Elem())
	case reflect.Slice, reflect.Array:
		return v.Type().Elem().Kind() != reflect.Uint8 && allPlain(v)
	case reflect.Map:
		return plainMap(v)
	case reflect.Struct, reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return false
	default:
		return true
	}
}

func allPlain(list reflect.Value) bool {
	for i := range list.Len() {
		if !plain(list.Index(i)) {
			return false
		}
	}
	return true
}

func plainMap(m reflect.Value) bool {
	for _, key := range m.MapKeys() {
		if key.Kind() == reflect.String && secret(key.String()) || !plain(key) || !plain(m.MapIndex(key)) {
			return false
		}
	}
	return true
}
