package telemetry

import (
	"slices"

	"excs/shared/model"
)

// Namespace is the CloudWatch namespace of EXCS's own metrics.
const Namespace = "EXCS"

// Name is the name of a metric.
type Name string

// Unit is a unit as CloudWatch spells it.
type Unit string

// The units in use.
const (
	Count        Unit = "Count"
	Seconds      Unit = "Seconds"
	Milliseconds Unit = "Milliseconds"
	Percent      Unit = "Percent"
)

// Statistic is how CloudWatch makes one number of a period's values.
type Statistic string

// The statistics in use.
const (
	Sum     Statistic = "Sum"
	Maximum Statistic = "Maximum"
	Minimum Statistic = "Minimum"
	Average Statistic = "Average"
	P50     Statistic = "p50"
	P95     Statistic = "p95"
)

// The dimensions. Tenant, run and keys are properties: each value of a dimension is a series of its own, and each series
// is billed.
const (
	DimStack    = "stack"
	DimKind     = "kind"
	DimAction   = "action"
	DimCause    = "cause"
	DimFunction = "by"
	// DimQueue and DimLambda are AWS's own, of the metrics in Native.
	DimQueue  = "QueueName"
	DimLambda = "FunctionName"
)

// Metric is one metric: what CloudWatch has to know of it, and what people do.
type Metric struct {
	// Namespace is EXCS's, or AWS's own for those in Native.
	Namespace string
	Name      Name
	Unit      Unit
	// Dimensions are the names of its dimensions. EXCS's own have stack and at most one other.
	Dimensions []string
	// Statistic is the one that means something; Also are others that do.
	Statistic Statistic
	Also      []Statistic
	// From are the functions that measure it. Beside them every run of snapshot writes a 0 for what it does not measure
	// itself, so that a quiet tenant shows 0 and not a gap; Gaps says that it does not, because a 0 would be a lie.
	From []string
	Gaps bool
	Help string
}

// The functions that measure.
const (
	FunctionSnapshot = "snapshot"
	FunctionApply    = "apply"
	FunctionWebhook  = "webhook"
	FunctionSync     = "sync"
	FunctionReplay   = "replay"
)

// Own is the metric's dimension beside stack, "" if there is none.
func (m Metric) Own() string {
	for _, d := range m.Dimensions {
		if d != DimStack {
			return d
		}
	}
	return ""
}

// Values lists every value that a dimension of EXCS's own can have, nil for stack and AWS's.
func Values(dimension string) []string {
	switch dimension {
	case DimKind:
		return texts(model.Kinds())
	case DimAction:
		// What hands an object over or only keeps a fact in the row writes nothing to the EX Org.
		return texts(slices.DeleteFunc(model.Actions(), func(a model.Action) bool { return a == model.ActionOrphan || a == model.ActionRefresh }))
	case DimCause:
		return texts([]model.Cause{
			model.CauseEngage, model.CauseDrift, model.CauseDeleted, model.CauseManual, model.CauseReplay, model.CauseRequeue, model.CauseApproval,
		})
	case DimFunction:
		return []string{FunctionSnapshot, FunctionApply, FunctionWebhook, FunctionSync}
	default:
		return nil
	}
}

func texts[T ~string](list []T) []string {
	out := make([]string, 0, len(list))
	for _, v := range list {
		out = append(out, string(v))
	}
	return out
}

// of lists the values of the metric's own dimension; of a metric without one, the empty text alone.
func (m Metric) of() []string {
	if m.Own() == "" {
		return []string{""}
	}
	return Values(m.Own())
}

// Series counts the series that a stack has of the metric: what CloudWatch bills.
func (m Metric) Series() int { return len(m.of()) }

// Of finds a metric of Metrics or Native by its name. An unknown name is a fault of the program.
func Of(name Name) Metric {
	for _, m := range slices.Concat(Metrics(), Native()) {
		if m.Name == name {
			return m
		}
	}
	panic("telemetry: there is no metric " + string(name))
}
