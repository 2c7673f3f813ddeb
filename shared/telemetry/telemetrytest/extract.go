package telemetrytest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// Datum is what one line says of one series.
type Datum struct {
	Namespace, Name, Unit string
	// Dimensions are names and values.
	Dimensions map[string]string
	Values     []float64
	At         time.Time
}

// Series names the datum's series without the stack: mapped{kind=user}, applied.
func (d Datum) Series() string {
	var own []string
	for _, name := range slices.Sorted(maps.Keys(d.Dimensions)) {
		if name != "stack" {
			own = append(own, name+"="+d.Dimensions[name])
		}
	}
	if len(own) == 0 {
		return d.Name
	}
	return d.Name + "{" + strings.Join(own, ",") + "}"
}

// The limits of the embedded metric format (FACTS A5), and of a log event.
const (
	metricsMost    = 100
	dimensionsMost = 30
	valuesMost     = 100
	lineMost       = 256 << 10
)

type document struct {
	AWS *struct {
		Timestamp         int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	} `json:"_aws"`
}

// Extract takes the metric data out of log lines; what is no document of the embedded metric format comes back as others.
// The error names the first line that CloudWatch would not take.
func Extract(text string) (data []Datum, others []string, err error) {
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		var doc document
		if json.Unmarshal([]byte(line), &doc) != nil || doc.AWS == nil {
			others = append(others, line)
			continue
		}
		found, err := doc.extract(line)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %.300s", err, line)
		}
		data = append(data, found...)
	}
	return data, others, nil
}

func (d document) extract(line string) ([]Datum, error) {
	if len(line) > lineMost {
		return nil, fmt.Errorf("the line has %d bytes", len(line))
	}
	var members map[string]any
	if err := json.Unmarshal([]byte(line), &members); err != nil {
		return nil, err
	}
	var data []Datum
	n := 0
	for _, directive := range d.AWS.CloudWatchMetrics {
		if n += len(directive.Metrics); n > metricsMost {
			return nil, fmt.Errorf("the line has %d metrics", n)
		}
		for _, set := range directive.Dimensions {
			dimensions, err := dimensionsOf(members, set)
			if err != nil {
				return nil, err
			}
			for _, m := range directive.Metrics {
				values, err := valuesOf(members[m.Name])
				if err != nil {
					return nil, fmt.Errorf("metric %s: %w", m.Name, err)
				}
				data = append(data, Datum{
					Namespace: directive.Namespace, Name: m.Name, Unit: m.Unit, Dimensions: dimensions, Values: values, At: time.UnixMilli(d.AWS.Timestamp).UTC(),
				})
			}
		}
	}
	return data, nil
}

func dimensionsOf(members map[string]any, set []string) (map[string]string, error) {
	if len(set) > dimensionsMost {
		return nil, fmt.Errorf("a metric has %d dimensions", len(set))
	}
	dimensions := map[string]string{}
	for _, name := range set {
		value, ok := members[name].(string)
		if !ok || value == "" || len(value) > 1024 {
			return nil, fmt.Errorf("dimension %s is no text of 1 to 1024 bytes: %v", name, members[name])
		}
		dimensions[name] = value
	}
	return dimensions, nil
}

func valuesOf(member any) ([]float64, error) {
	list, ok := member.([]any)
	if !ok {
		list = []any{member}
	}
	if len(list) == 0 || len(list) > valuesMost {
		return nil, fmt.Errorf("it has %d values", len(list))
	}
	values := make([]float64, 0, len(list))
	for _, v := range list {
		n, ok := v.(float64)
		if !ok || math.Abs(n) > math.Ldexp(1, 360) {
			return nil, fmt.Errorf("it has the value %v", v)
		}
		values = append(values, n)
	}
	return values, nil
}

// Readings are values by series.
type Readings map[string][]float64

// Read takes the readings out of log lines. The error is that of Extract, or says that there was nothing to read.
func Read(text string) (Readings, error) {
	data, _, err := Extract(text)
	if err != nil {
		return nil, err
	}
	if len(data) == 0 {
		return nil, errors.New("there is no metric in these lines")
	}
	r := Readings{}
	for _, d := range data {
		r[d.Series()] = append(r[d.Series()], d.Values...)
	}
	return r, nil
}

// Sum adds the values of a series up; NaN when it was not measured.
func (r Readings) Sum(series string) float64 {
	values, measured := r[series]
	if !measured {
		return math.NaN()
	}
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum
}

// Last is the last value of a series; NaN when it was not measured.
func (r Readings) Last(series string) float64 {
	values := r[series]
	if len(values) == 0 {
		return math.NaN()
	}
	return values[len(values)-1]
}
