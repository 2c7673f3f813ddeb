package exorg

import (
	"regexp"
	"slices"
	"strings"
)

const messageLimit = 300

// cleanMessage reduces the API's message to what may stand in a log: no address, no name of a person or object, no value that the request held
// back. The API's template is preferred to its filled-in form, because names and addresses are what it is filled with.
func cleanMessage(b errorBody, private []string) string {
	text := b.MessageWithParams
	for name, value := range b.MessageParams {
		if s, ok := value.(string); ok && strings.Contains(strings.ToLower(name), "permission") {
			text = strings.ReplaceAll(text, "{"+name+"}", s)
		}
	}
	for _, form := range []string{b.Message, b.ErrorDescription, b.Description, b.Error} {
		if text == "" {
			text = form
		}
	}
	hide := append([]string{b.EntityName}, private...)
	slices.SortFunc(hide, func(a, b string) int { return len(b) - len(a) })
	for _, h := range hide {
		text = hideValue(text, h)
	}
	text = addressPattern().ReplaceAllString(text, "[address]")
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > messageLimit {
		text = strings.ToValidUTF8(text[:messageLimit], "") + "…"
	}
	return text
}

func hideValue(text, value string) string {
	if strings.TrimSpace(value) == "" {
		return text
	}
	return regexp.MustCompile(`(?i)`+regexp.QuoteMeta(value)).ReplaceAllString(text, "[withheld]")
}

// addressPattern and permissionPattern compile when an error is told, which is rare, instead of living as package variables.
func addressPattern() *regexp.Regexp {
	return regexp.MustCompile(`[^\s"<>()\[\]{},;:=]+@[^\s"'<>()\[\]{},;:=]+`)
}

func permissionPattern() *regexp.Regexp {
	return regexp.MustCompile(`\b[a-zA-Z]+:[a-zA-Z]+:(?:[a-zA-Z]+|\*)`)
}

// permissions finds what the role lacks: what the body names, else what the operation is known to need.
func permissions(body []byte, needs string) []string {
	found := permissionPattern().FindAllString(string(body), -1)
	slices.Sort(found)
	found = slices.Compact(found)
	if len(found) == 0 && needs != "" {
		found = []string{needs}
	}
	return found
}
