package stack

import (
	"context"
	"fmt"
	"strings"
	"time"

	"excs/infra/local/aws/schedule"
	"excs/infra/local/aws/template"
)

// scheduled is a schedule of the stack.
type scheduled struct {
	name, text string
	expression schedule.Expression
	off        bool
	role       *role
	target     scheduleTarget
}

type scheduleTarget struct {
	Arn, RoleArn, Input string //nolint:revive,staticcheck // CloudFormation's names
	DeadLetterConfig    struct {
		Arn string //nolint:revive,staticcheck // CloudFormation's name
	}
	// The retries are of deliveries that fail, and here none fails in passing.
	RetryPolicy struct{ MaximumEventAgeInSeconds, MaximumRetryAttempts int }
}

func (s *Stack) makeSchedule(_ context.Context, r template.Resource) (template.Made, error) {
	var p struct {
		Name, GroupName, Description, State            string
		ScheduleExpression, ScheduleExpressionTimezone string
		FlexibleTimeWindow                             struct {
			Mode                   string
			MaximumWindowInMinutes int
		}
		Target    scheduleTarget
		KmsKeyArn string //nolint:revive,staticcheck // CloudFormation's name
	}
	if err := s.values.Properties(r, &p); err != nil {
		return template.Made{}, err
	}
	expression, err := schedule.Parse(p.ScheduleExpression, p.ScheduleExpressionTimezone, time.Now())
	if err != nil {
		return template.Made{}, err
	}
	if p.GroupName == "" {
		p.GroupName = "default"
	}
	role, err := s.assume(p.Target.RoleArn, "scheduler.amazonaws.com", map[string]string{"aws:SourceArn": s.arn("scheduler", "schedule-group/"+p.GroupName)})
	if err != nil {
		return template.Made{}, err
	}
	if dead := p.Target.DeadLetterConfig.Arn; dead != "" {
		if q := s.queues[dead]; q == nil || q.fifo() {
			return template.Made{}, fmt.Errorf("the dead-letter queue %s of the schedule %s is no standard queue of the stack", dead, p.Name)
		}
	}
	s.schedules[p.Name] = &scheduled{
		name: p.Name, text: p.ScheduleExpression, expression: expression, off: p.State == "DISABLED", role: role, target: p.Target,
	}
	return template.Made{Ref: p.Name, Attributes: map[string]string{"Arn": s.arn("scheduler", "schedule/"+p.GroupName+"/"+p.Name)}}, nil
}

// Schedules lists the names of the schedules, less the stack's, with their expressions.
func (s *Stack) Schedules() map[string]string {
	all := map[string]string{}
	for name, sc := range s.schedules {
		all[s.short(name)] = sc.text
	}
	return all
}

// Fire lets a schedule fire now, by its name less the stack's. The event is handed to its function; Pending says when the
// function is done with it.
func (s *Stack) Fire(name string) error {
	sc := s.schedules[s.cfg.Name+"-"+name]
	if sc == nil {
		return fmt.Errorf("the stack has no schedule %s", name)
	}
	if sc.off {
		return fmt.Errorf("the schedule %s is switched off", name)
	}
	return s.fire(sc, time.Now())
}

func (s *Stack) fire(sc *scheduled, at time.Time) error {
	f, err := s.functionAt(sc.target.Arn)
	if err == nil {
		err = s.gateway.May(sc.role.accessKey, "lambda:InvokeFunction", f.ARN(), nil)
	}
	if err != nil {
		return s.undeliverable(sc, err)
	}
	input := strings.NewReplacer(
		"<aws.scheduler.scheduled-time>", at.UTC().Format(time.RFC3339),
		"<aws.scheduler.schedule-arn>", s.arn("scheduler", "schedule/default/"+sc.name),
		"<aws.scheduler.execution-id>", fmt.Sprintf("%x", at.UnixNano()), "<aws.scheduler.attempt-number>", "1",
	).Replace(sc.target.Input)
	return s.InvokeAsync(sc.target.Arn, []byte(input))
}

// undeliverable sends the event of a schedule to its dead-letter queue.
func (s *Stack) undeliverable(sc *scheduled, why error) error {
	s.problem("the schedule %s can not start %s: %v", sc.name, sc.target.Arn, why)
	dead := sc.target.DeadLetterConfig.Arn
	if dead == "" {
		return why
	}
	if err := s.gateway.May(sc.role.accessKey, "sqs:SendMessage", dead, nil); err != nil {
		return err
	}
	return s.leave(dead, sc.target.Input)
}

// tick lets a schedule fire by the clock until the stack is closed.
func (s *Stack) tick(sc *scheduled) {
	if sc.off {
		return
	}
	for at := sc.expression.Next(time.Now()); !at.IsZero(); at = sc.expression.Next(at) {
		if !s.sleep(time.Until(at)) {
			return
		}
		if err := s.fire(sc, at); err != nil {
			s.problem("the schedule %s: %v", sc.name, err)
		}
	}
}
