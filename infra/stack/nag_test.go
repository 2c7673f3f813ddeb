package stack_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// exception is a finding of cdk-nag that stands, with the reason.
type exception struct {
	rule   string // the rule, and what it found when it says so
	on     string // a pattern on the path of the construct below the stack
	reason string
}

var exceptions = []exception{
	{"AwsSolutions-IAM5[Resource::*]", `^(Snapshot|Apply|Webhook|Sync|Replay|Dashboard)Role/`,
		"X-Ray has no resources; where a function lies in a network, Lambda asks for interfaces before there is one, and the function itself is denied them"},
	{"Serverless-LambdaStarPermissions", `^(Snapshot|Apply|Webhook|Sync|Replay|Dashboard)Role/`, "the same star, told by the other rule pack"},
	{"AwsSolutions-SMG4", `Credentials/`,
		"the credentials are a third party's: the Configuration Database's and the EX Org's, which Secrets Manager can not rotate; functions take a new one without a deployment"},
	{"AwsSolutions-SQS3", `^(Dead|Undelivered)/`, "it is the end of the line: a dead-letter queue has none of its own"},
	{"Serverless-SQSRedrivePolicy", `^(Dead|Undelivered)/`, "it is the end of the line: a dead-letter queue has none of its own"},
	{"Serverless-LambdaEventSourceMappingDestination", `^WorkToApply/`, "the queue's own redrive takes what is not worked off"},
	{"Serverless-LambdaDLQ", `^(Apply|Replay|Dashboard)Function/`, "it is called by the mapping or by somebody who waits for the answer: Lambda keeps no event for it"},
	{"Serverless-LambdaDLQ", `^(Snapshot|Webhook|Sync)Function/`, "its EventInvokeConfig sends what failed to the queue of what was not delivered, which knows more than a dead-letter queue"},
}

// nagged are the variants that differ for cdk-nag: all but those that only leave something out.
var nagged = []string{"dev", "everything", "own-groups"}

// cdk-nag finds nothing but what stands above, and everything that stands above is found: an exception that is not needed
// any more would hide the next fault.
func TestNag(t *testing.T) {
	used := map[int]bool{}
	for _, name := range nagged {
		for _, f := range findings(t, name) {
			at := slices.IndexFunc(exceptions, func(e exception) bool {
				return e.rule == f.rule && regexp.MustCompile(e.on).MatchString(f.path)
			})
			if at < 0 {
				t.Errorf("%s: %s at %s: %s", name, f.rule, f.path, f.text)
				continue
			}
			used[at] = true
		}
	}
	for i, e := range exceptions {
		if !used[i] {
			t.Errorf("nothing is found any more for the exception %s at %s", e.rule, e.on)
		}
	}
}

type finding struct{ rule, path, text string }

var rulePattern = regexp.MustCompile(`^((AwsSolutions|Serverless)-\w+(\[[^\]]*\])?): (.*)`)

// findings runs both rule packs over one variant.
func findings(t *testing.T, name string) []finding {
	t.Helper()
	s := build(t, newApp(t), parse(t, variants(t)[name]))
	awscdk.Aspects_Of(s.Stack).Add(cdknag.NewAwsSolutionsChecks(nil), nil)
	awscdk.Aspects_Of(s.Stack).Add(cdknag.NewServerlessChecks(nil), nil)
	all := assertions.Annotations_FromStack(s.Stack)
	pattern := assertions.Match_StringLikeRegexp(jsii.String("[^]*"))
	var found []finding
	for _, list := range []*[]any{messages(all.FindError(jsii.String("*"), pattern)), messages(all.FindWarning(jsii.String("*"), pattern))} {
		for _, m := range *list {
			text, id := fmt.Sprint(path(m, "entry", "data")), fmt.Sprint(path(m, "id"))
			_, below, _ := strings.Cut(strings.TrimPrefix(id, "/"), "/")
			if parts := rulePattern.FindStringSubmatch(text); parts != nil {
				found = append(found, finding{parts[1], below, parts[4]})
			} else {
				t.Errorf("%s: %s at %s", name, text, id)
			}
		}
	}
	if len(found) == 0 {
		t.Errorf("%s: cdk-nag says nothing at all: has it run?", name)
	}
	return found
}

// messages takes jsii's structures apart.
func messages(list any) *[]any {
	text, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	out := []any{}
	if err := json.Unmarshal(text, &out); err != nil {
		panic(err)
	}
	return &out
}
