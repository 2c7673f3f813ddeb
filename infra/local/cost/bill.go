package main

import (
	"math"
	"slices"

	"excs/shared/model"
)

// The lines of the table.
const (
	lineLambda   = "lambda"
	lineSQS      = "sqs"
	lineDynamoDB = "dynamodb"
	lineLogs     = "logs"
	lineMetrics  = "metrics"
	lineAlarms   = "alarms, dashboard"
	lineSecrets  = "secrets, keys"
	lineEvents   = "schedules, events, traces"
	lineNetwork  = "endpoints"
)

func lines() []string {
	return []string{lineLambda, lineSQS, lineDynamoDB, lineLogs, lineMetrics, lineAlarms, lineSecrets, lineEvents, lineNetwork}
}

// Usage is how much of one thing a month takes.
type Usage struct {
	Line     string  `json:"line"`
	Price    string  `json:"price"`
	Quantity float64 `json:"quantity"`
}

// Bill is one column of the table.
type Bill struct {
	Measured Measured `json:"-"`
	Agents   int      `json:"agents"`
	Users    int      `json:"users"`
	Objects  int      `json:"objects"`
	Usage    []Usage  `json:"usage"`
	// Lines are USD a month.
	Lines map[string]float64 `json:"lines"`
	Total float64            `json:"total"`
	// WithFree is what is left of the total where nothing else in the account takes AWS's free amounts.
	WithFree float64 `json:"withFreeTier"`
	// First is what the first sync costs, once; Hours how long the EX Org's limit makes it last.
	First float64 `json:"firstSync"`
	Hours float64 `json:"firstSyncHours"`
	// Month counts what the functions do in a month.
	Month Month `json:"month"`
}

// Month is what the functions do in a month.
type Month struct {
	Changes     float64 `json:"changes"`
	Invocations float64 `json:"invocations"`
	GBSeconds   float64 `json:"gbSeconds"`
	// ByFunction are the GB-seconds of each function, TableByFunction what each one's read and write units cost in USD.
	ByFunction      map[string]float64 `json:"gbSecondsByFunction"`
	TableByFunction map[string]float64 `json:"dynamodbByFunction"`
	Reads           float64            `json:"readUnits"`
	Writes          float64            `json:"writeUnits"`
	Queue           float64            `json:"queueRequests"`
	Calls           float64            `json:"exOrgCalls"`
	LogMB           float64            `json:"logMB"`
	Series          int                `json:"metricSeries"`
	// Sweep is how long one hourly sweep takes, in seconds, at most the function's time limit.
	Sweep float64 `json:"sweepSeconds"`
	// Run is how long a run without changes takes, in seconds.
	Run float64 `json:"runSeconds"`
}

// work is what one function does in a month.
type work struct {
	function    string
	invocations float64
	counts      Counts
}

// seconds is how long all of a function's invocations take: what calls and waits take, and the processor's time at the
// share that its memory gives it.
func (w work) seconds(i Inventory) float64 {
	return w.counts.Elapsed + w.counts.CPU*max(1, wholeProcessor/i.Memory[w.function])
}

func (w work) gbSeconds(i Inventory) float64 { return w.seconds(i) * i.Memory[w.function] / 1024 }

// logBytes are all lines: those counted, the handler's and Lambda's.
func (w work) logBytes() float64 { return w.counts.LogBytes + w.invocations*(handlerLine+lambdaLine) }

// monthly multiplies what was measured out for a month: what each function does, and how many objects change.
func monthly(m Measured, i Inventory) (works []work, changes float64) {
	snapshot := work{function: functionSnapshot, invocations: i.Runs, counts: m.Quiet.times(i.Runs)}
	apply, webhook := work{function: functionApply}, work{function: functionWebhook}
	for kind, c := range m.Changes {
		n := float64(m.Objects[kind]) * changesPerDay * daysPerMonth
		changes += n
		snapshot.counts = snapshot.counts.plus(c.Run.times(n))
		apply.counts = apply.counts.plus(c.Apply.plus(c.EchoApply).times(n))
		webhook.counts = webhook.counts.plus(c.Echo.times(n))
	}
	snapshot.counts.CPU += m.BusyCPU * min(changes, i.Runs)
	apply.invocations, webhook.invocations = apply.counts.Batches, webhook.counts.Events
	sync := work{function: functionSync, invocations: i.Sweeps, counts: m.Verify.times(i.Sweeps)}
	return []work{snapshot, apply, webhook, sync}, changes
}

