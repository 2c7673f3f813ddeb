package plan

import (
	"fmt"
	"strings"
	"unicode"
)

// textLength is how much of one name people get to see. The EX Org allows 256 characters and Engage 255.
const textLength = 200

// clean makes a text harmless for a terminal, a log viewer and a web page: names come from users. Whatever does not
// print (control characters, line breaks, bidirectional overrides, zero-width characters, odd spaces) is written as an
// escape that shows; what is too long is cut.
func clean(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.ToValidUTF8(s, "�") {
		if n++; n > textLength {
			b.WriteString("…")
			break
		}
		switch {
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

// quoted writes a name in quotes.
func quoted(s string) string {
	return `"` + strings.ReplaceAll(clean(s), `"`, `\"`) + `"`
}

// word writes a value bare if it can not be mistaken for anything but one word, else in quotes: a user whose name is
// `x, state active → inactive` must not look like a change of state.
func word(s string) string {
	if s == "" {
		return "(none)"
	}
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("@._+-/()→", r) {
			return quoted(s)
		}
	}
	return clean(s)
}

// address writes an e-mail address, "jane@x.com" bare.
func address(s string) string {
	if strings.Contains(s, "@") && !strings.ContainsAny(s, "→()") {
		return word(s)
	}
	return quoted(s)
}
