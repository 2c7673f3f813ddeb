package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

// savedQuery is a query that is kept in the console of CloudWatch Logs Insights, below the stack's name.
type savedQuery struct {
	slug string // its name among the constructs
	name string
	of   []string // functions whose logs it reads; CloudWatch charges by what it reads
	text string
}

// savedQueries lists them. The names of fields are those of shared/telemetry's lines.
func savedQueries() []savedQuery {
	return []savedQuery{
		{"history", "one object's history", []string{snapshot, apply, webhook, syncing, replay},
			"# Put the key in: kind/DBID.\n" +
				"fields @timestamp, function, message, action, cause, state, waitsFor, until, run, attempt, calls, code, error, correlationId\n" +
				"| filter key = \"user/1042\"\n| sort @timestamp desc\n| limit 500"},
		{"slowest", "slowest objects", []string{apply},
			"# From the moment that a change was written to the row until the EX Org had it.\n" +
				"filter message = \"applied\"\n| stats max(seconds) as slowest, sum(calls) as callsOfTheEXOrg, max(attempt) as attempts, count(*) as changes by key\n| sort slowest desc\n| limit 50"},
		{"errors", "last errors", FunctionNames(),
			"fields @timestamp, function, level, message, alarm, says, count, command, key, run, cause, attempt, code, error, correlationId\n" +
				"| filter level in [\"WARN\", \"ERROR\", \"FATAL\"] or @message like /Task timed out|Runtime exited|panic: /\n| sort @timestamp desc\n| limit 200"},
		{"changes", "changes by action and cause", []string{apply},
			"# The metrics count by action and by cause; each pair of the two would be a series of its own.\n" +
				"filter message = \"applied\"\n| stats count(*) as changes by kind, action, cause\n| sort changes desc"},
		{"alarms", "alarms in words", []string{snapshot, apply, syncing},
			"# What CloudWatch can not write into an alarm: how many, the first keys, what to paste.\n" +
				"filter message = \"alarm\"\n| stats latest(@timestamp) as last, latest(says) as what, latest(count) as howMany, latest(keys.0) as first, latest(keys.1) as second, " +
				"latest(keys.2) as third, latest(keys.3) as fourth, latest(keys.4) as fifth, latest(command) as paste, latest(then) as afterwards, latest(runbook) as heading by alarm\n| sort last desc"},
	}
}

func (s *Stack) saveQueries() {
	for _, q := range savedQueries() {
		var groups []any
		for _, f := range q.of {
			groups = append(groups, s.logs[f].LogGroupName())
		}
		awslogs.NewCfnQueryDefinition(s.Stack, jsii.String(constructOf(q.slug)+"Query"), &awslogs.CfnQueryDefinitionProps{
			Name: jsii.String(s.name + "/" + q.name), QueryString: &q.text, LogGroupNames: &groups,
		})
	}
}
