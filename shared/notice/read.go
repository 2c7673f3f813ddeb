package notice

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"
)

// The reading is lenient: a part of another shape than expected reads as absent, because one odd field must not hide that
// an object changed.

// quotedDeep bounds how often a text that holds JSON is opened: relays quote once or twice.
const quotedDeep = 4

// open takes the quotes off JSON that stands in a text.
func open(raw json.RawMessage) json.RawMessage {
	for range quotedDeep {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			break
		}
		inner := strings.TrimSpace(text)
		if !strings.HasPrefix(inner, "{") && !strings.HasPrefix(inner, "[") && !strings.HasPrefix(inner, `"`) {
			break
		}
		raw = json.RawMessage(inner)
	}
	return bytes.TrimSpace(raw)
}

// object reads a JSON object, nil for anything else.
func object(raw json.RawMessage) map[string]json.RawMessage {
	var o map[string]json.RawMessage
	if json.Unmarshal(open(raw), &o) != nil {
		return nil
	}
	return o
}

// list reads a JSON array; one element alone is a list of one, null and nothing are none.
func list(raw json.RawMessage) []json.RawMessage {
	raw = open(raw)
	var l []json.RawMessage
	if json.Unmarshal(raw, &l) == nil {
		return l
	}
	if len(raw) == 0 || !json.Valid(raw) {
		return nil
	}
	return []json.RawMessage{raw}
}

// text reads a JSON string, "" for anything else.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return strings.TrimSpace(s)
}

// reference reads an id that stands alone or as {"id": …}.
func reference(raw json.RawMessage) string {
	if o := object(raw); o != nil {
		return text(o["id"])
	}
	return text(raw)
}

// idLength is the longest id that is taken for one; those of an EX Org have 36 characters.
const idLength = 64

// isID says whether a text can be an id of an EX Org. Ids become keys of the table and parts of paths, so nothing else
// gets further than this.
func isID(s string) bool {
	return s != "" && len(s) <= idLength && strings.Trim(s, idLetters) == "" // Trim stops at the first other letter
}

const idLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

// idOr gives the first of the texts that can be an id.
func idOr(texts ...string) string {
	for _, t := range texts {
		if isID(t) {
			return t
		}
	}
	return ""
}

// cut shortens a text to n bytes, at a rune.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// when reads the first of the texts that is a time.
func when(raws ...json.RawMessage) time.Time {
	for _, raw := range raws {
		if t, err := time.Parse(time.RFC3339, text(raw)); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
