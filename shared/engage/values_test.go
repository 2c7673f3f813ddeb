package engage_test

import (
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"excs/shared/engage"
)

// Numbers are taken from whatever a driver gives for numeric(10,0).
func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		src  any
		want int64
		null bool
		bad  bool
	}{
		{src: nil, null: true}, {src: "", null: true}, {src: "  ", null: true}, {src: []byte{}, null: true},
		{src: int64(42), want: 42}, {src: int32(42), want: 42}, {src: uint8(2), want: 2},
		{src: float64(42), want: 42}, {src: float32(7), want: 7},
		{src: "9999999999", want: 9999999999}, {src: []byte(" 42 "), want: 42}, {src: "-3", want: -3},
		{src: "42.000", want: 42}, {src: "4.2E+1", want: 42}, {src: "1e3", want: 1000},
		{src: "4.5", bad: true}, {src: 4.5, bad: true}, {src: "abc", bad: true}, {src: math.NaN(), bad: true}, {src: math.Inf(1), bad: true},
		{src: "1e30", bad: true}, {src: "NaN", bad: true}, {src: true, bad: true},
	} {
		got, null, err := engage.Number(c.src)
		if (err != nil) != c.bad || !c.bad && (got != c.want || null != c.null) {
			t.Errorf("%T %v gives %d (null %v), %v", c.src, c.src, got, null, err)
		}
	}
}

// Texts are taken from whatever a driver gives and decoded; what is no text stays apart from every text.
func TestTexts(t *testing.T) {
	for _, c := range []struct {
		src      any
		encoding string
		want     string
		broken   bool
	}{
		{src: nil}, {src: ""}, {src: []byte{}}, {src: " a ", want: " a "}, {src: []byte("é"), want: "é"}, {src: int64(42), want: "42"}, {src: 1.5, want: "1.5"},
		{src: "Ren\xe9e", want: "Ren\xe9e", broken: true}, {src: "a\x00b", want: "a\xffb", broken: true}, {src: "a\uFFFDb", want: "a\xffb", broken: true},
		{src: "Ren\xe9e", encoding: "windows-1252", want: "Renée"},
		{src: "M\xfcnchen", encoding: "WE8MSWIN1252", want: "München"},
		{src: "\xcf\xfa\xca\xdb", encoding: "gbk", want: "销售"}, {src: "\xbc\xbc\xca\xf5", encoding: "CP936", want: "技术"},
		{src: "\x83\x65\x83\x58\x83\x67", encoding: "Shift_JIS", want: "テスト"}, {src: "\xb4\xfa\xb8\xd5", encoding: "big5", want: "測試"},
		{src: "\xc5\xd7\xbd\xba\xc6\xae", encoding: "euc-kr", want: "테스트"}, {src: "\xf4\xc5\xd3\xd4", encoding: "koi8-r", want: "Тест"},
		{src: "\xd2\xe5\xf1\xf2", encoding: "windows-1251", want: "Тест"}, {src: "\xa3\xf3d\xbc", encoding: "iso-8859-2", want: "Łódź"},
		{src: "\xdd\xf0", encoding: "1254", want: "İğ"}, {src: "\xe3\xce", encoding: "windows-1253", want: "γΞ"},
		{src: "a\x81b", encoding: "windows-1252", want: "a\x81b", broken: true}, {src: "\xff\xff", encoding: "gbk", want: "\xff\xff", broken: true},
		{src: "\xe4", encoding: "shift_jis", want: "\xe4", broken: true},
	} {
		got, broken, err := engage.Text(c.src, c.encoding)
		if err != nil || got != c.want || broken != c.broken {
			t.Errorf("%T %q in %q gives %q (%v), %v", c.src, c.src, c.encoding, got, broken, err)
		}
	}
	for _, name := range []string{"latin", "utf-16le", "replacement", "iso-2022-jp", "850"} {
		if _, _, err := engage.Text("x", name); err == nil || !strings.Contains(err.Error(), "use one of windows-1250") {
			t.Errorf("the encoding %s: %v", name, err)
		}
	}
}

// Whatever bytes come, in whatever encoding: a text is valid UTF-8 without NUL, and what is none is not.
func TestATextIsValidOrNot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOf(rapid.Byte()).Draw(t, "raw")
		encoding := rapid.SampledFrom([]string{"", "gbk", "shift_jis", "big5", "euc-kr", "koi8-r", "windows-1255", "windows-1252"}).Draw(t, "encoding")
		got, broken, err := engage.Text(raw, encoding)
		if err != nil || utf8.ValidString(got) == broken || strings.Contains(got, "\x00") {
			t.Fatalf("%q in %q gives %q (%v), %v", raw, encoding, got, broken, err)
		}
		if encoding == "" && !broken && got != string(raw) {
			t.Fatalf("%q became %q", raw, got)
		}
	})
}
