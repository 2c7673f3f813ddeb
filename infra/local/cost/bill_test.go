package main

import (
	"testing"

	"excs/shared/model"
)

// tenUsers is a site whose month can be computed by hand.
func tenUsers() Measured {
	return Measured{
		Agents: 10, Objects: map[model.Kind]int{model.KindUser: 10, model.KindSource: 1}, Items: 1 << 20,
		FirstRun:   Counts{Reads: 100, Writes: 50, Messages: 11, QueueCalls: 2, Calls: 5, CPU: 1},
		FirstApply: Counts{Reads: 30, Writes: 60, PollerCalls: 4, Batches: 2, Calls: 36_000, CPU: 2, LogBytes: 1000},
		Quiet:      Counts{Reads: 20, Writes: 2, QueueCalls: 1, LogBytes: 50, CPU: 2, Elapsed: 1},
		BusyCPU:    0.5,
		Changes: map[model.Kind]Change{model.KindUser: {
			Objects:   2,
			Run:       Counts{Reads: 10, Writes: 5, QueueCalls: 1, Elapsed: 0.1},
			Apply:     Counts{Reads: 4, Writes: 8, PollerCalls: 2, Batches: 1, Calls: 3, LogBytes: 300, CPU: 0.01, Elapsed: 0.5},
			Echo:      Counts{Reads: 1, Writes: 1, QueueCalls: 1, Events: 2, LogBytes: 100, Elapsed: 0.05},
			EchoApply: Counts{Reads: 2, Writes: 3, PollerCalls: 2, Batches: 1, Calls: 1, Elapsed: 0.25},
		}},
		Verify: Counts{Reads: 30, Writes: 4, Calls: 12, LogBytes: 200, CPU: 1, Elapsed: 12},
	}
}

// halfHourly is a stack that runs every half hour and sweeps once a day.
func halfHourly() Inventory {
	return Inventory{
		Memory: map[string]float64{functionSnapshot: 3538, functionApply: 884.5, functionWebhook: 1769, functionSync: 512},
		Traced: true, Mappings: 1, Concurrency: 2, Runs: 1460, Sweeps: 365.0 / 12, Alarms: 3, AlarmMetrics: 4, Dashboards: 1, Secrets: 2, Keys: 1,
		LogDays: 365.0 / 12, Recovery: true,
	}
}

// The month of ten users, computed by hand. 10 × 0.2 × 365/12 = 60 5/6 changes, 1,460 runs, 30 5/12 sweeps.
func TestAMonthByHand(t *testing.T) {
	t.Parallel()
	const changes, runs, sweeps = 730.0 / 12, 1460.0, 365.0 / 12
	p, err := listPrices()
	must(t, err)
	b := makeBill(tenUsers(), halfHourly(), 20, p)
	quantities := map[string]float64{}
	for _, u := range b.Usage {
		quantities[u.Price] += u.Quantity
	}
	// A run takes 1 s and 2 s of a processor, of which 3,538 MB are two whole ones: never less than the time itself. Runs with
	// changes, as many as there are changes, take 0.5 s more.
	snapshot := (runs*(1+2) + changes*(0.1+0.5)) * 3538 / 1024
	// Half a processor makes 0.01 s to 0.02 s.
	apply := changes * (0.5 + 0.02 + 0.25) * 884.5 / 1024
	webhook := changes * 0.05 * 1769 / 1024
	sync := sweeps * (12 + 1769.0/512) * 512 / 1024
	invocations := runs + 2*changes + 2*changes + sweeps
	logBytes := 50*runs + 400*changes + 200*sweeps + invocations*(300+650)
	wanted := map[string]float64{
		priceGBSecond:      snapshot + apply + webhook + sync,
		priceLambda:        invocations,
		priceFIFO:          1*runs + 6*changes + 657_000,
		priceRead:          20*runs + 17*changes + 30*sweeps,
		priceWrite:         2*runs + 17*changes + 4*sweeps,
		priceTableGB:       1,
		priceBackupGB:      1,
		priceLogGB:         logBytes / (1 << 30),
		priceLogKept:       logBytes / (1 << 30),
		priceMetric:        20,
		priceAlarm:         4,
		priceDashboard:     1,
		priceSecret:        2,
		priceSecretRequest: 4 * 24 * 365.0 / 12 * 2,
		priceKey:           1,
		priceKeyRequest:    invocations,
		priceParameter:     0,
		priceScheduler:     runs + sweeps,
		priceEvent:         2 * changes,
		priceTrace:         invocations,
		priceEndpoint:      0,
	}
	want(t, quantities, wanted)
	usd := 0.0
	for name, n := range wanted {
		usd += n * p.Prices[name].USD
	}
	want(t, b.Total, usd)
	want(t, b.Lines[lineMetrics], 6.0)
	want(t, b.Lines[lineAlarms], 3.4)
	want(t, b.Month.Calls, 4*changes+12*sweeps)
	want(t, b.Month.Changes, changes)
	want(t, []int{b.Users, b.Objects, b.Month.Series}, []int{10, 11, 20})
	want(t, []float64{b.Month.Run, b.Month.Sweep}, []float64{3, 12 + 1769.0/512})
	want(t, b.Month.TableByFunction[functionSync], sweeps*(30*0.125e-6+4*0.625e-6))
}

