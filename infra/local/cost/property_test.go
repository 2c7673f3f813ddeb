package main

import (
	"math"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"excs/shared/model"
)

// some draws a measurement in which nothing is negative.
func some(t *rapid.T) Measured {
	counts := func(name string) Counts {
		var c Counts
		for _, f := range c.fields() {
			*f = float64(rapid.IntRange(0, 500).Draw(t, name))
		}
		return c
	}
	m := Measured{Agents: 1, Objects: map[model.Kind]int{}, Changes: map[model.Kind]Change{}, Quiet: counts("quiet"), Verify: counts("verify"),
		FirstRun: counts("first run"), FirstApply: counts("first apply"), Items: rapid.IntRange(0, 1<<20).Draw(t, "items")}
	for _, k := range model.Kinds() {
		m.Objects[k] = rapid.IntRange(0, 10_000).Draw(t, "objects")
		m.Changes[k] = Change{Objects: 1, Run: counts("run"), Apply: counts("apply"), Echo: counts("echo"), EchoApply: counts("echo apply")}
	}
	return m
}

// The bill of anything: lines add up to the total, nothing is negative, and what is free is no more than all.
func TestBillsAddUp(t *testing.T) {
	t.Parallel()
	p, err := listPrices()
	must(t, err)
	rapid.Check(t, func(t *rapid.T) {
		b := makeBill(some(t), halfHourly(), 20, p)
		sum := 0.0
		for line, usd := range b.Lines {
			if usd < 0 {
				t.Errorf("%s costs %v", line, usd)
			}
			sum += usd
		}
		if !closeTo(sum, b.Total) || b.WithFree < 0 || b.WithFree > b.Total || b.First < 0 || b.Hours < 0 {
			t.Errorf("the lines are %v, the total %v, with free amounts %v, first %v in %v h", sum, b.Total, b.WithFree, b.First, b.Hours)
		}
		gb := 0.0
		for _, n := range b.Month.ByFunction {
			gb += n
		}
		if !closeTo(gb, b.Month.GBSeconds) {
			t.Errorf("the functions take %v GB-seconds, all %v", gb, b.Month.GBSeconds)
		}
	})
}

func closeTo(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(1, math.Abs(b)) }

// More of anything never costs less: objects, work, series, and a stack that runs more often.
func TestMoreNeverCostsLess(t *testing.T) {
	t.Parallel()
	p, err := listPrices()
	must(t, err)
	rapid.Check(t, func(t *rapid.T) {
		m := some(t)
		before := makeBill(m, halfHourly(), 20, p)
		kind := rapid.SampledFrom(model.Kinds()).Draw(t, "kind")
		for _, more := range []struct {
			what string
			bill func() Bill
		}{
			{"series", func() Bill { return makeBill(m, halfHourly(), 21, p) }},
			{"runs", func() Bill {
				i := halfHourly()
				i.Runs *= 2
				return makeBill(m, i, 20, p)
			}},
			{"objects", func() Bill {
				m.Objects[kind] += 100
				defer func() { m.Objects[kind] -= 100 }()
				return makeBill(m, halfHourly(), 20, p)
			}},
			{"work", func() Bill {
				m.Verify = m.Verify.plus(Counts{Reads: 1, CPU: 1})
				return makeBill(m, halfHourly(), 20, p)
			}},
		} {
			if after := more.bill(); after.Total < before.Total-1e-9 {
				t.Errorf("more %s: %v, before %v", more.what, after.Total, before.Total)
			}
		}
	})
}

// Prices that double make a bill that doubles.
func TestABillFollowsThePrices(t *testing.T) {
	t.Parallel()
	p, err := listPrices()
	must(t, err)
	twice := p
	twice.Prices = map[string]Price{}
	for name, price := range p.Prices {
		price.USD *= 2
		twice.Prices[name] = price
	}
	rapid.Check(t, func(t *rapid.T) {
		m := some(t)
		one, two := makeBill(m, halfHourly(), 20, p), makeBill(m, halfHourly(), 20, twice)
		if !closeTo(two.Total, 2*one.Total) || !closeTo(two.First, 2*one.First) || !closeTo(two.WithFree, 2*one.WithFree) {
			t.Errorf("%v became %v", one.Total, two.Total)
		}
	})
}

// However long the cells, a terminal's table has straight columns and Markdown's as many cells in every row.
func TestTablesAreStraight(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.StringMatching(`[a-zé0-9,.]{1,12}`)
		columns := rapid.IntRange(2, 5).Draw(t, "columns")
		var drawn table
		for range rapid.IntRange(1, 8).Draw(t, "rows") {
			drawn = append(drawn, rapid.SliceOfN(cell, columns, columns).Draw(t, "row"))
		}
		lines := strings.Split(strings.TrimSuffix(textTable(drawn), "\n"), "\n")
		for i, line := range lines {
			if utf8.RuneCountInString(line) != utf8.RuneCountInString(lines[0]) {
				t.Errorf("line %d is not as long as the first:\n%s", i, strings.Join(lines, "\n"))
			}
			if got := strings.Fields(line); strings.Join(got, " ") != strings.Join(drawn[i], " ") {
				t.Errorf("line %d holds %q, not %q", i, got, drawn[i])
			}
		}
		for _, line := range strings.Split(strings.TrimSuffix(markdownTable(drawn), "\n"), "\n") {
			if strings.Count(line, "|") != columns+1 {
				t.Errorf("%q has not %d cells", line, columns)
			}
		}
	})
}

// Four digits are kept, whatever the size, and kept again they are the same.
func TestFourDigitsStay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.Float64Range(1e-9, 1e12).Draw(t, "number")
		s := significant(f)
		if math.Abs(s-f) > 0.0005*f+1e-15 || significant(s) != s {
			t.Errorf("%v became %v, then %v", f, s, significant(s))
		}
	})
}

// A number with commas is the number.
func TestCommasChangeNothing(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^\d{1,3}(,\d{3})*$`)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 1_000_000_000_000).Draw(t, "number")
		text := thousands(float64(n))
		digits := 0
		for _, r := range strings.ReplaceAll(text, ",", "") {
			digits = 10*digits + int(r-'0')
		}
		if digits != n || !form.MatchString(text) {
			t.Errorf("%d is written %s", n, text)
		}
	})
}
