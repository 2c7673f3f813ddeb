package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"excs/shared/rules"
)

// planUnder answers what a run would do under other settings than the deployed ones. Like every plan it writes nothing; what it shows as held
// for the change of the settings would be held when they are deployed, too.
func (h *Handler) planUnder(ctx context.Context, r request) (shown, error) {
	deployed, err := rules.Parse([]byte(h.Settings))
	if err != nil {
		return nil, err
	}
	other, err := h.otherSettings(r)
	if err != nil {
		return nil, err
	}
	if other.Tenant != deployed.Tenant {
		return nil, invalid("the settings are of tenant %d, this stack serves tenant %d", other.Tenant, deployed.Tenant)
	}
	differ := rules.Differences(deployed, other)
	if len(differ) == 0 {
		return nil, invalid("these are the deployed settings: nothing would change by them")
	}
	report, err := h.PlanUnder(ctx, other, r.Request)
	if err != nil {
		return nil, err
	}
	p := plannedBy(report, "This is a plan under settings that are not deployed: nothing was written.")
	p.rests = append([]string{"Settings that differ: " + plain(strings.Join(differ, "; "))}, p.rests...)
	return p, nil
}

// otherSettings are those of the request: a whole document, or the deployed ones under another preset.
func (h *Handler) otherSettings(r request) (rules.Settings, error) {
	if len(r.settings) > 0 && r.preset != "" {
		return rules.Settings{}, invalid("plan takes settings or a preset, not both")
	}
	text := []byte(r.settings)
	if r.preset != "" {
		var document map[string]json.RawMessage
		if err := json.Unmarshal([]byte(h.Settings), &document); err != nil {
			return rules.Settings{}, fmt.Errorf("read the deployed settings: %w", err)
		}
		name, err := json.Marshal(r.preset)
		if err != nil {
			return rules.Settings{}, fmt.Errorf("write the settings: %w", err)
		}
		document["preset"] = name
		if text, err = json.Marshal(document); err != nil {
			return rules.Settings{}, fmt.Errorf("write the settings: %w", err)
		}
	}
	return rules.Parse(text)
}
