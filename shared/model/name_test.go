package model_test

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"excs/shared/model"
)

func TestNamesThatAreOne(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, a, b string }{
		{"case", "Billing", "bILLING"},
		{"outer space", "  Billing\t", "Billing"},
		{"a no-break space outside", "\u00a0Billing\u3000", "Billing"},
		{"the long s and both others", "ſaleS", "Sales"},
		{"the Kelvin sign", "\u212Aundendienst", "kundendienst"},
		{"the Ångström sign", "\u212Bngström", "ångström"},
		{"umlauts", "ÄÖÜ", "äöü"},
		{"Greek with a final sigma", "ΟΔΥΣΣΕΥΣ", "οδυσσευς"},
		{"the micro sign and the Greek letter", "\u00b5", "\u03bc"},
		{"Cyrillic", "ПРОДАЖИ", "продажи"},
		{"the capital sharp s", "STRAẞE", "straße"},
		{"a capital digraph and its title case", "Ǆ", "ǅ"},
		{"letters beyond the first 65,536", "𐐀", "𐐨"},
		{"one rune or two", "é", "e\u0301"},
		{"one rune or two, and case", "É", "e\u0301"},
		{"the long s under an accent", "\u017f\u0301", "Ś"},
		{"a zero-width space outside", "Billing\u200b", "Billing"},
		{"a byte order mark outside", "\ufeffBilling", "Billing"},
		{"a soft hyphen inside", "Bil\u00adling", "Billing"},
		{"a directional mark and space behind it", "Billing \u200f ", "Billing"},
		{"joiners", "\u200dmi\u200cravam", "miravam"},
		{"a variation selector", "A\ufe0f", "A"},
		{"a Hangul filler", "A\u3164", "A"},
		{"nothing and space", "", " \n\u2060"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if !model.SameName(tc.a, tc.b) || model.Fold(tc.a) != model.Fold(tc.b) {
				t.Errorf("%q and %q are two names: %q and %q", tc.a, tc.b, model.Fold(tc.a), model.Fold(tc.b))
			}
		})
	}
}

func TestNamesThatAreTwo(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, a, b string }{
		{"inner space", "Billing 1", "Billing  1"},
		{"the sharp s is not two letters", "Straße", "Strasse"},
		{"the dotless i is not an i", "ılk", "ilk"},
		{"the dotted capital I is not an I", "İlk", "Ilk"},
		{"accents count", "Résumé", "Resume"},
		{"ligatures", "ﬁn", "fin"},
		{"width", "Ａ", "A"},
		{"punctuation", "A-B", "A_B"},
		{"an iota is no mark below the letter", "αι", "ᾳ"},
		{"a no-break space inside is a space of its own", "A\u00a0B", "A B"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if model.SameName(tc.a, tc.b) {
				t.Errorf("%q and %q are one name: %q", tc.a, tc.b, model.Fold(tc.a))
			}
		})
	}
}

// ASCII stays readable: people see folded names in lists.
func TestFoldedNames(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		" Billing-EN_1 ": "billing-en_1", "ſK": "sk", "\u212A": "k", "Straße": "straße", "ılk": "ılk", "[@`{\x7f": "[@`{\x7f", "": "",
	} {
		if got := model.Fold(in); got != want {
			t.Errorf("%q folds to %q, want %q", in, got, want)
		}
	}
}

// anyName draws names with the letters that fold in odd ways.
func anyName() *rapid.Generator[string] {
	odd := rapid.SampledFrom([]rune("sSſkK\u212AåÅ\u212BßẞiIıİΣσςµμΜǄǅǆ \t\u00a0éE\u0301\u200b\u200dαιᾳ\u0345"))
	return rapid.OneOf(rapid.String(), rapid.StringOf(odd), rapid.StringOf(rapid.OneOf(odd, rapid.Rune())))
}

// The library's comparison is the oracle; a hash needs a form that equal names share.
func TestFoldAgreesWithSimpleFolding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := anyName().Draw(t, "a")
		b := rapid.OneOf(anyName(), rapid.Just(strings.ToUpper(a)), rapid.Just(strings.ToLower(a)), rapid.Just(" "+a)).Draw(t, "b")
		if strings.ContainsFunc(a+b, func(r rune) bool { return unicode.IsMark(r) || unicode.Is(unicode.Cf, r) }) {
			return // composition and invisible characters have tests of their own
		}
		if want := strings.EqualFold(model.Clean(a), model.Clean(b)); model.SameName(a, b) != want {
			t.Fatalf("%q and %q: the same is %v, folded %q and %q", a, b, !want, model.Fold(a), model.Fold(b))
		}
	})
}

func TestFoldingTwiceIsFoldingOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		once := model.Fold(anyName().Draw(t, "name"))
		if twice := model.Fold(once); twice != once {
			t.Fatalf("%q folds to %q", once, twice)
		}
		if once != strings.TrimSpace(once) {
			t.Fatalf("%q has outer space", once)
		}
	})
}

// Every rune has one form for its whole orbit, and no rune turns into another letter.
func TestEveryRuneFoldsWithinItsOrbit(t *testing.T) {
	t.Parallel()
	for r := rune(1); r <= unicode.MaxRune; r++ {
		if 0xD800 <= r && r <= 0xDFFF || model.Clean(string(r)) != string(r) {
			continue // space, invisible, or written in another form
		}
		folded := []rune(model.Fold(string(r)))
		if len(folded) != 1 {
			t.Fatalf("%U folds to %q", r, string(folded))
		}
		within := folded[0] == r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			within = within || f == folded[0]
			if other := model.Fold(string(f)); other != string(folded) {
				t.Fatalf("%U folds to %q, %U to %q", r, string(folded), f, other)
			}
		}
		if !within {
			t.Fatalf("%U folds to the foreign letter %q", r, string(folded))
		}
	}
}

// What is written is what people see: composed, trimmed, without characters that nobody sees; inner joiners stay.
func TestCleanedTexts(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"eve@northwind.example\u200b": "eve@northwind.example", "\ufeffeve@northwind.example": "eve@northwind.example",
		"\u00a0 Ann\u3000": "Ann", "Jose\u0301": "José", "می\u200cروم": "می\u200cروم", "\u200cAnn\u200d": "Ann", "An\u200bn": "Ann", "": "", " a b ": "a b",
	} {
		if got := model.Clean(in); got != want {
			t.Errorf("%q is written %q, want %q", in, got, want)
		}
	}
}

func TestCleaningTwiceIsCleaningOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		once := model.Clean(anyName().Draw(t, "text"))
		if twice := model.Clean(once); twice != once {
			t.Fatalf("%q is cleaned to %q", once, twice)
		}
		if !model.SameName(once, once) {
			t.Fatalf("%q is not its own name", once)
		}
	})
}
