package main

import (
	"encoding/json"
	"maps"
	"testing"
)

func TestThePricesAreComplete(t *testing.T) {
	t.Parallel()
	p, err := listPrices()
	must(t, err)
	if len(p.Prices) != len(priceNames()) || p.Note == "" {
		t.Errorf("%d prices for %d names, note %q", len(p.Prices), len(priceNames()), p.Note)
	}
}

// A price that is missing or has no date must not count as nothing.
func TestPricesThatAreNotWhole(t *testing.T) {
	t.Parallel()
	whole, err := listPrices()
	must(t, err)
	for _, tc := range []struct {
		name string
		harm func(p *Prices)
		says string
	}{
		{"no date", func(p *Prices) { p.Date = "" }, "a price without them is worth nothing"},
		{"a date that is none", func(p *Prices) { p.Date = "2026-13" }, `date is "2026-13"`},
		{"no region", func(p *Prices) { p.Region = "" }, "a price without them"},
		{"a price less", func(p *Prices) { delete(p.Prices, priceMetric) }, "metric must have usd, per and source"},
		{"a price of nothing", func(p *Prices) { p.Prices[priceAlarm] = Price{Per: "x", Source: "x"} }, "alarm must have usd"},
		{"a price without its source", func(p *Prices) { p.Prices[priceAlarm] = Price{USD: 1, Per: "x"} }, "alarm must have usd"},
		{"a negative free amount", func(p *Prices) { p.Prices[priceAlarm] = Price{USD: 1, Per: "x", Source: "x", Free: -1} }, "alarm must have usd"},
		{"a price that nobody asks for", func(p *Prices) { p.Prices["alram"] = Price{USD: 1, Per: "x", Source: "x"} }, "alram is no price that is used"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := whole
			p.Prices = maps.Clone(whole.Prices)
			tc.harm(&p)
			text, err := json.Marshal(p)
			must(t, err)
			_, err = parsePrices(text)
			says(t, err, tc.says)
		})
	}
	_, err = parsePrices([]byte(`{"dated":"2026-11"}`))
	says(t, err, "read prices.json")
}