// makeBill adds a month up.
func makeBill(m Measured, i Inventory, series int, p Prices) Bill {
	works, changes := monthly(m, i)
	b := Bill{Measured: m, Agents: m.Agents, Users: m.Objects[model.KindUser], Lines: map[string]float64{}}
	for _, n := range m.Objects {
		b.Objects += n
	}
	b.Month = monthOf(works, i)
	for _, w := range works {
		b.Month.TableByFunction[w.function] = w.counts.Reads*p.Prices[priceRead].USD + w.counts.Writes*p.Prices[priceWrite].USD
	}
	b.Month.Changes, b.Month.Series = changes, series
	b.Month.Run = work{function: functionSnapshot, counts: m.Quiet}.seconds(i)
	b.Month.Sweep = work{function: functionSync, counts: m.Verify}.seconds(i)
	b.Usage = slices.Concat(moving(works, b.Month, i), standing(m, i, series))
	for _, u := range b.Usage {
		price := p.Prices[u.Price]
		b.Lines[u.Line] += u.Quantity * price.USD
		b.Total += u.Quantity * price.USD
		b.WithFree += max(0, u.Quantity-price.Free) * price.USD
	}
	b.First, b.Hours = firstSyncCost(m, i, p)
	return b
}

func monthOf(works []work, i Inventory) Month {
	month := Month{ByFunction: map[string]float64{}, TableByFunction: map[string]float64{}}
	for _, w := range works {
		month.Invocations += w.invocations
		month.ByFunction[w.function] = w.gbSeconds(i)
		month.GBSeconds += w.gbSeconds(i)
		month.Reads += w.counts.Reads
		month.Writes += w.counts.Writes
		month.Queue += w.counts.QueueCalls + w.counts.PollerCalls
		month.Calls += w.counts.Calls
		month.LogMB += w.logBytes() / (1 << 20)
	}
	month.Queue += idlePolls * float64(i.Mappings)
	return month
}

// moving is what depends on what happens.
func moving(works []work, m Month, i Inventory) []Usage {
	events, secretReads := 0.0, 0.0
	for _, w := range works {
		events += w.counts.Events
		if w.invocations > 0 {
			secretReads += coldStarts * daysPerMonth * 2 // the Engage secret and the EX Org secret, at most
		}
	}
	traces := 0.0
	if i.Traced {
		traces = m.Invocations
	}
	logGB := m.LogMB * (1 << 20) / gigabyte
	all := []Usage{
		{lineLambda, priceGBSecond, m.GBSeconds}, {lineLambda, priceLambda, m.Invocations},
		{lineSQS, priceFIFO, m.Queue},
		{lineDynamoDB, priceRead, m.Reads}, {lineDynamoDB, priceWrite, m.Writes},
		{lineLogs, priceLogGB, logGB}, {lineLogs, priceLogKept, logGB * i.LogDays / daysPerMonth},
		{lineSecrets, priceSecretRequest, secretReads},
		{lineEvents, priceScheduler, i.Runs + i.Sweeps}, {lineEvents, priceEvent, events}, {lineEvents, priceTrace, traces},
	}
	if i.Keys > 0 {
		// Table and queues keep their data keys for minutes; a call of the key for each invocation is more than they make.
		all = append(all, Usage{lineSecrets, priceKeyRequest, m.Invocations})
	}
	return all
}

// standing is what is there whether or not anything happens.
func standing(m Measured, i Inventory, series int) []Usage {
	tableGB := float64(m.Items) * itemBytes / gigabyte
	all := []Usage{
		{lineDynamoDB, priceTableGB, tableGB},
		{lineMetrics, priceMetric, float64(series)},
		{lineAlarms, priceAlarm, float64(i.AlarmMetrics)}, {lineAlarms, priceDashboard, float64(i.Dashboards)},
		{lineSecrets, priceSecret, float64(i.Secrets)}, {lineSecrets, priceKey, float64(i.Keys)}, {lineSecrets, priceParameter, float64(i.Parameters)},
		{lineNetwork, priceEndpoint, float64(i.Endpoints)},
	}
	if i.Recovery {
		all = append(all, Usage{lineDynamoDB, priceBackupGB, tableGB})
	}
	return all
}

// firstSyncCost is what the first sync costs, once, and how many hours it lasts: the EX Org's limit decides, and all the
// while as many workers run as the stack allows.
func firstSyncCost(m Measured, i Inventory, p Prices) (usd, hours float64) {
	hours = m.FirstApply.Calls / allowedCalls / 60
	workers := work{function: functionApply, invocations: m.FirstApply.Batches, counts: m.FirstApply}
	run := work{function: functionSnapshot, invocations: 1, counts: m.FirstRun}
	busy := math.Max(hours*3600*float64(max(i.Concurrency, 1)), workers.seconds(i)) * i.Memory[functionApply] / 1024
	month := monthOf([]work{workers, run}, Inventory{Memory: i.Memory})
	month.GBSeconds = busy + run.gbSeconds(i)
	for _, u := range moving([]work{workers, run}, month, Inventory{Traced: i.Traced, LogDays: i.LogDays, Keys: i.Keys}) {
		if u.Price != priceSecretRequest {
			usd += u.Quantity * p.Prices[u.Price].USD
		}
	}
	return usd, hours
}
