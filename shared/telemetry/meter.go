package telemetry

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"excs/shared/model"
)

// Meter writes the metrics of one function. A nil Meter measures nothing, so that a handler works without one.
type Meter struct {
	MeterOptions
	list []Metric
	mu   sync.Mutex
}

// MeterOptions set up a Meter.
type MeterOptions struct {
	// W gets the lines: in a function standard output, where Lambda's JSON log format lets them pass as they are.
	W io.Writer
	// Function is the function's name in EXCS, Stack the stack's name: StackOf gives it.
	Function, Stack string
	Tenant          string
	Now             func() time.Time
}

// NewMeter makes a Meter.
func NewMeter(o MeterOptions) *Meter {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Meter{MeterOptions: o, list: Metrics()}
}

// localStack is the stack of a process that is no Lambda function.
const localStack = "local"

// StackOf gives the stack of which a Lambda function of that name is the given one: excs-prod of excs-prod-apply.
func StackOf(lambda, function string) string {
	stack := strings.TrimSuffix(lambda, "-"+function)
	if stack == "" {
		return localStack
	}
	return stack
}

// Reading is what one invocation measures. It is not safe for concurrent use.
type Reading struct {
	meter      *Meter
	values     map[Name]map[string][]float64
	properties map[string]any
	fault      error
}

// Begin starts a reading with 0 for what the function counts; a reading of snapshot with 0 for everything that anybody
// measures, so that no series has a gap while the schedule runs.
func (m *Meter) Begin() *Reading {
	r := &Reading{meter: m, values: map[Name]map[string][]float64{}, properties: map[string]any{}}
	if m == nil {
		return r
	}
	for _, metric := range m.list {
		for _, of := range m.zeros(metric) {
			r.SetOf(metric.Name, of, 0)
		}
	}
	return r
}

// zeros gives the values of a metric's own dimension that begin as 0; [""] for a metric without one.
func (m *Meter) zeros(metric Metric) []string {
	own := metric.Own()
	switch {
	case metric.Gaps:
		return nil
	case m.Function == FunctionSnapshot:
		return metric.of()
	case metric.Statistic != Sum || !slices.Contains(metric.From, m.Function):
		return nil
	case own == DimFunction:
		return []string{m.Function}
	case own == "":
		return []string{""}
	default:
		return nil
	}
}

// Set says what a metric is.
func (r *Reading) Set(name Name, values ...float64) { r.SetOf(name, "", values...) }

// SetOf says what a metric is for one value of its own dimension. No values: it was not measured.
func (r *Reading) SetOf(name Name, of string, values ...float64) {
	if r.meter == nil || !r.knows(name, of) {
		return
	}
	if r.values[name] == nil {
		r.values[name] = map[string][]float64{}
	}
	r.values[name][of] = values
}

// Add counts on.
func (r *Reading) Add(name Name, n int) { r.AddOf(name, "", n) }

// AddOf counts on for one value of the metric's own dimension.
func (r *Reading) AddOf(name Name, of string, n int) {
	before := 0.0
	if have := r.values[name][of]; len(have) > 0 {
		before = have[0]
	}
	r.SetOf(name, of, before+float64(n))
}

// Observe adds a value to a distribution.
func (r *Reading) Observe(name Name, value float64) {
	r.Set(name, append(r.values[name][""], value)...)
}

// Unknown takes metrics back that could not be measured: a gap says so, where a 0 would be taken for good news.
func (r *Reading) Unknown(names ...Name) {
	for _, n := range names {
		delete(r.values, n)
	}
}

// Note adds a property: something to search lines by, such as the run. It is no dimension and costs nothing.
func (r *Reading) Note(name string, value any) { r.properties[name] = value }

// knows refuses what is not in the list; Write tells of it.
func (r *Reading) knows(name Name, of string) bool {
	i := slices.IndexFunc(r.meter.list, func(m Metric) bool { return m.Name == name })
	switch {
	case i < 0:
		r.fault = model.Errorf(model.CodeInternal, writing, "there is no metric %q", name)
	case !slices.Contains(r.meter.list[i].of(), of):
		r.fault = model.Errorf(model.CodeInternal, writing, "the metric %s is not measured of %q", name, of)
	default:
		return true
	}
	return false
}

// Write writes the reading, mostly as one line; see Documents. Errors are those of Documents and of the writer, and internal
// for what was measured under a name that the list does not have, when the rest is written all the same; nobody should fail
// for them.
func (r *Reading) Write(ctx context.Context) error {
	if r.meter == nil {
		return nil
	}
	lines, err := Documents(r.meter.Now(), r.meter.Stack, r.allProperties(ctx), r.points())
	if err != nil {
		return err
	}
	r.meter.mu.Lock()
	defer r.meter.mu.Unlock()
	for _, line := range lines {
		if _, err := r.meter.W.Write(line); err != nil {
			return fmt.Errorf("%s: %w", writing, err)
		}
	}
	return r.fault
}

// points gives what was measured in the order of the list.
func (r *Reading) points() []Point {
	var points []Point
	for _, m := range r.meter.list {
		for _, of := range m.of() {
			if values := r.values[m.Name][of]; len(values) > 0 {
				points = append(points, Point{Metric: m, Of: of, Values: values})
			}
		}
	}
	return points
}

func (r *Reading) allProperties(ctx context.Context) map[string]any {
	all := maps.Clone(r.properties)
	all[AttrFunction] = r.meter.Function
	if r.meter.Tenant != "" {
		all[AttrTenant] = r.meter.Tenant
	}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		all[AttrRequestID] = lc.AwsRequestID
	}
	return all
}
