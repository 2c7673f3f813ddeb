package main

import (
	"errors"
	"testing"

	"excs/shared/model"
)

// fixture is a report of made-up sizes, so that its rendering does not change with the service.
func fixture(t *testing.T) Report {
	t.Helper()
	p, err := listPrices()
	must(t, err)
	large := tenUsers()
	large.Agents, large.Objects = 12_000, map[model.Kind]int{model.KindUser: 1_234_567}
	i := halfHourly()
	i.Endpoints = 2
	m := Measurement{On: "2026-11-25", Processors: 2, Machine: "linux/arm64", Go: "go1.26", Sizes: []Measured{tenUsers(), large}}
	return makeReport(m, i, 20, p)
}

func TestRendering(t *testing.T) {
	t.Parallel()
	for format, file := range map[string]string{formatText: "fixture.txt", formatMarkdown: "fixture.md", formatJSON: "fixture.json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			text, err := fixture(t).render(format)
			must(t, err)
			golden(t, file, text)
		})
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for n, text := range map[float64]string{0: "0", 0.6: "1", 999: "999", 1000: "1,000", 12_345: "12,345", 999_999.7: "1,000,000", 1_234_567: "1,234,567"} {
		want(t, thousands(n), text)
	}
	want(t, usd(0.005), "0.01")
	want(t, usd(1234.5), "1234.50")
}

// Four fifths are named, the largest first; of those that are split, who makes a quarter or more.
func TestWhatDominates(t *testing.T) {
	t.Parallel()
	b := Bill{
		Agents: 5_000, Total: 100, Lines: map[string]float64{lineMetrics: 50, lineLambda: 25, lineDynamoDB: 10, lineLogs: 9, lineSQS: 6},
		Month: Month{
			ByFunction:      map[string]float64{functionSnapshot: 30, functionSync: 60, functionApply: 10},
			TableByFunction: map[string]float64{functionApply: 1},
		},
	}
	want(t, dominates(b), "5,000 agents: metrics 50.00 (50 %); lambda 25.00 (25 %): 60 % sync (the hourly sweep, which waits for its share of the EX Org's calls), "+
		"30 % snapshot (reading Engage and comparing every minute); dynamodb 10.00 (10 %): 100 % apply (rows of changed objects and of the users in member lists)")
	want(t, dominates(Bill{Agents: 1}), "1 agents: ")
}

func TestATableThatCanNotBeWritten(t *testing.T) {
	t.Parallel()
	says(t, show(full{}, formatText, fixture(t)), "write the table: no space")
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }
