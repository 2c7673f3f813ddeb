package widget

import (
	"bytes"
	_ "embed" // the template
	"html/template"

	"excs/shared/model"
	"excs/shared/widget/answer"
)

//go:embed board.html
var source string

// execute writes the page. The template is parsed each time: that takes a millisecond, and a page is asked for once a
// minute at most.
func execute(b board) (string, error) {
	const op = "write the widget"
	page, err := template.New("").Funcs(template.FuncMap{
		"style": func() template.CSS { return template.CSS(answer.Style()) }, //nolint:gosec // the style sheet is EXCS's own, without any value in it
	}).Parse(source)
	if err != nil {
		return "", model.Errorf(model.CodeInternal, op, "%w", err)
	}
	var out bytes.Buffer
	if err := page.ExecuteTemplate(&out, "board", b); err != nil {
		return "", model.Errorf(model.CodeInternal, op, "%w", err)
	}
	return out.String(), nil
}
