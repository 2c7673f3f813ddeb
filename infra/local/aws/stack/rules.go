package stack

import (
	"context"
	"encoding/json"
	"fmt"

	"excs/infra/local/aws/pattern"
	"excs/infra/local/aws/template"
)

// rule passes events of a bus on to functions.
type rule struct {
	name, arn, bus string
	off            bool
	pattern        pattern.Pattern
	targets        []ruleTarget
}

type ruleTarget struct {
	Arn, Id          string //nolint:revive,staticcheck // CloudFormation's names
	DeadLetterConfig struct {
		Arn string //nolint:revive,staticcheck // CloudFormation's name
	}
	// The retries are of deliveries that fail, and here none fails in passing.
	RetryPolicy struct{ MaximumEventAgeInSeconds, MaximumRetryAttempts int }
}

// defaultBus takes the events of AWS's own services.
const defaultBus = "default"

func (s *Stack) makeBus(_ context.Context, r template.Resource) (template.Made, error) {
	var p struct {
		Name, EventSourceName, Description string
		Tags                               any
	}
	if err := s.values.Properties(r, &p); err != nil {
		return template.Made{}, err
	}
	if p.EventSourceName != "" && p.EventSourceName != p.Name {
		return template.Made{}, fmt.Errorf("the bus of a partner is called as its source, %s, and not %s", p.EventSourceName, p.Name)
	}
	s.buses[p.EventSourceName] = p.Name
	return template.Made{Ref: p.Name, Attributes: map[string]string{"Arn": s.arn("events", "event-bus/"+p.Name), "Name": p.Name}}, nil
}

func (s *Stack) makeRule(_ context.Context, r template.Resource) (template.Made, error) {
	var p struct {
		Name, Description, State, EventBusName string
		EventPattern                           json.RawMessage
		Targets                                []ruleTarget
		Tags                                   any
	}
	if err := s.values.Properties(r, &p); err != nil {
		return template.Made{}, err
	}
	made := &rule{name: p.Name, bus: p.EventBusName, off: p.State == "DISABLED", targets: p.Targets, arn: s.arn("events", "rule/"+p.EventBusName+"/"+p.Name)}
	if made.bus == "" || made.bus == defaultBus {
		made.bus, made.arn = defaultBus, s.arn("events", "rule/"+p.Name)
	}
	var err error
	if made.pattern, err = pattern.Parse(p.EventPattern); err != nil {
		return template.Made{}, err
	}
	s.rules = append(s.rules, made)
	return template.Made{Ref: p.EventBusName + "|" + p.Name, Attributes: map[string]string{"Arn": made.arn}}, nil
}

// Deliver puts an event on the bus that takes events of its source, and says how many targets it was passed on to. An event
// that no rule takes is gone, as in AWS.
func (s *Stack) Deliver(event []byte) (targets int, err error) {
	var head struct{ Source string }
	if err := json.Unmarshal(event, &head); err != nil {
		return 0, fmt.Errorf("read an event: %w", err)
	}
	bus := defaultBus
	if name, ok := s.buses[head.Source]; ok && head.Source != "" {
		bus = name
	}
	for _, r := range s.rules {
		if r.bus != bus || r.off {
			continue
		}
		matches, err := r.pattern.Matches(event)
		if err != nil {
			return targets, err
		}
		if !matches {
			continue
		}
		for _, t := range r.targets {
			targets++
			if err := s.pass(r, t, event); err != nil {
				return targets, err
			}
		}
	}
	return targets, nil
}

// pass hands an event to a target, or to the target's dead-letter queue when EventBridge may not.
func (s *Stack) pass(r *rule, t ruleTarget, event []byte) error {
	const service = "events.amazonaws.com"
	f, err := s.functionAt(t.Arn)
	if err == nil && !s.permits(f.Name(), service, r.arn) {
		err = fmt.Errorf("no permission of %s lets the rule invoke it", f.Name())
	}
	if err == nil {
		return s.InvokeAsync(t.Arn, event)
	}
	s.problem("the rule %s can not start %s: %v", r.name, t.Arn, err)
	dead := t.DeadLetterConfig.Arn
	if dead == "" {
		return nil
	}
	if err := s.gateway.May("Service:"+service, "sqs:SendMessage", dead, map[string]string{"aws:SourceArn": r.arn}); err != nil {
		return err
	}
	return s.leave(dead, string(event))
}
