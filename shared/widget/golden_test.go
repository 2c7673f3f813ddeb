package widget_test

import (
	"flag"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/shared/widget"
	"excs/shared/widget/answer"
	"excs/shared/widget/widgettest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func render(t *testing.T, v widget.View, c answer.Context) string {
	t.Helper()
	page, err := widget.Render(v, c)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// What people see of each sort of tenant is what was reviewed.
func TestGolden(t *testing.T) {
	berlin := answer.ParseContext([]byte(`{"theme":"dark","timezone":{"label":"Europe/Berlin","offsetISO":"+02:00"}}`))
	for name, page := range map[string]string{
		"well.html":      render(t, widgettest.Well(), answer.Context{}),
		"trouble.html":   render(t, widgettest.Trouble(), berlin),
		"firstplan.html": render(t, widgettest.FirstPlan(), answer.Context{}),
		"fresh.html":     render(t, widgettest.Fresh(), answer.Context{}),
		"blind.html":     render(t, widgettest.Blind(), answer.Context{}),
		"hostile.html":   render(t, widgettest.Hostile(`<script>alert("1")</script>'"><img src=x onerror=alert(2)>`), answer.Context{}),
	} {
		t.Run(name, func(t *testing.T) { widgettest.Golden(t, *update, name, page) })
	}
}

// The same view is written the same every time.
func TestRenderIsDeterministic(t *testing.T) {
	if d := cmp.Diff(render(t, widgettest.Trouble(), answer.Context{}), render(t, widgettest.Trouble(), answer.Context{})); d != "" {
		t.Error(d)
	}
}

// The documentation that CloudWatch shows is what was reviewed.
func TestDocumentation(t *testing.T) {
	widgettest.Golden(t, *update, "documentation.md", widget.Documentation())
}
