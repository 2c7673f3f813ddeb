package stack

import (
	"context"
	"encoding/json"
	"fmt"

	"excs/infra/local/aws/template"
)

// Alarm is an alarm of the stack: the metrics that it looks at.
type Alarm struct {
	Name    string
	Metrics []AlarmMetric
}

// AlarmMetric names one metric.
type AlarmMetric struct {
	Namespace, Name string
	Dimensions      map[string]string
}

type dimension struct {
	Name  string
	Value any // CloudFormation takes numbers too
}

// alarmProperties are those of an alarm that are known; whether it fires is nobody's business here.
type alarmProperties struct {
	AlarmName                                                 string
	Namespace, MetricName                                     string
	Dimensions                                                []dimension
	Metrics                                                   []metricQuery
	AlarmDescription, ComparisonOperator, TreatMissingData    string
	Statistic, ExtendedStatistic, Unit                        string
	ActionsEnabled, AlarmActions, OKActions                   any
	InsufficientDataActions, EvaluateLowSampleCountPercentile any
	EvaluationPeriods, DatapointsToAlarm, Threshold, Period   any
	Tags                                                      any
}

type metricQuery struct {
	Id, Expression, Label, AccountId string //nolint:revive,staticcheck // CloudFormation's names
	MetricStat                       struct {
		Metric struct {
			Namespace, MetricName string
			Dimensions            []dimension
		}
		Period     any
		Stat, Unit string
	}
	ReturnData, Period any
}

func dimensionsOf(list []dimension) map[string]string {
	all := map[string]string{}
	for _, d := range list {
		all[d.Name] = fmt.Sprint(d.Value)
	}
	return all
}

func (s *Stack) makeAlarm(_ context.Context, r template.Resource) (template.Made, error) {
	var p alarmProperties
	if err := s.values.Properties(r, &p); err != nil {
		return template.Made{}, err
	}
	a := Alarm{Name: s.short(p.AlarmName)}
	if p.MetricName != "" {
		a.Metrics = append(a.Metrics, AlarmMetric{p.Namespace, p.MetricName, dimensionsOf(p.Dimensions)})
	}
	for _, q := range p.Metrics {
		if m := q.MetricStat.Metric; m.MetricName != "" {
			a.Metrics = append(a.Metrics, AlarmMetric{m.Namespace, m.MetricName, dimensionsOf(m.Dimensions)})
		}
	}
	s.alarms = append(s.alarms, a)
	return template.Made{Ref: p.AlarmName, Attributes: map[string]string{"Arn": s.arn("cloudwatch", "alarm:"+p.AlarmName)}}, nil
}

// Alarms lists the alarms with the metrics that they look at.
func (s *Stack) Alarms() []Alarm { return s.alarms }

func (s *Stack) makeDashboard(_ context.Context, r template.Resource) (template.Made, error) {
	var p struct {
		DashboardName, DashboardBody string
		Tags                         any
	}
	if err := s.values.Properties(r, &p); err != nil {
		return template.Made{}, err
	}
	if !json.Valid([]byte(p.DashboardBody)) {
		return template.Made{}, fmt.Errorf("the body of the dashboard %s is no JSON", p.DashboardName)
	}
	s.dashboards[p.DashboardName] = p.DashboardBody
	return template.Made{Ref: p.DashboardName}, nil
}

// Widget is a custom widget of a dashboard: the function that draws it, and what it is given.
type Widget struct {
	Endpoint string          `json:"endpoint"`
	Params   json.RawMessage `json:"params"`
	Title    string          `json:"title"`
}

// Widgets lists the custom widgets of the stack's dashboards.
func (s *Stack) Widgets() ([]Widget, error) {
	var all []Widget
	for name, body := range s.dashboards {
		var d struct {
			Widgets []struct {
				Type       string
				Properties Widget
			}
		}
		if err := json.Unmarshal([]byte(body), &d); err != nil {
			return nil, fmt.Errorf("read the dashboard %s: %w", name, err)
		}
		for _, w := range d.Widgets {
			if w.Type == "custom" {
				all = append(all, w.Properties)
			}
		}
	}
	return all, nil
}

func (s *Stack) makeTopic(_ context.Context, r template.Resource) (template.Made, error) {
	var p struct {
		TopicName, DisplayName string
		KmsMasterKeyId         string //nolint:revive,staticcheck // CloudFormation's name
		Tags                   any
	}
	if err := s.values.Properties(r, &p); err != nil {
		return template.Made{}, err
	}
	arn := s.arn("sns", p.TopicName)
	return template.Made{Ref: arn, Attributes: map[string]string{"TopicName": p.TopicName, "TopicArn": arn}}, nil
}

// makeNothing resolves the properties of a resource of which nothing is made, so that its references are right.
func (s *Stack) makeNothing(_ context.Context, r template.Resource) (template.Made, error) {
	_, err := s.values.Resolve(r.Properties)
	return template.Made{Ref: r.ID}, err
}

// makeNamed does the same for a resource that its name stands for.
func makeNamed(property string) func(*Stack, context.Context, template.Resource) (template.Made, error) {
	return func(s *Stack, _ context.Context, r template.Resource) (template.Made, error) {
		resolved, err := s.values.Resolve(r.Properties)
		if err != nil {
			return template.Made{}, err
		}
		properties, _ := resolved.(map[string]any)
		name, _ := properties[property].(string)
		return template.Made{Ref: name}, nil
	}
}

func (s *Stack) makeSecurityGroup(ctx context.Context, r template.Resource) (template.Made, error) {
	made, err := s.makeNothing(ctx, r)
	made.Attributes = map[string]string{"GroupId": "sg-" + r.ID, "VpcId": "vpc-local"}
	return made, err
}
