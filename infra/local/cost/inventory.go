package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Inventory is what stands in a stack, whether or not anything happens: it is counted in the synthesized template.
type Inventory struct {
	// Memory of each function in MB, Timeout in seconds, by the function's name without the stack's.
	Memory  map[string]float64 `json:"memory"`
	Timeout map[string]float64 `json:"timeout"`
	// Traced says that functions record traces.
	Traced bool `json:"traced"`
	// Mappings are event source mappings: each polls its queue all month. Concurrency is the most workers of one of them.
	Mappings    int `json:"mappings"`
	Concurrency int `json:"concurrency"`
	// Runs and Sweeps are how often a month the schedules start snapshot and the sweep of verify.
	Runs   float64 `json:"runs"`
	Sweeps float64 `json:"sweeps"`
	// AlarmMetrics are the metrics that alarms look at, most alarms one.
	Alarms       int `json:"alarms"`
	AlarmMetrics int `json:"alarmMetrics"`
	Dashboards   int `json:"dashboards"`
	Secrets      int `json:"secrets"`
	Keys         int `json:"keys"`
	Parameters   int `json:"advancedParameters"`
	// LogDays is how long log lines are kept, the longest of all groups.
	LogDays float64 `json:"logDays"`
	// Endpoints are interface endpoints times subnets.
	Endpoints int `json:"endpoints"`
	// Recovery says that the table can be restored to any point in time.
	Recovery bool `json:"recovery"`
}

// resource is what a template says of one resource.
type resource struct {
	Type       string
	Properties json.RawMessage
}

// readInventory counts a template.
func readInventory(path string) (Inventory, error) {
	text, err := os.ReadFile(path) //nolint:gosec // a file that the operator names
	if err != nil {
		return Inventory{}, fmt.Errorf("read the template: %w (make synth makes one, -template names it)", err)
	}
	i, err := countTemplate(text)
	if err != nil {
		return i, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return i, nil
}

func countTemplate(text []byte) (Inventory, error) {
	i := Inventory{Memory: map[string]float64{}, Timeout: map[string]float64{}}
	var template struct{ Resources map[string]resource }
	if err := json.Unmarshal(text, &template); err != nil {
		return i, fmt.Errorf("the template is no JSON: %w", err)
	}
	for name, r := range template.Resources {
		if err := i.count(r); err != nil {
			return i, fmt.Errorf("resource %s: %w", name, err)
		}
	}
	for _, function := range []string{functionSnapshot, functionApply, functionWebhook, functionSync} {
		if i.Memory[function] == 0 || i.Timeout[function] == 0 {
			return i, fmt.Errorf("the template has no function %s with memory and timeout: is it one of EXCS?", function)
		}
	}
	return i, nil
}

// The functions that work all day. What operators call by hand costs next to nothing.
const (
	functionSnapshot = "snapshot"
	functionApply    = "apply"
	functionWebhook  = "webhook"
	functionSync     = "sync"
)

// properties are those that matter, of all the types together: none of them means something else elsewhere.
type properties struct {
	Name, FunctionName, ScheduleExpression text
	MemorySize, Timeout                    float64
	TracingConfig                          struct{ Mode string }
	ScalingConfig                          struct{ MaximumConcurrency int }
	Metrics                                []struct{ MetricStat json.RawMessage }
	RetentionInDays                        float64
	Tier                                   string
	VpcEndpointType                        string
	SubnetIds                              list
	PointInTimeRecoverySpecification       struct{ PointInTimeRecoveryEnabled bool }
}

// text is a text of a template; a reference instead of one is as good as none.
type text string

// UnmarshalJSON reads a text.
func (t *text) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '"' {
		return nil
	}
	return json.Unmarshal(b, (*string)(t))
}

// list is a list of a template; a reference instead of one is an empty one.
type list []json.RawMessage

// UnmarshalJSON reads a list.
func (l *list) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '[' {
		return nil
	}
	return json.Unmarshal(b, (*[]json.RawMessage)(l))
}

