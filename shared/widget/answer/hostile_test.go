package answer_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"excs/shared/model"
	"excs/shared/replay"
	"excs/shared/widget/answer"
	"excs/shared/widget/widgettest"
)

// The answers of actions hold foreign texts too.
func TestHostileAnswersStayTexts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.NewReplacer("\n", " ").Replace(widgettest.Nasty().Draw(t, "text")) + "x"
		write := func(s string) widgettest.Page {
			told := answer.Text(answer.Context{Dark: true}, "Why user/1 is "+s+"\n\nState\n  waiting: "+s+"\nNext\n    deeper "+s+"\nThat is "+s+".")
			failure := answer.Failure(answer.Context{}, model.Errorf(model.CodeConflict, "approve", "%s", s))
			line := replay.Line{Key: model.Key{Kind: model.KindUser, DBID: 1}, ID: s, Reason: s, Why: s, Since: widgettest.Now}
			unread := replay.Line{ID: s, Reason: s, Why: s, Body: s, Since: widgettest.Now}
			report := replay.Report{Counts: replay.Counts{Letters: 2, Moved: 1, Left: 1}, Moved: []replay.Line{line}, Left: []replay.Line{unread}, Stopped: s}
			replayed := answer.Replayed(answer.Context{}, report, widgettest.Now)
			return widgettest.Parse(t, "<all>"+told+failure+replayed+"</all>")
		}
		tame, got := write("harmless"), write(text)
		if d := cmp.Diff(tame.Tags, got.Tags); d != "" {
			t.Fatal(d)
		}
		for _, text := range got.Texts {
			widgettest.Harmless(t, text)
		}
	})
}
