package model

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Clean returns the text as EXCS writes it: in Unicode NFC, without outer white space of any kind, and without characters
// that nobody sees. Two of those stay inside a word, the zero-width joiner and non-joiner, because Persian, Arabic and Indic
// spelling needs them. Engage's administrators paste names and addresses from web pages and sheets, which carry such characters.
func Clean(text string) string {
	if isPlain(text) || !utf8.ValidString(text) {
		return strings.TrimSpace(text) // bytes that are no text stay what they are
	}
	text = strings.Map(func(r rune) rune {
		if isInvisible(r) && !isJoiner(r) {
			return -1
		}
		return r
	}, text)
	return norm.NFC.String(strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || isJoiner(r) }))
}

// IsText reports whether every text is one. The reader of Engage leaves bytes that are no text in their encoding as they
// are: what is called by them is neither written nor compared.
func IsText(texts ...string) bool {
	return !slices.ContainsFunc(texts, func(t string) bool { return !utf8.ValidString(t) })
}

// Fold returns the form in which two names are compared: cleaned, without case and without joiners. Letters are reduced to
// one rune of their simple case-folding orbit, so that "ſ", "S" and "s" are one name. Folding can bring a letter and a
// combining mark together that have a composed form, so the result is composed and folded once more.
func Fold(name string) string {
	name = Clean(name)
	if isPlain(name) {
		return strings.ToLower(name)
	}
	name = strings.Map(func(r rune) rune {
		if isJoiner(r) {
			return -1
		}
		return smallest(r)
	}, name)
	return strings.Map(smallest, norm.NFC.String(name))
}

// SameName reports whether two names are one for the EX Org.
func SameName(a, b string) bool { return Fold(a) == Fold(b) }

// isPlain reports whether the text is ASCII, which needs no composition and has no invisible characters that matter here.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isJoiner reports whether the rune is the zero-width non-joiner or joiner.
func isJoiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// isInvisible reports whether the rune takes no space and has no shape of its own: format characters (zero-width spaces, byte
// order marks, soft hyphens, directional marks), variation selectors, and fillers that count as letters.
func isInvisible(r rune) bool {
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

// smallest returns the least rune of the rune's case-folding orbit; ASCII letters are written small. A combining mark never
// stands for a letter: the orbit of the Greek iota holds one, which would compose with the letter before it.
func smallest(r rune) rune {
	if r < unicode.MaxASCII {
		return unicode.ToLower(r)
	}
	least := rune(-1)
	for f := r; ; {
		if !unicode.IsMark(f) && (least < 0 || f < least) {
			least = f
		}
		if f = unicode.SimpleFold(f); f == r {
			break
		}
	}
	switch {
	case least < 0:
		return r
	case 'A' <= least && least <= 'Z':
		return least + 'a' - 'A'
	default:
		return least
	}
}
