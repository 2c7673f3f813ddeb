package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Report is the whole answer: the columns, and what they rest on.
type Report struct {
	Date      string    `json:"priceDate"`
	Region    string    `json:"region"`
	Note      string    `json:"note"`
	On        string    `json:"measuredOn"`
	Machine   string    `json:"machine"`
	Inventory Inventory `json:"inventory"`
	Bills     []Bill    `json:"sizes"`
	// Dominates says for each size what most of the money goes to.
	Dominates   []string `json:"dominates"`
	Assumptions []string `json:"assumptions"`
}

// makeReport computes all columns.
func makeReport(m Measurement, i Inventory, series int, p Prices) Report {
	r := Report{
		Date: p.Date, Region: p.Region, Note: p.Note, On: m.On, Inventory: i,
		Machine: fmt.Sprintf("%d processors, %s, %s", m.Processors, m.Machine, m.Go),
	}
	for _, one := range m.Sizes {
		b := makeBill(one, i, series, p)
		r.Bills = append(r.Bills, b)
		r.Dominates = append(r.Dominates, dominates(b))
	}
	r.Assumptions = assumptions(i, p)
	return r
}

// dominates names the lines that make four fifths of a column, and the function that takes most of lambda where that is
// one of them.
func dominates(b Bill) string {
	names := lines()
	slices.SortStableFunc(names, func(a, c string) int { return cmp.Compare(b.Lines[c], b.Lines[a]) })
	var parts []string
	sum := 0.0
	for _, name := range names {
		if b.Total == 0 || sum >= 0.8*b.Total {
			break
		}
		sum += b.Lines[name]
		part := fmt.Sprintf("%s %s (%.0f %%)", name, usd(b.Lines[name]), 100*b.Lines[name]/b.Total)
		switch name {
		case lineLambda:
			part += ": " + shares(b.Month.ByFunction, waits())
		case lineDynamoDB:
			part += ": " + shares(b.Month.TableByFunction, reads())
		}
		parts = append(parts, part)
	}
	return fmt.Sprintf("%s agents: %s", thousands(float64(b.Agents)), strings.Join(parts, "; "))
}

// waits and reads say what each function spends its time and its units of the table on.
func waits() map[string]string {
	return map[string]string{
		functionSnapshot: "reading Engage and comparing every minute", functionApply: "the EX Org's answers", functionWebhook: "hearing of changes",
		functionSync: "the hourly sweep, which waits for its share of the EX Org's calls",
	}
}

func reads() map[string]string {
	return map[string]string{
		functionSnapshot: "runs and their changes", functionApply: "rows of changed objects and of the users in member lists",
		functionWebhook: "hearing of changes", functionSync: "all rows for the hourly sweep",
	}
}

// shares names the functions that make a quarter or more, the first of them first.
func shares(by map[string]float64, what map[string]string) string {
	all := 0.0
	for _, v := range by {
		all += v
	}
	names := slices.SortedFunc(maps.Keys(by), func(a, b string) int { return cmp.Or(cmp.Compare(by[b], by[a]), cmp.Compare(a, b)) })
	var parts []string
	for _, name := range names {
		if share := by[name] / all; all > 0 && share >= 0.25 {
			parts = append(parts, fmt.Sprintf("%.0f %% %s (%s)", 100*share, name, what[name]))
		}
	}
	return strings.Join(parts, ", ")
}

// assumptions lists what was not measured, for below the table.
func assumptions(i Inventory, p Prices) []string {
	return []string{
		fmt.Sprintf("%.1f changes of each object and day in Engage, in proportion to what there is of each kind; a run without changes otherwise", changesPerDay),
		fmt.Sprintf("%s runs and %s sweeps a month, as the stack's schedules say; nobody changes anything in the EX Org but EXCS, whose own changes are heard of",
			thousands(i.Runs), thousands(i.Sweeps)),
		"read and write units, requests, messages, calls, events and log bytes are counted by running the service in one process, first sync and all; 5,000 agents are half of those of the large tier, with all its queues",
		fmt.Sprintf("the time of a function is the processor time measured on one machine, simulated servers among it, at the share that its memory gives it, plus %s a call of the EX Org, %s of the table, %s of the queue, one after another, plus waits for the request budget",
			exOrgCall, tableCall, queueCall),
		fmt.Sprintf("%d and %d bytes of log lines an invocation for Lambda's own and the handler's, beside those counted; kept for %.0f days", lambdaLine, handlerLine, i.LogDays),
		fmt.Sprintf("not in it: taxes, data transfer, subscriptions to alarms, looking at the dashboard; a private network without endpoints needs a NAT gateway (%s a month each) or its own endpoints (%s each and zone)",
			usd(p.Prices[priceNAT].USD), usd(p.Prices[priceEndpoint].USD)),
	}
}
