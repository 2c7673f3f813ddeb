package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The formats.
const (
	formatText     = "text"
	formatMarkdown = "markdown"
	formatJSON     = "json"
)

func knownFormat(name string) error {
	if !slices.Contains([]string{formatText, formatMarkdown, formatJSON}, name) {
		return fmt.Errorf("format is %q: use text, markdown or json", name)
	}
	return nil
}

// show writes the report.
func show(w io.Writer, format string, r Report) error {
	text, err := r.render(format)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

func (r Report) render(format string) (string, error) {
	switch format {
	case formatJSON:
		text, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return "", fmt.Errorf("write the report: %w", err)
		}
		return string(text) + "\n", nil
	case formatMarkdown:
		return r.text(markdownTable, "- "), nil
	default:
		return r.text(textTable, "  "), nil
	}
}

// table is a heading and rows, of which the first cell is a name and the others are numbers.
type table [][]string

func (r Report) text(draw func(table) string, bullet string) string {
	var b strings.Builder
	list := func(title string, items []string) {
		fmt.Fprintf(&b, "\n%s\n\n", title)
		for _, item := range items {
			b.WriteString(bullet + item + "\n")
		}
	}
	fmt.Fprintf(&b, "What a month costs, in USD, by the list prices of %s in %s, free amounts of AWS not taken off (verify before publishing):\n\n", r.Date, r.Region)
	b.WriteString(draw(r.costs()))
	fmt.Fprintf(&b, "\nCounted a month (measured on %s: %s):\n\n", r.On, r.Machine)
	b.WriteString(draw(r.counted()))
	list("What dominates:", r.Dominates)
	list("Assumed:", r.Assumptions)
	return b.String()
}

// row makes a row of one number a column.
func (r Report) row(name string, of func(Bill) string) []string {
	cells := []string{name}
	for _, b := range r.Bills {
		cells = append(cells, of(b))
	}
	return cells
}

func (r Report) heading(name string) []string {
	return r.row(name, func(b Bill) string { return thousands(float64(b.Agents)) + " agents" })
}

func (r Report) costs() table {
	t := table{r.heading("USD a month")}
	for _, line := range lines() {
		if line == lineNetwork && r.Inventory.Endpoints == 0 {
			continue
		}
		t = append(t, r.row(line, func(b Bill) string { return usd(b.Lines[line]) }))
	}
	return append(t,
		r.row("total", func(b Bill) string { return usd(b.Total) }),
		r.row("with AWS's free amounts to itself", func(b Bill) string { return usd(b.WithFree) }),
		r.row("the first sync, once", func(b Bill) string { return usd(b.First) }),
	)
}

func (r Report) counted() table {
	return table{
		r.heading("a month"),
		r.row("users / objects in the EX Org", func(b Bill) string { return thousands(float64(b.Users)) + " / " + thousands(float64(b.Objects)) }),
		r.row("changes", func(b Bill) string { return thousands(b.Month.Changes) }),
		r.row("Lambda invocations", func(b Bill) string { return thousands(b.Month.Invocations) }),
		r.row("GB-seconds", func(b Bill) string { return thousands(b.Month.GBSeconds) }),
		r.row("requests of SQS", func(b Bill) string { return thousands(b.Month.Queue) }),
		r.row("read / write units", func(b Bill) string { return thousands(b.Month.Reads) + " / " + thousands(b.Month.Writes) }),
		r.row("MB of log lines", func(b Bill) string { return thousands(b.Month.LogMB) }),
		r.row("calls of the EX Org", func(b Bill) string { return thousands(b.Month.Calls) }),
		r.row("series of metrics", func(b Bill) string { return strconv.Itoa(b.Month.Series) }),
		r.row("seconds of a run without changes", func(b Bill) string { return fmt.Sprintf("%.1f", b.Month.Run) }),
		r.row("seconds of an hourly sweep", func(b Bill) string { return thousands(b.Month.Sweep) }),
		r.row("first sync: calls / hours", func(b Bill) string {
			return thousands(b.Measured.FirstRun.Calls+b.Measured.FirstApply.Calls) + " / " + fmt.Sprintf("%.1f", b.Hours)
		}),
	}
}

func usd(n float64) string { return strconv.FormatFloat(n, 'f', 2, 64) }

// thousands writes a whole number with commas.
func thousands(n float64) string {
	digits := strconv.FormatFloat(n, 'f', 0, 64)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// textTable aligns the columns for a terminal.
func textTable(t table) string {
	widths := make([]int, len(t[0]))
	for _, row := range t {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range t {
		line := ""
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				line += "  " + cell + pad
			} else {
				line += "  " + pad + cell
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// markdownTable writes a table of Markdown with numbers to the right.
func markdownTable(t table) string {
	var b strings.Builder
	for i, row := range t {
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
		if i == 0 {
			b.WriteString("|---" + strings.Repeat("|---:", len(row)-1) + "|\n")
		}
	}
	return b.String()
}
