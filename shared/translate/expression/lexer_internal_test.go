package expression

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// tokens gives the tokens of a text, each as kind, place and text.
func tokens(text string) []string {
	names := map[kind]string{
		end: "end", unknown: "unknown", word: "word", number: "number", quoted: "quoted", unclosed: "unclosed",
		opening: "opening", closing: "closing", both: "both", either: "either", negative: "negative", relation: "relation",
	}
	var list []string
	for l := (lexer{text: text}); ; {
		t := l.next()
		list = append(list, fmt.Sprintf("%s %d %s", names[t.kind], t.offset, t.text))
		if t.kind == end {
			return list
		}
	}
}

func TestTokens(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", []string{"end 0 "}},
		{"white space of all sorts", " \t\r\n\v\f\u0085\u00a0\u2003", []string{"end 13 "}},
		{"each symbol", "()&|~!", []string{"opening 0 (", "closing 1 )", "both 2 &", "either 3 |", "negative 4 ~", "negative 5 !", "end 6 "}},
		{"each relation", "= != >= <= > <", []string{"relation 0 =", "relation 2 !=", "relation 5 >=", "relation 8 <=", "relation 11 >", "relation 13 <", "end 14 "}},
		{"relations take the longest match", "<=>=!==", []string{"relation 0 <=", "relation 2 >=", "relation 4 !=", "relation 6 =", "end 7 "}},
		{"! apart from = is a negation", "! =", []string{"negative 0 !", "relation 2 =", "end 3 "}},
		{"numbers", "0 -1 42", []string{"number 0 0", "number 2 -1", "number 5 42", "end 7 "}},
		{"a minus belongs to the digits behind it only", "5-3 - 3 --3", []string{
			"number 0 5", "number 1 -3", "unknown 4 -", "number 6 3", "unknown 8 -", "number 9 -3", "end 11 "}},
		{"a minus at the end", "-", []string{"unknown 0 -", "end 1 "}},
		{"words", "Skill _x a1 1a", []string{"word 0 Skill", "word 6 _x", "word 9 a1", "number 12 1", "word 13 a", "end 14 "}},
		{"letters of other scripts are no words", "éa", []string{"unknown 0 é", "word 2 a", "end 3 "}},
		{"neighbours of the letters are no letters", "@[`{", []string{"unknown 0 @", "unknown 1 [", "unknown 2 `", "unknown 3 {", "end 4 "}},
		{"a name", `"a b"`, []string{`quoted 0 "a b"`, "end 5 "}},
		{"an empty name", `""`, []string{`quoted 0 ""`, "end 2 "}},
		{"names side by side", `"a""b"`, []string{`quoted 0 "a"`, `quoted 3 "b"`, "end 6 "}},
		{"a backslash escapes nothing", `"a\"b`, []string{`quoted 0 "a\"`, "word 4 b", "end 5 "}},
		{"a name without an end", `"a b`, []string{`unclosed 0 "a b`, "end 4 "}},
		{"a quote at the end", `"`, []string{`unclosed 0 "`, "end 1 "}},
		{"a name that a line feed ends", "\"a\nb", []string{`unclosed 0 "a`, "word 3 b", "end 4 "}},
		{"a name that a carriage return ends", "\"a\r\n\"", []string{`unclosed 0 "a`, `unclosed 4 "`, "end 5 "}},
		{"broken encodings go byte by byte", "\xff\xe2\x80", []string{"unknown 0 \xff", "unknown 1 \xe2", "unknown 2 \x80", "end 3 "}},
		{"invisible characters are seen", "\ufeff\u200b", []string{"unknown 0 \ufeff", "unknown 3 \u200b", "end 6 "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tokens(tt.text)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Tokens are the text: put together with the white space between them nothing is lost, doubled or out of place.
func TestTokensCoverTheText(t *testing.T) {
	piece := rapid.SampledFrom([]string{
		`"`, `"a b"`, "Skill", "SkillExists", "(", ")", "&", "|", "~", "!", "=", "<", ">", "-", "5", " ", "\n", "\r", "é", "\xff", "\u00a0", "_",
	})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 30).Draw(t, "pieces"), "")
		l, at := lexer{text: text}, 0
		for {
			tok := l.next()
			if gap := text[at:tok.offset]; strings.TrimLeftFunc(gap, unicode.IsSpace) != "" {
				t.Fatalf("%q: skipped %q before %d", text, gap, tok.offset)
			}
			if at = tok.offset + len(tok.text); text[tok.offset:at] != tok.text {
				t.Fatalf("%q: token %q is not at %d", text, tok.text, tok.offset)
			}
			if tok.kind == end {
				break
			}
			if tok.text == "" {
				t.Fatalf("%q: an empty token at %d", text, tok.offset)
			}
		}
		if at != len(text) {
			t.Fatalf("%q: ended at %d", text, at)
		}
	})
}

// A mirrored relation says the same with the sides exchanged, and mirrored twice it is itself.
func TestMirroredComparators(t *testing.T) {
	for _, c := range []comparator{"=", "!=", ">=", "<=", ">", "<"} {
		if c.mirrored().mirrored() != c {
			t.Errorf("%s mirrored twice is %s", c, c.mirrored().mirrored())
		}
		for a := -1; a <= 1; a++ {
			for b := -1; b <= 1; b++ {
				if c.holds(a, b) != c.mirrored().holds(b, a) {
					t.Errorf("%d %s %d is not %d %s %d", a, c, b, b, c.mirrored(), a)
				}
			}
		}
	}
}

// The operations on sets agree with those on maps, at sizes around the machine words.
func TestSetOperations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.SampledFrom([]int{1, 63, 64, 65, 128, 150}).Draw(t, "size")
		draw := func() (Set, map[int]bool) {
			s, m := emptySet(size), map[int]bool{}
			for _, i := range rapid.SliceOf(rapid.IntRange(0, size-1)).Draw(t, "agents") {
				s.add(i)
				m[i] = true
			}
			return s, m
		}
		a, inA := draw()
		b, inB := draw()
		united, intersected, inverted := a.clone(), a.clone(), a.clone()
		united.unite(b)
		intersected.intersect(b)
		inverted.invert()
		var counts [3]int
		for i := range size {
			for which, pair := range [][2]bool{
				{united.Contains(i), inA[i] || inB[i]}, {intersected.Contains(i), inA[i] && inB[i]}, {inverted.Contains(i), !inA[i]},
			} {
				if pair[0] != pair[1] {
					t.Fatalf("operation %d, agent %d: got %v", which, i, pair[0])
				}
				if pair[1] {
					counts[which]++
				}
			}
			if a.Contains(i) != inA[i] || b.Contains(i) != inB[i] {
				t.Fatalf("an operand changed at %d", i)
			}
		}
		if got := [3]int{united.Len(), intersected.Len(), inverted.Len()}; got != counts {
			t.Fatalf("lengths %v, want %v", got, counts)
		}
	})
}
