package stack

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"excs/infra/local/aws/poller"
	"excs/infra/local/aws/runtime"
	"excs/infra/local/aws/template"
)

// function is a function of the stack.
type function struct {
	*runtime.Function
	role  *role
	async asyncConfig
}

// functionProperties are those of a function that are known.
type functionProperties struct {
	FunctionName, Description    string
	Runtime, Handler, Role       string
	MemorySize, Timeout          int
	ReservedConcurrentExecutions *int
	Environment                  struct{ Variables map[string]string }
	LoggingConfig                struct{ LogFormat, LogGroup, ApplicationLogLevel, SystemLogLevel string }
	TracingConfig                struct{ Mode string }
	// The code is compiled for this machine, in place of Architectures and Code. The network is loopback. A loop over a queue
	// is found by nobody here.
	Architectures                        []string
	Code, VpcConfig, RecursiveLoop, Tags any
}

func (s *Stack) makeFunction(_ context.Context, r template.Resource) (template.Made, error) {
	var p functionProperties
	if err := s.values.Properties(r, &p); err != nil {
		return template.Made{}, err
	}
	if p.Runtime != "provided.al2023" || p.Handler != "bootstrap" {
		return template.Made{}, fmt.Errorf("runtime %s with handler %s: only provided.al2023 with bootstrap runs here", p.Runtime, p.Handler)
	}
	f, err := s.newFunction(p)
	if err != nil {
		return template.Made{}, err
	}
	if err := s.mayTell(f, p); err != nil {
		return template.Made{}, err
	}
	s.functions[p.FunctionName] = f
	return template.Made{Ref: p.FunctionName, Attributes: map[string]string{"Arn": f.ARN()}}, nil
}

func (s *Stack) newFunction(p functionProperties) (*function, error) {
	role, err := s.assume(p.Role, "lambda.amazonaws.com", nil)
	if err != nil {
		return nil, fmt.Errorf("the function %s: %w", p.FunctionName, err)
	}
	reserved := 0
	if p.ReservedConcurrentExecutions != nil {
		if reserved = *p.ReservedConcurrentExecutions; reserved == 0 {
			return nil, fmt.Errorf("the function %s has a reserved concurrency of 0: it would never run", p.FunctionName)
		}
	}
	name := p.FunctionName
	s.lines[name] = &tail{}
	f, err := s.host.Add(runtime.Config{
		Name: name, ARN: s.arn("lambda", "function:"+name), Program: filepath.Join(s.cfg.Programs, s.short(name)),
		Variables: p.Environment.Variables, Memory: p.MemorySize, Timeout: time.Duration(p.Timeout) * time.Second, Reserved: reserved,
		Region: s.cfg.Region, AccessKey: role.accessKey, Endpoint: s.gateway.URL(),
		LogGroup: p.LoggingConfig.LogGroup, LogFormat: p.LoggingConfig.LogFormat, LogLevel: p.LoggingConfig.ApplicationLogLevel,
		Line: func(line []byte) { s.heard(name, line) }, Done: s.cfg.Done,
	})
	if err != nil {
		return nil, err
	}
	return &function{Function: f, role: role, async: asyncConfig{tries: 3, age: asyncAge}}, nil
}

