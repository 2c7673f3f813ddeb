package plan

import (
	"strings"
)

// Markdown writes the plan for a pull request or a chat. Whatever comes from users stands in fenced blocks, where no name
// can make a link, a mention, a heading or HTML; the fence is longer than any run of backticks in the names.
func (p Plan) Markdown(o Options) string {
	return string(fit(o, func(o Options) []byte {
		var b strings.Builder
		b.WriteString("## " + p.headline() + "\n\n")
		b.WriteString("Hash `" + p.Hash + "`\n")
		p.markdownTable(&b)
		block(&b, "Changes", "diff", p.changeLines(o))
		block(&b, "Held", "diff", p.heldLines(o))
		block(&b, "Rejected", "text", p.rejectLines(o))
		block(&b, "Notes", "text", p.noteLines(o))
		block(&b, "Guard", "text", p.guardLines())
		return []byte(b.String())
	}))
}

func block(b *strings.Builder, title, language string, lines []string) {
	if len(lines) == 0 {
		return
	}
	body := strings.Join(lines, "\n")
	fence := "```"
	for strings.Contains(body, fence) {
		fence += "`"
	}
	b.WriteString("\n### " + title + "\n\n" + fence + language + "\n" + body + "\n" + fence + "\n")
}

func (p Plan) markdownTable(b *strings.Builder) {
	heads, rows := p.counted()
	b.WriteString("\n| " + strings.Join(heads, " | ") + " |\n| ---")
	b.WriteString(strings.Repeat(" | ---:", len(heads)-1) + " |\n")
	for _, r := range rows {
		b.WriteString("| " + strings.Join(r, " | ") + " |\n")
	}
}
