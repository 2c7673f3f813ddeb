package stack_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/infra/stack"
	"excs/shared/apply"
	"excs/shared/dispatch"
	"excs/shared/exorg"
	"excs/shared/explain"
	"excs/shared/listen"
	"excs/shared/mapping"
	"excs/shared/queue"
	"excs/shared/replay"
	"excs/shared/run"
	"excs/shared/sides"
	"excs/shared/verify"
	"excs/shared/wiring"
)

// storeActions says what each promise of the mapping table costs in actions: "Index" for the sparse index, else the table.
var storeActions = func() map[string][]string {
	write := []string{"GetItem", "PutItem"}              // read, then write on condition
	drop := []string{"GetItem", "PutItem", "DeleteItem"} // the same, and the item may go
	read := []string{"GetItem", "BatchGetItem"}          // the head, then the parts
	count := []string{"GetItem", "UpdateItem"}           // numbers are changed in place
	return map[string][]string{
		"BudgetLeft": {"GetItem"}, "Pauses": {"GetItem"}, "Get": {"GetItem"}, "GetMany": {"BatchGetItem"}, "Owners": {"BatchGetItem"}, "Drawn": {"GetItem"}, "LoadToken": {"GetItem"}, "TableID": {"DescribeTable"},
		"PutDesired": write, "MarkQueued": write, "ClearQueued": write, "Claim": write, "Intend": write, "Record": write, "Release": write, "Bind": write, "Pause": write, "Own": write, "See": write,
		"TakeLease": write, "RenewLease": write, "ReleaseLease": write, "Draw": write, "SaveToken": write,
		"Forget": drop, "Resume": drop, "Disown": drop, "DeleteDocument": drop,
		"Delta": read, "Marked": read, "Keys": read, "GetDocument": read,
		"PutEvent": write, "PutWrote": write, "Events": {"Query"}, "WroteTo": {"Query"}, "WroteBy": {"Index Query"}, "EraseWrote": {"Query", "GetItem", "PutItem", "DeleteItem"},
		"PutIndex":    {"GetItem", "BatchGetItem", "PutItem", "DeleteItem"},
		"PutDocument": {"GetItem", "PutItem", "DeleteItem", "Query"},
		"List":        {"Index Query"},
		"Reserve":     count, "Hold": count, "SetAllowed": count,
	}
}()

// queueActions does so for a queue.
var queueActions = map[string][]string{
	"Send": {"SendMessage"}, "Receive": {"ReceiveMessage"}, "Delete": {"DeleteMessage"}, "SetVisibility": {"ChangeMessageVisibility"}, "Depth": {"GetQueueAttributes"},
}

// use is what the packages of a function ask of table and queues: their own small interfaces, and what they ask for beside.
type use struct {
	table, work, dead []reflect.Type
	// names are methods of the table that no interface of the function's own holds: lists of rows, and the widget, which
	// shares its reader with runs but only looks.
	names []string
	// Lambda itself consumes the queue under the role.
	consumes bool
}

func uses() map[string]use {
	organisation := []reflect.Type{reflect.TypeFor[exorg.TokenCache](), reflect.TypeFor[exorg.Budget]()}
	with := func(types ...reflect.Type) []reflect.Type { return append(types, organisation...) }
	depth := []reflect.Type{reflect.TypeFor[interface{ Depth() }]()}
	lists := []string{"Keys", "GetMany"}
	return map[string]use{
		"snapshot": {table: with(reflect.TypeFor[run.Table]()), work: []reflect.Type{reflect.TypeFor[run.Queue]()}, dead: depth},
		"apply": {
			table: with(reflect.TypeFor[apply.Rows](), reflect.TypeFor[apply.Orphans](), reflect.TypeFor[apply.Window](), reflect.TypeFor[sides.Noter](), reflect.TypeFor[mapping.IdentityStore]()), names: lists,
			work: []reflect.Type{reflect.TypeFor[dispatch.Queue]()}, dead: []reflect.Type{reflect.TypeFor[apply.Sender]()}, consumes: true,
		},
		"webhook": {table: with(reflect.TypeFor[listen.Table]()), names: append(lists, "GetDocument"), work: []reflect.Type{reflect.TypeFor[dispatch.Queue]()}},
		"sync": {
			table: with(reflect.TypeFor[run.Table](), reflect.TypeFor[verify.Table](), reflect.TypeFor[explain.Table]()), names: lists,
			work: []reflect.Type{reflect.TypeFor[run.Queue](), reflect.TypeFor[dispatch.Queue]()}, dead: depth,
		},
		"replay": {
			table: []reflect.Type{reflect.TypeFor[replay.Rows]()}, names: []string{"GetDocument"}, work: []reflect.Type{reflect.TypeFor[dispatch.Queue]()},
			dead: []reflect.Type{reflect.TypeFor[replay.Letters]()},
		},
		"dashboard": {names: []string{"GetDocument", "GetMany", "List", "TableID"}, work: depth, dead: depth},
	}
}

