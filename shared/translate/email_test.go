package translate

import (
	"strings"
	"testing"
)

// An address is what mail takes, and what the EX Org would take.
func TestWhatIsAnAddress(t *testing.T) {
	for text, want := range map[string]bool{
		"eve@northwind.example": true, "e.v.e+x@north-wind.co.example": true, "o'brien@x.example": true, "EVE@X.EXAMPLE": true, "1@2.example": true,
		"a@" + strings.Repeat("a", 63) + ".example": true, strings.Repeat("l", 64) + "@x.example": true,

		"": false, "eve": false, "eve@": false, "@x.example": false, "eve@x": false, "ann@corp": false, "a@b@x.example": false,
		"mailto:eve@x.example": false, "SMTP:eve@x.example": false, "'eve@x.example'": false, "'eve@x.example": false, `"eve"@x.example`: false,
		"eve@x.example|sms": false, "eve..x@x.example": false, ".eve@x.example": false, "eve.@x.example": false, "eve@-x.example": false, "eve@x-.example": false,
		"eve@x..example": false, "eve@x.example.": false, "eve@.example": false, `eve\@x.example`: false, "eve @x.example": false, "eve@x.example,": false,
		"a@x.example; b@x.example": false, "Eve <eve@x.example>": false, "eve@[10.0.0.1]": false, "eve@x_y.example": false, "ève@x.example": false, "eve@münchen.example": false,
		"eve\u200b@x.example": false, "eve@x.example\u200b": false, strings.Repeat("l", 65) + "@x.example": false,
		"a@" + strings.Repeat("a", 64) + ".example": false, "a@" + strings.Repeat("a.", 130) + "example": false, "eve@x.example\n": false,
	} {
		if got := isAddress(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
