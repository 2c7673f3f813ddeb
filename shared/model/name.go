package model

import (
	"strings"
	"unicode"
)

// Fold gives the form in which two names are compared: without outer space and without case (DESIGN 2.3). Letters are
// reduced to the smallest rune of their simple case-folding orbit, so that "ſ", "S" and "s" are one name. Canonical
// equivalence (é as one rune or two) is left alone: the EX Org is not known to merge it.
func Fold(name string) string {
	return strings.Map(smallest, strings.TrimSpace(name))
}

func smallest(r rune) rune {
	if r < unicode.MaxASCII {
		return unicode.ToLower(r)
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	if 'A' <= least && least <= 'Z' {
		return least + 'a' - 'A'
	}
	return least
}

// SameName says whether two names are one for the EX Org.
func SameName(a, b string) bool { return Fold(a) == Fold(b) }