// methods lists the names of the methods of interfaces.
func methods(types ...reflect.Type) []string {
	set := map[string]bool{}
	for _, t := range types {
		for i := range t.NumMethod() {
			set[t.Method(i).Name] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// Every promise of table and queue is in the tables above, and the actions there are what the adapters call: no more, no less.
func TestActionsAreThoseOfTheAdapters(t *testing.T) {
	for what, c := range map[string]struct {
		promises []string
		actions  map[string][]string
		calls    []string
	}{
		"table": {methods(reflect.TypeFor[mapping.Store]()), storeActions, methods(reflect.TypeFor[mapping.API]())},
		"queue": {methods(reflect.TypeFor[queue.Queue]()), queueActions, methods(reflect.TypeFor[queue.API]())},
	} {
		if d := cmp.Diff(c.promises, slices.Sorted(maps.Keys(c.actions))); d != "" {
			t.Errorf("promises of the %s: %s", what, d)
		}
		used := map[string]bool{}
		for _, actions := range c.actions {
			for _, a := range actions {
				used[strings.TrimPrefix(a, "Index ")] = true
			}
		}
		called := map[string]bool{}
		for _, name := range c.calls {
			called[strings.TrimSuffix(name, "Batch")] = true
		}
		if d := cmp.Diff(slices.Sorted(maps.Keys(called)), slices.Sorted(maps.Keys(used))); d != "" {
			t.Errorf("calls of the %s: %s", what, d)
		}
	}
}

// Every action that a function's code calls is allowed, on that resource, and every action that is allowed is called.
func TestAccess(t *testing.T) {
	for name, u := range uses() {
		want := u.actions(t)
		each(t, func(t *testing.T, s synthesized) {
			wanted := s.beside(t, name)
			for resource, actions := range want {
				wanted[s.resourceARN(t, resource)] = actions
			}
			if d := cmp.Diff(wanted, s.allowed(t, name)); d != "" {
				t.Errorf("%s: %s", name, d)
			}
		})
	}
	if d := cmp.Diff(stack.FunctionNames(), slices.Collect(maps.Keys(uses())), cmp.Transformer("sorted", sorted)); d != "" {
		t.Errorf("functions without a check: %s", d)
	}
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

// actions gives what a use needs, by resource.
func (u use) actions(t *testing.T) map[string][]string {
	t.Helper()
	sets := map[string]map[string]bool{}
	add := func(resource, action string) {
		if sets[resource] == nil {
			sets[resource] = map[string]bool{}
		}
		sets[resource][action] = true
	}
	for _, method := range append(methods(u.table...), u.names...) {
		if storeActions[method] == nil {
			t.Fatalf("%s is no promise of the table", method)
		}
		for _, a := range storeActions[method] {
			if rest, ok := strings.CutPrefix(a, "Index "); ok {
				add("index", "dynamodb:"+rest)
			} else {
				add("table", "dynamodb:"+a)
			}
		}
	}
	for resource, types := range map[string][]reflect.Type{"work": u.work, "dead": u.dead} {
		for _, method := range methods(types...) {
			for _, a := range queueActions[method] {
				add(resource, "sqs:"+a)
			}
		}
	}
	if u.consumes {
		for _, a := range []string{"ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "ChangeMessageVisibility"} {
			add("work", "sqs:"+a)
		}
	}
	out := map[string][]string{}
	for resource, set := range sets {
		out[resource] = slices.Sorted(maps.Keys(set))
	}
	return out
}

func (s synthesized) resourceARN(t *testing.T, name string) string {
	t.Helper()
	switch name {
	case "table":
		return "${" + s.table(t).id + ".Arn}"
	case "index":
		return "${" + s.table(t).id + ".Arn}/index/" + mapping.Schema().IndexName
	case "work", "dead":
		return "${" + s.queue(t, name+".fifo").id + ".Arn}"
	default:
		return "${" + s.queue(t, name).id + ".Arn}"
	}
}

// beside gives what a function needs beside table and queues: logs, traces, settings, its secrets, its events, its network,
// the key.
func (s synthesized) beside(t *testing.T, name string) map[string][]string {
	t.Helper()
	logs := s.named(t, "AWS::Logs::LogGroup", "LogGroupName", "/aws/lambda/"+s.stage.StackName()+"-"+name)
	parameter := s.named(t, "AWS::SSM::Parameter", "Name", "/"+s.stage.StackName()+"/settings")
	out := map[string][]string{
		"${" + logs.id + ".Arn}": {"logs:CreateLogStream", "logs:PutLogEvents"},
		"*":                      {"xray:PutTelemetryRecords", "xray:PutTraceSegments"},
		s.arn("ssm", "parameter${"+parameter.id+"}"): prefixed("ssm:", methods(reflect.TypeFor[wiring.Parameters]())),
	}
	for _, variable := range s.wired(t, name) {
		if strings.HasSuffix(variable, "_SECRET") {
			out[s.value(t, variable)] = prefixed("secretsmanager:", methods(reflect.TypeFor[wiring.Secrets]()))
		}
	}
	if slices.Contains([]string{"snapshot", "webhook", "sync"}, name) {
		out["${"+s.queue(t, "undelivered").id+".Arn}"] = []string{"sqs:SendMessage"}
	}
	if s.stage.VPC.ID != "" && (name == "snapshot" || name == "sync") {
		out["*"] = sorted(append(out["*"], interfaces...))
	}
	if s.stage.CustomerKey {
		actions := []string{"kms:Decrypt", "kms:DescribeKey"}
		if name != "dashboard" {
			actions = append(actions, "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo")
		}
		if s.stage.KeyARN != "" {
			out[s.stage.KeyARN] = actions
		} else {
			out["${"+s.all("AWS::KMS::Key")[0].id+".Arn}"] = actions
		}
	}
	return out
}

func prefixed(prefix string, names []string) []string {
	for i := range names {
		names[i] = prefix + names[i]
	}
	return names
}

// interfaces are what Lambda needs to attach a function to a network.
var interfaces = []string{
	"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces",
	"ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
}

// allowed reads a function's role: actions by resource.
func (s synthesized) allowed(t *testing.T, name string) map[string][]string {
	t.Helper()
	sets := map[string]map[string]bool{}
	for _, st := range s.role(t, s.function(t, name).Properties["Role"]) {
		if st.effect != "Allow" {
			continue
		}
		for _, r := range st.resources {
			if sets[r] == nil {
				sets[r] = map[string]bool{}
			}
			for _, a := range st.actions {
				if strings.Contains(a, "*") {
					t.Errorf("%s: the action %s is not a list written by hand", name, a)
				}
				sets[r][a] = true
			}
		}
	}
	out := map[string][]string{}
	for r, set := range sets {
		out[r] = slices.Sorted(maps.Keys(set))
	}
	return out
}

// The secret with which the EX Org is written to is the worker's alone, unless the stage does without another; the widget
// and the replay see no secret at all.
func TestWhoSeesTheWritersSecret(t *testing.T) {
	each(t, func(t *testing.T, s synthesized) {
		for _, name := range stack.FunctionNames() {
			allowed := s.allowed(t, name)
			_, writer := allowed[s.secret(t, "exorg")]
			others := !s.stage.ReadSecret && slices.Contains([]string{"snapshot", "webhook", "sync"}, name)
			if want := name == "apply" || others; writer != want {
				t.Errorf("%s reads the secret for writing: %v", name, writer)
			}
			for r, actions := range allowed {
				if slices.Contains(actions, "secretsmanager:GetSecretValue") && (name == "dashboard" || name == "replay") {
					t.Errorf("%s reads the secret %s", name, r)
				}
			}
		}
	})
}

// Who lies in a network may not make interfaces by its own code, and who does not may not at all; the key is used through
// the services that hold data.
func TestConditions(t *testing.T) {
	each(t, func(t *testing.T, s synthesized) {
		for _, name := range stack.FunctionNames() {
			var denied []string
			for _, st := range s.role(t, s.function(t, name).Properties["Role"]) {
				if st.sid == "Key" {
					if via := s.show(path(st.condition, "StringEquals", "kms:ViaService")); strings.Count(via, ",") != 2 || !strings.HasPrefix(via, "dynamodb.") {
						t.Errorf("%s: the key may be used through %s", name, via)
					}
					continue
				}
				if st.effect == "Deny" {
					denied = append(denied, st.actions...)
					if at := s.show(path(st.condition, "ArnEquals", "lambda:SourceFunctionArn")); at != s.arn("lambda", "function:"+s.stage.StackName()+"-"+name) {
						t.Errorf("%s: denied to %s", name, at)
					}
					continue
				}
				if st.condition != nil {
					t.Errorf("%s: %s has a condition that nobody checks: %v", name, st.sid, st.condition)
				}
			}
			inside := s.stage.VPC.ID != "" && (name == "snapshot" || name == "sync")
			if inside != (len(denied) > 0) || inside && !cmp.Equal(denied, interfaces) {
				t.Errorf("%s: denied %v", name, denied)
			}
		}
	})
}

// Functions trust Lambda alone.
func TestTrust(t *testing.T) {
	each(t, func(t *testing.T, s synthesized) {
		for _, name := range stack.FunctionNames() {
			id, _, _ := strings.Cut(strings.TrimPrefix(s.show(s.function(t, name).Properties["Role"]), "${"), ".")
			trust := s.statements(s.Resources[id].Properties["AssumeRolePolicyDocument"])
			if len(trust) != 1 || trust[0].principal != "lambda.amazonaws.com" || !cmp.Equal(trust[0].actions, []string{"sts:AssumeRole"}) {
				t.Errorf("%s: %+v", name, trust)
			}
		}
		if n := len(s.all("AWS::IAM::Policy")) + len(s.all("AWS::IAM::ManagedPolicy")); n > 0 {
			t.Errorf("%d policies beside those of the roles: a construct has added to a role", n)
		}
	})
}
