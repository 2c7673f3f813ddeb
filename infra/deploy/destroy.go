package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// destroy takes the stack away. The mapping table, and outside of development secrets and logs, stay unless TABLE names the
// stack.
func (s *session) destroy(ctx context.Context) error {
	stack := s.stage.Stack()
	state, err := s.stateOf(ctx, stack)
	if err != nil {
		return err
	}
	if state.neverThere {
		s.say("there is no stack %s in account %s, %s: nothing to do", stack, s.account, s.region)
		return nil
	}
	table := s.getenv("TABLE")
	switch {
	case table != "" && table != stack:
		return usageError{fmt.Errorf("TABLE=%s is not %s: nothing was done", table, stack)}
	case state.Protected && table == "":
		return refused("%s is protected against termination. If it is meant:\n  aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name %s --region %s", stack, stack, s.region)
	case table != "" && !s.yes:
		err = s.typed(fmt.Sprintf("This destroys %s AND its mapping table, secrets and logs. The table is all that knows which object is which.", stack), "TABLE= needs YES=1 too then")
	case table == "":
		err = s.consent("Take %s away? The mapping table stays. Dead letters go: their reasons stay in the table.", stack)
	}
	if err != nil {
		return err
	}
	if table != "" {
		// What a stack keeps is kept by its template: a last change lets it go.
		if err := s.run(ctx, s.cdk, "deploy", "-c", "stage="+s.stage.Name, "-c", "destroyTable="+stack, "--require-approval", "never"); err != nil {
			return err
		}
	}
	return s.run(ctx, s.cdk, "destroy", "-c", "stage="+s.stage.Name, "--force")
}

// stageText is the stage's object in cdk.json, as it stands there.
func (s *session) stageText() (json.RawMessage, error) {
	text, err := os.ReadFile(filepath.Join(s.dir, "cdk.json")) //nolint:gosec // the repository's own file
	if err != nil {
		return nil, fmt.Errorf("read cdk.json: %w", err)
	}
	var file struct {
		Context struct{ Stages map[string]json.RawMessage }
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("read cdk.json: %w", err)
	}
	return file.Context.Stages[s.stage.Name], nil
}
