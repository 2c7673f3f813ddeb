package mapping

import (
	"testing"
	"time"
)

// A window written by the release of November 2026 holds numbers without names: they count until they leave it.
func TestAWindowOfFormat1IsRead(t *testing.T) {
	b, err := parseBuckets("1000000:3 1300000:2")
	if err != nil {
		t.Fatal(err)
	}
	w := Window{Length: time.Hour}
	now := time.UnixMilli(1_400_000)
	if got := w.tally(b, now); got.Sum != 5 || got.Has("user/1") {
		t.Errorf("it holds %+v", got)
	}
	w.add(b, w.tally(b, now), []string{"user/1"}, now)
	again, err := parseBuckets(b.String())
	if err != nil {
		t.Fatal(err)
	}
	if got := w.tally(again, now); got.Sum != 6 || !got.Has("user/1") {
		t.Errorf("with a name it holds %+v", got)
	}
	for _, damaged := range []string{"x:1", "1:x", "1:1:!", "1:1:AAA"} {
		if _, err := parseBuckets(damaged); err == nil {
			t.Errorf("%q is read", damaged)
		}
	}
}
