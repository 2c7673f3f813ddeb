package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/run"
)

// answered is the JSON answer to plan and sync: the plan with counts and per-object lines, and what the run did.
type answered struct {
	run.Report
	Plan json.RawMessage `json:"plan"`
}

// plan answers what a run would do now; nothing is written anywhere.
func (h *Handler) plan(ctx context.Context, r request) (any, error) {
	report, err := h.Runner.Plan(ctx, r.Request)
	if err != nil {
		return nil, wrap("plan", err)
	}
	return render(report, r.format, "This is a plan: nothing was written.")
}

// sync makes a run now.
func (h *Handler) sync(ctx context.Context, r request) (any, error) {
	report, err := h.Runner.Sync(ctx, r.Request)
	if err != nil {
		return nil, wrap("sync", err)
	}
	did := fmt.Sprintf("Run %d: %d messages sent, %d put back on the queue, %d asked for.", report.Run, report.Sent, report.Requeued, report.Looks)
	if report.FirstPlan && len(report.Plan.Held) > 0 {
		did = "This tenant has no approved first plan: only the plan was made. " + did
	}
	return render(report, r.format, did)
}

// render writes a report in the format that was asked for. Text and Markdown are strings, JSON is an object.
func render(report run.Report, format, did string) (any, error) {
	report.Plan.Run = report.Run
	text, err := report.Plan.Render(plan.Format(format), plan.Options{})
	if err != nil {
		return nil, err
	}
	if format == formatJSON {
		return answered{Report: report, Plan: json.RawMessage(text)}, nil
	}
	lines := []string{strings.TrimRight(text, "\n"), "", did}
	if report.WentBack != "" {
		lines = append(lines, "The source went back: "+report.WentBack+". Nothing is removed until it is accepted: "+plan.ApproveCommand(report.Plan.Hash))
	}
	for _, table := range sortedTables(report.Doubts) {
		lines = append(lines, "Not proven: "+report.Doubts[table])
	}
	return strings.Join(lines, "\n") + "\n", nil
}

func sortedTables(doubts map[model.Table]string) []model.Table {
	var tables []model.Table
	for _, k := range []model.Table{
		model.TablePerson, model.TableSkill, model.TableSkillLevel, model.TableDN, model.TableGroup, model.TableGroupAgent,
		model.TableGroupDN, model.TableScript, model.TableAttribute, model.TableAttrValue, model.TableTransaction,
	} {
		if doubts[k] != "" {
			tables = append(tables, k)
		}
	}
	return tables
}
