package answer_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"excs/shared/widget/answer"
)

// The context is about looks: whatever is wrong with it, the widget is shown.
func TestParseContext(t *testing.T) {
	tests := []struct {
		name, body, zone string
		dark             bool
	}{
		{"CloudWatch's", `{"theme":"dark","timezone":{"label":"Local","offsetISO":"+05:30","offsetInMinutes":-330},"forms":{"all":{}}}`, "+05:30", true},
		{"light", `{"theme":"light"}`, "UTC", false},
		{"UTC", `{"timezone":{"label":"UTC","offsetISO":"+00:00"}}`, "UTC", false},
		{"nothing", ``, "UTC", false},
		{"null", `null`, "UTC", false},
		{"no object", `[1]`, "UTC", false},
		{"other types", `{"theme":7}`, "UTC", false},
		{"no offset", `{"timezone":{"offsetISO":"<b>"},"theme":"dark"}`, "UTC", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := answer.ParseContext([]byte(test.body))
			zone, _ := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC).In(c.Location()).Zone()
			if d := cmp.Diff([]any{test.zone, test.dark}, []any{zone, c.Dark}); d != "" {
				t.Error(d)
			}
		})
	}
}
