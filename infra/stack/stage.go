package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// Stage says how one stack is deployed, with every default filled in. Parse makes it; the zero value is not usable.
type Stage struct {
	Name string // of the stage: the stack is excs-<name>
	// Development stages have no protection against deletion and keep neither secrets nor logs beyond their life.
	Development bool
	// Account and Region bind the stack: a deployment to another one is refused. "" for wherever the credentials point.
	Account, Region string
	// Settings are the tenant's, as JSON: what the functions read. Tenant is the Engage tenant in them.
	Settings string
	Tenant   int64
	// Concurrency is how many workers run at most.
	Concurrency int
	// Snapshot and Verify are schedules in the words of EventBridge Scheduler, in the time zone TimeZone.
	Snapshot, Verify, TimeZone string
	// Sizes has an entry for every function.
	Sizes map[string]Size
	// WebhookURL gives the webhook an address; EventSource is the name of the partner event source, "" for none.
	WebhookURL  bool
	EventSource string
	// ReadSecret gives the functions that only read the EX Org a secret of their own.
	ReadSecret bool
	// Secrets are ARNs of secrets that are there already.
	Secrets map[secret]string
	// CustomerKey encrypts with a key of the customer's instead of those that AWS owns.
	CustomerKey bool
	// KeyARN is a key of the customer's that is there already, "" for a new one.
	KeyARN string
	// LogDays is how long log lines are kept.
	LogDays int
	// VPC is where the functions are placed that read the Configuration Database.
	VPC VPC
	// AlarmEmails are subscribed to the alarms; each has to confirm.
	AlarmEmails []string
	Tags        map[string]string
	// Destroy lets the next `cdk destroy` take the table and everything else that is kept otherwise.
	Destroy bool
}

// VPC is a private network, by the ids of its parts.
type VPC struct {
	ID      string // "" for none
	Subnets []string
	// SecurityGroups of the functions; without one the stack makes one that lets everything out and nothing in.
	SecurityGroups []string
	// Endpoints makes the endpoints of the AWS services that the functions call; RouteTables lead to the table's.
	Endpoints   bool
	RouteTables []string
}

// StackName is the name of the stage's stack, and the beginning of every other name.
func (s Stage) StackName() string { return "excs-" + s.Name }

// target is the account and region that the stack is bound to.
func (s Stage) target() *awscdk.Environment {
	env := &awscdk.Environment{}
	if s.Account != "" {
		env.Account = jsii.String(s.Account)
	}
	if s.Region != "" {
		env.Region = jsii.String(s.Region)
	}
	return env
}

// defaults gives a stage in which only what must be given is missing.
func defaults(name string) Stage {
	s := Stage{
		Name: name, Concurrency: 2, Snapshot: "rate(1 minute)", Verify: "rate(1 hour)", TimeZone: "UTC",
		ReadSecret: true, LogDays: 90, Sizes: map[string]Size{}, Secrets: map[secret]string{}, Tags: map[string]string{},
	}
	for _, f := range bundle() {
		s.Sizes[f.name] = f.size
	}
	return s
}
