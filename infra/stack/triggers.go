package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/jsii-runtime-go"
)

// The payloads of the schedules are those of the samples in events/ (snapshot-empty.json, sync-verify-scheduler.json).
const (
	snapshotInput = `{}`
	verifyInput   = `{"action":"verify"}`
)

// schedulesGroup is where schedules are that name no group.
const schedulesGroup = "default"

// triggers makes what starts functions: schedules, the address of the webhook, the rule on the partner event bus.
func (s *Stack) triggers() {
	// What the schedule could not start within a minute, the next one starts.
	s.schedule("snapshot", snapshot, s.stage.Snapshot, snapshotInput, 60)
	s.schedule("verify", syncing, s.stage.Verify, verifyInput, 900)
	if s.stage.WebhookURL {
		// The function knows its callers by a secret: the EX Org can not sign for IAM.
		s.url = s.functions[webhook].AddFunctionUrl(&awslambda.FunctionUrlOptions{
			AuthType:   awslambda.FunctionUrlAuthType_NONE,
			InvokeMode: awslambda.InvokeMode_BUFFERED,
		})
	}
	if s.stage.EventSource != "" {
		s.partnerBus()
	}
}

// schedule starts a function by time. Its role may start that function and leave word of what it could not start.
func (s *Stack) schedule(name, function, expression, input string, age int) {
	id := constructOf(name)
	role := awsiam.NewRole(s.Stack, jsii.String(id+"ScheduleRole"), &awsiam.RoleProps{
		Description: jsii.String("EXCS: lets the schedule " + *s.called(name) + " start its function"),
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("scheduler.amazonaws.com"), &awsiam.ServicePrincipalOpts{
			// Scheduler names the group as its source, never the schedule.
			Conditions: &map[string]any{"StringEquals": map[string]any{
				"aws:SourceAccount": s.Account(), "aws:SourceArn": s.arn("scheduler", "schedule-group/"+schedulesGroup),
			}},
		}),
		InlinePolicies: &map[string]awsiam.PolicyDocument{"access": awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{
			Statements: &[]awsiam.PolicyStatement{
				allow("Start", []string{"lambda:InvokeFunction"}, s.functions[function].FunctionArn()),
				allow(string(theLost), []string{"sqs:SendMessage"}, s.lost.QueueArn()),
			},
		})},
	})
	awsscheduler.NewCfnSchedule(s.Stack, jsii.String(id+"Schedule"), &awsscheduler.CfnScheduleProps{
		Name:                       s.called(name),
		GroupName:                  jsii.String(schedulesGroup),
		Description:                jsii.String("EXCS: starts " + *s.called(function)),
		State:                      jsii.String("ENABLED"),
		ScheduleExpression:         &expression,
		ScheduleExpressionTimezone: &s.stage.TimeZone,
		FlexibleTimeWindow:         &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{Mode: jsii.String("OFF")},
		Target: &awsscheduler.CfnSchedule_TargetProperty{
			Arn:     s.functions[function].FunctionArn(),
			RoleArn: role.RoleArn(),
			Input:   &input,
			RetryPolicy: &awsscheduler.CfnSchedule_RetryPolicyProperty{
				MaximumEventAgeInSeconds: jsii.Number(age), MaximumRetryAttempts: jsii.Number(2),
			},
			DeadLetterConfig: &awsscheduler.CfnSchedule_DeadLetterConfigProperty{Arn: s.lost.QueueArn()},
		},
	})
}

// entityTypes are those of shared/notice, which takes them in any case.
func entityTypes() []string {
	return []string{"User", "UserSkill", "UserLanguage", "Queue", "WrapupCode", "RoutingSkill", "RoutingLanguage"}
}

// partnerBus takes the EX Org's events over. The source must be pending in this very account and region, or the deployment
// fails. A rule on another bus would never see them.
func (s *Stack) partnerBus() {
	bus := awsevents.NewEventBus(s.Stack, jsii.String("PartnerBus"), &awsevents.EventBusProps{EventSourceName: &s.stage.EventSource})
	var types []any
	for _, t := range entityTypes() {
		types = append(types, map[string]any{"equals-ignore-case": t})
	}
	awsevents.NewRule(s.Stack, jsii.String("PartnerRule"), &awsevents.RuleProps{
		RuleName:    s.called("webhook"),
		Description: jsii.String("EXCS: changes of the kinds that EXCS keeps"),
		EventBus:    bus,
		Enabled:     jsii.Bool(true),
		EventPattern: &awsevents.EventPattern{
			Source: awsevents.Match_Prefix(&s.stage.EventSource),
			Detail: &map[string]any{"eventBody": map[string]any{"entityType": types}},
		},
		Targets: &[]awsevents.IRuleTarget{awseventstargets.NewLambdaFunction(s.functions[webhook], &awseventstargets.LambdaFunctionProps{
			DeadLetterQueue: s.lost,
			// An older hint tells nothing that the hourly sweep has not found.
			MaxEventAge:   awscdk.Duration_Hours(jsii.Number(2)),
			RetryAttempts: jsii.Number(24),
		})},
	})
}