// Two workers are busy for the two hours that 36,000 calls take at 300 a minute.
func TestAFirstSyncByHand(t *testing.T) {
	t.Parallel()
	p, err := listPrices()
	must(t, err)
	b := makeBill(tenUsers(), halfHourly(), 20, p)
	want(t, b.Hours, 2.0)
	logs := float64(1000+3*950) / (1 << 30)
	by := 0.0
	for name, n := range map[string]float64{
		priceGBSecond: 2*7200*884.5/1024 + 1*3538.0/1024, priceLambda: 3, priceFIFO: 6, priceRead: 130, priceWrite: 110,
		priceLogGB: logs, priceLogKept: logs, priceTrace: 3, priceKeyRequest: 3,
	} {
		by += n * p.Prices[name].USD
	}
	want(t, b.First, by)
}

// What AWS gives away is taken off once, and never more than there is.
func TestFreeAmounts(t *testing.T) {
	t.Parallel()
	p, err := listPrices()
	must(t, err)
	b := makeBill(tenUsers(), halfHourly(), 20, p)
	free := 0.0
	for _, u := range b.Usage {
		free += min(u.Quantity, p.Prices[u.Price].Free) * p.Prices[u.Price].USD
	}
	want(t, b.WithFree, b.Total-free)
	if b.WithFree <= 0 || free < 4*0.10+3 {
		t.Errorf("%v of %v are free", free, b.Total)
	}
}

// What is switched off costs nothing.
func TestWhatAStackDoesWithout(t *testing.T) {
	t.Parallel()
	p, err := listPrices()
	must(t, err)
	i := halfHourly()
	with := makeBill(tenUsers(), i, 20, p)
	i.Keys, i.Traced, i.Recovery = 0, false, false
	without := makeBill(tenUsers(), i, 20, p)
	want(t, with.Total-without.Total, 1.0+with.Month.Invocations*(0.000003+0.000005)+0.20)
	i.Endpoints = 6
	want(t, makeBill(tenUsers(), i, 20, p).Total-without.Total, 6*7.30)
}

// No line of the table is empty by a misspelt name, and none is missing from it.
func TestEveryUsageHasALineAndAPrice(t *testing.T) {
	t.Parallel()
	p, err := listPrices()
	must(t, err)
	known := map[string]bool{}
	for _, line := range lines() {
		known[line] = true
	}
	for _, u := range makeBill(tenUsers(), halfHourly(), 20, p).Usage {
		if !known[u.Line] || p.Prices[u.Price].USD == 0 {
			t.Errorf("%+v", u)
		}
	}
}