// counters says what a resource of each type adds.
func counters() map[string]func(*Inventory, properties) error {
	return map[string]func(*Inventory, properties) error{
		"AWS::Lambda::Function":           (*Inventory).function,
		"AWS::Lambda::EventSourceMapping": (*Inventory).mapping,
		"AWS::Scheduler::Schedule":        (*Inventory).schedule,
		"AWS::CloudWatch::Alarm":          (*Inventory).alarm,
		"AWS::CloudWatch::Dashboard":      one(func(i *Inventory) *int { return &i.Dashboards }),
		"AWS::SecretsManager::Secret":     one(func(i *Inventory) *int { return &i.Secrets }),
		"AWS::KMS::Key":                   one(func(i *Inventory) *int { return &i.Keys }),
		"AWS::Logs::LogGroup":             (*Inventory).logGroup,
		"AWS::EC2::VPCEndpoint":           (*Inventory).endpoint,
		"AWS::SSM::Parameter":             (*Inventory).parameter,
		"AWS::DynamoDB::Table":            (*Inventory).table,
	}
}

// one counts resources of which only the number matters.
func one(of func(*Inventory) *int) func(*Inventory, properties) error {
	return func(i *Inventory, _ properties) error {
		*of(i)++
		return nil
	}
}

func (i *Inventory) count(r resource) error {
	add, known := counters()[r.Type]
	if !known {
		return nil
	}
	var p properties
	if len(r.Properties) > 0 {
		if err := json.Unmarshal(r.Properties, &p); err != nil {
			return fmt.Errorf("read its properties: %w", err)
		}
	}
	return add(i, p)
}

// function takes the last part of the function's name.
func (i *Inventory) function(p properties) error {
	name := string(p.FunctionName)
	name = name[strings.LastIndex(name, "-")+1:]
	i.Memory[name], i.Timeout[name] = p.MemorySize, p.Timeout
	i.Traced = i.Traced || p.TracingConfig.Mode == "Active"
	return nil
}

func (i *Inventory) mapping(p properties) error {
	i.Mappings++
	i.Concurrency = max(i.Concurrency, p.ScalingConfig.MaximumConcurrency, 1)
	return nil
}

// schedule tells the two schedules apart by their names. Only rates are understood: how often a cron expression fires is
// left to those who wrote it.
func (i *Inventory) schedule(p properties) error {
	times, err := perMonth(string(p.ScheduleExpression))
	if err != nil {
		return err
	}
	if strings.HasSuffix(string(p.Name), "-verify") {
		i.Sweeps += times
	} else {
		i.Runs += times
	}
	return nil
}

var rate = regexp.MustCompile(`^rate\((\d+) (minute|hour|day)s?\)$`)

func perMonth(expression string) (float64, error) {
	m := rate.FindStringSubmatch(expression)
	if m == nil {
		return 0, fmt.Errorf("the schedule %q is no rate(…), so how often it fires is not known: take the template of a stage with rates", expression)
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("the schedule %q never fires", expression)
	}
	return daysPerMonth * map[string]float64{"minute": 24 * 60, "hour": 24, "day": 1}[m[2]] / n, nil
}

func (i *Inventory) alarm(p properties) error {
	i.Alarms++
	metrics := 0
	for _, m := range p.Metrics {
		if len(m.MetricStat) > 0 {
			metrics++
		}
	}
	i.AlarmMetrics += max(metrics, 1)
	return nil
}

func (i *Inventory) logGroup(p properties) error {
	i.LogDays = max(i.LogDays, p.RetentionInDays)
	return nil
}

func (i *Inventory) parameter(p properties) error {
	if p.Tier == "Advanced" {
		i.Parameters++
	}
	return nil
}

func (i *Inventory) table(p properties) error {
	i.Recovery = i.Recovery || p.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled
	return nil
}

// endpoint counts an interface endpoint once for each of its subnets, which are in as many availability zones. A gateway
// costs nothing.
func (i *Inventory) endpoint(p properties) error {
	if p.VpcEndpointType == "Interface" {
		i.Endpoints += max(len(p.SubnetIds), 1)
	}
	return nil
}
