package engage_test

import (
	"math"
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

// Texts are taken from whatever a driver gives; what is no valid text is repaired and told.
func TestTexts(t *testing.T) {
	for _, c := range []struct {
		src    any
		want   string
		broken bool
	}{
		{src: nil}, {src: ""}, {src: []byte{}}, {src: " a ", want: " a "}, {src: []byte("é"), want: "é"}, {src: int64(42), want: "42"}, {src: 1.5, want: "1.5"},
		{src: "Ren\xe9e", want: "Ren\uFFFDe", broken: true}, {src: "a\x00b", want: "a\uFFFDb", broken: true}, {src: "a\uFFFDb", want: "a\uFFFDb"},
	} {
		got, broken, err := engage.Text(c.src)
		if err != nil || got != c.want || broken != c.broken {
			t.Errorf("%T %q gives %q (%v), %v", c.src, c.src, got, broken, err)
		}
	}
}

// Whatever bytes come, the text is valid UTF-8 without NUL, and a valid one is left alone.
func TestTextsAreAlwaysValid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOf(rapid.Byte()).Draw(t, "raw")
		got, broken, err := engage.Text(raw)
		if err != nil || !utf8.ValidString(got) {
			t.Fatalf("%q gives %q, %v", raw, got, err)
		}
		for _, r := range got {
			if r == 0 {
				t.Fatalf("%q gives %q", raw, got)
			}
		}
		if !broken && got != string(raw) {
			t.Fatalf("%q became %q and is said to be whole", raw, got)
		}
	})
}
