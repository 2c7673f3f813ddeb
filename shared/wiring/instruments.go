package wiring

import (
	"context"
	"fmt"
	"io"
	"time"

	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/telemetry"
)

// VarFunctionName is Lambda's own variable: the function's name in AWS, from which the stack's follows.
const VarFunctionName = "AWS_LAMBDA_FUNCTION_NAME"

// VarFunctionVersion is Lambda's own variable: the number of the function's version, or $LATEST.
const VarFunctionVersion = "AWS_LAMBDA_FUNCTION_VERSION"

// Instruments makes the instruments of the function, which write to w. Make the client of the EX Org first: its calls and its
// budget are measured then.
func (p *Parts) Instruments(function string, w io.Writer) *telemetry.Instruments {
	set := &telemetry.Instruments{
		Meter: telemetry.NewMeter(telemetry.MeterOptions{
			W: w, Function: function, Stack: telemetry.StackOf(p.lambda, function), Tenant: p.tenant,
		}),
		Usage: UsageOf(p.counter), Log: p.Log,
	}
	if p.Dead != nil {
		set.Dead = p.Dead
	}
	if len(p.clients) > 0 {
		set.Budget = BudgetOf(p.Table, p.clients, time.Now)
	}
	return set
}

// workerPatience is how long a worker's request waits for its slot: the client's own default.
const workerPatience = 2 * time.Second

// BudgetOf reads what is left of the budgets of OAuth clients together.
func BudgetOf(table mapping.BudgetStore, clients []string, now func() time.Time) telemetry.Budget {
	return func(ctx context.Context) (left, of int, err error) {
		for _, c := range clients {
			l, o, err := table.BudgetLeft(ctx, c, now(), workerPatience)
			if err != nil {
				return 0, 0, fmt.Errorf("client %s: %w", c, err)
			}
			left, of = left+l, of+o
		}
		return left, of, nil
	}
}

// UsageOf takes from a counter what the clients of the EX Org did.
func UsageOf(c *exorg.Counter) func() telemetry.Usage {
	return func() telemetry.Usage { return telemetry.Usage(c.Take()) }
}
