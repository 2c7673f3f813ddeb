package stack

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambdadestinations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

// logPrefix begins the name of every function's log group.
const logPrefix = "/aws/lambda/"

// batchSize is how many messages a worker gets at once: the most that SQS gives, and few enough for the request budget to
// let them all through within the function's time.
const batchSize = 10

// flow makes the functions and lets the queue feed the worker.
func (s *Stack) flow(code Code) error {
	for _, f := range bundle() {
		dir, err := code(f.name)
		if err != nil {
			return fmt.Errorf("bundle the function %s: %w", f.name, err)
		}
		s.function(f, dir)
	}
	awslambda.NewEventSourceMapping(s.Stack, jsii.String("WorkToApply"), &awslambda.EventSourceMappingProps{
		Target:         s.functions[apply],
		EventSourceArn: s.work.QueueArn(),
		BatchSize:      jsii.Number(batchSize),
		// Without it a failed message is deleted as if it had been worked on.
		ReportBatchItemFailures: jsii.Bool(true),
		// This bounds the workers. Reserved concurrency would make the mapping burn receives instead.
		MaxConcurrency: jsii.Number(s.stage.Concurrency),
	})
	return nil
}

// logGroup makes a function's log group before the function would: with a retention, and encrypted.
func (s *Stack) logGroup(f function) {
	props := &awslogs.LogGroupProps{
		LogGroupName:  jsii.String(logPrefix + *s.called(f.name)),
		Retention:     retentions()[s.stage.LogDays],
		RemovalPolicy: s.guarded(), // the lines are the audit
	}
	if s.key != nil {
		props.EncryptionKey = s.key
	}
	s.logs[f.name] = awslogs.NewLogGroup(s.Stack, jsii.String(constructOf(f.name)+"Logs"), props)
}

// asynchronous says what becomes of events that Lambda keeps for a function. By default it would try for six hours and
// then forget them.
func (s *Stack) asynchronous(f function, fn awslambda.Function) {
	fn.ConfigureAsyncInvoke(&awslambda.EventInvokeConfigOptions{
		RetryAttempts: jsii.Number(f.again.tries),
		MaxEventAge:   seconds(f.again.age),
		OnFailure:     awslambdadestinations.NewSqsDestination(s.lost),
	})
}
