package stack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Metric is a metric that functions emitted, in embedded metric format, on their standard output.
type Metric struct {
	Namespace, Name, Unit string
	Dimensions            map[string]string
	// Values counts the values, Last is the last of them, Sum and Highest are over all.
	Values             int
	Last, Sum, Highest float64
}

// tailLines is how many lines of a function are kept.
const tailLines = 20000

// tail keeps the last lines of a function.
type tail struct{ lines []string }

func (t *tail) add(line string) {
	if len(t.lines) >= 2*tailLines {
		t.lines = append([]string(nil), t.lines[len(t.lines)-tailLines:]...)
	}
	t.lines = append(t.lines, line)
}

// heard takes a line that a function wrote: into its log group, and the metrics in it to CloudWatch.
func (s *Stack) heard(name string, line []byte) {
	s.mu.Lock()
	s.lines[name].add(string(line))
	if bytes.Contains(line, []byte(`"_aws"`)) {
		if err := s.takeMetrics(line); err != nil {
			s.problems = append(s.problems, fmt.Sprintf("%s: its metrics are lost: %v: %.200s", name, err, line))
		}
	}
	s.mu.Unlock()
	if s.cfg.Line != nil {
		s.cfg.Line(name, line)
	}
}

// Lines gives the last lines that a function wrote.
func (s *Stack) Lines(name string) []string {
	f, err := s.functionAt(name)
	if err != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.lines[f.Name()].lines)
}

// emf is the part of a line that says which of its members are metrics.
type emf struct {
	AWS struct {
		Timestamp         json.Number
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	} `json:"_aws"`
}

// The limits of a document. One that is over them loses every metric in it, without a word.
const (
	emfMetrics    = 100
	emfDimensions = 30
	emfValues     = 100
)

func (s *Stack) takeMetrics(line []byte) error {
	var head emf
	var members map[string]json.RawMessage
	if err := json.Unmarshal(line, &head); err != nil {
		return err
	}
	if err := json.Unmarshal(line, &members); err != nil {
		return err
	}
	if head.AWS.Timestamp == "" {
		return fmt.Errorf("the timestamp is missing")
	}
	for _, directive := range head.AWS.CloudWatchMetrics {
		if len(directive.Metrics) > emfMetrics {
			return fmt.Errorf("%d metrics, %d are allowed", len(directive.Metrics), emfMetrics)
		}
		for _, names := range directive.Dimensions {
			dimensions, err := dimensionsIn(members, names)
			if err != nil {
				return err
			}
			for _, m := range directive.Metrics {
				values, err := valuesIn(members, m.Name)
				if err != nil {
					return err
				}
				s.note(Metric{Namespace: directive.Namespace, Name: m.Name, Unit: m.Unit, Dimensions: dimensions}, values)
			}
		}
	}
	return nil
}

func dimensionsIn(members map[string]json.RawMessage, names []string) (map[string]string, error) {
	if len(names) > emfDimensions {
		return nil, fmt.Errorf("%d dimensions, %d are allowed", len(names), emfDimensions)
	}
	all := map[string]string{}
	for _, name := range names {
		var value string
		if err := json.Unmarshal(members[name], &value); err != nil || value == "" {
			return nil, fmt.Errorf("the dimension %s has no text for its value", name)
		}
		all[name] = value
	}
	return all, nil
}

// valuesIn reads a metric's value, or its list of values.
func valuesIn(members map[string]json.RawMessage, name string) ([]float64, error) {
	var one float64
	if json.Unmarshal(members[name], &one) == nil && len(members[name]) > 0 {
		return []float64{one}, nil
	}
	var all []float64
	if err := json.Unmarshal(members[name], &all); err != nil {
		return nil, fmt.Errorf("the metric %s has no number for its value", name)
	}
	if len(all) > emfValues {
		return nil, fmt.Errorf("the metric %s has %d values, %d are allowed", name, len(all), emfValues)
	}
	return all, nil
}

func metricKey(namespace, name string, dimensions map[string]string) string {
	parts := []string{namespace, name}
	for _, d := range slices.Sorted(maps.Keys(dimensions)) {
		parts = append(parts, d+"="+dimensions[d])
	}
	return strings.Join(parts, "|")
}

func (s *Stack) note(m Metric, values []float64) {
	key := metricKey(m.Namespace, m.Name, m.Dimensions)
	known := s.metrics[key]
	if known == nil {
		known = &m
		s.metrics[key] = known
	}
	for _, v := range values {
		known.Values++
		known.Last = v
		known.Sum += v
		if known.Values == 1 || v > known.Highest {
			known.Highest = v
		}
	}
}

// Metrics lists what the functions emitted so far, by name and dimensions.
func (s *Stack) Metrics() []Metric {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Metric
	for _, key := range slices.Sorted(maps.Keys(s.metrics)) {
		all = append(all, *s.metrics[key])
	}
	return all
}

// Metric gives one of them; ok is false when it was never emitted. A misspelt metric is an alarm that never fires.
func (s *Stack) Metric(namespace, name string, dimensions map[string]string) (m Metric, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.metrics[metricKey(namespace, name, dimensions)]; known != nil {
		return *known, true
	}
	return Metric{}, false
}
