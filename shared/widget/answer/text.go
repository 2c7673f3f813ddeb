package answer

import (
	"errors"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"excs/shared/model"
	"excs/shared/widget/words"
)

// block is some lines under a heading.
type block struct {
	head  string
	lines []line
	prose bool
}

type line struct {
	indent int
	text   string
}

// Bounds of an answer: CloudWatch shows it in a window, and a plan may have a hundred thousand lines.
const (
	linesShown = 1000
	lineShown  = 2000
	indentMost = 12
	// baseIndent is how far texts indent what is under a heading.
	baseIndent = 2
)

// Text writes the text that an action answers with: its first line as the title, what is indented under its heading.
func Text(c Context, text string) string {
	first, body, _ := strings.Cut(strings.TrimRight(text, "\n"), "\n")
	var blocks []block
	lines := strings.Split(body, "\n")
	left := len(lines) - linesShown
	lines = lines[:min(len(lines), linesShown)]
	for i, l := range lines {
		headed := i+1 < len(lines) && indent(lines[i+1]) > 0
		blocks = under(blocks, l, headed)
	}
	if left > 0 {
		blocks = append(blocks, block{prose: true, lines: []line{{0, "and " + words.Some(left, "more line") + ": the command line shows all"}}})
	}
	return write(c, "well", func(p *page) {
		p.title(words.Plain(first, lineShown), "")
		for _, b := range blocks {
			p.block(b)
		}
	})
}

// under puts a line where it belongs: an indented one under the last heading, one that is not is a heading or prose.
func under(blocks []block, text string, heads bool) []block {
	shown := line{min(max(0, indent(text)-baseIndent), indentMost), words.Aligned(text, lineShown)}
	last := len(blocks) - 1
	switch {
	case shown.text == "":
		return blocks
	case indent(text) > 0 && last >= 0 && !blocks[last].prose:
		blocks[last].lines = append(blocks[last].lines, shown)
		return blocks
	case indent(text) > 0:
		return append(blocks, block{lines: []line{shown}})
	case heads:
		return append(blocks, block{head: shown.text})
	case last >= 0 && blocks[last].prose:
		blocks[last].lines = append(blocks[last].lines, shown)
		return blocks
	default:
		return append(blocks, block{prose: true, lines: []line{shown}})
	}
}

func indent(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }

func (p *page) block(b block) {
	p.b.WriteByte('\n')
	if b.head != "" {
		p.box("sub", func() { p.words(b.head) })
	}
	if len(b.lines) == 0 {
		return
	}
	class := "lines"
	if b.prose {
		class = "lines prose"
	}
	p.box(class, func() {
		for _, l := range b.lines {
			p.tag("div", []string{"style", "padding-left:" + strconv.Itoa(l.indent) + "ch"}, func() { p.words(l.text) })
		}
	})
}

// Failure tells an error to people: what happened, in one line.
func Failure(c Context, err error) string {
	code, text := string(model.CodeOf(err)), err.Error()
	if told, ok := errors.AsType[messages.InvokeResponse_Error](err); ok { // a function's error, as Lambda will tell it
		code, text = told.Type, told.Message
	}
	return write(c, "trouble", func(p *page) {
		p.title("That did not work: "+code, "")
		p.block(block{prose: true, lines: []line{{0, words.Plain(text, lineShown)}}})
	})
}
