package stack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"golang.org/x/sync/errgroup"

	"excs/infra/local/aws/gateway"
	"excs/infra/local/aws/runtime"
	"excs/infra/local/aws/template"
	"excs/shared/awstest"
)

// Config says what is deployed, and with what.
type Config struct {
	// Template is the text of the template, Name the stack's name.
	Template []byte
	Name     string
	// Region of everything; "": eu-central-1.
	Region string
	// Programs is the folder of the functions compiled for this machine, each called as in Lambda, less the stack's name.
	Programs string
	// DynamoDB and SQS are the URLs of stand-ins that run already; "": the stack starts its own.
	DynamoDB, SQS string
	// Secrets are the texts of secrets, by name, less the stack's name and a slash. A secret that is not here has a generated
	// text, as in a fresh stack.
	Secrets map[string]string
	// Ticking lets the schedules fire by the clock. Without it they fire by hand only (Fire).
	Ticking bool
	// RetryDelay is how long after the failure of an asynchronous invocation the next try follows; nil: Lambda's 1 and 2 minutes.
	RetryDelay func(tries int) time.Duration
	// Line is told every line that a function writes, Done what each invocation took. Both may be nil.
	Line func(function string, line []byte)
	Done func(runtime.Report)
}

// Stack is a stack that runs. It is safe for concurrent use.
type Stack struct {
	cfg      Config
	values   template.Values
	deployed map[string]int // by type
	outputs  map[string]string

	servers      []*awstest.Server
	tables       *dynamodb.Client
	queueService *sqs.Client
	gateway      *gateway.Gateway
	host         *runtime.Host
	ctx          context.Context //nolint:containedctx // the life of what runs in the background
	stop         context.CancelFunc
	background   sync.WaitGroup
	fronts       []*front

	queues     map[string]*queue    // by ARN
	roles      map[string]*role     // by ARN
	functions  map[string]*function // by name
	logGroups  map[string]bool
	schedules  map[string]*scheduled // by name
	buses      map[string]string     // bus by the source of its events
	rules      []*rule
	mappings   []*mapping
	grants     []permission
	alarms     []Alarm
	dashboards map[string]string // bodies by name
	lambda     *front

	mu       sync.Mutex
	problems []string
	pending  int // asynchronous invocations
	metrics  map[string]*Metric
	lines    map[string]*tail // by function
}

// defaultRegion is where a local stack stands unless told otherwise.
const defaultRegion = "eu-central-1"

