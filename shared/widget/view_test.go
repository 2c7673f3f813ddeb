package widget

import "testing"

// A share is rounded down, so that it is 100 only when nothing is missing.
func TestShare(t *testing.T) {
	for _, test := range []struct{ part, whole, want int }{{0, 0, 0}, {0, 5, 0}, {5, 5, 1000}, {9999, 10000, 999}, {1, 3, 333}, {7, 5, 1000}, {1, -1, 0}} {
		if got := share(test.part, test.whole); got != test.want {
			t.Errorf("%d of %d: %d, want %d", test.part, test.whole, got, test.want)
		}
	}
}
