package main

// Counts are what a piece of work takes. All are sums; what stands for one object of many is a mean, so none is a whole
// number by nature.
type Counts struct {
	// Reads and Writes are DynamoDB's units, TableCalls the requests that they came with.
	Reads      float64 `json:"reads"`
	Writes     float64 `json:"writes"`
	TableCalls float64 `json:"tableCalls"`
	// Messages were put on the work queue; QueueCalls are the requests of SQS that a function makes, PollerCalls those that
	// Lambda makes for it: a receive and a delete a batch.
	Messages    float64 `json:"messages"`
	QueueCalls  float64 `json:"queueCalls"`
	PollerCalls float64 `json:"pollerCalls"`
	// Batches are invocations of apply.
	Batches float64 `json:"batches"`
	// Calls are requests to the EX Org, tokens apart.
	Calls float64 `json:"exOrgCalls"`
	// Events are the notifications that the EX Org sends of it.
	Events float64 `json:"events"`
	// LogBytes are the lines of the parts, without those of handlers, meters and Lambda.
	LogBytes float64 `json:"logBytes"`
	// CPU is processor time on the machine that measured, the database's and the simulated servers' among it; Elapsed is the
	// time that calls and waits take by the assumptions, one after another. Both in seconds.
	CPU     float64 `json:"cpuSeconds"`
	Elapsed float64 `json:"elapsedSeconds"`
}

// fields lists the numbers, so that arithmetic forgets none.
func (c *Counts) fields() []*float64 {
	return []*float64{
		&c.Reads, &c.Writes, &c.TableCalls, &c.Messages, &c.QueueCalls, &c.PollerCalls, &c.Batches, &c.Calls, &c.Events, &c.LogBytes, &c.CPU, &c.Elapsed,
	}
}

func (c Counts) each(d Counts, f func(a, b float64) float64) Counts {
	out := Counts{}
	to, a, b := out.fields(), c.fields(), d.fields()
	for i := range to {
		*to[i] = f(*a[i], *b[i])
	}
	return out
}

// plus adds, minus takes away, times multiplies.
func (c Counts) plus(d Counts) Counts {
	return c.each(d, func(a, b float64) float64 { return a + b })
}

func (c Counts) minus(d Counts) Counts {
	return c.each(d, func(a, b float64) float64 { return a - b })
}

func (c Counts) times(n float64) Counts {
	return c.each(c, func(a, _ float64) float64 { return a * n })
}

// atLeastZero cuts what became negative: a difference of two measurements may, where both are nearly the same.
func (c Counts) atLeastZero() Counts {
	return c.each(c, func(a, _ float64) float64 { return max(a, 0) })
}
