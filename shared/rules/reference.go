package rules

import (
	"fmt"
	"strings"
)

// Reference writes every setting as a Markdown table: key, default of each preset, what is allowed, what it means.
func Reference() string {
	var b strings.Builder
	b.WriteString("# Settings\n\n" +
		"One JSON object. A dot in a key stands for a nested object: `users.onDelete` is `{\"users\":{\"onDelete\":…}}`.\n" +
		"A key that is left out has the default of the preset; only `tenant` must be given. Unknown keys are errors.\n" +
		"After a change of a setting marked * the first run holds every removal until an operator approves.\n\n" +
		"| key | default `2023-07` | default `current` | allowed | meaning |\n|---|---|---|---|---|\n")
	old, current := Default(0, Preset202307), Default(0, PresetCurrent)
	for _, e := range entries() {
		mark := ""
		if e.shapes {
			mark = " *"
		}
		fmt.Fprintf(&b, "| `%s`%s | %s | %s | %s | %s |\n", e.path, mark, cell(e, old), cell(e, current), escape(e.allowed), escape(e.meaning))
	}
	return b.String()
}

func cell(e entry, s Settings) string {
	if e.path == "tenant" {
		return "must be given"
	}
	return "`" + escape(canonical(e.write(s))) + "`"
}

func escape(t string) string { return strings.ReplaceAll(t, "|", `\|`) }
