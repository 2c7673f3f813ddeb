package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// deploy prepares a change set, shows what it would do, asks, and executes it.
func (s *session) deploy(ctx context.Context) error {
	state, err := s.stateOf(ctx, s.stage.Stack())
	if err != nil {
		return err
	}
	if err := s.unfinished(ctx, &state); err != nil {
		return err
	}
	if err := s.bootstrap(ctx); err != nil {
		return err
	}
	if !state.exists() {
		if err := s.leftBehind(ctx); err != nil {
			return err
		}
	}
	return s.change(ctx, state)
}

// change makes the change set by way of the CDK CLI, which also uploads the functions. A table and logs that a destroy kept are
// taken back by their names.
func (s *session) change(ctx context.Context, former stackState) error {
	name := "excs-" + time.Now().UTC().Format("20060102-150405")
	if err := s.run(ctx, s.cdk, "deploy", "-c", "stage="+s.stage.Name, "--method", "prepare-change-set", "--change-set-name", name,
		"--import-existing-resources", "--require-approval", "never"); err != nil {
		return err
	}
	set, err := s.changeSet(ctx, name)
	if says(err, "ChangeSetNotFound", "does not exist") {
		s.say("%s is up to date: there is nothing to change", s.stage.Stack())
		return nil
	}
	if err != nil {
		return err
	}
	for _, line := range set.lines() {
		s.say("%s", line)
	}
	question := fmt.Sprintf("Do this to %s in account %s, %s?", s.stage.Stack(), s.account, s.region)
	if lost := set.losesData(); len(lost) > 0 {
		err = s.typed("This change replaces or deletes "+strings.Join(lost, ", ")+". What is in it is lost, or left behind unused.", "YES=1 is not enough for that")
	} else {
		err = s.consent("%s", question)
	}
	if err != nil {
		return errors.Join(err, s.withdraw(context.WithoutCancel(ctx), name, former))
	}
	// What is kept in general is not kept when the creation of the stack fails: the next attempt would stumble over it.
	if _, err := s.aws(ctx, "cloudformation", "execute-change-set", "--stack-name", s.stage.Stack(), "--change-set-name", name, "--retain-except-on-create"); err != nil {
		return err
	}
	return s.await(ctx, former)
}

// typed asks for the stack's name, which nobody types by accident and no variable stands in for.
func (s *session) typed(what, without string) error {
	if !s.terminal {
		return refused("%s Nobody can be asked here, and %s", what, without)
	}
	answer, err := s.ask(what + "\nType " + s.stage.Stack() + " to go on:")
	if err != nil {
		return err
	}
	if answer != s.stage.Stack() {
		return refused("nothing was done: %s was not typed", s.stage.Stack())
	}
	return nil
}

// withdraw deletes a change set that nobody wanted, and the empty stack that CloudFormation made for it.
func (s *session) withdraw(ctx context.Context, name string, former stackState) error {
	if former.exists() {
		_, err := s.aws(ctx, "cloudformation", "delete-change-set", "--stack-name", s.stage.Stack(), "--change-set-name", name)
		return err
	}
	_, err := s.aws(ctx, "cloudformation", "delete-stack", "--stack-name", s.stage.Stack())
	return err
}

// await waits for the end of the change and says what went wrong, in CloudFormation's own words.
func (s *session) await(ctx context.Context, former stackState) error {
	waiter := "stack-update-complete"
	if !former.exists() {
		waiter = "stack-create-complete"
	}
	s.say("waiting for CloudFormation")
	_, waited := s.aws(ctx, "cloudformation", "wait", waiter, "--stack-name", s.stage.Stack())
	if waited == nil {
		s.say("done. Next: make plan STAGE=%s", s.stage.Name)
		return nil
	}
	text, err := s.aws(ctx, "cloudformation", "describe-stack-events", "--stack-name", s.stage.Stack(), "--output", "text",
		"--query", "StackEvents[?ends_with(ResourceStatus, 'FAILED')].[LogicalResourceId, ResourceStatusReason]", "--max-items", "10")
	if err == nil {
		s.say("what failed:\n%s", strings.TrimSpace(string(text)))
	}
	return fmt.Errorf("%s was not changed: CloudFormation rolled it back. Correct the cause and run make deploy STAGE=%s again: %w", s.stage.Stack(), s.stage.Name, waited)
}

