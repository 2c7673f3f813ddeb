package stack

import (
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/jsii-runtime-go"

	"excs/shared/telemetry"
)

// makeAlarms makes an alarm of each line of shared/telemetry's list: what is measured and what is watched can not differ.
func (s *Stack) makeAlarms() {
	for _, a := range telemetry.Alarms() {
		props := &awscloudwatch.CfnAlarmProps{
			AlarmName:          s.called(a.Slug),
			AlarmDescription:   jsii.String(a.Description(s.stage.Name)),
			Threshold:          &a.Threshold,
			ComparisonOperator: jsii.String(string(a.Comparison)),
			EvaluationPeriods:  jsii.Number(a.Of),
			DatapointsToAlarm:  jsii.Number(a.Periods),
			TreatMissingData:   jsii.String(string(a.Missing)),
			AlarmActions:       &[]any{s.topic.TopicArn()},
			// Who was called in the night wants to know that it is over.
			OkActions: &[]any{s.topic.TopicArn()},
		}
		if a.Slug == telemetry.AlarmErrors {
			props.Metrics = s.everyFunction(a)
		} else {
			props.Namespace, props.MetricName, props.Dimensions = s.metricOf(telemetry.Of(a.Metric))
			props.Statistic, props.Period = jsii.String(string(a.Statistic)), s.periodOf(a)
		}
		s.alarms = append(s.alarms, awscloudwatch.NewCfnAlarm(s.Stack, jsii.String(constructOf(a.Slug)+"Alarm"), props))
	}
}

// metricOf gives what CloudWatch knows a metric by. Of AWS's queues it is the one of what was not delivered: the others are
// watched by EXCS's own metrics.
func (s *Stack) metricOf(m telemetry.Metric) (namespace, name *string, dimensions *[]any) {
	value := &s.name
	if m.Dimensions[0] == telemetry.DimQueue {
		value = s.lost.QueueName()
	}
	return &m.Namespace, jsii.String(string(m.Name)), &[]any{dimension(m.Dimensions[0], value)}
}

func dimension(name string, value *string) *awscloudwatch.CfnAlarm_DimensionProperty {
	return &awscloudwatch.CfnAlarm_DimensionProperty{Name: &name, Value: value}
}

func (s *Stack) periodOf(a telemetry.Alarm) *float64 {
	period := a.Period
	if period == 0 {
		period = everyRun(s.stage.Snapshot)
	}
	return jsii.Number(period.Seconds())
}

// everyFunction sums a metric of AWS up over the functions: one alarm for all of them, and the dashboard shows which.
func (s *Stack) everyFunction(a telemetry.Alarm) *[]any {
	m := telemetry.Of(a.Metric)
	queries := []any{&awscloudwatch.CfnAlarm_MetricDataQueryProperty{
		Id: jsii.String("all"), Expression: jsii.String("SUM(METRICS())"), Label: jsii.String("all functions"), ReturnData: jsii.Bool(true),
	}}
	for _, f := range FunctionNames() {
		queries = append(queries, &awscloudwatch.CfnAlarm_MetricDataQueryProperty{
			Id: jsii.String(f), ReturnData: jsii.Bool(false),
			MetricStat: &awscloudwatch.CfnAlarm_MetricStatProperty{
				Metric: &awscloudwatch.CfnAlarm_MetricProperty{
					Namespace: &m.Namespace, MetricName: jsii.String(string(m.Name)), Dimensions: &[]any{dimension(m.Dimensions[0], s.functions[f].FunctionName())},
				},
				Period: s.periodOf(a), Stat: jsii.String(string(a.Statistic)),
			},
		})
	}
	return &queries
}

const (
	day = 24 * time.Hour
	// longestPeriod keeps three periods within the week that CloudWatch looks back at most.
	longestPeriod = 2 * day
	// cronPeriod is what a period of a cron schedule is taken for, which may pause at night: three of them are a day.
	cronPeriod = day / 3
)

// everyRun gives the time from one run of a schedule to the next.
func everyRun(schedule string) time.Duration {
	inside, isRate := strings.CutPrefix(strings.TrimSuffix(schedule, ")"), "rate(")
	number, unit, _ := strings.Cut(inside, " ")
	n, err := strconv.Atoi(number)
	if !isRate || err != nil {
		return cronPeriod
	}
	units := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": day}
	return min(longestPeriod, time.Duration(n)*units[strings.TrimSuffix(unit, "s")])
}