// mayTell checks what fails silently in AWS: that the function may write its log lines and traces.
func (s *Stack) mayTell(f *function, p functionProperties) error {
	group := p.LoggingConfig.LogGroup
	if !s.logGroups[group] {
		return fmt.Errorf("the function %s writes to the log group %q, which is not in the stack", f.Name(), group)
	}
	stream := s.logGroupARN(group) + ":log-stream:local"
	wants := [][2]string{{"logs:CreateLogStream", stream}, {"logs:PutLogEvents", stream}}
	if p.TracingConfig.Mode == "Active" {
		wants = append(wants, [2]string{"xray:PutTraceSegments", "*"})
	}
	for _, w := range wants {
		if err := s.gateway.May(f.role.accessKey, w[0], w[1], nil); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stack) logGroupARN(name string) string { return s.arn("logs", "log-group:"+name) }

func (s *Stack) makeLogGroup(_ context.Context, r template.Resource) (template.Made, error) {
	var p struct {
		LogGroupName, LogGroupClass string
		KmsKeyId                    string //nolint:revive,staticcheck // CloudFormation's name
		RetentionInDays             int
		Tags                        any
	}
	if err := s.values.Properties(r, &p); err != nil {
		return template.Made{}, err
	}
	s.logGroups[p.LogGroupName] = true
	return template.Made{Ref: p.LogGroupName, Attributes: map[string]string{"Arn": s.logGroupARN(p.LogGroupName) + ":*"}}, nil
}

// functionAt finds a function by its name, with or without the stack's, or its ARN.
func (s *Stack) functionAt(name string) (*function, error) {
	if prefix := s.arn("lambda", "function:"); strings.HasPrefix(name, prefix) {
		name, _, _ = strings.Cut(strings.TrimPrefix(name, prefix), ":")
	}
	for _, n := range []string{name, s.cfg.Name + "-" + name} {
		if f := s.functions[n]; f != nil {
			return f, nil
		}
	}
	return nil, fmt.Errorf("%w: %s", ErrNoFunction, name)
}

// Functions lists the names of the functions, less the stack's.
func (s *Stack) Functions() []string {
	var names []string
	for name := range s.functions {
		names = append(names, s.short(name))
	}
	slices.Sort(names)
	return names
}

// Invoke runs a function, by its name or ARN, and waits for its answer.
func (s *Stack) Invoke(name string, payload []byte) (runtime.Result, error) {
	f, err := s.functionAt(name)
	if err != nil {
		return runtime.Result{}, err
	}
	return f.Invoke(payload)
}

// Warm starts a process of a function and leaves it idle; it tells how long the start took.
func (s *Stack) Warm(name string) (runtime.Report, error) {
	f, err := s.functionAt(name)
	if err != nil {
		return runtime.Report{}, err
	}
	return f.Warm()
}

// Memory gives the memory that a function is configured with, in MB; 0 for one that is not there.
func (s *Stack) Memory(name string) int {
	f, err := s.functionAt(name)
	if err != nil {
		return 0
	}
	return f.Memory()
}

// Recycle ends the idle processes of a function, so that the next invocation is a cold start.
func (s *Stack) Recycle(name string) error {
	f, err := s.functionAt(name)
	if err != nil {
		return err
	}
	return f.Recycle()
}

// SetVariable changes a variable in the environment of every function that has it, as a deployment does.
func (s *Stack) SetVariable(name, value string) error {
	var errs []error
	for _, f := range s.functions {
		if f.Variable(name) != "" {
			errs = append(errs, f.SetVariable(name, value))
		}
	}
	return errors.Join(errs...)
}

// mapping is an event source mapping that runs.
type mapping struct {
	*poller.Poller
	function string
}

func (s *Stack) makeMapping(_ context.Context, r template.Resource) (template.Made, error) {
	var p struct {
		EventSourceArn, FunctionName string //nolint:revive,staticcheck // CloudFormation's names
		BatchSize                    int
		Enabled                      *bool
		FunctionResponseTypes        []string
		ScalingConfig                struct{ MaximumConcurrency int }
		Tags                         any
	}
	if err := s.values.Properties(r, &p); err != nil {
		return template.Made{}, err
	}
	f, err := s.functionAt(p.FunctionName)
	if err != nil {
		return template.Made{}, err
	}
	q := s.queues[p.EventSourceArn]
	if q == nil {
		return template.Made{}, fmt.Errorf("the event source %s is no queue of the stack", p.EventSourceArn)
	}
	if err := s.mayPoll(f, q); err != nil {
		return template.Made{}, err
	}
	if p.BatchSize == 0 {
		p.BatchSize = 10
	}
	made, err := poller.New(poller.Config{
		API: s.clientOf(f.role), QueueURL: q.url, QueueARN: q.arn, Region: s.cfg.Region, BatchSize: p.BatchSize, Concurrency: p.ScalingConfig.MaximumConcurrency,
		PartialFailures: slices.Contains(p.FunctionResponseTypes, "ReportBatchItemFailures"), Invoke: f.Invoke,
		Problem: func(err error) { s.problem("the event source mapping of %s: %v", f.Name(), err) },
	})
	if err != nil {
		return template.Made{}, err
	}
	if p.Enabled == nil || *p.Enabled {
		s.mappings = append(s.mappings, &mapping{Poller: made, function: f.Name()})
	}
	return template.Made{Ref: "00000000-0000-0000-0000-000000000000"}, nil
}

// mayPoll refuses what Lambda refuses when a mapping is made.
func (s *Stack) mayPoll(f *function, q *queue) error {
	visibility := 30 * time.Second
	if v := q.properties.VisibilityTimeout; v != nil {
		visibility = time.Duration(*v) * time.Second
	}
	if visibility < f.Timeout() {
		return fmt.Errorf("the visibility timeout of %s, %s, is less than the timeout of %s, %s", q.name, visibility, f.Name(), f.Timeout())
	}
	for _, action := range []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"} {
		if err := s.gateway.May(f.role.accessKey, action, q.arn, nil); err != nil {
			return fmt.Errorf("the event source mapping of %s: %w", f.Name(), err)
		}
	}
	return nil
}

// clientOf is a client of SQS that may do what the role may: the mapping and the destination of failures act under the
// function's own.
func (s *Stack) clientOf(r *role) *sqs.Client {
	url := s.gateway.URL()
	return sqs.New(sqs.Options{Region: s.cfg.Region, BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider(r.accessKey, "local", "")})
}