// bootstrap makes CDK's own stack where it was never made. Only CloudFormation's answer that there is none is one: a
// call that was refused, throttled or made with an expired token says nothing.
func (s *session) bootstrap(ctx context.Context) error {
	state, err := s.stateOf(ctx, s.stage.Toolkit)
	if err != nil {
		return err
	}
	if state.exists() {
		return nil
	}
	args := []string{"bootstrap", "aws://" + s.account + "/" + s.region, "--toolkit-stack-name", s.stage.Toolkit}
	if s.stage.Qualifier != "" {
		args = append(args, "--qualifier", s.stage.Qualifier)
	}
	what := fmt.Sprintf("CDK was never used in account %s, %s: there is no stack %s. Bootstrapping makes a bucket, roles and a repository that every CDK app of the account and region shares.", s.account, s.region, s.stage.Toolkit)
	if s.yes || !s.terminal {
		return refused("%s YES=1 does not cover that. Somebody who may do it runs: %s %s --app ''", what, s.cdk, strings.Join(args, " "))
	}
	answer, err := s.ask(what + " Do it? [y/N]")
	if err != nil {
		return err
	}
	if answer != "y" && answer != "yes" {
		return refused("nothing was done")
	}
	return s.run(ctx, s.cdk, append(args, "--app", "")...)
}

// stackState is what CloudFormation says of a stack.
type stackState struct {
	Status     string `json:"StackStatus"`
	Protected  bool   `json:"EnableTerminationProtection"`
	neverThere bool
}

// exists reports whether there is a stack to update.
func (s stackState) exists() bool { return !s.neverThere && s.Status != "REVIEW_IN_PROGRESS" }

func (s *session) stateOf(ctx context.Context, name string) (stackState, error) {
	text, err := s.aws(ctx, "cloudformation", "describe-stacks", "--stack-name", name, "--output", "json")
	if says(err, "does not exist") {
		return stackState{neverThere: true}, nil
	}
	if err != nil {
		return stackState{}, fmt.Errorf("whether there is a stack %s cannot be told, so nothing is done: %w", name, err)
	}
	var answer struct{ Stacks []stackState }
	if err := json.Unmarshal(text, &answer); err != nil || len(answer.Stacks) != 1 {
		return stackState{}, fmt.Errorf("aws cloudformation describe-stacks answers %q, which names no stack", shorten(string(text)))
	}
	return answer.Stacks[0], nil
}

// unfinished clears what a creation that failed left: CloudFormation refuses to change such a stack.
func (s *session) unfinished(ctx context.Context, state *stackState) error {
	stack := s.stage.Stack()
	switch {
	case state.neverThere:
		return nil
	case state.Status == "ROLLBACK_COMPLETE" || state.Status == "ROLLBACK_FAILED":
		if err := s.consent("The first deployment of %s failed (%s) and left a stack that can only be deleted. Delete it and go on?", stack, state.Status); err != nil {
			return err
		}
		if _, err := s.aws(ctx, "cloudformation", "delete-stack", "--stack-name", stack); err != nil {
			return err
		}
		if _, err := s.aws(ctx, "cloudformation", "wait", "stack-delete-complete", "--stack-name", stack); err != nil {
			return err
		}
		*state = stackState{neverThere: true}
		return nil
	case strings.HasSuffix(state.Status, "_IN_PROGRESS") && state.Status != "REVIEW_IN_PROGRESS":
		return refused("%s is being changed by somebody else (%s): wait until that is over", stack, state.Status)
	case state.Status == "UPDATE_ROLLBACK_FAILED":
		return refused("%s is stuck (%s). Look at its events, then: aws cloudformation continue-update-rollback --stack-name %s --region %s", stack, state.Status, stack, s.region)
	}
	return nil
}
