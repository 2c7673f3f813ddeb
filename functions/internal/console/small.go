package console

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/png"
	"maps"
	"slices"
	"testing"
)

// paletteSize is how many colours a small picture has.
const paletteSize = 128

// Small gives a picture with its most frequent colours only: a third of the size, and nobody sees a difference in a page
// of text.
func Small(tb testing.TB, picture []byte) []byte {
	tb.Helper()
	full, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		tb.Fatal(err)
	}
	bounds := full.Bounds()
	seen := map[color.RGBA]int{}
	each := func(do func(x, y int, c color.RGBA)) {
		for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
			for x := bounds.Min.X; x < bounds.Max.X; x++ {
				r, g, b, _ := full.At(x, y).RGBA()
				do(x, y, color.RGBA{R: uint8(r >> 8), G: uint8(g >> 8), B: uint8(b >> 8), A: 0xff}) //nolint:gosec // 16 bits become 8
			}
		}
	}
	each(func(_, _ int, c color.RGBA) { seen[c]++ })
	often := slices.SortedFunc(maps.Keys(seen), func(a, b color.RGBA) int {
		return cmp.Or(seen[b]-seen[a], int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B))
	})
	var colours color.Palette
	for _, c := range often[:min(len(often), paletteSize)] {
		colours = append(colours, c)
	}
	nearest := map[color.RGBA]uint8{}
	for c := range seen {
		nearest[c] = uint8(colours.Index(c)) //nolint:gosec // below paletteSize
	}
	small := image.NewPaletted(bounds, colours)
	each(func(x, y int, c color.RGBA) { small.SetColorIndex(x, y, nearest[c]) })
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}
