package stack

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"excs/infra/local/aws/template"
)

// kind is a resource type that is known here.
type kind struct {
	// enacted says what becomes of a resource of the type; "" when nothing does, and then left says why that is in order.
	enacted, left string
	make          func(*Stack, context.Context, template.Resource) (template.Made, error)
}

// kinds are all resource types that are known. A type that is not here is an error, never skipped.
func kinds() map[string]kind {
	all := map[string]kind{}
	for _, some := range []map[string]kind{dataKinds(), accessKinds(), functionKinds(), triggerKinds(), watchKinds(), networkKinds()} {
		maps.Copy(all, some)
	}
	return all
}

func dataKinds() map[string]kind {
	return map[string]kind{
		"AWS::DynamoDB::Table":        {enacted: "made in dynalite", make: (*Stack).makeTable},
		"AWS::SQS::Queue":             {enacted: "made in fauxqs", make: (*Stack).makeQueue},
		"AWS::SQS::QueuePolicy":       {enacted: "asked at every call to the queue", make: (*Stack).makeQueuePolicy},
		"AWS::SSM::Parameter":         {enacted: "answered by the gateway", make: (*Stack).makeParameter},
		"AWS::SecretsManager::Secret": {enacted: "answered by the gateway", make: (*Stack).makeSecret},
	}
}

func accessKinds() map[string]kind {
	return map[string]kind{
		"AWS::IAM::Role":  {enacted: "asked at every call to AWS", make: (*Stack).makeRole},
		"AWS::KMS::Key":   {left: "nothing is encrypted on this machine", make: (*Stack).makeKey},
		"AWS::KMS::Alias": {left: "nothing is encrypted on this machine", make: makeNamed("AliasName")},
	}
}

func functionKinds() map[string]kind {
	return map[string]kind{
		"AWS::Lambda::Function":           {enacted: "runs as a real bootstrap", make: (*Stack).makeFunction},
		"AWS::Lambda::EventInvokeConfig":  {enacted: "decides on retries and where failures go", make: (*Stack).makeInvokeConfig},
		"AWS::Lambda::EventSourceMapping": {enacted: "polls the queue", make: (*Stack).makeMapping},
		"AWS::Lambda::Permission":         {enacted: "asked before the rule and the URL invoke", make: (*Stack).makePermission},
		"AWS::Lambda::Url":                {enacted: "listens on loopback", make: (*Stack).makeURL},
		"AWS::Logs::LogGroup":             {enacted: "keeps what the function writes", make: (*Stack).makeLogGroup},
	}
}

func triggerKinds() map[string]kind {
	return map[string]kind{
		"AWS::Scheduler::Schedule": {enacted: "fires by the clock, or by hand", make: (*Stack).makeSchedule},
		"AWS::Events::EventBus":    {enacted: "takes events of its source", make: (*Stack).makeBus},
		"AWS::Events::Rule":        {enacted: "passes on what matches", make: (*Stack).makeRule},
	}
}

func watchKinds() map[string]kind {
	return map[string]kind{
		"AWS::CloudWatch::Alarm":     {enacted: "its metric is looked for among those that the functions emit", make: (*Stack).makeAlarm},
		"AWS::CloudWatch::Dashboard": {enacted: "its widget's function is drawn", make: (*Stack).makeDashboard},
		"AWS::Logs::QueryDefinition": {left: "a person runs it", make: makeNamed("Name")},
		"AWS::SNS::Topic":            {left: "only alarms publish to it, and no alarm fires here", make: (*Stack).makeTopic},
		"AWS::SNS::TopicPolicy":      {left: "only alarms publish to the topic", make: (*Stack).makeNothing},
		"AWS::SNS::Subscription":     {left: "a person confirms it", make: (*Stack).makeNothing},
		"AWS::CDK::Metadata":         {left: "it tells CDK's version", make: (*Stack).makeNothing},
	}
}

func networkKinds() map[string]kind {
	const here = "everything is on the loopback interface"
	return map[string]kind{
		"AWS::EC2::SecurityGroup":        {left: here, make: (*Stack).makeSecurityGroup},
		"AWS::EC2::SecurityGroupIngress": {left: here, make: (*Stack).makeNothing},
		"AWS::EC2::SecurityGroupEgress":  {left: here, make: (*Stack).makeNothing},
		"AWS::EC2::VPCEndpoint":          {left: here, make: (*Stack).makeNothing},
	}
}

// check refuses a template with a resource type that is not known, before anything is made.
func check(name string, t *template.Template) error {
	known := kinds()
	for _, r := range t.Resources {
		if _, ok := known[r.Type]; !ok {
			return fmt.Errorf("deploy %s: the resource type %s of %s is not known to the local stack: teach it what becomes of one", name, r.Type, r.ID)
		}
	}
	return nil
}

// deploy makes every resource, each after what it refers to.
func (s *Stack) deploy(ctx context.Context, t *template.Template) error {
	known := kinds()
	ordered, err := t.Ordered()
	if err != nil {
		return fmt.Errorf("deploy %s: %w", s.cfg.Name, err)
	}
	for _, r := range ordered {
		made, err := known[r.Type].make(s, ctx, r)
		if err != nil {
			return fmt.Errorf("deploy %s: make %s: %w", s.cfg.Name, r.ID, err)
		}
		s.values.Made[r.ID] = made
		s.deployed[r.Type]++
	}
	for name, o := range t.Outputs {
		value, err := s.values.Resolve(o.Value)
		if err != nil {
			return fmt.Errorf("deploy %s: output %s: %w", s.cfg.Name, name, err)
		}
		s.outputs[name] = fmt.Sprint(value)
	}
	return nil
}

// Deployed is one line of what was made: a type, how many, and what becomes of them here.
type Deployed struct {
	Type    string
	Count   int
	Enacted bool
	// What says what becomes of them or, where nothing does, why that is in order: the tests of infra check those.
	What string
}

// Deployed lists what was made, by type.
func (s *Stack) Deployed() []Deployed {
	known := kinds()
	var all []Deployed
	for _, name := range slices.Sorted(maps.Keys(s.deployed)) {
		k := known[name]
		d := Deployed{Type: name, Count: s.deployed[name], Enacted: k.enacted != "", What: k.enacted}
		if !d.Enacted {
			d.What = "checked by the tests of infra: " + k.left
		}
		all = append(all, d)
	}
	return all
}
