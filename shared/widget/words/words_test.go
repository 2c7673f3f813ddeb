package words

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"excs/shared/model"
)

// Foreign texts become one harmless line.
func TestPlain(t *testing.T) {
	tests := []struct {
		name, text string
		most       int
		want       string
	}{
		{"a name stays", "Ada Lovelace", 20, "Ada Lovelace"},
		{"nothing stays nothing", "", 20, ""},
		{"outer and double space goes", "  Ada \t  Lovelace\n", 20, "Ada Lovelace"},
		{"lines become one", "first\r\nsecond\u2028third", 40, "first second third"},
		{"control characters become space", "a\x1b[2Jb\x00c\u0085d", 40, "a [2Jb c d"},
		{"writing directions can not be turned", "abc\u202egpj.exe\u2066x\u2069", 40, "abc gpj.exe x"},
		{"marks of bytes and zero widths go", "\ufeffa\u200bb\u2060c", 40, "a b c"},
		{"joiners of emoji and scripts stay", "👩\u200d👧 می\u200cخواهم", 40, "👩\u200d👧 می\u200cخواهم"},
		{"tags go, and with them the sight of a flag's region", "🏴\U000E0067\U000E007F!", 40, "🏴 !"},
		{"bytes that are no text are marked", "a\xffb", 40, "a\ufffdb"},
		{"what Unicode gives no meaning goes", "a\ufffeb\U0010ffffc", 40, "a b c"},
		{"right-to-left names stay", "שלום", 40, "שלום"},
		{"three marks on a letter stay", "e\u0301\u0302\u0303", 40, "e\u0301\u0302\u0303"},
		{"a tower of marks is cut", "e" + strings.Repeat("\u0301", 50) + "f" + strings.Repeat("\u20dd", 9), 40, "e\u0301\u0301\u0301f\u20dd\u20dd\u20dd"},
		{"as long as may be", "12345", 5, "12345"},
		{"longer is cut", "123456", 5, "12345…"},
		{"characters count and not bytes", "ÄÖÜäöü", 5, "ÄÖÜäö…"},
		{"a space at the cut goes", "1234 56", 4, "1234…"},
		{"space behind the end is no text", "12345   ", 5, "12345"},
		{"markup is text like any other", `<b>"&'`, 40, `<b>"&'`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := Plain(test.text, test.most); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// A line of an answer keeps its columns, and is as harmless.
func TestAligned(t *testing.T) {
	for text, want := range map[string]string{
		"  kind   in Engage  ": "kind   in Engage", "user\t\t29": "user  29", "a\x1b[2J": "a [2J", "a\u202eb": "a b",
		"a" + strings.Repeat(" ", 100) + "b": "a…", "": "", "     ": "", "123456789012345678901": "12345678901234567890…",
	} {
		if got := Aligned(text, 20); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// However nasty a text, the line is short, valid, without anything that acts, and stays as it is the next time.
func TestPlainProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 60).Draw(t, "most")
		text := rapid.String().Draw(t, "text") + rapid.SampledFrom([]string{"", "\xff", "\u202e", "\u0301\u0301\u0301\u0301\u0301", "\x00\x00"}).Draw(t, "more")
		got := Plain(text, most)
		if n := utf8.RuneCountInString(got); n > most+1 {
			t.Fatalf("%d characters", n)
		}
		if !utf8.ValidString(got) || strings.TrimSpace(got) != got || strings.Contains(got, "  ") {
			t.Fatalf("got %q", got)
		}
		marks := 0
		for _, r := range got {
			if blank(r) && r != ' ' {
				t.Fatalf("%U stayed", r)
			}
			if unicode.In(r, unicode.Mn, unicode.Me) {
				marks++
			} else {
				marks = 0
			}
			if marks > marksInARow {
				t.Fatalf("%d marks in a row: %q", marks, got)
			}
		}
		if again := Plain(got, most+1); again != got {
			t.Fatalf("%q becomes %q", got, again)
		}
	})
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 12345: "12,345", 123456: "123,456", 1234567: "1,234,567", -5: "-5", -123: "-123", -1234: "-1,234"} {
		if got := Count(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	for n, want := range map[int]string{0: "0 letters", 1: "1 letter", 2000: "2,000 letters"} {
		if got := Some(n, "letter"); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestAge(t *testing.T) {
	now := time.Date(2026, 3, 2, 14, 3, 7, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		-time.Minute: "0 s", 0: "0 s", 59 * time.Second: "59 s", time.Minute: "1 min", 59*time.Minute + 59*time.Second: "59 min", time.Hour: "1 h",
		47*time.Hour + 59*time.Minute: "47 h", 48 * time.Hour: "2 days", 1500 * 24 * time.Hour: "1,500 days",
	} {
		if got := Age(now.Add(-d), now); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
}

// Times are the viewer's, and as short as they can be without being mistaken.
func TestClock(t *testing.T) {
	now := time.Date(2026, 3, 2, 23, 30, 0, 0, time.UTC)
	berlin, newYork := time.FixedZone("+02:00", 2*60*60), time.FixedZone("-05:00", -5*60*60)
	tests := []struct {
		name string
		zone *time.Location
		at   time.Time
		want string
	}{
		{"today", time.UTC, now.Add(-time.Hour), "22:30"},
		{"yesterday", time.UTC, now.Add(-24 * time.Hour), "1 Mar 23:30"},
		{"last year", time.UTC, time.Date(2025, 12, 31, 8, 5, 0, 0, time.UTC), "31 Dec 2025 08:05"},
		{"today in UTC and yesterday in Berlin, where it is past midnight", berlin, now.Add(-2 * time.Hour), "2 Mar 23:30"},
		{"today in Berlin", berlin, now.Add(-time.Hour), "00:30"},
		{"New York", newYork, now, "18:30"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := Clock(test.at, now, test.zone); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// Every kind has a title, and one that is not known is shown as it is.
func TestTitle(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range model.Kinds() {
		seen[Title(k)] = true
	}
	if len(seen) != len(model.Kinds()) || seen[""] || Title("fax<\x00") != "fax<" {
		t.Errorf("titles %v, %q", seen, Title("fax<\x00"))
	}
}

func TestShortHash(t *testing.T) {
	for hash, want := range map[string]string{"8826274a66e7358d0d7d": "8826274a", "88": "88", "": ""} {
		if got := ShortHash(hash); got != want {
			t.Errorf("%s: %s", hash, got)
		}
	}
}