// Start deploys the template and lets it run until Close. The servers are stand-ins on this machine (package servers); the
// error of one that is not installed says how to install it.
func Start(ctx context.Context, c Config) (*Stack, error) {
	t, err := template.Parse(c.Template)
	if err != nil {
		return nil, err
	}
	if err := check(c.Name, t); err != nil {
		return nil, err
	}
	if c.Region == "" {
		c.Region = defaultRegion
	}
	if c.RetryDelay == nil {
		c.RetryDelay = func(tries int) time.Duration { return time.Duration(tries) * time.Minute }
	}
	s := &Stack{
		cfg:      c,
		values:   template.Values{Pseudo: template.Pseudo(c.Name, c.Region, awstest.Account), Made: map[string]template.Made{}, Parameters: t.Parameters},
		deployed: map[string]int{}, outputs: map[string]string{},
		queues: map[string]*queue{}, roles: map[string]*role{}, functions: map[string]*function{}, logGroups: map[string]bool{},
		schedules: map[string]*scheduled{}, buses: map[string]string{}, dashboards: map[string]string{},
		metrics: map[string]*Metric{}, lines: map[string]*tail{},
	}
	s.ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.serve(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.deploy(ctx, t); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.run()
	return s, nil
}

// serve starts what stands in for AWS.
func (s *Stack) serve(ctx context.Context) error {
	// The servers live as long as the stack, not as long as the call that starts it.
	var group errgroup.Group
	start := func(url *string, with func(context.Context, string) (*awstest.Server, error)) {
		if *url != "" {
			return
		}
		group.Go(func() error {
			server, err := with(s.ctx, s.cfg.Region)
			if err != nil {
				return err
			}
			*url = server.URL
			s.mu.Lock()
			defer s.mu.Unlock()
			s.servers = append(s.servers, server)
			return nil
		})
	}
	start(&s.cfg.DynamoDB, awstest.StartDynamoDB)
	start(&s.cfg.SQS, awstest.StartSQS)
	if err := errors.Join(group.Wait(), ctx.Err()); err != nil {
		return fmt.Errorf("start the stand-ins for AWS: %w", err)
	}
	nobody := credentials.NewStaticCredentialsProvider("deployment", "local", "")
	s.tables = dynamodb.New(dynamodb.Options{Region: s.cfg.Region, BaseEndpoint: &s.cfg.DynamoDB, Credentials: nobody})
	s.queueService = sqs.New(sqs.Options{Region: s.cfg.Region, BaseEndpoint: &s.cfg.SQS, Credentials: nobody})
	var err error
	if s.gateway, err = gateway.New(ctx, gateway.Config{Region: s.cfg.Region, Account: awstest.Account, DynamoDB: s.cfg.DynamoDB, SQS: s.cfg.SQS}); err != nil {
		return err
	}
	if s.host, err = runtime.New(ctx, runtime.Options{}); err != nil {
		return err
	}
	s.lambda, err = s.listen(s.invokeAPI())
	return err
}

// run starts what runs by itself.
func (s *Stack) run() {
	for _, m := range s.mappings {
		s.background.Go(func() { m.Run(s.ctx) })
	}
	if s.cfg.Ticking {
		for _, sc := range s.schedules {
			s.background.Go(func() { s.tick(sc) })
		}
	}
}

// Close ends everything that the stack started and waits until it is gone.
func (s *Stack) Close() error {
	// Nothing may begin in the background once the wait for it has begun.
	s.mu.Lock()
	s.stop()
	s.mu.Unlock()
	var errs []error
	for _, f := range s.fronts {
		errs = append(errs, f.close())
	}
	if s.host != nil {
		errs = append(errs, s.host.Close())
	}
	s.background.Wait()
	if s.gateway != nil {
		errs = append(errs, s.gateway.Close())
	}
	for _, server := range s.servers {
		server.Stop()
	}
	return errors.Join(errs...)
}

// Name is the stack's name.
func (s *Stack) Name() string { return s.cfg.Name }

// Region is where the stack stands.
func (s *Stack) Region() string { return s.cfg.Region }

// Account is whose the stack is.
func (s *Stack) Account() string { return awstest.Account }

// LambdaURL is where Lambda's Invoke API of the stack answers.
func (s *Stack) LambdaURL() string { return s.lambda.url }

// Output gives an output of the template, "" for one that is not there.
func (s *Stack) Output(name string) string { return s.outputs[name] }

// Outputs gives all of them.
func (s *Stack) Outputs() map[string]string { return maps.Clone(s.outputs) }

// Secret gives the text of a secret by its name, less the stack's name and a slash.
func (s *Stack) Secret(name string) string {
	return s.gateway.Secret(s.secretARN(s.cfg.Name + "/" + name))
}

// Problems lists what went wrong around the functions: what a role does not allow, what could not be delivered. In AWS most
// of these go unnoticed.
func (s *Stack) Problems() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append(slices.Clone(s.problems), s.gateway.Denied()...)
}

func (s *Stack) problem(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

// arn makes an ARN in the stack's region and account.
func (s *Stack) arn(service, rest string) string {
	return "arn:aws:" + service + ":" + s.cfg.Region + ":" + awstest.Account + ":" + rest
}

// short is a name less the stack's.
func (s *Stack) short(name string) string { return strings.TrimPrefix(name, s.cfg.Name+"-") }
