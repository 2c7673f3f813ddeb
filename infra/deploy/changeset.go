package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// changeSet is what CloudFormation would do.
type changeSet struct {
	Status       string
	StatusReason string
	Changes      []struct{ ResourceChange change }
}

type change struct {
	Action            string // Add, Modify, Remove, Import, Dynamic
	LogicalResourceID string `json:"LogicalResourceId"`
	ResourceType      string
	Replacement       string // True, False, Conditional
	PolicyAction      string // Delete, Retain, Snapshot, ReplaceAndDelete …
}

// holdsData are the types whose loss is not made good by deploying again, in the order in which they are shown.
var holdsData = []string{"AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::KMS::Key", "AWS::SecretsManager::Secret", "AWS::Logs::LogGroup"}

func (s *session) changeSet(ctx context.Context, name string) (changeSet, error) {
	var all changeSet
	args := []string{"cloudformation", "describe-change-set", "--stack-name", s.stage.Stack(), "--change-set-name", name, "--output", "json"}
	text, err := s.aws(ctx, args...) // the CLI follows the pages itself
	if err != nil {
		return all, err
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return all, fmt.Errorf("aws cloudformation describe-change-set answers %q: %w", shorten(string(text)), err)
	}
	if all.Status == "FAILED" {
		return all, fmt.Errorf("CloudFormation cannot make this change: %s", all.StatusReason)
	}
	return all, nil
}

func (c change) replaces() bool { return c.Action == "Modify" && c.Replacement == "True" }
func (c change) mayReplace() bool {
	return c.Action == "Modify" && c.Replacement == "Conditional"
}

// rank puts what loses data first, then replacements and deletions, then the rest.
func (c change) rank() int {
	switch {
	case !c.replaces() && !c.mayReplace() && c.Action != "Remove":
		return 2 * len(holdsData)
	case slices.Contains(holdsData, c.ResourceType):
		return slices.Index(holdsData, c.ResourceType)
	}
	return len(holdsData)
}

func (c change) words() string {
	what := strings.TrimPrefix(c.ResourceType, "AWS::") + " " + c.LogicalResourceID
	switch {
	case c.Action == "Remove" && c.PolicyAction == "Retain":
		return "leaves behind, no longer part of the stack: " + what
	case c.Action == "Remove":
		return "DELETES " + what
	case c.replaces():
		return "REPLACES " + what + " by a new and empty one"
	case c.mayReplace():
		return "may replace " + what
	case c.Action == "Import":
		return "takes back " + what + ", which is there already"
	case c.Action == "Add":
		return "adds " + what
	}
	return "changes " + what
}

// lines say what the change set does, what hurts most first. What is only added or changed is counted by type beyond a few.
func (s changeSet) lines() []string {
	var changes []change
	for _, c := range s.Changes {
		changes = append(changes, c.ResourceChange)
	}
	slices.SortStableFunc(changes, func(a, b change) int { return a.rank() - b.rank() })
	const most = 25
	var lines []string
	harmless := 0
	for _, c := range changes {
		if c.rank() < 2*len(holdsData) || harmless < most {
			lines = append(lines, "  "+c.words())
		}
		if c.rank() == 2*len(holdsData) {
			harmless++
		}
	}
	if harmless > most {
		lines = append(lines, fmt.Sprintf("  … and %d more that are added or changed in place", harmless-most))
	}
	return append([]string{fmt.Sprintf("This changes %d resources:", len(changes))}, lines...)
}

// losesData names the resources with data that the change set replaces or deletes.
func (s changeSet) losesData() []string {
	var lost []string
	for _, c := range s.Changes {
		if c.ResourceChange.rank() < len(holdsData) {
			lost = append(lost, strings.TrimPrefix(c.ResourceChange.ResourceType, "AWS::")+" "+c.ResourceChange.LogicalResourceID)
		}
	}
	return lost
}
