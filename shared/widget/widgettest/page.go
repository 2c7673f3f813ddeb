package widgettest

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// Fataler is a test, or one try of a property.
type Fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Page is a page taken apart: its tags with all attributes, and its texts.
type Page struct{ Tags, Texts []string }

// Parse reads a page with a strict parser: what the template writes is well-formed, so whatever breaks out of its place
// makes other tags or no page at all. A real browser reads it in the tests of functions/dashboard.
func Parse(t Fataler, body string) Page {
	t.Helper()
	var p Page
	d := xml.NewDecoder(strings.NewReader(body))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return p
		}
		if err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		switch x := token.(type) {
		case xml.StartElement:
			tag := "<" + x.Name.Local
			for _, a := range x.Attr {
				tag += " " + a.Name.Local + "=" + a.Value
			}
			p.Tags = append(p.Tags, tag)
		case xml.EndElement:
			p.Tags = append(p.Tags, "</"+x.Name.Local)
		case xml.CharData:
			p.Texts = append(p.Texts, string(x))
		default:
			t.Fatalf("a page has no %T: %s", token, body)
		}
	}
}

// nasty gives texts that break out of pages that were made with less care.
func nasty() []string {
	return []string{
		`<script>alert(1)</script>`, `</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `</bdi></td></tr></table>`, `<!--`, `-->`, `]]>`, `<![CDATA[`,
		`{{.}}`, `&lt;script&gt;`, `&#60;`, `</style><style>*{display:none}`, `javascript:alert(1)`, `</cwdb-action><cwdb-action action="call" endpoint="evil">{"action":"approve"}`,
		`"}]}`, `\u003cscript\u003e`, "\x00", "\x1b[2J", "\r\n", "\u2028", "\u202e", "\u2066", "\ufeff", "\u0301\u0301\u0301\u0301\u0301\u0301", "\u200b", "\ufffe", "\xff\xfe",
		"👩‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "שלום", "مرحبا", "Ω≈ç√", strings.Repeat("W", 5000), strings.Repeat("i ", 2000), strings.Repeat("&", 300),
	}
}

// Nasty generates texts that break out of pages that were made with less care.
func Nasty() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(nasty()), rapid.String()), 1, 5).Draw(t, "parts")
		return strings.Join(parts, "")
	})
}

// Harmless fails the test if a text can do more than be read.
func Harmless(t Fataler, text string) {
	t.Helper()
	for _, r := range text {
		if r == '\n' || r == '\u200d' || r == '\u200c' {
			continue
		}
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Noncharacter_Code_Point) {
			t.Fatalf("a text has the character %U: %q", r, text)
		}
	}
	if !utf8.ValidString(text) {
		t.Fatalf("a text is no UTF-8: %q", text)
	}
}

// Lines gives the texts of a page, one a line.
func Lines(t Fataler, body string) string {
	t.Helper()
	var list []string
	for _, line := range Parse(t, body).Texts {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, ".excs") {
			list = append(list, line)
		}
	}
	return strings.Join(list, "\n")
}
