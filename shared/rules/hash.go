package rules

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// Hash stands for everything that changes what is desired or removed: scope, DN types, attribute names, what a deletion
// does … The first run under another hash holds every removal (RULES 4.24).
//
// Only values that differ from the defaults of the preset 2023-07 go in. So a release that adds a setting leaves the
// hash of every site as it is, and no site has its removals held because of an upgrade.
func (s Settings) Hash() string {
	usual := Default(0, Preset202307)
	var b strings.Builder
	for _, e := range entries() {
		if !e.shapes {
			continue
		}
		if is, was := canonical(e.write(s)), canonical(e.write(usual)); is != was {
			fmt.Fprintf(&b, "%s=%s\n", e.path, is)
		}
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:8])
}

// canonical writes a value as JSON, whose objects have sorted keys. Values are texts, numbers, flags, lists and maps of
// them: they can always be written.
func canonical(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

// TextHash is the hash of settings as they were deployed: of their text, so that it changes with whatever changes in them. Space
// around the text does not count.
func TextHash(text string) string {
	sum := sha256.Sum256([]byte(strings.TrimSpace(text)))
	return hex.EncodeToString(sum[:8])
}

// Differences names the settings that differ, each with its value before and after.
func Differences(before, after Settings) []string {
	var differ []string
	for _, e := range entries() {
		was, errWas := json.Marshal(e.write(before))
		is, errIs := json.Marshal(e.write(after))
		if errWas != nil || errIs != nil || !bytes.Equal(was, is) {
			differ = append(differ, fmt.Sprintf("%s: %s, before %s", e.path, is, was))
		}
	}
	return differ
}
