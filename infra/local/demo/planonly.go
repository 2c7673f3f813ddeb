package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"excs/shared/excstest"
	"excs/shared/exorg"
	"excs/shared/plan"
	"excs/shared/run"
)

// planOnly plans against a real organisation and writes nothing anywhere: the mapping table is an empty one in memory, and
// a plan sends nothing but reads.
func planOnly(ctx context.Context, secret exorg.Secret, src *source, out io.Writer) error {
	w := excstest.New(excstest.Config{Settings: src.settings, Read: src.read, Secret: secret})
	platform := exorg.NewReader(w.Client, src.settings.Users.Authority)
	if _, err := platform.HomeDivision(ctx); err != nil {
		return fmt.Errorf("reach the EX Org: %w", err)
	}
	report, err := w.Runner.Plan(ctx, run.Request{})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "EXCS plan: %s, against the EX Org of the secret. Nothing is written, there or anywhere.\n\n", src.what)
	fmt.Fprint(out, report.Plan.Text(plan.Options{Lines: 200}))
	if held := slices.ContainsFunc(report.Plan.Held, func(h plan.Held) bool { return h.Code == plan.HeldFirstPlan }); held {
		fmt.Fprintln(out, "\nThe organisation is not empty: a first sync would wait for the approval of this plan.")
	}
	return nil
}
