package stack

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"excs/shared/rules"
	"excs/shared/wiring"
)

// The functions, by the names of their folders below functions/.
const (
	snapshot  = "snapshot"
	apply     = "apply"
	webhook   = "webhook"
	syncing   = "sync"
	replay    = "replay"
	dashboard = "dashboard"
)

// varWebhookSecret is the variable of the contract (RULES 9) that only the webhook reads.
const varWebhookSecret = "EXCS_WEBHOOK_SECRET" //nolint:gosec // the name of a variable

// Size is what a function may use.
type Size struct {
	Memory  int // MB
	Timeout time.Duration
}

// function is one function of the bundle.
type function struct {
	name string
	what string
	size Size
	// variables are those of the environment, beside the EX Org secret's.
	variables []string
	// organisation says that the function reaches the EX Org, database that it reads the Configuration Database, which may
	// be reachable from a private network only.
	organisation, database bool
	// again says how events are treated that Lambda keeps for the function; nil for one that is only called and waited for.
	again *again
	// grants are the actions that the function's code calls; see access.go.
	grants []grant
}

// again is what Lambda does with an event whose invocation failed: so many more tries, if the event is not older. Then the
// event goes to the queue of what was not delivered.
type again struct {
	tries int
	age   time.Duration
}

// bundle lists the functions: everything that has one resource a function is made of it. A function comes after those whose
// ARN its environment holds.
func bundle() []function {
	return []function{
		{
			name: snapshot, what: "reads Engage and queues one message per object that changed",
			size:      Size{Memory: 1024, Timeout: 5 * time.Minute},
			variables: []string{wiring.VarTable, wiring.VarQueueURL, wiring.VarDLQURL, wiring.VarSettings, wiring.VarEngageSecret},
			database:  true, organisation: true,
			// The schedule comes again; two runs of one event would only meet at the lease.
			again:  &again{tries: 0, age: time.Minute},
			grants: []grant{tableRuns, indexLists, workSends, workCounts, deadCounts},
		},
		{
			name: apply, what: "makes one object right in the EX Org",
			size:         Size{Memory: 512, Timeout: time.Minute},
			variables:    []string{wiring.VarTable, wiring.VarQueueURL, wiring.VarDLQURL, wiring.VarSettings},
			organisation: true,
			grants:       []grant{tableWorks, workConsumes, workSends, deadSends},
		},
		{
			name: webhook, what: "hears of changes in the EX Org and has the objects looked at",
			size:         Size{Memory: 512, Timeout: time.Minute},
			variables:    []string{wiring.VarTable, wiring.VarQueueURL, wiring.VarSettings, varWebhookSecret},
			organisation: true,
			again:        &again{tries: 2, age: time.Hour},
			grants:       []grant{tableHears, workSends, workCounts},
		},
		{
			name: syncing, what: "plans, syncs, verifies, explains, approves, pauses: what an operator asks for",
			size:      Size{Memory: 1024, Timeout: 15 * time.Minute},
			variables: []string{wiring.VarTable, wiring.VarQueueURL, wiring.VarDLQURL, wiring.VarSettings, wiring.VarEngageSecret},
			database:  true, organisation: true,
			// The sweep comes again within the hour and goes on where it stopped.
			again:  &again{tries: 0, age: 15 * time.Minute},
			grants: []grant{tableRuns, indexLists, workSends, workCounts, deadCounts},
		},
		{
			name: replay, what: "brings dead letters back to the queue",
			size:      Size{Memory: 256, Timeout: 5 * time.Minute},
			variables: []string{wiring.VarTable, wiring.VarQueueURL, wiring.VarDLQURL, wiring.VarSettings},
			grants:    []grant{tableReplays, workSends, workCounts, deadMoves},
		},
		{
			name: dashboard, what: "draws the widget of the dashboard",
			size:      Size{Memory: 512, Timeout: 30 * time.Second},
			variables: []string{wiring.VarTable, wiring.VarQueueURL, wiring.VarDLQURL, wiring.VarSettings, wiring.VarSyncARN, wiring.VarReplayARN},
			grants:    []grant{tableShows, indexLists, workCounts, deadCounts},
		},
	}
}

// FunctionNames lists the functions: the folders below functions/ and the ends of their names in AWS.
func FunctionNames() []string {
	var names []string
	for _, f := range bundle() {
		names = append(names, f.name)
	}
	return names
}

// function makes one function with its role and log group.
func (s *Stack) function(f function, dir string) {
	s.logGroup(f)
	props := &awslambda.FunctionProps{
		FunctionName: s.called(f.name),
		Description:  jsii.String("EXCS: " + f.what),
		Code:         awslambda.Code_FromAsset(&dir, nil),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Handler:      jsii.String("bootstrap"),
		Architecture: awslambda.Architecture_ARM_64(),
		MemorySize:   jsii.Number(s.stage.Sizes[f.name].Memory),
		Timeout:      seconds(s.stage.Sizes[f.name].Timeout),
		Environment:  s.environment(f),
		// A role that the constructs below can not add to: what a function may do stands in access.go and nowhere else.
		Role:     s.role(f).WithoutPolicyUpdates(nil),
		LogGroup: s.logs[f.name],
		// Embedded metrics pass at INFO and below only.
		LoggingFormat:         awslambda.LoggingFormat_JSON,
		ApplicationLogLevelV2: awslambda.ApplicationLogLevel_INFO,
		SystemLogLevelV2:      awslambda.SystemLogLevel_INFO,
		Tracing:               awslambda.Tracing_ACTIVE,
		RecursiveLoop:         awslambda.RecursiveLoop_TERMINATE,
	}
	fn := awslambda.NewFunction(s.Stack, jsii.String(constructOf(f.name)+"Function"), props)
	if f.database && s.network != nil {
		s.attach(fn)
	}
	s.functions[f.name] = fn
	if f.again != nil {
		s.asynchronous(f, fn)
	}
}

// environment gives a function what its wiring asks for, and nothing else.
func (s *Stack) environment(f function) *map[string]*string {
	// With the settings their hash changes, so that every deployment of settings replaces the processes that are warm.
	values := map[string]*string{}
	for _, name := range append([]string{wiring.VarSettingsHash}, f.variables...) {
		if value := s.variable(name); value != nil {
			values[name] = value
		}
	}
	if f.organisation {
		name := wiring.VarExorgReadSecret
		which := s.exorgSecretOf(f.name)
		if which == exorgSecret {
			name = wiring.VarExorgSecret
		}
		values[name] = s.secrets[which]
	}
	return &values
}

// variable gives the value of a variable, nil for one that this stage does without.
func (s *Stack) variable(name string) *string {
	switch name {
	case wiring.VarTable:
		return s.table.TableName()
	case wiring.VarQueueURL:
		return s.work.QueueUrl()
	case wiring.VarDLQURL:
		return s.dead.QueueUrl()
	case wiring.VarSettings:
		return jsii.String("ssm:" + *s.parameter.ParameterName())
	case wiring.VarSettingsHash:
		return jsii.String(rules.TextHash(s.stage.Settings))
	case wiring.VarEngageSecret:
		return s.secrets[engageSecret]
	case varWebhookSecret:
		return s.secrets[webhookSecret]
	case wiring.VarSyncARN:
		return s.functions[syncing].FunctionArn()
	case wiring.VarReplayARN:
		return s.functions[replay].FunctionArn()
	default:
		panic("stack: no value for the variable " + name)
	}
}

func seconds(d time.Duration) awscdk.Duration {
	return awscdk.Duration_Seconds(jsii.Number(d.Seconds()))
}
