package telemetry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"excs/shared/model"
)

// The limits of the embedded metric format. CloudWatch drops a document that is over one of them whole, and says nothing.
const (
	metricsMost = 100 // metrics of a document
	valuesMost  = 100 // values of a metric
	nameMost    = 255 // bytes of a name
	valueMost   = 1024
	lineMost    = 256 << 10 // bytes of a log event that every limit on the way lets through
)

// largest is the largest number that CloudWatch takes.
var largest = math.Ldexp(1, 360)

// Point is what was measured of one series: a metric, and the value of its own dimension if it has one. Several values are
// a distribution, of which CloudWatch makes percentiles.
type Point struct {
	Metric Metric
	Of     string
	Values []float64
}

// Documents writes points as lines of the embedded metric format, with sorted keys, so that the same points make the same
// lines. A line has one value of each dimension, so there are as many lines as the dimension with the most values has; the
// i-th line carries the i-th value of each. Nothing is mixed by that, because every directive names its own dimensions,
// and no two of them the same metric. What is over the limits of one line goes into further lines.
//
// Properties are searchable and cost nothing. Errors (internal): a number that CloudWatch does not take, a name that is
// used twice, empty or too long, a line that is too long. Then there are no lines.
func Documents(at time.Time, stack string, properties map[string]any, points []Point) ([][]byte, error) {
	if err := check(stack, properties, points); err != nil {
		return nil, err
	}
	var lines [][]byte
	for _, slots := range pack(points) {
		line, err := document(at, stack, properties, slots)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// slot is a part of a line: metrics of one set of dimensions with one value of their own dimension.
type slot struct {
	own, of string
	points  []Point
}

// pack deals the points to lines.
func pack(points []Point) [][]slot {
	var dimensions []string
	queues := map[string][]slot{}
	for _, p := range points {
		own := p.Metric.Own()
		if _, known := queues[own]; !known {
			dimensions = append(dimensions, own)
		}
		queues[own] = deal(queues[own], p)
	}
	var lines [][]slot
	for left := true; left; {
		left = false
		var line []slot
		n := 0
		for _, d := range dimensions {
			q := queues[d]
			if len(q) == 0 {
				continue
			}
			left = true
			if n += len(q[0].points); n > metricsMost {
				break
			}
			line, queues[d] = append(line, q[0]), q[1:]
		}
		if len(line) > 0 {
			lines = append(lines, line)
		}
	}
	return lines
}

// deal puts a point into the slots of its dimension: chunk by chunk of its values into the first slot of the same value
// that has room and not the same metric.
func deal(slots []slot, p Point) []slot {
	for chunk := range slices.Chunk(p.Values, valuesMost) {
		part := Point{Metric: p.Metric, Of: p.Of, Values: chunk}
		i := slices.IndexFunc(slots, func(s slot) bool {
			return s.of == p.Of && len(s.points) < metricsMost &&
				!slices.ContainsFunc(s.points, func(o Point) bool { return o.Metric.Name == p.Metric.Name })
		})
		if i < 0 {
			slots = append(slots, slot{own: p.Metric.Own(), of: p.Of, points: []Point{part}})
			continue
		}
		slots[i].points = append(slots[i].points, part)
	}
	return slots
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []definition
}

type definition struct {
	Name Name
	Unit Unit
}

func document(at time.Time, stack string, properties map[string]any, slots []slot) ([]byte, error) {
	doc := maps.Clone(properties)
	if doc == nil {
		doc = map[string]any{}
	}
	doc[DimStack] = stack
	directives := make([]directive, 0, len(slots))
	for _, s := range slots {
		d := directive{Namespace: Namespace, Dimensions: [][]string{s.points[0].Metric.Dimensions}}
		for _, p := range s.points {
			d.Metrics = append(d.Metrics, definition{p.Metric.Name, p.Metric.Unit})
			doc[string(p.Metric.Name)] = p.Values
			if len(p.Values) == 1 {
				doc[string(p.Metric.Name)] = p.Values[0]
			}
		}
		if s.own != "" {
			doc[s.own] = s.of
		}
		directives = append(directives, d)
	}
	doc[reserved] = map[string]any{"Timestamp": at.UnixMilli(), "CloudWatchMetrics": directives}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(doc); err != nil {
		return nil, model.Errorf(model.CodeInternal, writing, "%w", err)
	}
	if b.Len() > lineMost {
		return nil, model.Errorf(model.CodeInternal, writing, "a line of %d bytes is over the limit of %d: its properties are too long", b.Len(), lineMost)
	}
	return b.Bytes(), nil
}

const writing = "write metrics"

// check refuses what CloudWatch would drop without a word.
func check(stack string, properties map[string]any, points []Point) error {
	if bad := badValue(stack); bad != "" {
		return model.Errorf(model.CodeInternal, writing, "the dimension %s is %s", DimStack, bad)
	}
	dimensions := map[string]bool{reserved: true, DimStack: true}
	series := map[[2]string]bool{}
	sets := map[Name]string{}
	for _, p := range points {
		if err := p.check(); err != nil {
			return err
		}
		id, set := [2]string{string(p.Metric.Name), p.Of}, strings.Join(p.Metric.Dimensions, " ")
		if was, there := sets[p.Metric.Name]; series[id] || there && was != set {
			return model.Errorf(model.CodeInternal, writing, "the metric %s is there twice", p.Metric.Name)
		}
		series[id], sets[p.Metric.Name] = true, set
		for _, d := range p.Metric.Dimensions {
			dimensions[d] = true
		}
	}
	return checkNames(properties, sets, dimensions)
}

// reserved is the format's own member of a line.
const reserved = "_aws"

// checkNames refuses two things under one name: all of them are members of the same line.
func checkNames(properties map[string]any, metrics map[Name]string, dimensions map[string]bool) error {
	for name := range metrics {
		if dimensions[string(name)] {
			return model.Errorf(model.CodeInternal, writing, "the metric %s has the name of a dimension", name)
		}
	}
	for name := range properties {
		if _, metric := metrics[Name(name)]; metric || dimensions[name] || name == "" {
			return model.Errorf(model.CodeInternal, writing, "the property %q has the name of a metric or a dimension, or none", name)
		}
	}
	return nil
}

func (p Point) check() error {
	m := p.Metric
	if m.Name == "" || len(m.Name) > nameMost {
		return model.Errorf(model.CodeInternal, writing, "the name of a metric is empty or longer than %d bytes: %.40q", nameMost, m.Name)
	}
	if err := p.checkDimensions(); err != nil {
		return err
	}
	for _, v := range p.Values {
		if math.IsNaN(v) || math.Abs(v) > largest {
			return model.Errorf(model.CodeInternal, writing, "the metric %s has the value %v, which CloudWatch does not take", m.Name, v)
		}
	}
	return nil
}

func (p Point) checkDimensions() error {
	m := p.Metric
	switch own := len(m.Dimensions) - 1; {
	case own < 0 || own > 1 || !slices.Contains(m.Dimensions, DimStack):
		return model.Errorf(model.CodeInternal, writing, "the metric %s has the dimensions %v: they are stack and at most one other", m.Name, m.Dimensions)
	case own == 0 && p.Of != "":
		return model.Errorf(model.CodeInternal, writing, "the metric %s has no dimension for the value %q", m.Name, p.Of)
	case own == 1 && badValue(p.Of) != "":
		return model.Errorf(model.CodeInternal, writing, "the dimension %s of the metric %s is %s", m.Own(), m.Name, badValue(p.Of))
	}
	return nil
}

// badValue says what is wrong with the value of a dimension, "" if nothing is.
func badValue(v string) string {
	odd := func(r rune) bool { return r < ' ' || r > '~' }
	switch {
	case strings.TrimSpace(v) == "":
		return "empty"
	case len(v) > valueMost:
		return fmt.Sprintf("longer than %d bytes", valueMost)
	case strings.HasPrefix(v, ":") || strings.ContainsFunc(v, odd):
		return "not plain ASCII, or begins with a colon"
	default:
		return ""
	}
}
