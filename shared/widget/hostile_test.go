package widget_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"excs/shared/model"
	"excs/shared/widget"
	"excs/shared/widget/answer"
	"excs/shared/widget/widgettest"
)

// Whatever a text from a foreign system holds, the widget has the same tags with the same attributes as for a harmless
// one: it stays a text in its place, and it is in no attribute and no action.
func TestHostileTextsStayTexts(t *testing.T) {
	tame := widgettest.Parse(t, render(t, widgettest.Hostile("harmless"), answer.Context{}))
	rapid.Check(t, func(t *rapid.T) {
		text := widgettest.Nasty().Draw(t, "text")
		body, err := widget.Render(widgettest.Hostile(text+"x"), answer.Context{})
		if err != nil {
			t.Fatal(err)
		}
		got := widgettest.Parse(t, body)
		if d := cmp.Diff(tame.Tags, got.Tags); d != "" {
			t.Fatal(d)
		}
		for _, text := range got.Texts {
			widgettest.Harmless(t, text)
		}
		if n := len(body); n > 200_000 {
			t.Fatalf("the page has %d bytes", n)
		}
	})
}

// An action's JSON has keys, kinds and hashes and nothing else, whatever the texts around it: what a click does can be
// read off in full.
func TestActionsHoldKeysAndHashesOnly(t *testing.T) {
	got := widgettest.Parse(t, render(t, widgettest.Hostile(`","action":"approve`), answer.Context{}))
	actions := 0
	for _, text := range got.Texts {
		if !strings.HasPrefix(text, "{") {
			continue
		}
		actions++
		var c struct {
			Action   string
			Kinds    []model.Kind
			Keys     []model.Key
			PlanHash string
			DryRun   bool
			Who      string
		}
		d := json.NewDecoder(strings.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&c); err != nil {
			t.Errorf("%v: %s", err, text)
		}
		if c.Who != "" && c.Who != "dashboard" {
			t.Errorf("it is asked for by %q", c.Who)
		}
		if strings.Trim(c.PlanHash, "0123456789abcdef") != "" {
			t.Errorf("the hash is %q", c.PlanHash)
		}
	}
	if actions == 0 {
		t.Error("the page has no action")
	}
}
