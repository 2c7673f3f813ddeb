package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// leftBehind looks for what an earlier stack of this stage left. The table and the logs are taken back by their names. Secrets
// cannot be: CloudFormation would fail over their names, so the block for cdk.json is printed that names them.
func (s *session) leftBehind(ctx context.Context) error {
	stack := s.stage.Stack()
	table, err := s.aws(ctx, "dynamodb", "describe-table", "--table-name", stack+"-mapping", "--output", "json", "--query", "Table.SSEDescription.KMSMasterKeyArn")
	switch {
	case says(err, "ResourceNotFoundException"):
	case err != nil:
		return fmt.Errorf("whether an earlier stack left the table %s-mapping cannot be told: %w", stack, err)
	default:
		s.say("the mapping table %s-mapping of an earlier stack is there: it is taken back with all it knows", stack)
		if err := s.sameKey(strings.Trim(strings.TrimSpace(string(table)), `"`)); err != nil {
			return err
		}
	}
	named, err := s.namedSecrets()
	if err != nil {
		return err
	}
	block, restore := []string{}, []string{}
	for _, name := range []string{"engage", "exorg", "exorg-read", "webhook"} {
		if named[name] != "" {
			continue
		}
		text, err := s.aws(ctx, "secretsmanager", "describe-secret", "--secret-id", stack+"/"+name, "--output", "json")
		if says(err, "ResourceNotFoundException") {
			continue
		}
		if err != nil {
			return fmt.Errorf("whether an earlier stack left the secret %s/%s cannot be told: %w", stack, name, err)
		}
		var secret struct {
			ARN         string
			DeletedDate any
		}
		if err := json.Unmarshal(text, &secret); err != nil {
			return fmt.Errorf("aws secretsmanager describe-secret answers %q: %w", shorten(string(text)), err)
		}
		if secret.DeletedDate != nil {
			restore = append(restore, fmt.Sprintf("  aws secretsmanager restore-secret --secret-id %s/%s --region %s", stack, name, s.region))
		}
		block = append(block, fmt.Sprintf("    %q: %q", name, secret.ARN))
	}
	if len(block) == 0 {
		return nil
	}
	advice := fmt.Sprintf("an earlier stack left secrets. To use them again put this into context.stages.%s of cdk.json and deploy again:\n  \"secrets\": {\n%s\n  }", s.stage.Name, strings.Join(block, ",\n"))
	if len(restore) > 0 {
		advice = "some of these secrets are about to be deleted; take them back first:\n" + strings.Join(restore, "\n") + "\n" + advice
	}
	return refusal{fmt.Errorf("%s", advice)}
}

// namedSecrets are the secrets that the stage names by their ARNs.
func (s *session) namedSecrets() (map[string]string, error) {
	raw, err := s.stageText()
	if err != nil {
		return nil, err
	}
	var stage struct{ Secrets map[string]string }
	if err := json.Unmarshal(raw, &stage); err != nil {
		return nil, usageError{fmt.Errorf("read the secrets of stage %s in cdk.json: %w", s.stage.Name, err)}
	}
	return stage.Secrets, nil
}

// sameKey refuses to take a table back under another key than its own: CloudFormation would import it and then re-encrypt
// it, and what the former key encrypted elsewhere could no longer be read.
func (s *session) sameKey(tableKey string) error {
	raw, err := s.stageText()
	if err != nil {
		return err
	}
	var stage struct{ Key, KeyARN string }
	if err := json.Unmarshal(raw, &stage); err != nil {
		return usageError{fmt.Errorf("read the key of stage %s in cdk.json: %w", s.stage.Name, err)}
	}
	if tableKey == "null" || tableKey == "None" {
		tableKey = ""
	}
	switch {
	case stage.Key != "customer" && tableKey == "", stage.KeyARN != "" && stage.KeyARN == tableKey:
		return nil
	case tableKey == "":
		return refused("the table %s-mapping is encrypted by a key that AWS owns, but stage %s says \"key\": \"customer\": set \"key\": \"aws\" to take the table back", s.stage.Stack(), s.stage.Name)
	}
	return refused("the table %s-mapping is encrypted by %s, which is not the key of this stage: put \"key\": \"customer\", \"keyArn\": %q into context.stages.%s of cdk.json", s.stage.Stack(), tableKey, tableKey, s.stage.Name)
}
