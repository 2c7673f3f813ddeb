package policy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/infra/local/aws/policy"
)

const table = "arn:aws:dynamodb:eu-central-1:000000000000:table/excs-dev-mapping"

func parse(t *testing.T, text string) *policy.Document {
	t.Helper()
	d, err := policy.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return &d
}

// A role's policy allows what it names on what it names, and nothing else.
func TestDecide(t *testing.T) {
	role := parse(t, `{"Version":"2012-10-17","Statement":[
		{"Sid":"Table","Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:Query"],"Resource":"`+table+`"},
		{"Sid":"Index","Effect":"Allow","Action":"dynamodb:Query","Resource":["`+table+`/index/*"]},
		{"Sid":"Queues","Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:sqs:*:000000000000:excs-de?-*"},
		{"Sid":"NotThat","Effect":"Deny","Action":"sqs:DeleteQueue","Resource":"*"},
		{"Sid":"Via","Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":["sqs.x","sns.x"]}}}]}`)
	queue := "arn:aws:sqs:eu-central-1:000000000000:excs-dev-work.fifo"
	for _, tc := range []struct {
		name, action, resource string
		context                map[string]string
		allowed, denied        bool
	}{
		{"a named action on a named resource", "dynamodb:GetItem", table, nil, true, false},
		{"actions are the same in any case", "dynamodb:getitem", table, nil, true, false},
		{"another action", "dynamodb:Scan", table, nil, false, false},
		{"another resource", "dynamodb:GetItem", table + "2", nil, false, false},
		{"a star stands for the rest", "dynamodb:Query", table + "/index/unconverged", nil, true, false},
		{"an action on the index only", "dynamodb:GetItem", table + "/index/unconverged", nil, false, false},
		{"stars in the middle, and a question mark", "sqs:SendMessage", queue, nil, true, false},
		{"a denial wins", "sqs:DeleteQueue", queue, nil, false, true},
		{"a condition that holds", "kms:Decrypt", "x", map[string]string{"kms:ViaService": "sns.x"}, true, false},
		{"a condition that does not hold", "kms:Decrypt", "x", map[string]string{"kms:ViaService": "s3.x"}, false, false},
		{"a condition of which nothing is known", "kms:Decrypt", "x", nil, false, false},
	} {
		d := policy.Decide(policy.Request{Action: tc.action, Resource: tc.resource, Context: tc.context}, role)
		if d.Allowed != tc.allowed || d.Denied() != tc.denied {
			t.Errorf("%s: allowed %v, denied %v", tc.name, d.Allowed, d.Denied())
		}
	}
	if policy.Decide(policy.Request{Action: "sqs:SendMessage", Resource: queue}).Allowed {
		t.Error("without a document everything is allowed")
	}
}

// A queue's policy and a trust policy name who may.
func TestPrincipals(t *testing.T) {
	queue := parse(t, `{"Statement":[
		{"Effect":"Deny","Action":"sqs:*","Principal":{"AWS":"*"},"Resource":"q","Condition":{"Bool":{"aws:SecureTransport":"false"}}},
		{"Effect":"Allow","Action":"sqs:SendMessage","Principal":{"Service":"events.amazonaws.com"},"Resource":"q","Condition":{"ArnEquals":{"aws:SourceArn":"arn:rule/a"}}}]}`)
	trust := parse(t, `{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":["lambda.amazonaws.com","edge.amazonaws.com"]}}}`)
	for _, tc := range []struct {
		name     string
		document *policy.Document
		request  policy.Request
		allowed  bool
	}{
		{"the service, from its source", queue, policy.Request{Principal: "Service:events.amazonaws.com", Action: "sqs:SendMessage", Resource: "q",
			Context: map[string]string{"aws:SourceArn": "arn:rule/a", "aws:SecureTransport": "true"}}, true},
		{"the service, from another source", queue, policy.Request{Principal: "Service:events.amazonaws.com", Action: "sqs:SendMessage", Resource: "q",
			Context: map[string]string{"aws:SourceArn": "arn:rule/b"}}, false},
		{"another service", queue, policy.Request{Principal: "Service:sns.amazonaws.com", Action: "sqs:SendMessage", Resource: "q",
			Context: map[string]string{"aws:SourceArn": "arn:rule/a"}}, false},
		{"the service in the clear", queue, policy.Request{Principal: "Service:events.amazonaws.com", Action: "sqs:SendMessage", Resource: "q",
			Context: map[string]string{"aws:SourceArn": "arn:rule/a", "aws:SecureTransport": "false"}}, false},
		{"a service that is trusted", trust, policy.Request{Principal: "Service:edge.amazonaws.com", Action: "sts:AssumeRole"}, true},
		{"a service that is not trusted", trust, policy.Request{Principal: "Service:ec2.amazonaws.com", Action: "sts:AssumeRole"}, false},
	} {
		if got := policy.Decide(tc.request, tc.document).Allowed; got != tc.allowed {
			t.Errorf("%s: allowed %v", tc.name, got)
		}
	}
}

// What is not understood is refused: a policy must not be weaker or stronger here than in AWS.
func TestDocumentsThatAreRefused(t *testing.T) {
	for _, tc := range []struct{ name, text, says string }{
		{"no JSON", `x`, "read a policy document"},
		{"an element that is not known", `{"Statement":[{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}]}`, "NotAction"},
		{"an effect that is none", `{"Statement":[{"Sid":"A","Effect":"Maybe","Action":"x","Resource":"*"}]}`, `statement 1 A: the effect "Maybe"`},
		{"no action", `{"Statement":[{"Effect":"Allow","Resource":"*"}]}`, "names no action"},
		{"an operator that is not known", `{"Statement":[{"Effect":"Allow","Action":"x","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]}`, "IpAddress is not known"},
		{"a principal that is no name", `{"Statement":[{"Effect":"Allow","Action":"x","Principal":{"AWS":{"a":1}}}]}`, "principal"},
		{"a principal that is a number", `{"Statement":[{"Effect":"Allow","Action":"x","Principal":1}]}`, "principal"},
	} {
		if _, err := policy.Parse([]byte(tc.text)); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: the error is %v, want %q in it", tc.name, err, tc.says)
		}
	}
}

// Grants that no request needed are told.
func TestUnused(t *testing.T) {
	role := parse(t, `{"Statement":[
		{"Sid":"Table","Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:PutItem"],"Resource":["a","b"]},
		{"Sid":"Logs","Effect":"Allow","Action":"logs:PutLogEvents","Resource":"*"},
		{"Sid":"No","Effect":"Deny","Action":"dynamodb:Scan","Resource":"*"}]}`)
	uses := policy.Uses{}
	for _, resource := range []string{"a", "a", "b"} {
		r := policy.Request{Action: "dynamodb:GetItem", Resource: resource}
		uses.Note(r, policy.Decide(r, role))
	}
	got := uses.Unused(func(a string) bool { return strings.HasPrefix(a, "dynamodb:") }, role)
	want := []policy.Use{{"Table", "dynamodb:PutItem", "a"}, {"Table", "dynamodb:PutItem", "b"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if uses[policy.Use{"Table", "dynamodb:GetItem", "a"}] != 2 {
		t.Errorf("%v", uses)
	}
}
