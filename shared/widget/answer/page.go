package answer

import (
	_ "embed" // the style sheet
	"html"
	"strings"
)

//go:embed style.css
var style string

// Style is the style sheet of the dashboard and of the answers, for <style>. It holds no value of anybody's.
func Style() string { return style }

// page writes HTML. Names and attributes are this package's own; whatever else there is goes through text.
type page struct{ b strings.Builder }

// text writes a text, escaped.
func (p *page) text(s string) { p.b.WriteString(html.EscapeString(s)) }

// tag writes an element with what is in it. attributes are names and values in turn.
func (p *page) tag(name string, attributes []string, in func()) {
	p.b.WriteString("<" + name)
	for i := 0; i+1 < len(attributes); i += 2 {
		p.b.WriteString(" " + attributes[i] + `="` + html.EscapeString(attributes[i+1]) + `"`)
	}
	p.b.WriteString(">")
	in()
	p.b.WriteString("</" + name + ">")
}

// box writes a <div> of a class.
func (p *page) box(class string, in func()) { p.tag("div", []string{"class", class}, in) }

// words writes a foreign text in the direction that it has by itself, without any effect on what is around it.
func (p *page) words(s string) { p.tag("bdi", []string{"dir", "auto"}, func() { p.text(s) }) }

// write makes a page: the frame that CloudWatch leaves alone, the style sheet, and what is in it.
func write(c Context, class string, in func(p *page)) string {
	p := &page{}
	frame := "cwdb-no-default-styles excs"
	if c.Dark {
		frame += " excs-dark"
	}
	p.box(frame, func() {
		p.b.WriteString("<style>" + style + "</style>\n")
		p.box("answer "+class, func() { in(p) })
	})
	return p.b.String()
}

// title writes the heading of a page or a section, with a number behind it if there is one.
func (p *page) title(text, number string) {
	p.box("head", func() {
		p.box("title", func() {
			p.words(text)
			if number != "" {
				p.tag("span", []string{"class", "badge"}, func() { p.text(number) })
			}
		})
	})
}
