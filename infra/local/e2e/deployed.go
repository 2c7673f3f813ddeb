package main

import (
	"context"
	"strings"

	"excs/infra/local/scene"
)

// deployed tells what was made of the template.
func (s *story) deployed(context.Context) error {
	stack := s.scene.Stack
	s.say("   The stack %s (region %s, account %s):", stack.Name(), stack.Region(), stack.Account())
	for _, d := range stack.Deployed() {
		s.say("     %2d %-32s %s", d.Count, d.Type, d.What)
	}
	root, err := scene.Root()
	if err != nil {
		return err
	}
	names, err := scene.Functions(root)
	if err != nil {
		return err
	}
	if err := expect(strings.Join(names, " ") == strings.Join(stack.Functions(), " "),
		"the template has the functions %v, the module has %v", stack.Functions(), names); err != nil {
		return err
	}
	for _, output := range []string{"Stack", "Table", "WorkQueueUrl", "DeadLetterQueueUrl", "SettingsParameter", "EngageSecret", "ExorgSecret", "WebhookUrl", "Dashboard"} {
		if err := expect(stack.Output(output) != "", "the template has no output %s", output); err != nil {
			return err
		}
	}
	return nil
}
